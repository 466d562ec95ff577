"""The same lines otherwise: in another order, twice, or once more with fresh digits."""

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

Labelled = tuple[list[str], list[str]]
_DIGIT = re.compile(r"[0-9]")


def shuffled(messages: Sequence[str], labels: Sequence[str], seed: int) -> Labelled:
    """Return the lines in another order."""
    pairs = list(zip(messages, labels, strict=True))
    random.Random(seed).shuffle(pairs)
    return [message for message, _ in pairs], [label for _, label in pairs]


def doubled(messages: Sequence[str], labels: Sequence[str]) -> Labelled:
    """Return each line twice, one after the other."""
    return (
        [message for message in messages for _ in range(2)],
        [label for label in labels for _ in range(2)],
    )


def refreshed(messages: Sequence[str], labels: Sequence[str], seed: int = 3) -> Labelled:
    """Return the lines, and after them the same with fresh digits in their variables.

    A line that its label does not fit stays as it is.

    >>> again, labels = refreshed(["IPv4 port 80 up"], ["IPv4 port <*> up"])
    >>> again[0], again[1].startswith("IPv4 port "), again[1] != again[0], labels[1]
    ('IPv4 port 80 up', True, True, 'IPv4 port <*> up')
    """
    rng = random.Random(seed)
    patterns = {
        label: re.compile("(.*?)".join(map(re.escape, label.split("<*>"))), re.DOTALL)
        for label in set(labels)
    }
    again = [
        _with_fresh_digits(message, patterns[label], rng)
        for message, label in zip(messages, labels, strict=True)
    ]
    return [*messages, *again], [*labels, *labels]


def _with_fresh_digits(message: str, pattern: re.Pattern[str], rng: random.Random) -> str:
    found = pattern.fullmatch(message)
    if found is None:
        return message
    parts, position = [], 0
    for n in range(1, pattern.groups + 1):
        start, end = found.span(n)
        parts.append(message[position:start])
        parts.append(_DIGIT.sub(lambda digit: _other(digit[0], rng), message[start:end]))
        position = end
    return "".join((*parts, message[position:]))


def _other(digit: str, rng: random.Random) -> str:
    return rng.choice([other for other in "123456789" if other != digit])
