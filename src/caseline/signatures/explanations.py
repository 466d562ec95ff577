"""Why a line has its signature."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from caseline.signatures.assignment import find, refined
from caseline.signatures.coarsening import shape_of
from caseline.signatures.miner import VOTED, readable, render
from caseline.signatures.tokens import VARIABLE
from caseline.signatures.traces import Raised, read_trace
from caseline.signatures.traces import describe as template_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from caseline.signatures.catalog import Signature
    from caseline.signatures.knowledge import Knowledge
    from caseline.signatures.tokens import Form


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why a line has its signature.

    Args:
        signature_id: The template the line gets; None if it would be a new one.
        merged_into: The signature it is read as, where that is another.
        kind: ``log`` or ``trace``.
        template: The text with ``<*>``; what would be minted for a new one.
        shape: The line with its digits turned into zeros.
        tokens: Each token's text in the shape, and its type: ``word``, or the rule
            that says it is a value.
        variables: Why each variable of the template is one.
        steps: The templates on the way from the line's own form, each with the reason:
            ``vote`` (too many distinct words in a column), ``contained``, ``list``,
            ``unit``, ``quoted``, ``earlier``.
        frames: For a trace, exceptions with the frames that were kept.
        choices: For each of these exceptions the rule that chose its frames: ``in-app``,
            ``no frame in-app``, ``recursion``, ``thread dump``.
        dropped: Frames of the trace that do not tell it, each with the rule that says
            so: ``jvm:java.`` is the library rule ``java.`` for the JVM, ``beyond 4`` a
            frame behind those kept, ``recursion`` one that does not recur.
        merges: What is read as it: signature_id, template, reason, author, decided_at.
        decisions: What people decided: what (merge, split), signature_id, into, author,
            decided_at; for a split by value also variable and value.
        lineage: What it was in other versions' words, as ``signatures.lineage`` tells it.
    """

    signature_id: str | None
    merged_into: str | None
    kind: str
    template: str
    shape: str
    tokens: tuple[tuple[str, str], ...] = ()
    variables: tuple[str, ...] = ()
    steps: tuple[tuple[str, str], ...] = ()
    frames: tuple[tuple[str, tuple[str, ...]], ...] = ()
    choices: tuple[str, ...] = ()
    dropped: tuple[tuple[str, str], ...] = ()
    merges: tuple[dict[str, Any], ...] = ()
    decisions: tuple[dict[str, Any], ...] = ()
    lineage: tuple[dict[str, Any], ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the fields by name, JSON-safe."""
        return {
            "signature_id": self.signature_id,
            "merged_into": self.merged_into,
            "kind": self.kind,
            "template": self.template,
            "shape": self.shape,
            "tokens": [list(token) for token in self.tokens],
            "variables": list(self.variables),
            "steps": [list(step) for step in self.steps],
            "frames": [[kind, list(frames)] for kind, frames in self.frames],
            "choices": list(self.choices),
            "dropped": [list(frame) for frame in self.dropped],
            "merges": [dict(row) for row in self.merges],
            "decisions": [dict(row) for row in self.decisions],
            "lineage": [dict(row) for row in self.lineage],
        }

    def __repr__(self) -> str:
        """Return one line that shows no text of the line."""
        name = self.signature_id or "new"
        return (
            f"Explanation({name}, {self.kind}: {len(self.tokens)} tokens, "
            f"{len(self.variables)} variables, {len(self.steps)} steps, "
            f"{len(self.frames)} exceptions)"
        )


def explain(known: Knowledge, line: str) -> Explanation:
    """Return why *line* has its signature, or what would be made of it."""
    signature = find(known, line)
    text = line.encode("utf-8", "replace")
    shape = shape_of(text)
    if signature is None or signature.kind == "log":
        form = known.miner.tokenizer.form(refined(known.miner, text, shape))
        if not (b"\n" in shape and read_trace(shape.decode(), known.traces)):
            return _of_log(known, signature, form, shape)
    return _of_trace(known, signature, shape)


def describe(known: Knowledge, signature: Signature, examples: Iterable[str] = ()) -> Explanation:
    """Return what *signature* is made of.

    Args:
        known: What has been learnt.
        signature: What to explain.
        examples: Texts that may have it; the first that does tells a trace's frames.
    """
    for example in examples:
        shape = shape_of(example.encode("utf-8", "replace"))
        told = _of_trace(known, signature, shape)
        raised = [Raised(kind=kind, frames=frames) for kind, frames in told.frames]
        if template_of(raised) == signature.template:
            return replace(told, shape="")
    form = known.miner.tokenizer.form(signature.text)
    return Explanation(
        signature_id=signature.signature_id,
        merged_into=_merged(known, signature),
        kind=signature.kind,
        template=signature.template,
        shape="",
        tokens=()
        if signature.kind == "trace"
        else tuple(
            (readable(word), "value" if word == VARIABLE else "word") for word in form.words
        ),
        variables=signature.rules,
        steps=tuple((readable(text), why) for text, why in known.miner.steps(signature.text)),
    )


def _of_log(known: Knowledge, signature: Signature | None, form: Form, shape: bytes) -> Explanation:
    own = render(form.skeleton, form.words)
    settled = render(form.skeleton, known.miner.settled(form))
    template = known.miner.peek(form) or settled
    voted = [] if settled == own else [(settled, VOTED)]
    return Explanation(
        signature_id=None if signature is None else signature.signature_id,
        merged_into=_merged(known, signature),
        kind="log",
        template=readable(template) if signature is None else signature.template,
        shape=shape.decode("utf-8", "replace"),
        tokens=tuple(
            (shape[start:end].decode("utf-8", "replace"), rule or "word")
            for start, end, rule in zip(form.starts, form.ends, form.rules, strict=True)
        ),
        variables=signature.rules if signature else tuple(filter(None, form.rules)),
        steps=tuple((readable(text), why) for text, why in (*voted, *known.miner.steps(settled))),
    )


def _of_trace(known: Knowledge, signature: Signature | None, shape: bytes) -> Explanation:
    raised = read_trace(shape.decode("utf-8", "replace"), known.traces)
    return Explanation(
        signature_id=None if signature is None else signature.signature_id,
        merged_into=_merged(known, signature),
        kind="trace",
        template="" if signature is None else signature.template,
        shape=shape.decode("utf-8", "replace"),
        frames=tuple((one.kind, one.frames) for one in raised),
        choices=tuple(one.rule for one in raised),
        dropped=tuple(dict.fromkeys(frame for one in raised for frame in one.dropped)),
    )


def _merged(known: Knowledge, signature: Signature | None) -> str | None:
    if signature is None:
        return None
    into = known.aliases.canonical(signature.signature_id)
    return None if into == signature.signature_id else into
