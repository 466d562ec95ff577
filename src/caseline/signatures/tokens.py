"""From a shape to its tokens: words, typed values, and the punctuation between them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from caseline.signatures.rulebook import TokenRules

# Bytes that no UTF-8 text holds: a variable, a token's place, a list of variables.
VARIABLE = b"\xff"
SLOT = b"\xfe"
LIST = b"\xfd"
NAME = "name"

_COMMAS = (b", ", b",")
_LEAST_COMMAS = 2
_MOST_FIELDS_CACHED = 100_000
_LONGEST_CACHED = 256
_LONG = 16_384
_UNEVEN = re.compile(rb"\s\s|[^\S ]")
_SPACES = re.compile(rb"(\s+)")
_LETTER = re.compile(rb"[A-Za-z\x80-\xf4]")
_DIGIT = re.compile(rb"[0-9]")
_MARK = re.compile(rb"[\xfd\xff]")
_WORD = re.compile(rb"[A-Za-z\x80-\xf4_]+(?:(?:[._$]|-(?=[A-Za-z]))[A-Za-z\x80-\xf4_]+)*")
_APOSTROPHE = re.compile(rb"[A-Za-z]+'[a-z]{1,2}")
_IDENTIFIER = re.compile(rb"[A-Za-z0-9\x80-\xf4_]+(?:[._$~+-]+[A-Za-z0-9\x80-\xf4_]+)*")
_NUMBERED = re.compile(rb"([A-Za-z_.]*[A-Za-z](?:-[A-Za-z_.]*[A-Za-z])*)-([0-9]+|\xff)")
_EMPTY = frozenset((b"()", b"[]", b"{}", b'""', b"''"))
_BRACKETS = {b"(": b")", b"[": b"]", b"{": b"}", b"<": b">"}
_OPENING = b"([{<\"'`,;:!?"
_CLOSING = b")]}>\"'`,.;:!?"


class Token(NamedTuple):
    """A word or a value: ``[start, end)`` in its field or shape.

    ``word`` is ``VARIABLE`` where a rule says that this is a value; ``rule`` names it.
    """

    start: int
    end: int
    word: bytes
    rule: str


class Form(NamedTuple):
    """A shape as the votes see it.

    ``skeleton`` is the punctuation with a ``SLOT`` for each token, runs of blanks as
    one; ``words`` has the token's word or ``VARIABLE``, one for each slot; ``rules``
    why it is one; ``starts`` and ``ends`` where the token stands in the shape.
    """

    skeleton: bytes
    words: tuple[bytes, ...]
    rules: tuple[str, ...]
    starts: list[int]
    ends: list[int]

    @property
    def names(self) -> list[int]:
        """Which tokens are names with digits."""
        return [n for n, rule in enumerate(self.rules) if rule == NAME]


class FieldTokens(NamedTuple):
    """A field's tokens, apart: what forms are put together from."""

    skeleton: bytes
    words: tuple[bytes, ...]
    rules: tuple[str, ...]
    starts: tuple[int, ...]
    ends: tuple[int, ...]


class _Draft:
    """A form being put together."""

    __slots__ = ("ends", "rules", "skeleton", "starts", "words")

    def __init__(self) -> None:
        self.skeleton: list[bytes] = []
        self.words: list[bytes] = []
        self.rules: list[str] = []
        self.starts: list[int] = []
        self.ends: list[int] = []

    def add(self, found: FieldTokens, position: int) -> None:
        """Add the tokens of a field that stands at *position*."""
        self.words += found.words
        self.rules += found.rules
        if len(found.starts) == 1:
            self.starts.append(position + found.starts[0])
            self.ends.append(position + found.ends[0])
        else:
            self.starts += [position + start for start in found.starts]
            self.ends += [position + end for end in found.ends]

    def add_value(self, start: int, end: int, rule: str) -> None:
        self.skeleton.append(SLOT)
        self.words.append(VARIABLE)
        self.rules.append(rule)
        self.starts.append(start)
        self.ends.append(end)

    def cut_short(self, most: int, end: int) -> None:
        """Keep the first tokens; the rest of the message is one value."""
        text = b"".join(self.skeleton).split(SLOT)[:most]
        start = self.starts[most - 1]
        for column in (self.words, self.rules, self.starts, self.ends):
            del column[most - 1 :]
        self.skeleton = [SLOT.join(text)]
        self.add_value(start, end, "rest")

    def form(self) -> Form:
        skeleton = b"".join(self.skeleton).strip()
        return Form(skeleton, tuple(self.words), tuple(self.rules), self.starts, self.ends)


class Tokenizer:
    """Cuts shapes into tokens; remembers the fields it has seen.

    >>> from caseline.signatures.rulebook import read_rules
    >>> form = Tokenizer(read_rules().tokens).form(b"disk sda is 00% full (uid=0)")
    >>> form.skeleton.replace(SLOT, b"_")
    b'_ _ _ _ _ (_=_)'
    >>> [rule or word.decode() for rule, word in zip(form.rules, form.words)]
    ['disk', 'sda', 'is', 'number', 'full', 'uid', 'number']
    """

    def __init__(self, rules: TokenRules) -> None:
        self._rules = rules
        self._fields: dict[bytes, FieldTokens] = {}

    def form(self, shape: bytes, *, names: bool = True) -> Form:
        """Return the tokens of *shape*.

        Args:
            shape: A message with its digits turned into zeros, but for those of names.
            names: Whether names with digits may be constants; else they are values.
        """
        draft = _Draft()
        if len(shape) > _LONG:
            end = max(shape.rfind(b" ", 0, _LONG), 0)
            self._add(shape[:end], draft)
            draft.skeleton.append(b" " if end else b"")
            draft.add_value(end + 1 if end else 0, len(shape), "rest")
        else:
            self._add(shape, draft)
        if len(draft.words) > self._rules.most_tokens:
            draft.cut_short(self._rules.most_tokens, len(shape))
        if NAME in draft.rules:
            _settle_names(draft, names=names)
        form = draft.form()
        return _with_items(form) if form.skeleton.count(b",") >= _LEAST_COMMAS else form

    def _add(self, shape: bytes, draft: _Draft) -> None:
        """Add all tokens of *shape*, or some more than are looked at."""
        most = self._rules.most_tokens
        position = 0
        for match in self._rules.spanning_values(shape):
            if len(draft.words) > most:
                break
            if match.start() > position:
                self._add_fields(shape[position : match.start()], position, draft)
            position = match.end()
            draft.add_value(match.start(), position, _rule(match))
        if position < len(shape) and len(draft.words) <= most:
            self._add_fields(shape[position:], position, draft)

    def _add_fields(self, text: bytes, offset: int, draft: _Draft) -> None:
        """Add the fields of *text*, which starts at *offset* of the shape."""
        if _UNEVEN.search(text):
            self._add_uneven(text, offset, draft)
            return
        fields = text.split(b" ")
        known = self._fields
        found = [known.get(field) or self._new_field(field) for field in fields]
        draft.skeleton.append(b" ".join([one.skeleton for one in found]))
        position = offset
        for field, one in zip(fields, found, strict=True):
            if one.words:
                draft.add(one, position)
            position += len(field) + 1

    def _add_uneven(self, text: bytes, offset: int, draft: _Draft) -> None:
        """The same where fields are apart by more than one blank, or by another."""
        position = offset
        for n, field in enumerate(_SPACES.split(text)):
            if n % 2:
                draft.skeleton.append(one_blank(field))
            elif field:
                found = self._fields.get(field) or self._new_field(field)
                draft.skeleton.append(found.skeleton)
                draft.add(found, position)
            position += len(field)

    def field(self, field: bytes) -> FieldTokens:
        """Return the tokens of a field: what stands between two blanks."""
        return self._fields.get(field) or self._new_field(field)

    def _new_field(self, field: bytes) -> FieldTokens:
        if len(self._fields) >= _MOST_FIELDS_CACHED:
            self._fields.clear()
        if len(field) > _LONGEST_CACHED:
            return self._apart(field)
        bare = field[:1] not in _OPENING and field[-1:] not in _CLOSING
        whole = self._whole(field) if bare and not _MARK.search(field) else None
        if whole is not None:
            word, rule = whole
            found = FieldTokens(SLOT, (word,), (rule,), (0,), (len(field),))
            self._fields[field] = found
            return found
        found = self._apart(field)
        self._fields[field] = found
        return found

    def _apart(self, field: bytes) -> FieldTokens:
        tokens = tuple(self._cut(field))
        starts, ends, words, rules = tuple(zip(*tokens, strict=True)) or ((), (), (), ())
        return FieldTokens(_skeleton(field, tokens), words, rules, starts, ends)

    def _cut(self, field: bytes) -> Iterator[Token]:
        if field in _EMPTY:
            yield Token(1, 1, b"", "")
            return
        start, end = _core(field)
        yield from self._piece(field, start, end, 0)

    def _piece(self, field: bytes, start: int, end: int, level: int) -> Iterator[Token]:
        piece = field[start:end]
        if not piece:
            return
        token = _marked(piece) if _MARK.search(piece) else self._whole(piece)
        if token is not None:
            yield Token(start, end, *token)
            return
        numbered = _NUMBERED.fullmatch(piece)
        if numbered:
            yield Token(start, end, numbered[1] + b"-" + VARIABLE, "")
            return
        yield from self._split(field, start, end, level)

    def _split(self, field: bytes, start: int, end: int, level: int) -> Iterator[Token]:
        for n in range(level, len(self._rules.separators)):
            separator = self._rules.separators[n]
            if separator.search(field, start, end):
                yield from self._split_at(separator, field, (start, end), n + 1)
                return
        position = start
        for mark in _MARK.finditer(field, start, end):
            yield from _leaf(field, position, mark.start())
            yield Token(mark.start(), mark.end(), VARIABLE, "")
            position = mark.end()
        yield from _leaf(field, position, end)

    def _split_at(
        self, separator: re.Pattern[bytes], field: bytes, span: tuple[int, int], level: int
    ) -> Iterator[Token]:
        position, end = span
        for match in separator.finditer(field, position, end):
            yield from self._trimmed(field, position, match.start(), level)
            position = match.end()
            if match[0] == b"=" and _is_bare_key(field, match.start(), position, end):
                yield Token(position, position, b"", "")
        yield from self._trimmed(field, position, end, level)

    def _trimmed(self, field: bytes, start: int, end: int, level: int) -> Iterator[Token]:
        if field[start:end] in _EMPTY:
            return iter((Token(start + 1, start + 1, b"", ""),))
        begin, stop = _core(field[start:end])
        return self._piece(field, start + begin, start + stop, level)

    def _whole(self, piece: bytes) -> tuple[bytes, str] | None:
        if self._rules.literal.fullmatch(piece):
            return VARIABLE, "literal"
        if _WORD.fullmatch(piece) or _APOSTROPHE.fullmatch(piece):
            return piece, ""
        if match := self._rules.typed.fullmatch(piece):
            return VARIABLE, _rule(match)
        if self._rules.name.fullmatch(piece):
            return piece, NAME
        if _DIGIT.search(piece) and _IDENTIFIER.fullmatch(piece) and not _NUMBERED.fullmatch(piece):
            return VARIABLE, "identifier"
        return None


def one_blank(run: bytes) -> bytes:
    """Return what stands for a run of blanks in a skeleton and in a template's text."""
    return b"\n" if b"\n" in run else b" "


def _rule(match: re.Match[bytes]) -> str:
    return (match.lastgroup or "value").partition("__")[0]


def _marked(piece: bytes) -> tuple[bytes, str] | None:
    return (VARIABLE, "") if piece in (VARIABLE, LIST) else None


def _leaf(field: bytes, start: int, end: int) -> Iterator[Token]:
    piece = field[start:end]
    if _DIGIT.search(piece):
        yield Token(start, end, VARIABLE, "identifier")
    elif _LETTER.search(piece):
        yield Token(start, end, piece, "")


def _core(field: bytes) -> tuple[int, int]:
    """Where *field* starts and ends without the punctuation around it."""
    stripped = field.lstrip(_OPENING)
    start = len(field) - len(stripped)
    core = stripped.rstrip(_CLOSING)
    while start and (closing := _BRACKETS.get(field[start - 1 : start])) and closing in core:
        opening = field[start - 1 : start]
        if core.count(closing) <= core.count(opening):
            break
        start -= 1
        core = opening + core
    end = start + len(core)
    if core.endswith(b"=") and field[end : end + 2] in _EMPTY:
        end += 2  # an empty value, between its quotes
    return start, end


def _is_bare_key(field: bytes, equals: int, position: int, end: int) -> bool:
    return (
        equals > 0
        and field[equals - 1 : equals].isalpha()
        and (position >= end or field[position : position + 1] in b",;)]}&")
    )


def _skeleton(field: bytes, tokens: tuple[Token, ...]) -> bytes:
    parts: list[bytes] = []
    position = 0
    for token in tokens:
        parts += (field[position : token.start], SLOT)
        position = token.end
    parts.append(field[position:])
    return b"".join(parts)


def _with_items(form: Form) -> Form:
    """Turn the items of a list into values: three or more words with nothing but commas between."""
    gaps = form.skeleton.split(SLOT)
    words, rules = list(form.words), list(form.rules)
    first = 0
    for n in range(1, len(gaps)):
        if gaps[n] in _COMMAS:
            continue
        if n - first > _LEAST_COMMAS:
            for item in range(first, n):
                if words[item] != VARIABLE:
                    words[item], rules[item] = VARIABLE, "item"
        first = n
    return form._replace(words=tuple(words), rules=tuple(rules))


def _settle_names(draft: _Draft, *, names: bool) -> None:
    """Turn names into values where they are not wanted, or stand in a row of three."""
    found = [n for n, rule in enumerate(draft.rules) if rule == NAME]
    for n in found:
        near = {n - 2, n - 1, n + 1, n + 2}.intersection(found)
        rows = ({n - 2, n - 1}, {n - 1, n + 1}, {n + 1, n + 2})
        if not names or any(near >= row for row in rows):
            draft.words[n] = VARIABLE
            draft.rules[n] = "identifier"
