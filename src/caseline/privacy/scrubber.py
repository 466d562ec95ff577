"""The gate: a placed batch goes in, a batch without personal data comes out."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from caseline.privacy.finding import Finder
from caseline.privacy.pseudonyms import Pseudonyms
from caseline.privacy.rewriting import Rewriter, Texts, shaped, with_rows
from caseline.privacy.rules import Rule, shipped_rules
from caseline.records.batches import ScrubbedBatch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from caseline.privacy.rewriting import Numbers
    from caseline.records.batches import PlacedBatch

_NOT_FROM_THE_LINE = frozenset(
    {"time_quality", "environment_id", "customer_id", "share_group", "version", "stage", "region"}
)
"""Text columns that the workspace or a closed list made. All others are scrubbed."""

_TOPOLOGY = frozenset({"host"})
"""Columns in which an address is the name of a machine, and stays."""

_HEX = (
    r"\A(?:[0-9a-fA-F]{8,64}|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
    r"|[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2})\z"
)
_HEX_LETTER = "[a-fA-F]"  # digits alone may be a card's
_OPAQUE = re.compile(r"(?=[^\d]*\d)[0-9A-Za-z_\-]{8,128}", re.ASCII)
_HIGH = 0x80  # the first byte beyond ASCII
_REPLACEMENT = "\ufffd"
_WORKSPACE = "workspace"


class Scrubber:
    """Replaces personal data and secrets by pseudonyms of the customer's own.

    Args:
        secret: The workspace's, at least 16 bytes; the pseudonyms are keyed by it.
        rules: What to look for; those that ship if None.

    >>> scrubber = Scrubber(b"0123456789abcdef")
    >>> scrubber.scrub_text("no route to 10.1.2.3:443", customer="c-1")[:16]
    'no route to <ip:'
    """

    def __init__(self, secret: bytes, *, rules: Sequence[Rule] | None = None) -> None:
        rules = shipped_rules() if rules is None else rules
        network = [rule for rule in rules if rule.kind not in {"ip", "mac"}]
        names = Pseudonyms(secret)
        self._names = names
        self._rewriter = Rewriter(Finder(rules), names)
        self._topology = Rewriter(Finder(network), names)

    def forget(self) -> None:
        """Remember nobody: the keys of pseudonyms are derived again when they are needed."""
        self._names.forget()

    def scrub(self, batch: PlacedBatch) -> ScrubbedBatch:
        """Return *batch* without personal data; broken UTF-8 and NULs become U+FFFD.

        Pseudonyms are keyed by the event's customer, else its share group, else its
        environment. ``replaced`` counts by kind, and the repaired texts as ``utf8``
        and ``nul``. The column ``tenant`` is dropped.
        """
        replaced: Counter[str] = Counter()
        scopes = _scopes(batch.frame)
        texts = _repaired(batch, replaced)
        texts, found = self._rewriter.rewritten(texts, scopes)
        replaced += found
        frame = batch.frame.drop("tenant", strict=False).with_columns(
            texts.column.alias("message"),
            pl.Series("shape", texts.shape, dtype=pl.UInt32),
        )
        frame = frame.with_columns(self._columns(frame, scopes))
        return ScrubbedBatch(
            source=batch.source,
            frame=frame,
            shapes=list(texts.shapes),
            share_groups=batch.share_groups,
            index=batch.index,
            replaced=dict(sorted(replaced.items())),
        )

    def scrub_text(self, text: str, *, customer: str | None) -> str:
        """Return *text* without personal data, keyed by *customer* or, if None, by none."""
        scope = _WORKSPACE if customer is None else f"customer:{customer}"
        return self._rewriter.text(text.replace("\0", _REPLACEMENT), scope)[0]

    def scrub_name(self, name: str, *, environment: str | None) -> str:
        """Return the *name* of a file or bundle without personal data.

        >>> Scrubber(b"0123456789abcdef").scrub_name("a@example.com.log", environment="e")[:7]
        '<email:'
        """
        scope = _WORKSPACE if environment is None else f"environment:{environment}"
        return self._rewriter.text(name.replace("\0", _REPLACEMENT), scope)[0]

    def scrub_frame(
        self, frame: pl.DataFrame, columns: Sequence[str], customer_column: str
    ) -> pl.DataFrame:
        """Return *frame* with its text *columns* scrubbed, keyed by the customer of the row.

        >>> frame = pl.DataFrame({"customer_id": ["c-1"], "subject": ["mail a@example.com"]})
        >>> scrubber = Scrubber(b"0123456789abcdef")
        >>> scrubber.scrub_frame(frame, ["subject"], "customer_id")["subject"][0][:12]
        'mail <email:'
        """
        owner = "customer:" + pl.col(customer_column)
        scopes = frame.select(owner.fill_null(_WORKSPACE)).to_series()
        for name in columns:
            column = frame[name].cast(pl.String)
            frame = frame.with_columns(_distinctly(column, scopes, self._rewriter))
        return frame

    def _columns(self, frame: pl.DataFrame, scopes: pl.Series) -> list[pl.Series]:
        """Return the text columns besides the message, rewritten: those alike in one go."""
        names = [
            name
            for name, dtype in frame.schema.items()
            if dtype == pl.String and name not in _NOT_FROM_THE_LINE | {"message"}
        ]
        alike = [name for name in names if name not in _TOPOLOGY | {"trace_id"}]
        rewritten = _together([frame[name] for name in alike], scopes, self._rewriter)
        for name in names:
            if name == "trace_id":
                rewritten.append(self._trace_ids(frame[name], scopes))
            elif name in _TOPOLOGY:
                rewritten.append(_distinctly(frame[name], scopes, self._topology))
        return rewritten

    def _trace_ids(self, column: pl.Series, scopes: pl.Series) -> pl.Series:
        """Return the ids that look like ids; a pseudonym for each of the others."""
        rows = pl.DataFrame([column.alias("text"), scopes.alias("scope")])
        text = pl.col("text").str
        odd = rows.filter(~(text.contains(_HEX) & text.contains(_HEX_LETTER))).unique()
        if odd.is_empty():
            return column
        looked_at = _distinctly(odd["text"], odd["scope"], self._rewriter)
        names = [
            text
            if text == fresh and _OPAQUE.fullmatch(text)
            else self._names.of("trace", text.encode(), scope=scope)
            for text, scope, fresh in zip(odd["text"], odd["scope"], looked_at, strict=True)
        ]
        table = odd.with_columns(pl.Series("fresh", names, dtype=pl.String))
        joined = rows.join(table, on=["text", "scope"], how="left", maintain_order="left")
        return joined.select(pl.coalesce("fresh", "text").alias(column.name)).to_series()


def _together(
    columns: Sequence[pl.Series], scopes: pl.Series, rewriter: Rewriter
) -> list[pl.Series]:
    """Return several text columns rewritten as one long one; those without text as they are."""
    full = [column for column in columns if column.null_count() < len(column)]
    if not full:
        return list(columns)
    end_to_end = pl.concat([column.alias("text") for column in full])
    fresh = _distinctly(end_to_end, pl.concat([scopes] * len(full)), rewriter)
    rewritten = {
        column.name: fresh.slice(number * len(scopes), len(scopes)).alias(column.name)
        for number, column in enumerate(full)
    }
    return [rewritten.get(column.name, column) for column in columns]


def _distinctly(column: pl.Series, scopes: pl.Series, rewriter: Rewriter) -> pl.Series:
    """Return a text column rewritten: its distinct texts, once for each owner."""
    rows = pl.DataFrame([column.alias("text"), scopes.alias("scope")])
    distinct = rows.filter(pl.col("text").is_not_null()).unique(maintain_order=True)
    if distinct.is_empty():
        return column
    plain = distinct["text"].str.replace_all("\0", _REPLACEMENT, literal=True)
    texts, _ = rewriter.rewritten(Texts(plain, *shaped(plain)), distinct["scope"])
    if texts.column.equals(distinct["text"], check_names=False):
        return column  # there was nothing to take out
    table = distinct.with_columns(texts.column.alias("fresh"))
    joined = rows.join(table, on=["text", "scope"], how="left", maintain_order="left")
    return joined["fresh"].alias(column.name)


def _scopes(frame: pl.DataFrame) -> pl.Series:
    """Return whose each row is: the keys of the pseudonyms."""
    owner = pl.coalesce(
        "customer:" + pl.col("customer_id"),
        "group:" + pl.col("share_group"),
        "environment:" + pl.col("environment_id"),
        pl.lit(_WORKSPACE),
    )
    return frame.select(owner.alias("scope")).to_series()


def _repaired(batch: PlacedBatch, replaced: Counter[str]) -> Texts:
    """Return the messages as text without NUL; shapes of the repaired ones are made anew."""
    raw = batch.frame["message"]
    shape = batch.frame["shape"].to_numpy().astype(np.int64)
    nul = np.flatnonzero(raw.bin.contains(b"\0").to_numpy())
    try:
        text = raw.cast(pl.String)
        broken = nul[:0]
    except pl.exceptions.ComputeError:  # some are no UTF-8; it does not say which
        broken = _broken(raw)
        text = with_rows(raw, broken, pl.Series([b""] * len(broken), dtype=pl.Binary)).cast(
            pl.String
        )
    rows = np.union1d(nul, broken)
    if not len(rows):
        return Texts(text, shape, batch.shapes)
    replaced.update({n: len(r) for n, r in (("utf8", broken), ("nul", nul)) if len(r)})
    whole = [m.decode("utf-8", "replace").replace("\0", _REPLACEMENT) for m in raw.gather(rows)]
    return _replaced_rows(Texts(text, shape, batch.shapes), rows, pl.Series(whole, dtype=pl.String))


def _broken(raw: pl.Series) -> Numbers:
    """Return the rows that are no UTF-8; only those beyond ASCII are tried."""
    sizes = raw.bin.size().to_numpy().astype(np.int64)
    high = np.flatnonzero(np.frombuffer(b"".join(raw), dtype=np.uint8) >= _HIGH)
    rows = np.unique(np.searchsorted(np.cumsum(sizes), high, side="right"))
    return rows[[not _is_utf8(message) for message in raw.gather(rows)]]


def _is_utf8(message: bytes) -> bool:
    try:
        message.decode()
    except UnicodeDecodeError:
        return False
    return True


def _replaced_rows(texts: Texts, rows: Numbers, fresh: pl.Series) -> Texts:
    """Return *texts* with *fresh* in *rows*, and only the shapes that are still in use."""
    numbers, shapes = shaped(fresh)
    every = [*texts.shapes, *shapes]
    shape = texts.shape.copy()
    shape[rows] = numbers + len(texts.shapes)
    used, compact = np.unique(shape, return_inverse=True)
    column = with_rows(texts.column, rows, fresh)
    return Texts(column, compact.astype(np.int64), [every[n] for n in used.tolist()])
