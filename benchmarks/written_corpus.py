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

    def draw(self, rng: np.random.Generator) -> str:
        """Return a value; the first alternatives and the first of a pool are frequent."""
        if self.choices:
            return render(self.choices[skewed(rng, len(self.choices))], rng)
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
    """

    name: str
    messages: list[str]
    lines: list[str]
    labels: list[str]


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


def render(parts: Parts, rng: np.random.Generator) -> str:
    """Return *parts* with a value in each slot."""
    return "".join(part if isinstance(part, str) else part.draw(rng) for part in parts)


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
    messages = [render(templates[n], rng).strip() for n in order]
    labels = [truth(parts) for parts in templates]
    header = Header(style["header"], escaped=style.get("escape", "") == "json")
    whole = [header.put(message, rng) for message in messages]
    return Written(name=name, messages=messages, lines=whole, labels=[labels[n] for n in order])


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
    """What stands before a message: times that go on, few hosts, threads and levels.

    ``{at:FORMAT}`` is the line's time, ``%L`` its milliseconds, ``%s`` seconds
    since 1970; ``{message}`` the message.
    """

    def __init__(self, text: str, *, escaped: bool) -> None:
        self._parts = parse(text)
        self._escaped = escaped
        self._now = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)

    def put(self, message: str, rng: np.random.Generator) -> str:
        """Return *message* with the header of the next moment."""
        self._now += timedelta(milliseconds=int(rng.exponential(700)) + 1)
        if self._escaped:
            message = json.dumps(message, ensure_ascii=False)[1:-1]
        return "".join(self._text(part, message, rng) for part in self._parts)

    def _text(self, part: str | Slot, message: str, rng: np.random.Generator) -> str:
        if isinstance(part, str):
            return part
        if part.kind == "message":
            return message
        if part.kind == "at":
            millis = f"{self._now.microsecond // 1000:03d}"
            seconds = str(int(self._now.timestamp()))
            return self._now.strftime(part.argument.replace("%L", millis).replace("%s", seconds))
        return part.draw(rng)


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
