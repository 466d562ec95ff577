"""The signatures of the simulated year: how frequent, when, where, with which variables.

Their frequencies follow a power law. Some are born in the year, some die, some belong to
versions; each is found at a part of the customers only.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from year_fleet import DAYS, draw, power_law

from caseline.signatures.aliases import SCHEME

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

KINDS = ("user", "path", "count", "request", "object", "duration", "address", "queue")
_BYTES = np.array([24, 43, 4, 16, 36, 8, 15, 13])
"""How long values of a kind are, about."""
_RULES = ("email", "path", "number", "hex", "uuid", "number", "address", "word")
_LOW, _HIGH = 60, 120
MOST = 6
"""Variables of a signature at the most."""
_SUBJECTS = (
    "request", "job", "order", "session", "backup", "import", "query", "upload", "export",
    "replication", "checkout", "invoice", "mailbox", "snapshot", "token", "certificate",
    "index", "report", "webhook", "lease", "ledger", "gateway", "scheduler", "archive",
)  # fmt: skip
_EVENTS = (
    "failed after retries", "was refused by the server", "took longer than expected",
    "ran out of memory", "lost its connection", "was cancelled", "could not be parsed",
    "has expired", "is out of sync", "was throttled", "returned no rows", "is corrupt",
    "was retried", "completed", "started", "timed out", "was rejected", "is locked",
)  # fmt: skip
FREQUENT_WORD, RARE_WORD, ABSENT_WORD = "throttled", "quorum", "xylophone"
_PLACES = (
    "in the billing service", "on the primary", "while reading the journal", "in the pool",
    "during the nightly run", "at the edge", "behind the proxy", "in the worker", "on commit",
    "in the cache", "on a follower", "at shutdown", "during a migration", "in the inbox",
)  # fmt: skip
_RARE = 997
"""The signature that alone has the rare word, among the rarer half."""
_TRIES = 4


@dataclass(frozen=True, kw_only=True)
class YearSignatures:
    """What kinds of events there are.

    Args:
        count: How many, the most frequent first.
        customers: Of the fleet.
        versions: Of the fleet.
        seed: Start of all chance.
    """

    count: int
    customers: int
    versions: int
    seed: int = 1

    @cached_property
    def ids(self) -> list[str]:
        """The signatures' ids."""
        return [f"s-{n:05}" for n in range(self.count)]

    @cached_property
    def severity(self) -> Array:
        """Of each: information, warning or error."""
        rng = np.random.default_rng([self.seed, 3])
        return rng.choice(np.array([9, 13, 17], dtype=np.uint8), self.count, p=(0.55, 0.27, 0.18))

    @cached_property
    def prefixes(self) -> list[str]:
        """How the text of each begins; its values follow, one space between them."""
        words = [
            f"{_SUBJECTS[n % len(_SUBJECTS)]} {_EVENTS[n // 7 % len(_EVENTS)]} "
            f"{_PLACES[n // 3 % len(_PLACES)]}, case {n}: "
            for n in range(self.count)
        ]
        if self.count:
            rare = min(_RARE, self.count - 1)
            words[rare] = f"{RARE_WORD} {words[rare]}"
        return words

    @cached_property
    def kinds(self) -> Array:
        """The kinds of each one's variables, -1 where it has no more: shape (count, MOST)."""
        rng = np.random.default_rng([self.seed, 4])
        kinds = rng.integers(0, len(KINDS), (self.count, MOST))
        while True:
            total = np.cumsum(_BYTES[kinds], axis=1)
            enough = np.argmax(total >= _LOW + 15, axis=1)
            size = total[np.arange(self.count), enough]
            wrong = (size < _LOW + 15) | (size > _HIGH)
            if not wrong.any():
                break
            kinds[wrong] = rng.integers(0, len(KINDS), (int(wrong.sum()), MOST))
        kinds[np.arange(MOST) > enough[:, None]] = -1
        return kinds

    @cached_property
    def _lives(self) -> tuple[Array, Array, Array, Array, Array]:
        """The first and last day, the first and last version, and the breadth of each."""
        rng = np.random.default_rng([self.seed, 5])
        fate = rng.random(self.count)
        day = rng.integers(10, DAYS - 10, self.count)
        born = np.where(fate < 0.06, day, 0)  # noqa: PLR2004 - shares of the fates
        dead = np.where((fate >= 0.06) & (fate < 0.12), day, DAYS)  # noqa: PLR2004
        first = np.where((fate >= 0.12) & (fate < 0.2), rng.integers(1, 9, self.count), 0)  # noqa: PLR2004
        last = np.where(first > 0, first + rng.integers(1, 4, self.count), self.versions)
        breadth = rng.beta(0.7, 1.6, self.count).clip(min=0.01)
        breadth[: self.count // 100] = 1.0
        for rows in (born, first):
            rows[: self.count // 100] = 0
        dead[: self.count // 100], last[: self.count // 100] = DAYS, self.versions
        return born, dead, first, last, breadth

    @cached_property
    def _shares(self) -> Array:
        return power_law(self.count, 0.95)

    def draw(self, rng: np.random.Generator, *, day: Array, version: Array, owner: Array) -> Array:
        """Return a signature for each burst that can be there then: its number.

        Args:
            rng: All chance.
            day: Of the year.
            version: Number of the version that runs there.
            owner: Number of the customer, or of the place where many share it.
        """
        found = draw(rng, self._shares, len(day))
        for _ in range(_TRIES):
            wrong = np.flatnonzero(~self._possible(found, day, version, owner))
            found[wrong] = draw(rng, self._shares, len(wrong))
        wrong = np.flatnonzero(~self._possible(found, day, version, owner))
        everywhere = self._shares[: max(1, self.count // 100)]
        found[wrong] = draw(rng, everywhere, len(wrong))
        return found

    def _possible(self, found: Array, day: Array, version: Array, owner: Array) -> Array:
        born, dead, first, last, breadth = (column[found] for column in self._lives)
        mixed = (found * 2_654_435_761 + owner * 40_503 * 65_599) % 1_000_003
        there = mixed * 7919 % 1_000_003 < breadth * 1_000_003
        alive = (born <= day) & (day < dead) & (first <= version) & (version <= last)
        possible: Array = there & alive
        return possible

    def table(self) -> pl.DataFrame:
        """Return the signatures as the catalog keeps them."""
        rows = self.kinds.tolist()
        sizes = [sum(kind >= 0 for kind in row) for row in rows]
        pairs = list(zip(self.prefixes, sizes, strict=True))
        return pl.DataFrame(
            {
                "signature_id": self.ids,
                "scheme": SCHEME,
                "kind": "log",
                "template": [prefix + " ".join(["<*>"] * size) for prefix, size in pairs],
                "parts": [[prefix, *[" "] * (size - 1), ""] for prefix, size in pairs],
                "rules": [[_RULES[kind] for kind in row if kind >= 0] for row in rows],
            }
        )
