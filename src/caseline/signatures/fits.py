"""The fast way: shapes that fit a template which is known, told by their fields alone.

Where texts vary, nearly every line is a shape of its own, but most of them say what
lines before them said, with another word in a variable. Such a shape is recognised by
one look at each of its fields: a field stands for a code, and the codes in a row for
what was made of the first shape that had them.
"""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from caseline.signatures.dictionary import Entry
from caseline.signatures.tokens import NAME, SLOT, VARIABLE, FieldTokens

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from caseline.signatures.miner import Cut
    from caseline.signatures.rulebook import TokenRules
    from caseline.signatures.tokens import Form, Tokenizer

    Key = tuple[int, ...]

_LONGEST_SHAPE = 4_096
_MOST_CODES = 200_000
_MOST_KEYS = 200_000
# Codes: of a word that no template has, a value, a value with spaces, a name with digits;
# then, in turn, those of words and those of fields that are no single word.
_UNKNOWN, _VALUE, _SPANNING, _NAMED, _FIRST = 1, 2, 3, 4, 6


class _Pieces(NamedTuple):
    """A shape's fields, where each starts, and which are values with spaces."""

    fields: list[bytes]
    starts: list[int]
    spanning: set[int]

    def add(self, text: bytes, position: int) -> None:
        """Add the fields of *text*, which stands at *position*."""
        fields = text.split(b" ")
        self.fields.extend(fields)
        sizes = [len(field) + 1 for field in fields[:-1]]
        self.starts.extend(accumulate(sizes, initial=position))


class _Place(NamedTuple):
    """Where a variable starts and ends: field, token in it, bytes before or behind."""

    first: tuple[int, int, int]
    last: tuple[int, int, int]
    whole: bool  # it is all of one field


class _Fit(NamedTuple):
    signature_id: str
    rebuilds: bool
    places: tuple[_Place, ...]


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
        self._structures: dict[tuple[bytes, Key], int] = {}
        self._codes: dict[bytes, int] = {}
        self._fits: dict[Key, _Fit] = {}

    def find(self, shapes: Sequence[bytes]) -> list[Entry | None]:
        """Return the entry of each of *shapes* that a known template fits."""
        if not self._fits or not shapes:
            return [None] * len(shapes)
        codes, fits = self._codes, self._fits
        nothing: set[int] = set()
        found: list[Entry | None] = []
        for shape, hinted in zip(shapes, self._hinted(shapes), strict=True):
            if hinted:
                found.append(self._find_spanning(shape))
                continue
            fields = shape.split(b" ")
            fit = fits.get(tuple([codes.get(field) or self._code(field) for field in fields]))
            if fit is None:
                found.append(None)
                continue
            starts = list(accumulate([len(field) + 1 for field in fields], initial=0))
            found.append(self._entry(fit, _Pieces(fields, starts, nothing)))
        return found

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

    def record(self, shape: bytes, form: Form, cuts: Sequence[Cut], entry: Entry) -> None:
        """Remember what was made of *shape*, for shapes that differ in variables only."""
        if not _is_one_line(shape):
            return
        pieces = self._pieces(shape)
        key = self._key(pieces)
        if key in self._fits:
            return
        if len(self._fits) >= _MOST_KEYS:
            self._fits.clear()
        tokens = [self._tokens(pieces, n) for n in range(len(pieces.fields))]
        owners = [(n, m) for n, found in enumerate(tokens) for m in range(len(found.starts))]
        starts = [pieces.starts[n] + tokens[n].starts[m] for n, m in owners]
        if starts != form.starts:
            return  # the form was cut short, or cut in another way
        places = []
        for first, lead, last, trail in cuts:
            at, to = owners[first], owners[last]
            whole = at == to and lead == trail == 0 and tokens[at[0]].skeleton == SLOT
            places.append(_Place((*at, lead), (*to, trail), whole))
        self._fits[key] = _Fit(entry.signature_id, entry.rebuilds, tuple(places))

    def _find_spanning(self, shape: bytes) -> Entry | None:
        if not _is_one_line(shape):
            return None
        pieces = self._pieces(shape)
        fit = self._fits.get(self._key(pieces))
        return None if fit is None else self._entry(fit, pieces)

    def _hinted(self, shapes: Sequence[bytes]) -> list[bool]:
        """Return which of *shapes* may hold a value with spaces, or are not to be read so."""
        texts = pl.Series(shapes, dtype=pl.Binary).cast(pl.String, strict=False)
        hinted = texts.str.contains_any(self._hints) | (texts.str.len_bytes() > _LONGEST_SHAPE)
        return hinted.fill_null(value=True).to_list()

    def _pieces(self, shape: bytes) -> _Pieces:
        pieces = _Pieces([], [], set())
        position = 0
        for match in self._rules.spanning_values(shape):
            if match.start() > position:
                pieces.add(shape[position : match.start()], position)
            pieces.spanning.add(len(pieces.fields))
            pieces.fields.append(match[0])
            pieces.starts.append(match.start())
            position = match.end()
        if position < len(shape):
            pieces.add(shape[position:], position)
        return pieces

    def _tokens(self, pieces: _Pieces, n: int) -> FieldTokens:
        field = pieces.fields[n]
        if n in pieces.spanning:
            return FieldTokens(SLOT, (VARIABLE,), ("",), (0,), (len(field),))
        return self._tokenizer.field(field)

    def _key(self, pieces: _Pieces) -> Key:
        return tuple(
            _SPANNING if n in pieces.spanning else self._codes.get(field) or self._code(field)
            for n, field in enumerate(pieces.fields)
        )

    def _code(self, field: bytes) -> int:
        if len(self._codes) >= _MOST_CODES:
            self._codes.clear()
        if field.isalpha() and not self._rules.literal.fullmatch(field):
            code = self._words.get(field, _UNKNOWN)
        else:
            found = self._tokenizer.field(field)
            inside = tuple(map(self._token_code, found.words, found.rules))
            code = inside[0] if found.skeleton == SLOT else self._structure(found.skeleton, inside)
        self._codes[field] = code
        return code

    def _token_code(self, word: bytes, rule: str) -> int:
        if word == VARIABLE:
            return _VALUE
        return _NAMED if rule == NAME else self._words.get(word, _UNKNOWN)

    def _structure(self, skeleton: bytes, inside: Key) -> int:
        return self._structures.setdefault(
            (skeleton, inside), _FIRST + 1 + 2 * len(self._structures)
        )

    def _entry(self, fit: _Fit, pieces: _Pieces) -> Entry:
        spans: list[int] = []
        fields, starts = pieces.fields, pieces.starts
        for (n, token, lead), (m, other, trail), whole in fit.places:
            start = starts[n]
            if whole:
                spans += (start, len(fields[n]))
                continue
            start += self._tokens(pieces, n).starts[token] + lead
            end = starts[m] + self._tokens(pieces, m).ends[other] + trail
            spans += (start, end - start)
        return Entry(fit.signature_id, tuple(spans), fit.rebuilds)


def _is_one_line(shape: bytes) -> bool:
    return len(shape) <= _LONGEST_SHAPE and b"\n" not in shape
