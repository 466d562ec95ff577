"""At how many customers each word of the templates was seen.

A word that many customers' lines hold is the product's; one that a single customer's
lines hold may be that customer's own: the name of a job, of a database, of a person.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterable

VOCABULARY: dict[str, pl.DataType | type[pl.DataType]] = {
    "word": pl.String,
    "customer_id": pl.String,
}
_MOST_WORDS = 200_000
_TOKEN = re.compile(r"<\*>|[^\W\d_][\w.$\-]*")
_MARK = "<*>"


class Vocabulary:
    """Words of templates, each with the first customers it was seen at.

    Args:
        enough: From so many customers on a word is common; no more are remembered.

    >>> vocabulary = Vocabulary(enough=2)
    >>> vocabulary.note("job nightly-acme failed", ["c-1"])
    >>> vocabulary.note("job <*> failed", ["c-2"])
    >>> vocabulary.shared("job nightly-acme failed")
    'job <*> failed'
    """

    def __init__(self, enough: int) -> None:
        self._enough = enough
        self._holders: dict[str, set[str]] = {}
        self._fresh: list[tuple[str, str]] = []
        self.present: set[str] = set()
        """The customers of the lines at hand: they hold the words not met before."""

    def __len__(self) -> int:
        """Return the number of words."""
        return len(self._holders)

    def note(self, template: str, customers: Iterable[str]) -> None:
        """Take in that lines of *template* were seen at *customers*."""
        wanted = set(customers)
        for word in _words(template):
            holders = self._holders.get(word)
            if holders is None:
                if len(self._holders) >= _MOST_WORDS:
                    continue
                holders = self._holders[word] = set()
            if len(holders) >= self._enough or wanted <= holders:
                continue
            for customer in sorted(wanted - holders)[: self._enough - len(holders)]:
                holders.add(customer)
                self._fresh.append((word, customer))

    def is_common(self, word: bytes) -> bool:
        """Return whether *word* was seen at enough customers."""
        found = self._holders.get(word.decode("utf-8", "replace"))
        return found is not None and len(found) >= self._enough

    def are_own(self, words: Iterable[bytes]) -> bool:
        """Return whether each of *words* is one customer's, and not all are the same one's."""
        found = [self._holders.get(w.decode("utf-8", "replace"), self.present) for w in words]
        return all(len(one) == 1 for one in found) and len(set().union(*found)) > 1

    def shared(self, template: str) -> str:
        """Return *template* with ``<*>`` for each word that is not common.

        Numbers and other pieces without a letter are no one's vocabulary; they stay.
        """

        def known(match: re.Match[str]) -> str:
            holders = self._holders.get(match[0], ())
            return match[0] if len(holders) >= self._enough else _MARK

        return _TOKEN.sub(known, template)

    def take(self) -> pl.DataFrame:
        """Return the rows of the table ``vocabulary`` that are new since the last call."""
        fresh, self._fresh = self._fresh, []
        return pl.DataFrame(fresh, schema=VOCABULARY, orient="row")

    def load(self, frame: pl.DataFrame) -> None:
        """Take in rows that were stored."""
        for word, customer in frame.select(list(VOCABULARY)).iter_rows():
            self._holders.setdefault(word, set()).add(customer)


def _words(template: str) -> set[str]:
    return {word for word in _TOKEN.findall(template) if word != _MARK}
