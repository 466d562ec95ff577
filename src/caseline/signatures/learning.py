"""The slow way: shapes that fit nothing known are cut into tokens, and voted on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from caseline.signatures.catalog import LIST_RULE, Signature, log_signature, signature_id
from caseline.signatures.coarsening import coarsened
from caseline.signatures.cuts import SpanTable, cut_variables, span_tables
from caseline.signatures.dictionary import Entry, digest
from caseline.signatures.fits import Example
from caseline.signatures.miner import VOTED, Cut, place
from caseline.signatures.tokens import LIST, NAME, VARIABLE
from caseline.signatures.traces import describe, read_trace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from caseline.signatures.fits import Fitted
    from caseline.signatures.knowledge import Knowledge
    from caseline.signatures.tokens import Form
    from caseline.signatures.votes import Words

_BETWEEN = "\x00"
_LEARNT_AT_ONCE = 2_000
"""Shapes that are learnt before the others are tried against what came of them."""


class Assignment(NamedTuple):
    """What came out of a batch.

    Args:
        rows: For each row the number of its kind.
        signature_ids: The signature of each kind.
        rebuilds: Whether the template's parts and the variables give its lines back.
        tables: Where the variables of each kind stand.
        minted: The signatures seen first.
    """

    rows: NDArray[np.uint32]
    signature_ids: pl.Series
    rebuilds: NDArray[np.bool_]
    tables: list[SpanTable]
    minted: list[Signature]


class _Plan(NamedTuple):
    """What all shapes of one settled form have in common."""

    text: bytes
    words: Words
    cuts: list[Cut]

    @property
    def constants(self) -> list[bytes]:
        """The words that do not stand in a variable as a whole."""
        covered = {
            n
            for first, lead, last, trail in self.cuts
            for n in range(first + (lead > 0), last + (trail >= 0))
        }
        return [word for n, word in enumerate(self.words) if n not in covered]


@dataclass(slots=True, kw_only=True)
class _Work:
    known: Knowledge
    messages: pl.Series
    rows: NDArray[np.uint32]
    shapes: list[bytes]
    keys: list[bytes]
    entries: list[Entry | None]
    counts: NDArray[np.intp]
    forms: dict[int, Form] = field(default_factory=dict)
    plans: dict[int, _Plan] = field(default_factory=dict)
    variants: dict[int, list[int]] = field(default_factory=dict)
    minted: list[Signature] = field(default_factory=list)

    def put(self, n: int, entry: Entry) -> None:
        """Remember what was found out about shape *n*."""
        self.entries[n] = entry
        single = n < len(self.counts) and int(self.counts[n]) == 1
        self.known.shapes.put(self.keys[n], entry, single=single)


def learn(
    known: Knowledge, messages: pl.Series, rows: NDArray[np.uint32], shapes: Sequence[bytes]
) -> Assignment:
    """Return what is made of shapes that fit nothing known.

    Where they are many, some are learnt first and the others tried again, so that a
    batch of lines which differ in their variables only is not read line by line.
    """
    rows, shapes = coarsened(rows, shapes)
    keys = [digest(shape) for shape in shapes]
    entries = [known.shapes.get(key) for key in keys]
    work = _Work(
        known=known,
        messages=messages,
        rows=rows,
        shapes=list(shapes),
        keys=keys,
        entries=entries,
        counts=np.bincount(rows, minlength=len(shapes)),
    )
    named = [n for n, entry in enumerate(entries) if entry is not None and not entry.signature_id]
    left = [n for n, entry in enumerate(entries) if entry is None]
    left.sort(key=keys.__getitem__)  # no order of lines decides what is learnt first
    fitted = []
    moved = _learn(work, named)
    while left:
        some, left = left[:_LEARNT_AT_ONCE], left[_LEARNT_AT_ONCE:]
        moved |= _learn(work, _read_new(work, some))
        if left:
            found = known.fits.find([work.shapes[n] for n in left])
            fitted.append((np.array(left, dtype=np.int64), found))
            left = [left[n] for n in np.flatnonzero(~found.fit).tolist()]
    if moved:
        _follow(work)
    return _put_together(work, fitted)


def _put_together(work: _Work, fitted: Sequence[tuple[NDArray[np.int64], Fitted]]) -> Assignment:
    nothing = Entry("", (), rebuilds=False)
    entries = [nothing if entry is None else entry for entry in work.entries]
    names = np.array([entry.signature_id for entry in entries], dtype=object)
    rebuilds = np.array([entry.rebuilds for entry in entries], dtype=bool)
    later = np.zeros(len(entries), dtype=bool)
    tables = []
    for places, found in fitted:
        chosen = places[found.fit]
        names[chosen] = found.signature_ids.to_numpy()[found.fit]
        rebuilds[chosen] = found.rebuilds[found.fit]
        later[chosen] = True
        tables += [SpanTable(places[table.shapes], table.spans) for table in found.tables]
    own = np.flatnonzero(~later)
    tables += [
        SpanTable(own[table.shapes], table.spans)
        for table in span_tables([entries[n].spans for n in own.tolist()])
    ]
    ids = pl.Series(names.tolist(), dtype=pl.String)
    return Assignment(work.rows, ids, rebuilds, tables, work.minted)


def _learn(work: _Work, named: list[int]) -> bool:
    """Learn from the forms at hand and the *named* shapes; say if templates became others."""
    known = work.known
    _refine(work, named)
    if not work.forms:
        return False
    moved = known.miner.learn(work.forms.values())
    if moved:
        known.fits.forget()
    _settle(work)
    known.fits.learn(word for plan in work.plans.values() for word in plan.constants)
    flat = _flatten(work)
    known.fits.record(_examples(work, flat))
    work.forms, work.plans, work.variants = {}, {}, {}
    return moved


def _examples(work: _Work, flat: dict[int, int]) -> list[Example]:
    """Return what was made of each shape whose names, if any, stand in variables."""
    form_of = work.known.miner.tokenizer.form
    made = [(n, n, form) for n, form in work.forms.items() if NAME not in form.rules]
    made += [(n, like, form_of(work.shapes[n])) for n, like in flat.items()]
    return [
        Example(work.shapes[n], form, work.plans[like].cuts, entry)
        for n, like, form in made
        if (entry := work.entries[n]) is not None and like in work.plans
    ]


def _read_new(work: _Work, new: list[int]) -> list[int]:
    """Read the *new* shapes; return those with names, which must be looked at by line."""
    form_of = work.known.miner.tokenizer.form
    named = []
    for n in new:
        shape = work.shapes[n]
        if b"\n" in shape and _read_trace(work, n):
            continue
        form = form_of(shape)
        if NAME in form.rules:
            spans = _spans(form, [Cut(n, 0, n, 0) for n in form.names])
            work.put(n, Entry("", spans, rebuilds=False))
            named.append(n)
        else:
            work.forms[n] = form
    return named


def _read_trace(work: _Work, n: int) -> bool:
    shape = work.shapes[n].decode("utf-8", "replace")
    raised = read_trace(shape, work.known.traces)
    if not raised:
        return False
    text = describe(raised)
    name = signature_id(work.known.scheme, "trace", text.encode())
    if name not in work.known.signatures:
        found = Signature(signature_id=name, scheme=work.known.scheme, kind="trace", template=text)
        work.known.keep(found)
        work.minted.append(found)
    work.put(n, Entry(name, (), rebuilds=False))
    return True


def _refine(work: _Work, named: list[int]) -> None:
    """Tell lines apart by the digits of their names, where a shape has names."""
    if not named:
        return
    found = _names(work, named)
    distinct = found.select("shape", "names").unique(maintain_order=True)
    counts = dict(distinct.group_by("shape").len().iter_rows())
    few = distinct.filter(
        pl.col("shape").is_in(
            [n for n, count in counts.items() if count <= work.known.most_variants]
        )
    ).with_row_index("variant", offset=len(work.shapes))
    for shape, names in few.select("shape", "names").iter_rows():
        _add_variant(work, shape, names.split(_BETWEEN))
    for n, count in counts.items():
        if count > work.known.most_variants:
            work.entries[n] = None
            work.forms[n] = work.known.miner.tokenizer.form(work.shapes[n], names=False)
    placed = found.join(few, on=["shape", "names"], how="inner", maintain_order="left")
    work.rows = work.rows.copy()
    work.rows[placed["row"].to_numpy()] = placed["variant"].to_numpy()


def _names(work: _Work, named: list[int]) -> pl.DataFrame:
    """Return row, shape and names of each row whose shape has names."""
    slot = np.full(len(work.shapes), -1, dtype=np.int64)
    slot[named] = np.arange(len(named))
    rows = np.flatnonzero(slot[work.rows] >= 0).astype(np.uint32)
    shapes = work.rows[rows]
    spans = [entry.spans for n in named if (entry := work.entries[n]) is not None]
    cut = cut_variables(
        work.messages.gather(rows), slot[shapes].astype(np.uint32), span_tables(spans)
    )
    return pl.DataFrame({"row": rows, "shape": shapes, "names": cut.list.join(_BETWEEN)})


def _add_variant(work: _Work, shape: int, names: list[str]) -> None:
    entry = work.entries[shape]
    mixed = bytearray(work.shapes[shape])
    spans = () if entry is None else entry.spans
    for start, size, name in zip(spans[::2], spans[1::2], names, strict=True):
        mixed[start : start + size] = name.encode()
    variant = bytes(mixed)
    key = digest(variant, refined=True)
    n = len(work.shapes)
    work.shapes.append(variant)
    work.keys.append(key)
    work.entries.append(work.known.shapes.get(key))
    work.variants.setdefault(shape, []).append(n)
    if work.entries[n] is None:
        work.forms[n] = work.known.miner.tokenizer.form(variant)


def _settle(work: _Work) -> None:
    """Give each new shape its template and the spans of its variables."""
    plans: dict[tuple[bytes, Words], _Plan] = {}
    for n, form in work.forms.items():
        words = work.known.words_of(form)
        plan = plans.get((form.skeleton, words))
        if plan is None:
            text = work.known.template_of(form.skeleton, words)
            cuts = place(form.skeleton, words, text) or []
            plan = plans[form.skeleton, words] = _Plan(text, words, cuts)
        spans = _spans(form, plan.cuts)
        literals = _literals(work.shapes[n], spans)
        signature = work.known.texts.get(plan.text)
        if signature is None:
            signature = _new(work, form, plan, literals)
        rebuilds = literals == work.known.literals[signature.signature_id]
        work.plans[n] = plan
        work.put(n, Entry(signature.signature_id, spans, rebuilds=rebuilds))


def _new(work: _Work, form: Form, plan: _Plan, literals: list[bytes]) -> Signature:
    marks = [mark for mark in plan.text if mark in (VARIABLE[0], LIST[0])]
    rules = [
        LIST_RULE if mark == LIST[0] else _rule(form, cut)
        for mark, cut in zip(marks, plan.cuts, strict=False)
    ]
    signature = log_signature(work.known.scheme, plan.text, literals, rules)
    work.known.keep(signature)
    work.minted.append(signature)
    return signature


def _rule(form: Form, cut: Cut) -> str:
    if cut == (cut.first, 0, cut.first, 0):
        return form.rules[cut.first] if form.words[cut.first] == VARIABLE else VOTED
    numbered = cut.first == cut.last and cut.trail == 0 and VARIABLE in form.words[cut.first]
    return "number" if numbered else "contained"


def _spans(form: Form, cuts: list[Cut]) -> tuple[int, ...]:
    spans: list[int] = []
    starts, ends = form.starts, form.ends
    for first, lead, last, trail in cuts:
        start = starts[first] + lead
        spans += (start, ends[last] + trail - start)
    return tuple(spans)


def _literals(shape: bytes, spans: tuple[int, ...]) -> list[bytes]:
    literals = []
    position = 0
    for start, size in zip(spans[::2], spans[1::2], strict=True):
        literals.append(shape[position:start])
        position = start + size
    literals.append(shape[position:])
    return literals


def _flatten(work: _Work) -> dict[int, int]:
    """Stop looking at the names of a shape once all of them stand in variables.

    Returns:
        Those shapes, each with one of its variants.
    """
    flat = {}
    for shape, variants in work.variants.items():
        entries = {work.entries[n] for n in variants}
        names = work.entries[shape]
        if len(variants) > 1 and len(entries) == 1 and names is not None:
            entry = entries.pop()
            if entry is not None and _covers(entry.spans, names.spans):
                work.put(shape, entry)
                flat[shape] = variants[0]
    return flat


def _covers(spans: tuple[int, ...], names: tuple[int, ...]) -> bool:
    outer = list(zip(spans[::2], spans[1::2], strict=True))
    return all(
        any(start <= begin and begin + size <= start + length for start, length in outer)
        for begin, size in zip(names[::2], names[1::2], strict=True)
    )


def _follow(work: _Work) -> None:
    """Merge the signatures whose template has become part of a more general one."""
    known = work.known
    for text, signature in list(known.texts.items()):
        final, reason = known.miner.final(text)
        if final == text:
            continue
        into = known.texts.get(final)
        if into is None:
            continue
        if known.aliases.by_rule(signature.signature_id) != into.signature_id:
            known.aliases.merge([signature.signature_id], into.signature_id, reason=reason)
