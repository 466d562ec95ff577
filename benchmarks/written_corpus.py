"""Makes the lines of the written styles: templates with kinds in, lines with truth out.

A style is a file of ``written/``: its README tells the form. What a template's ``{…}``
holds is a variable, all else is constant, as a program's format string would have it.
"""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from written_values import KINDS, POOLED

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(__file__).resolve().parent / "written"
LINES = 2_000
POOLS = (1, 3, 8, 25, 80)
RARE_SHARE = 0.2
MOST_RARE = 3
SKEW = 1.1
EMPTY_SHARE = 0.3
_ADJACENT = re.compile(r"<\*>\.?(?:<\*>\.?)*<\*>")
_SPECIAL = re.compile(r"\\([{}|])|([{}|])")


@dataclass(slots=True)
class Slot:
    """A variable: a kind with its argument, or alternatives, themselves templates."""

    kind: str = ""
    argument: str = ""
    choices: list[Parts] = field(default_factory=list)
    pool: list[str] = field(default_factory=list)

    @property
    def is_of_constants(self) -> bool:
        """Whether it is a choice among constants."""
        return bool(self.choices) and all(
            isinstance(part, str) for choice in self.choices for part in choice
        )

    def draw(self, rng: np.random.Generator) -> str:
        """Return a value; the first alternatives and the first of a pool are frequent."""
        return self.draw_apart(rng)[0]

    def draw_apart(self, rng: np.random.Generator) -> tuple[str, str]:
        """Return a value, and what a label says that keeps alternatives apart."""
        if self.choices:
            return render(self.choices[skewed(rng, len(self.choices))], rng)
        return self._text(rng), "<*>"

    def _text(self, rng: np.random.Generator) -> str:
        if self.kind == "opt":
            kind, _, rest = self.argument.partition(":")
            return "" if rng.random() < EMPTY_SHARE else self._value(kind, rest, rng)
        return self._value(self.kind, self.argument, rng)

    def _value(self, kind: str, argument: str, rng: np.random.Generator) -> str:
        if kind not in POOLED:
            return KINDS[kind](rng, argument)
        if not self.pool:
            size = POOLS[int(rng.integers(len(POOLS)))]
            self.pool = [KINDS[kind](rng, argument) for _ in range(size)]
        return self.pool[skewed(rng, len(self.pool))]


Parts = list[str | Slot]


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """One style with its lines.

    Args:
        name: The style.
        messages: One for each line, without header.
        lines: The same with the header that this style has.
        labels: The true template of each line.
        apart: The same with a choice among constants kept apart: ``state up``, not
            ``state <*>``. It names a part of what the label names.
    """

    name: str
    messages: list[str]
    lines: list[str]
    labels: list[str]
    apart: list[str]


def parse(text: str) -> Parts:
    r"""Return the constants and slots of a template.

    >>> [part if isinstance(part, str) else part.kind for part in parse(r"took {dur} \{x\}")]
    ['took ', 'dur', ' {x}']
    """
    parts, rest = _parse(text, 0, inside=False)
    if rest != len(text):
        raise ValueError(f"a brace too many at {rest} of a template")
    return parts[0]


def truth(parts: Parts) -> str:
    """Return the label: ``<*>`` for each slot, adjacent ones as one.

    >>> truth(parse("{w}{n} of {ip}.{port} is {up|down}"))
    '<*> of <*> is <*>'
    """
    text = "".join(part if isinstance(part, str) else "<*>" for part in parts)
    return _ADJACENT.sub("<*>", text).strip()


def kinds_in(parts: Parts) -> set[str]:
    """Return the kinds of value that a template holds, choices and empty ones too.

    >>> sorted(kinds_in(parse("{w} is {|up in {dur}} for {opt:user}")))
    ['choice', 'dur', 'opt', 'w']
    """
    found: set[str] = set()
    for part in parts:
        if isinstance(part, Slot):
            found.add(part.kind or "choice")
            for choice in part.choices:
                found |= kinds_in(choice)
    return found


def render(parts: Parts, rng: np.random.Generator) -> tuple[str, str]:
    """Return *parts* with a value in each slot, and the label that keeps choices apart."""
    pairs = [(part, part) if isinstance(part, str) else part.draw_apart(rng) for part in parts]
    return "".join(text for text, _ in pairs), "".join(label for _, label in pairs)


def skewed(rng: np.random.Generator, count: int) -> int:
    """Return an index below *count*, the first ones more often."""
    return min(int(count * rng.random() ** 2), count - 1)


def styles(folder: Path = FOLDER) -> list[str]:
    """Return the names of all styles."""
    return sorted(path.stem for path in folder.glob("*.toml"))


def templates_of(name: str, folder: Path = FOLDER) -> list[str]:
    """Return the templates of a style as they are written."""
    lines = _read(name, folder)["templates"].splitlines()
    return [line for line in lines if line.strip() and not line.startswith("# ")]


def write(name: str, *, lines: int = LINES, seed: int = 11, folder: Path = FOLDER) -> Written:
    """Return *lines* lines of a style, the same for the same seed."""
    rng = np.random.default_rng([seed, *name.encode()])
    style = _read(name, folder)
    templates = [parse(text) for text in templates_of(name, folder)]
    order = [
        n for n, count in enumerate(frequencies(len(templates), lines, rng)) for _ in range(count)
    ]
    rng.shuffle(order)
    pairs = [render(templates[n], rng) for n in order]
    messages = [text.strip() for text, _ in pairs]
    labels = [truth(parts) for parts in templates]
    header = Header(style["header"], escaped=style.get("escape", "") == "json")
    whole = [header.put(message, n, rng) for message, n in zip(messages, order, strict=True)]
    return Written(
        name=name,
        messages=messages,
        lines=whole,
        labels=[labels[n] for n in order],
        apart=[f"{n} {apart}" for n, (_, apart) in zip(order, pairs, strict=True)],
    )


def frequencies(count: int, lines: int, rng: np.random.Generator) -> list[int]:
    """Return how many lines each of *count* templates has; a fifth have one to three."""
    rare = max(1, int(count * RARE_SHARE))
    found = np.ones(count, dtype=np.int64)
    found[count - rare :] = rng.integers(1, MOST_RARE + 1, rare)
    weights = 1.0 / np.arange(1, count - rare + 1) ** SKEW
    left = lines - int(found.sum())
    found[: count - rare] += rng.multinomial(left, weights / weights.sum())
    return [int(n) for n in rng.permutation(found)]


class Header:
    """What stands before a message: times that go on, and what the style says.

    ``{at:FORMAT}`` is the line's time, ``%L`` its milliseconds, ``%s`` seconds since 1970;
    ``{message}`` the message. A choice among constants, such as levels and loggers, is
    the template's own: a program writes a message in one place.
    """

    def __init__(self, text: str, *, escaped: bool) -> None:
        self._parts = parse(text)
        self._escaped = escaped
        self._now = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
        self._own: dict[tuple[int, int], str] = {}

    def put(self, message: str, template: int, rng: np.random.Generator) -> str:
        """Return *message* of the template numbered *template*, at the next moment."""
        self._now += timedelta(milliseconds=int(rng.exponential(700)) + 1)
        if self._escaped:
            message = json.dumps(message, ensure_ascii=False)[1:-1]
        texts = []
        for n, part in enumerate(self._parts):
            if isinstance(part, str):
                texts.append(part)
            elif part.kind == "message":
                texts.append(message)
            elif part.kind == "at":
                texts.append(self._time(part.argument))
            elif part.is_of_constants:
                key = (template, n)
                texts.append(self._own.setdefault(key, part.draw(rng)))
            else:
                texts.append(part.draw(rng))
        return "".join(texts)

    def _time(self, layout: str) -> str:
        millis = f"{self._now.microsecond // 1000:03d}"
        seconds = str(int(self._now.timestamp()))
        return self._now.strftime(layout.replace("%L", millis).replace("%s", seconds))


def _read(name: str, folder: Path) -> dict[str, str]:
    return tomllib.loads((folder / f"{name}.toml").read_text("utf-8"))


def _parse(text: str, position: int, *, inside: bool) -> tuple[list[Parts], int]:
    """Return the alternatives from *position* on, and where they end."""
    choices: list[Parts] = [[]]
    while (found := _SPECIAL.search(text, position)) is not None:
        _add(choices[-1], text[position : found.start()] + (found[1] or ""))
        position = found.end()
        if found[2] == "{":
            inner, position = _parse(text, position, inside=True)
            choices[-1].append(_slot(inner))
        elif found[2] == "}":
            return choices, position if inside else found.start()
        elif found[2] == "|" and inside:
            choices.append([])
        elif found[2] == "|":
            _add(choices[-1], "|")
    if inside:
        raise ValueError("a brace of a template is not closed")
    _add(choices[-1], text[position:])
    return choices, len(text)


def _add(parts: Parts, text: str) -> None:
    if text and parts and isinstance(parts[-1], str):
        parts[-1] += text
    elif text:
        parts.append(text)


def _slot(choices: list[Parts]) -> Slot:
    if len(choices) > 1:
        return Slot(choices=choices)
    name = choices[0][0]
    if not isinstance(name, str):
        raise TypeError("a slot needs a kind or alternatives")
    kind, _, argument = name.partition(":")
    if kind not in KINDS and kind not in ("message", "at", "opt"):
        raise ValueError(f"no kind {kind!r} of value")
    return Slot(kind=kind, argument=argument)


def corpus(names: list[str] | None = None, *, seed: int = 11) -> Iterator[Written]:
    """Yield all styles, or those of *names*."""
    for name in names or styles():
        yield write(name, seed=seed)
