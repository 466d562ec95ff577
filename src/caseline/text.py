"""How alike two texts are: a ticket's words and the template of a log line.

Identifiers are kept whole and split: ``OrderService.saveOrder`` gives itself, ``order``,
``service``, ``save``. Words weigh by how rare they are among the documents; runs of
characters catch inflections and typing errors; concepts, a word list, catch what people
and machines call by other names.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from functools import cache, lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

_WORDS = "2026-11"
_COMPOUND = re.compile(r"[^\W_](?:[\w.$:/-]*\w)?")
_PART = re.compile(r"[^\W\d_]+|\d+")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_GRAMS = (3, 4, 5)
_SHORTEST, _LONGEST = 2, 40


@cache
def _word_lists() -> tuple[frozenset[str], tuple[str, ...]]:
    path = files("caseline").joinpath("words", _WORDS, "stop_words.toml")
    lists = tomllib.loads(path.read_text(encoding="utf-8"))
    return frozenset(lists["stop_words"]), tuple(lists["markers"])


@lru_cache(maxsize=16_384)
def words(text: str) -> tuple[str, ...]:
    """Return the words of *text*, in lower case: identifiers whole, then their parts.

    Stop words, single characters and bare numbers are left out.

    >>> words("OrderService.saveOrder failed for <*>")
    ('orderservice.saveorder', 'order', 'service', 'save', 'order', 'failed')
    """
    stop, markers = _word_lists()
    for marker in markers:
        text = text.replace(marker, " ")
    found: list[str] = []
    for compound in _COMPOUND.findall(text):
        parts = [p.lower() for hump in _HUMP.split(compound) for p in _PART.findall(hump)]
        whole = compound.lower()
        found += [whole, *parts] if len(parts) > 1 and len(whole) <= _LONGEST else parts
    return tuple(w for w in found if len(w) >= _SHORTEST and not w.isdigit() and w not in stop)


@lru_cache(maxsize=16_384)
def grams(text: str) -> tuple[str, ...]:
    """Return the runs of 3 to 5 characters within the words of *text*, ends marked.

    >>> grams("saved")[:4]
    (' sa', 'sav', 'ave', 'ved')
    """
    found: list[str] = []
    for word in words(text):
        if not word.isalpha():
            continue
        padded = f" {word} "
        for size in _GRAMS:
            found += [padded[i : i + size] for i in range(len(padded) - size + 1)]
    return tuple(found)


@cache
def _concept_lists() -> tuple[dict[str, list[str]], dict[str, list[str]], int]:
    """Return the concepts of whole entries, those of beginnings, and an entry's most words."""
    path = files("caseline").joinpath("words", _WORDS, "concepts.toml")
    whole: dict[str, list[str]] = {}
    begun: dict[str, list[str]] = {}
    for concept, lists in tomllib.loads(path.read_text(encoding="utf-8")).items():
        for entry in dict.fromkeys([*lists["said"], *lists["logged"]]):
            into = begun if entry.endswith("*") else whole
            into.setdefault(" ".join(_tokens(entry)), []).append(concept)
    return whole, begun, max(entry.count(" ") for entry in (*whole, *begun)) + 1


def _tokens(text: str) -> list[str]:
    found: list[str] = []
    for compound in _COMPOUND.findall(text):
        parts = [p.lower() for hump in _HUMP.split(compound) for p in _PART.findall(hump)]
        found += parts
        if len(parts) > 1:
            found.append("".join(parts))
    return found


@lru_cache(maxsize=16_384)
def concepts(text: str) -> tuple[str, ...]:
    """Return the concepts that *text* speaks of, each as often as it does.

    They stand in ``words/2026-11/concepts.toml``.

    >>> sorted(set(concepts("nobody can sign in")) & set(concepts("SAML assertion refused")))
    ['sign_in']
    """
    whole, begun, most = _concept_lists()
    tokens = _tokens(text)
    found: list[str] = []
    for start, first in enumerate(tokens):
        for size in range(1, most + 1):
            run = " ".join(tokens[start : start + size]) if size > 1 else first
            found += whole.get(run, ())
            shortest = len(run) - len(tokens[min(start + size, len(tokens)) - 1]) + 1
            for end in range(max(_SHORTEST, shortest), len(run) + 1):
                found += begun.get(run[:end], ())
            if start + size >= len(tokens):
                break
    return tuple(found)


class Likeness:
    """Compares texts with *documents*, which are read once.

    A word weighs by how rare it is among the documents, and, where *usual* texts are
    given, by how rare it is among those: what every ticket says ("started", "message")
    tells no log line from another.

    Args:
        documents: Texts, shape (n,).
        usual: Texts of the kind that is compared with them.
        features: What of a text is compared: ``words``, ``grams`` or ``concepts``.

    >>> like = Likeness(["Could not save order <*>", "Disk <*> is full"])
    >>> scores = like.to("orders cannot be saved: save order fails")
    >>> bool(scores[0] > 0.5 > scores[1])
    True
    """

    def __init__(
        self,
        documents: Sequence[str],
        *,
        usual: Sequence[str] = (),
        features: Callable[[str], Iterable[str]] = words,
    ) -> None:
        from scipy.sparse import csr_array  # noqa: PLC0415 - on use: importing scipy takes time

        self._features = features
        counted = [Counter(features(document)) for document in documents]
        names = sorted({name for counts in counted for name in counts})
        self._index = {name: column for column, name in enumerate(names)}
        ends = np.cumsum([0, *(len(counts) for counts in counted)])
        columns = np.array([self._index[n] for c in counted for n in c], dtype=np.int64)
        tally = np.array([v for c in counted for v in c.values()], dtype=np.float64)
        held_by = np.bincount(columns, minlength=len(names))
        self._rarity = _rarity(held_by, len(documents)) * self._rarity_among(usual)
        self._matrix = csr_array(
            ((1 + np.log(tally)) * self._rarity[columns], columns, ends),
            shape=(len(documents), len(names)),
        )
        self._squares = self._matrix.power(2) @ np.ones(len(names))

    def _rarity_among(self, texts: Sequence[str]) -> NDArray[np.float64]:
        held_by = np.zeros(len(self._index))
        for text in texts:
            found = {self._index[n] for n in self._features(text) if n in self._index}
            held_by[sorted(found)] += 1
        return _rarity(held_by, len(texts)) / float(np.log(1 + len(texts)) + 1)

    def to(self, text: str) -> NDArray[np.float64]:
        """Return the cosine of *text* and each document, shape (n,), each in [0, 1].

        Words that no document has are left out: a ticket says more than a log line.
        """
        query = self._weights(text)
        dots: NDArray[np.float64] = self._matrix @ query
        return _shares(dots, np.sqrt(self._squares * (query @ query)))

    def covered_by(self, text: str) -> NDArray[np.float64]:
        """Return how much of each document *text* repeats, shape (n,), each in [0, 1].

        Near 1 where the text quotes the document, however much else it says.
        """
        here = (self._weights(text) > 0).astype(np.float64)
        repeated: NDArray[np.float64] = self._matrix.power(2) @ here
        return _shares(repeated, self._squares)

    def _weights(self, text: str) -> NDArray[np.float64]:
        counts = Counter(n for n in self._features(text) if n in self._index)
        weights = np.zeros(len(self._index))
        for name, count in counts.items():
            column = self._index[name]
            weights[column] = (1 + np.log(count)) * self._rarity[column]
        return weights


def _rarity(held_by: NDArray[np.integer | np.floating], size: int) -> NDArray[np.float64]:
    """Return the inverse document frequency, smoothed: at least 1."""
    rarity: NDArray[np.float64] = np.log((1 + size) / (1 + held_by)) + 1
    return rarity


def _shares(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    shares: NDArray[np.float64] = np.zeros_like(part)
    np.divide(part, whole, out=shares, where=whole > 0)
    return np.minimum(shares, 1.0)
