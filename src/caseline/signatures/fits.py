"""The fast way: shapes that fit a template which is known, told by their fields alone.

Where texts vary, nearly every line is a shape of its own, but most of them say what
lines before them said, with another word in a variable. Such shapes are recognised
whole columns at a time: a distinct field stands for a code, and the codes in a row for
what was made of the first shape that had them. Python sees distinct fields only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from caseline.signatures.coarsening import coarse
from caseline.signatures.cuts import SpanTable
from caseline.signatures.fields import FieldColumns, cut_fields, row_hashes, with_fields
from caseline.signatures.tokens import NAME, SLOT, VARIABLE, FieldTokens

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from caseline.signatures.dictionary import Entry
    from caseline.signatures.miner import Cut
    from caseline.signatures.rulebook import TokenRules
    from caseline.signatures.tokens import Form, Tokenizer

    Ints = NDArray[np.int64]

_LONGEST_SHAPE = 4_096
_MOST_CODES = 200_000
_MOST_FITS = 200_000
# Codes: of a word that no template has, a value, a value with spaces, a name with digits;
# then, in turn, those of words and those of fields that are no single word.
_UNKNOWN, _VALUE, _SPANNING, _NAMED, _FIRST = 1, 2, 3, 4, 6


class Fitted(NamedTuple):
    """Which shapes fit a known template.

    Args:
        fit: Whether a shape does.
        signature_ids: Its signature; empty where it does not.
        rebuilds: Whether the template's parts and the variables give the line back.
        tables: Where the variables of those that fit stand.
    """

    fit: NDArray[np.bool_]
    signature_ids: pl.Series
    rebuilds: NDArray[np.bool_]
    tables: list[SpanTable]


class Example(NamedTuple):
    """What was made of a shape the slow way."""

    shape: bytes
    form: Form
    cuts: Sequence[Cut]
    entry: Entry


class _Known(NamedTuple):
    """The distinct fields at hand: code of each, and where its tokens stand in it.

    ``first`` is the first of a field's tokens in ``starts`` and ``ends``, or -1 where
    the field is one token.
    """

    codes: Ints
    first: Ints
    starts: Ints
    ends: Ints


class Fits:
    """What was made of shapes, by the codes of their fields.

    A field's code tells its punctuation and those of its words that are constants in
    some template; any other word counts as unknown, any value as a value. So two
    shapes with the same codes differ only in their variables' texts, in words that no
    template knows, and the votes would give them the same template: a word that no
    template has as a constant fits a column only where that is a variable.

    Args:
        tokenizer: Cuts fields.
        rules: Tells which values hold spaces.
    """

    def __init__(self, tokenizer: Tokenizer, rules: TokenRules) -> None:
        self._tokenizer = tokenizer
        self._rules = rules
        self._hints = ["\n", *sorted({hint.decode() for hint, _ in rules.spanning})]
        self._words: dict[bytes, int] = {}
        self._structures: dict[tuple[bytes, tuple[int, ...]], int] = {}
        self._codes: dict[bytes, int] = {}
        self._fits: dict[int, int] = {}
        self._signatures: list[str] = []
        self._rebuilds: list[bool] = []
        self._places: list[list[tuple[int, ...]]] = []

    def find(self, shapes: Sequence[bytes]) -> Fitted:
        """Return which of *shapes* fit a known template, and where their variables stand."""
        fits = np.full(len(shapes), -1, dtype=np.int64)
        tables: list[SpanTable] = []
        if self._fits and shapes:
            which, columns = self._columns(shapes)
            known = self._know(columns.distinct)
            hashes, inverse = np.unique(
                row_hashes(known.codes[columns.ids], columns.first), return_inverse=True
            )
            found = np.array([self._fits.get(h, -1) for h in hashes.tolist()], dtype=np.int64)
            fits[which] = found[inverse]
            tables = self._tables(columns, known, which, fits[which])
        names = pl.Series([*self._signatures, ""], dtype=pl.String)
        rebuilds = np.array([*self._rebuilds, False], dtype=bool)
        return Fitted(fits >= 0, names.gather(fits % len(names)), rebuilds[fits], tables)

    def learn(self, words: Iterable[bytes]) -> None:
        """Take in words that are constants of a template."""
        known = len(self._words)
        for word in words:
            self._words.setdefault(word, _FIRST + 2 * len(self._words))
        if len(self._words) > known:
            self._codes.clear()

    def forget(self) -> None:
        """Forget what fits: templates have become others."""
        self._fits.clear()
        for column in (self._signatures, self._rebuilds, self._places):
            column.clear()

    def record(self, examples: Sequence[Example]) -> None:
        """Remember what was made of *examples*, for shapes that differ in variables only."""
        if len(self._fits) + len(examples) > _MOST_FITS:
            self.forget()
        which, columns = self._columns([example.shape for example in examples])
        if not len(which):
            return
        codes = self._know(columns.distinct).codes[columns.ids]
        for n, key in enumerate(row_hashes(codes, columns.first).tolist()):
            if key not in self._fits:
                self._record(key, columns, n, examples[which[n]])

    def _record(self, key: int, columns: FieldColumns, row: int, made: Example) -> None:
        first, end = columns.first[row : row + 2].tolist()
        owners: list[tuple[int, int]] = []
        spans: list[tuple[int, int]] = []
        for n, place in enumerate(range(first, end)):
            start, size = int(columns.starts[place]), int(columns.sizes[place])
            field = columns.distinct[columns.ids[place]]
            tokens = self._tokens(field)
            ends = (size,) if field == VARIABLE else tokens.ends
            spans += [(start + a, start + b) for a, b in zip(tokens.starts, ends, strict=True)]
            owners += [(n, m) for m in range(len(ends))]
        if spans != list(zip(made.form.starts, made.form.ends, strict=True)):
            return  # the form was cut short, or cut in another way
        self._fits[key] = len(self._places)
        self._signatures.append(made.entry.signature_id)
        self._rebuilds.append(made.entry.rebuilds)
        self._places.append(
            [(*owners[first], lead, *owners[last], trail) for first, lead, last, trail in made.cuts]
        )

    def _columns(self, shapes: Sequence[bytes]) -> tuple[Ints, FieldColumns]:
        """Return the fields of the shapes that may fit, and which these are."""
        texts = pl.Series(shapes, dtype=pl.Binary).cast(pl.String, strict=False)
        hinted = texts.str.contains_any(self._hints) | (texts.str.len_bytes() > _LONGEST_SHAPE)
        apart = hinted.fill_null(value=True).to_numpy()
        plain = np.flatnonzero(~apart)
        columns = cut_fields([shapes[n] for n in plain.tolist()])
        spanning = [n for n in np.flatnonzero(apart).tolist() if _is_one_line(shapes[n])]
        if not spanning:
            return plain, columns
        both = with_fields(columns, [self._cut(coarse(shapes[n])) for n in spanning])
        return np.concatenate([plain, np.array(spanning, dtype=np.int64)]), both

    def _cut(self, shape: bytes) -> list[tuple[bytes, int, int]]:
        """Return the fields of *shape* with their start and size; ``VARIABLE`` holds spaces."""
        found: list[tuple[bytes, int, int]] = []
        position = 0
        for match in self._rules.spanning_values(shape):
            if match.start() > position:
                found += _between(shape, position, match.start())
            found.append((VARIABLE, match.start(), match.end() - match.start()))
            position = match.end()
        if position < len(shape) or not found:
            found += _between(shape, position, len(shape))
        return found

    def _know(self, fields: Sequence[bytes]) -> _Known:
        codes: list[int] = []
        first: list[int] = []
        starts: list[int] = []
        ends: list[int] = []
        known = self._codes
        for field in fields:
            code = known.get(field) or self._code(field)
            codes.append(code)
            if code > _FIRST and code % 2:
                first.append(len(starts))
                tokens = self._tokens(field)
                starts += tokens.starts
                ends += tokens.ends
            else:
                first.append(-1)
        return _Known(*(np.array(c, dtype=np.int64) for c in (codes, first, starts, ends)))

    def _tokens(self, field: bytes) -> FieldTokens:
        if field == VARIABLE:
            return FieldTokens(SLOT, (VARIABLE,), ("",), (0,), (0,))
        return self._tokenizer.field(coarse(field) if b"0" in field else field)

    def _code(self, field: bytes) -> int:
        if len(self._codes) >= _MOST_CODES:
            self._codes.clear()
        if field == VARIABLE:
            code = _SPANNING
        elif field.isalpha() and not self._rules.literal.fullmatch(field):
            code = self._words.get(field, _UNKNOWN)
        else:
            found = self._tokens(field)
            inside = tuple(map(self._token_code, found.words, found.rules))
            code = inside[0] if found.skeleton == SLOT else self._structure(found.skeleton, inside)
        self._codes[field] = code
        return code

    def _token_code(self, word: bytes, rule: str) -> int:
        if word == VARIABLE:
            return _VALUE
        return _NAMED if rule == NAME else self._words.get(word, _UNKNOWN)

    def _structure(self, skeleton: bytes, inside: tuple[int, ...]) -> int:
        next_code = _FIRST + 1 + 2 * len(self._structures)
        return self._structures.setdefault((skeleton, inside), next_code)

    def _tables(
        self, columns: FieldColumns, known: _Known, which: Ints, fits: Ints
    ) -> list[SpanTable]:
        """Return where the variables stand in each shape that fits."""
        tables = []
        counts = np.array([len(places) for places in self._places], dtype=np.int64)
        per_shape = np.where(fits >= 0, counts[fits], -1)
        for count in np.unique(per_shape[per_shape >= 0]).tolist():
            chosen = np.flatnonzero(per_shape == count)
            used, inverse = np.unique(fits[chosen], return_inverse=True)
            places = np.array([self._places[n] for n in used.tolist()], dtype=np.int64)
            cuts = places.reshape(len(used), count, 6)[inverse]
            fields = cuts[..., (0, 3)] + columns.first[chosen, None, None]
            ids = columns.ids[fields]
            tokens = known.first[ids]
            inside = np.maximum(tokens + cuts[..., (1, 4)], 0)
            single = tokens < 0
            at = columns.starts[fields] + cuts[..., (2, 5)]
            start = at[..., 0] + np.where(single[..., 0], 0, _of(known.starts, inside[..., 0]))
            sizes = columns.sizes[fields[..., 1]]
            end = at[..., 1] + np.where(single[..., 1], sizes, _of(known.ends, inside[..., 1]))
            spans = np.stack([start, end - start], axis=-1).astype(np.uint32)
            tables.append(SpanTable(which[chosen], spans))
        return tables


def _between(shape: bytes, start: int, end: int) -> list[tuple[bytes, int, int]]:
    found = []
    for field in shape[start:end].split(b" "):
        found.append((field, start, len(field)))
        start += len(field) + 1
    return found


def _of(values: Ints, places: Ints) -> Ints:
    return values[places] if len(values) else np.zeros_like(places)


def _is_one_line(shape: bytes) -> bool:
    return len(shape) <= _LONGEST_SHAPE and b"\n" not in shape
