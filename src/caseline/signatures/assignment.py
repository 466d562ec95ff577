"""One batch on its way to its signatures: every distinct shape is looked at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from caseline.signatures.catalog import signature_id
from caseline.signatures.coarsening import shape_of
from caseline.signatures.cuts import SpanTable
from caseline.signatures.dictionary import digest
from caseline.signatures.learning import Assignment, learn
from caseline.signatures.miner import render
from caseline.signatures.traces import describe, read_trace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from caseline.signatures.catalog import Signature
    from caseline.signatures.fits import Fitted
    from caseline.signatures.knowledge import Knowledge
    from caseline.signatures.miner import Miner


def sign(
    known: Knowledge, messages: pl.Series, rows: NDArray[np.uint32], shapes: Sequence[bytes]
) -> Assignment:
    """Return the signature of each row's shape; learn those that fit nothing known."""
    fitted = known.fits.find(shapes)
    if known.kept:
        fitted = fitted._replace(fit=fitted.fit & ~_of_kept(known, shapes, fitted))
    if fitted.fit.all():
        return Assignment(rows, fitted.signature_ids, fitted.rebuilds, fitted.tables, [])
    others = np.flatnonzero(~fitted.fit)
    slot = np.zeros(len(shapes), dtype=np.uint32)
    slot[others] = np.arange(len(others), dtype=np.uint32)
    chosen = np.flatnonzero(~fitted.fit[rows])
    learnt = learn(
        known, messages.gather(chosen), slot[rows[chosen]], [shapes[n] for n in others.tolist()]
    )
    kinds = rows.copy()
    kinds[chosen] = learnt.rows + np.uint32(len(shapes))
    return Assignment(
        kinds,
        pl.concat([fitted.signature_ids, learnt.signature_ids]),
        np.concatenate([fitted.rebuilds, learnt.rebuilds]),
        [*fitted.tables, *(SpanTable(t.shapes + len(shapes), t.spans) for t in learnt.tables)],
        learnt.minted,
    )


def find(known: Knowledge, line: str) -> Signature | None:
    """Return the signature that *line* would get, if there is one; learn nothing."""
    text = line.encode("utf-8", "replace")
    shape = shape_of(text)
    entry = known.shapes.get(digest(shape))
    if entry is not None and entry.signature_id:
        return known.signatures.get(entry.signature_id)
    if b"\n" in shape and (raised := read_trace(shape.decode(), known.traces)):
        name = signature_id(known.scheme, "trace", describe(raised).encode())
        return known.signatures.get(name)
    form = known.miner.tokenizer.form(refined(known.miner, text, shape))
    if known.kept and (own := render(form.skeleton, known.words_of(form))) in known.kept:
        return known.texts.get(own)
    return known.texts.get(known.miner.peek(form) or b"")


def _of_kept(known: Knowledge, shapes: Sequence[bytes], fitted: Fitted) -> NDArray[np.bool_]:
    """Return which shapes fit a template although a person keeps a narrower one apart."""
    form_of = known.miner.tokenizer.form
    names = fitted.signature_ids.to_list()
    return np.array(
        [
            fit and known.covers_kept(name) and known.is_kept(form_of(shape))
            for fit, name, shape in zip(fitted.fit.tolist(), names, shapes, strict=True)
        ],
        dtype=bool,
    )


def refined(miner: Miner, text: bytes, shape: bytes) -> bytes:
    """Return *shape* with the digits of its names as they stand in *text*."""
    mixed = bytearray(shape)
    form = miner.tokenizer.form(shape)
    for n in form.names:
        start, end = form.starts[n], form.ends[n]
        mixed[start:end] = text[start:end]
    return bytes(mixed)
