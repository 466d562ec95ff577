"""Columns of texts rewritten: hits by shape, pseudonyms by distinct value."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from caseline.privacy.finding import DIGITS, Finder

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from caseline.privacy.pseudonyms import Pseudonyms

    Numbers = npt.NDArray[np.int64]

_REMEMBERED = 200_000


@dataclass(frozen=True, slots=True)
class Texts:
    """Texts as a column, each with the number of its shape, and the shapes.

    A text has the length of its shape, in UTF-8 bytes.
    """

    column: pl.Series
    shape: Numbers
    shapes: Sequence[bytes]


@dataclass(frozen=True, slots=True)
class _Round:
    """The hits of one look at some rows: one entry for each hit, in order of the rows."""

    rows: Numbers  # rows with a hit, shape (n_rows,)
    counts: Numbers  # hits of each, shape (n_rows,)
    starts: Numbers  # shape (n_hits,)
    ends: Numbers
    meanings: Numbers


class Rewriter:
    """Replaces in columns of texts what a finder finds.

    Args:
        finder: Says where.
        pseudonyms: Says by what.
    """

    def __init__(self, finder: Finder, pseudonyms: Pseudonyms) -> None:
        self._finder = finder
        self._pseudonyms = pseudonyms
        self._known: dict[tuple[str, int, str], tuple[str, tuple[str, ...]]] = {}

    def rewritten(self, texts: Texts, scopes: pl.Series) -> tuple[Texts, Counter[str]]:
        """Return *texts* without what must not be in them, and how often each kind was.

        A text is looked at again until nothing is left to replace, so that doing it
        twice is the same as once.

        Args:
            texts: What to rewrite.
            scopes: Whose each text is, String: the key of its pseudonyms.
        """
        if self._finder.forget_if_full() or len(self._known) > _REMEMBERED:
            self._known.clear()
        column, shape, shapes = texts.column, texts.shape, list(texts.shapes)
        replaced: Counter[str] = Counter()
        rows = np.arange(len(column), dtype=np.int64)
        first = True
        while True:
            part = Texts(column if first else column.gather(rows), shape[rows], shapes)
            changed, fresh = self._once(part, scopes, rows, replaced, trusted=not first)
            if not len(changed):
                break
            rows = rows[changed]
            column = with_rows(column, rows, fresh)
            shape = shape.copy() if first else shape
            shape[rows] = _numbered(fresh, shapes)
            first = False
        if first:
            return texts, replaced
        used, compact = np.unique(shape, return_inverse=True)
        kept = [shapes[number] for number in used.tolist()]
        return Texts(column, compact.astype(np.int64), kept), replaced

    def text(self, text: str, scope: str) -> tuple[str, Counter[str]]:
        """Return one *text* rewritten: the same as ``rewritten``, without columns."""
        raw = text.encode("utf-8", "replace")
        replaced: Counter[str] = Counter()
        trusted = False
        while hits := self._finder.hits(raw, trusted=trusted):
            pieces, end = [], 0
            for hit in hits:
                name = self._pseudonyms.of(hit.kind, hit.value, scope=scope)
                pieces += [raw[end : hit.start], name.encode()]
                replaced[hit.kind] += 1
                end = hit.end
            raw = b"".join([*pieces, raw[end:]])
            trusted = True
        return raw.decode(), replaced

    def _once(
        self,
        texts: Texts,
        scopes: pl.Series,
        origin: Numbers,
        replaced: Counter[str],
        *,
        trusted: bool,
    ) -> tuple[Numbers, pl.Series]:
        """Return which rows change, and their new texts."""
        hits = self._hits(texts, trusted=trusted)
        if not len(hits.rows):
            return hits.rows, texts.column.clear()
        raw = texts.column.gather(hits.rows).cast(pl.Binary)
        at = np.repeat(np.arange(len(hits.rows)), hits.counts)
        values = _sliced(raw.gather(at), hits.starts, hits.ends)
        owners = scopes.gather(origin[hits.rows[at]])
        fresh, changed = self._replacements(owners, hits.meanings, values, replaced)
        per_row = np.add.reduceat(changed.astype(np.int64), np.cumsum(hits.counts) - hits.counts)
        if not per_row.all():
            keep = per_row > 0
            hits, fresh = _narrowed(hits, keep, fresh)
            raw = raw.filter(pl.Series(keep))
        return hits.rows, _assembled(raw, hits, fresh)

    def _hits(self, texts: Texts, *, trusted: bool) -> _Round:
        numbers = np.unique(texts.shape) if trusted else np.arange(len(texts.shapes))
        by_shape = self._finder.slots([texts.shapes[n] for n in numbers], trusted=trusted)
        counts = np.zeros(len(texts.shapes), dtype=np.int64)
        counts[numbers] = [len(slots) for slots in by_shape]
        flat = np.array([s for slots in by_shape for s in slots], dtype=np.int64).reshape(-1, 3)
        first = np.cumsum(counts) - counts
        rows = np.flatnonzero(counts[texts.shape])
        of_row = counts[texts.shape[rows]]
        within = np.arange(of_row.sum()) - np.repeat(np.cumsum(of_row) - of_row, of_row)
        chosen = flat[np.repeat(first[texts.shape[rows]], of_row) + within]
        return _Round(rows, of_row, chosen[:, 0], chosen[:, 1], chosen[:, 2])

    def _replacements(
        self, scopes: pl.Series, meanings: Numbers, values: pl.Series, replaced: Counter[str]
    ) -> tuple[pl.Series, npt.NDArray[np.bool_]]:
        """Return what stands for each value, and whether it is another text."""
        keys = ["scope", "meaning", "value"]
        hits = pl.DataFrame(
            [scopes.alias("scope"), pl.Series("meaning", meanings), values.alias("value")]
        )
        distinct = hits.group_by(keys).len()
        fresh = [
            self._replacement((scope, meaning, value), times, replaced)
            for scope, meaning, value, times in distinct.iter_rows()
        ]
        table = distinct.select(keys).with_columns(pl.Series("fresh", fresh, dtype=pl.String))
        joined = hits.join(table, on=keys, how="left", maintain_order="left")
        return joined["fresh"], (joined["fresh"] != joined["value"]).to_numpy()

    def _replacement(self, key: tuple[str, int, str], times: int, replaced: Counter[str]) -> str:
        if key not in self._known:
            scope, meaning, value = key
            self._known[key] = self._made(scope, meaning, value.encode())
        text, kinds = self._known[key]
        for kind in kinds:
            replaced[kind] += times
        return text

    def _made(self, scope: str, meaning: int, value: bytes) -> tuple[str, tuple[str, ...]]:
        pieces: list[bytes] = []
        found = self._finder.look(meaning, value)
        end = 0
        for hit in found:
            name = self._pseudonyms.of(hit.kind, hit.value, scope=scope)
            pieces += [value[end : hit.start], name.encode()]
            end = hit.end
        text = b"".join([*pieces, value[end:]]).decode()
        return text, tuple(hit.kind for hit in found)


def shaped(column: pl.Series) -> tuple[Numbers, list[bytes]]:
    """Return the number of each text's shape, and the shapes.

    >>> numbers, shapes = shaped(pl.Series(["a1", "a2", "b"]))
    >>> numbers.tolist(), shapes
    ([0, 0, 1], [b'a0', b'b'])
    """
    encoded = _digits_zeroed(column).dictionary_encode()
    numbers = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    return numbers, encoded.dictionary.to_pylist()


def _digits_zeroed(column: pl.Series) -> Any:
    """Return the texts as an Arrow array of bytes with every digit as 0: one translation."""
    array = _arrow(column)
    _, offsets, data = array.buffers()
    zeroed = pa.py_buffer(data.to_pybytes().translate(DIGITS)) if data else None
    return pa.Array.from_buffers(
        pa.large_binary(), len(array), [None, offsets, zeroed], offset=array.offset
    )


def _arrow(column: pl.Series) -> Any:
    """Return a column of texts as one Arrow array of large_string."""
    return pc.cast(column.to_arrow(), pa.large_string())


def _numbered(column: pl.Series, shapes: list[bytes]) -> Numbers:
    """Return the numbers of the shapes of *column*; new ones are added to *shapes*."""
    numbers, fresh = shaped(column)
    start = len(shapes)
    shapes.extend(fresh)
    return numbers + start


def with_rows(column: pl.Series, rows: Numbers, fresh: pl.Series) -> pl.Series:
    """Return *column* with *fresh* in *rows*."""
    take = np.arange(len(column), dtype=np.int64)
    take[rows] = len(column) + np.arange(len(rows))
    return pl.concat([column, fresh.alias(column.name)]).gather(take)


def _sliced(raw: pl.Series, starts: Numbers, ends: Numbers) -> pl.Series:
    frame = pl.DataFrame([raw.alias("raw"), pl.Series("o", starts), pl.Series("n", ends - starts)])
    part = pl.col("raw").bin.slice(pl.col("o"), pl.col("n"))
    return frame.select(part.cast(pl.String)).to_series()


def _narrowed(
    hits: _Round, keep: npt.NDArray[np.bool_], fresh: pl.Series
) -> tuple[_Round, pl.Series]:
    """Return the hits of the rows to *keep*."""
    of_hit = np.repeat(keep, hits.counts)
    narrowed = _Round(
        hits.rows[keep],
        hits.counts[keep],
        hits.starts[of_hit],
        hits.ends[of_hit],
        hits.meanings[of_hit],
    )
    return narrowed, fresh.filter(pl.Series(of_hit))


def _assembled(raw: pl.Series, hits: _Round, fresh: pl.Series) -> pl.Series:
    """Return each text of *raw* with *fresh* in the place of its hits.

    A row of k hits is 2k + 1 pieces: before, fresh, between, fresh, ..., after.
    """
    n_rows, n_hits = len(hits.rows), len(hits.starts)
    row = np.repeat(np.arange(n_rows), hits.counts)
    after_last = np.cumsum(hits.counts)
    gap_starts = np.roll(hits.ends, 1)
    gap_starts[after_last - hits.counts] = 0
    lengths = raw.bin.size().to_numpy().astype(np.int64)
    gaps = _sliced(raw.gather(row), gap_starts, hits.starts)
    tails = _sliced(raw, hits.ends[after_last - 1], lengths)
    hit = np.arange(n_hits)
    order = np.empty(2 * n_hits + n_rows, dtype=np.int64)
    order[2 * hit + row] = hit
    order[2 * hit + row + 1] = n_hits + hit
    order[2 * after_last + np.arange(n_rows)] = 2 * n_hits + np.arange(n_rows)
    pieces = pl.concat([gaps.alias("t"), fresh.alias("t"), tails.alias("t")]).gather(order)
    offsets = np.concatenate([[0], 2 * after_last + np.arange(1, n_rows + 1)])
    lists = pa.LargeListArray.from_arrays(pa.array(offsets), _arrow(pieces))
    joined: Any = pc.binary_join(lists, pa.scalar("", pa.large_string()))
    return pl.Series(values=joined)
