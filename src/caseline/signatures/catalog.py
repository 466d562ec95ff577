"""Signatures as records: minted once, never changed, known by their content."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import polars as pl

from caseline.signatures.miner import readable
from caseline.signatures.tokens import LIST, VARIABLE, one_blank

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_BLANKS = re.compile(rb"\s+")
LIST_RULE = "list"

SIGNATURES: dict[str, pl.DataType | type[pl.DataType]] = {
    "signature_id": pl.String,
    "scheme": pl.String,
    "kind": pl.String,
    "template": pl.String,
    "parts": pl.List(pl.String),
    "rules": pl.List(pl.String),
}
ALIASES: dict[str, pl.DataType | type[pl.DataType]] = {
    "signature_id": pl.String,
    "merged_into": pl.String,
    "reason": pl.String,
    "author": pl.String,
    "step_into": pl.String,
    "decided_at": pl.Datetime("us", "UTC"),
    "position": pl.Int64,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """What alike events have in common.

    Args:
        signature_id: ``s-`` and 16 hex digits of a hash of scheme, kind and text.
        scheme: The dated rules it was made with.
        kind: ``log``, ``trace``; ``split`` for events of another one with a certain value.
        template: The text with ``<*>`` for each variable.
        parts: The literals around the variables: text = p0 v0 p1 v1 ... pn. Empty
            for a trace.
        rules: Why each variable is one: a rule's name, ``vote``, ``list``.
    """

    signature_id: str
    scheme: str
    kind: str
    template: str
    parts: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()

    @property
    def text(self) -> bytes:
        """The canonical text with its marks, blanks as one."""
        if self.kind == "trace":
            return self.template.encode()
        parts = [part.encode() for part in self.parts]
        marks = [LIST if rule == LIST_RULE else VARIABLE for rule in self.rules]
        joined = parts[0] + b"".join(m + p for m, p in zip(marks, parts[1:], strict=True))
        return _BLANKS.sub(lambda run: one_blank(run[0]), joined).strip()

    def to_dict(self) -> dict[str, Any]:
        """Return the fields by name, JSON-safe."""
        return {
            "signature_id": self.signature_id,
            "scheme": self.scheme,
            "kind": self.kind,
            "template": self.template,
            "parts": list(self.parts),
            "rules": list(self.rules),
        }

    def __repr__(self) -> str:
        """Return one line without the template: it may hold a customer's words."""
        return f"Signature({self.signature_id}, {self.kind}, {len(self.rules)} variables)"


def signature_id(scheme: str, kind: str, text: bytes) -> str:
    """Return the id of a canonical *text*.

    >>> signature_id("templates@2026-11", "log", b"disk full")
    's-d535348be19d8712'
    """
    content = b"\0".join((scheme.encode(), kind.encode(), text))
    return f"s-{blake2b(content, digest_size=8).hexdigest()}"


def log_signature(
    scheme: str, text: bytes, parts: Sequence[bytes], rules: Sequence[str]
) -> Signature:
    """Return the signature of a template with its marks."""
    return Signature(
        signature_id=signature_id(scheme, "log", text),
        scheme=scheme,
        kind="log",
        template=readable(text),
        parts=tuple(part.decode("utf-8", "replace") for part in parts),
        rules=tuple(rules),
    )


def signatures_frame(signatures: Iterable[Signature]) -> pl.DataFrame:
    """Return *signatures* as rows of the table ``signatures``."""
    return pl.DataFrame([one.to_dict() for one in signatures], schema=SIGNATURES)


def read_signatures(frame: pl.DataFrame) -> list[Signature]:
    """Return the rows of the table ``signatures`` as records."""
    rows = frame.select(list(SIGNATURES)).to_dicts()
    return [
        Signature(**{**row, "parts": tuple(row["parts"]), "rules": tuple(row["rules"])})
        for row in rows
    ]
