"""From spells of places to exposures: who had what on which day, each pattern once."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from caseline.impact.spreading.risk import DAY

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl
    from numpy.typing import NDArray

    from caseline.impact.spreading.risk import Risk

    Bits = NDArray[np.bool_]
    Times = NDArray[np.int64]

_HOUR = 3_600_000_000


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Vector:
    """What may carry an issue: such as version, platform, 8.1.0.

    Args:
        kind: version, plugin, configuration, flag, date, placement, region, environment,
            wave, volume, tier, pair, or the kind of a change.
        attribute: Of what: a component, an environment.
        value: Which; None for any.
        parts: Of a pair: the two.
    """

    kind: str
    attribute: str
    value: str | None = None
    parts: tuple[Vector, ...] = ()

    @property
    def meaning(self) -> tuple[str, str]:
        """What two vectors share that mean the same thing, told more or less exactly."""
        if self.kind == "wave":
            return "version", self.attribute.partition(" ")[0]
        return self.kind, self.attribute

    def __str__(self) -> str:
        """Return kind, attribute and value in words."""
        said = [self.kind, *([self.attribute] if self.attribute != self.kind else [])]
        return " ".join([*said, *([self.value] if self.value is not None else [])])


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposures:
    """Vectors, and who was exposed to each of them when.

    Args:
        vectors: One for each exposure.
        also: For each exposure, the other vectors that no observed place tells from it.
        bits: Shape (n_exposures, n_units, n_days).
        families: For each exposure, how many of its kind were tried.
    """

    vectors: list[Vector]
    also: list[list[Vector]]
    bits: Bits
    families: NDArray[np.float64]

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.vectors)

    def some(self, chosen: Times) -> Exposures:
        """Return only the exposures at these indices."""
        return Exposures(
            vectors=[self.vectors[i] for i in chosen],
            also=[self.also[i] for i in chosen],
            bits=self.bits[chosen],
            families=self.families[chosen],
        )


def numbered(spells: pl.DataFrame, units: pl.DataFrame) -> tuple[pl.DataFrame, list[Vector]]:
    """Return exposure, unit, start, end of each spell, and the vectors by number."""
    keys = ["customer_id", "environment_id"]
    placed = spells.join(units.with_row_index("unit"), on=keys)
    names = placed.select("kind", "attribute", "value").unique(maintain_order=True)
    vectors = [Vector(kind=k, attribute=a, value=v) for k, a, v in names.iter_rows()]
    rows = placed.join(
        names.with_row_index("exposure"), on=names.columns, nulls_equal=True, maintain_order="left"
    )
    return rows.select("exposure", "unit", "start", "end"), vectors


def exposed_on(
    rows: pl.DataFrame, count: int, risk: Risk, starts: Times, *, slack_hours: float
) -> Bits:
    """Return who was exposed when, shape (count, n_units, n_days).

    A day counts that a spell touches. Of a day with a hit only the moment of its first
    event counts, give or take the slack: spells have uncertain ends.

    Args:
        rows: exposure, unit, start, end of spells.
        count: How many exposures there are.
        risk: Who could have been hit.
        starts: When each day starts, in microseconds, shape (n_days,).
        slack_hours: How uncertain the ends of spells are.
    """
    slack = round(slack_hours * _HOUR)
    struck = risk.hits > 0
    low = np.where(struck, risk.first - slack, starts)
    high = np.where(struck, risk.first + slack, starts + DAY - 1)
    exposure, unit = rows["exposure"].to_numpy(), rows["unit"].to_numpy()
    begun = rows["start"].to_numpy()[:, None] <= high[unit]
    going = rows["end"].to_numpy()[:, None] > low[unit]
    bits = np.zeros((count, *risk.hits.shape), dtype=bool)
    np.logical_or.at(bits, (exposure, unit), begun & going)
    return bits


def distinct(vectors: Sequence[Vector], bits: Bits, risk: Risk) -> Exposures:
    """Return each exposure once that some had and some had not.

    Of vectors that no observed place tells apart the most telling one stands for all:
    those of the fewest, of a value, of a single version.
    """
    seen = bits & risk.observed
    inside = seen.sum(axis=(1, 2))
    useful = np.flatnonzero((inside > 0) & (inside < risk.observed.sum()))
    packed = np.packbits(
        seen[useful].reshape(len(useful), seen[0].size if len(seen) else 0), axis=1
    )
    groups: dict[bytes, list[int]] = {}
    for index, pattern in zip(useful.tolist(), packed, strict=True):
        groups.setdefault(pattern.tobytes(), []).append(index)
    kinds = [vector.kind for vector in vectors]
    size = {kind: sum(kinds[i] == kind for i in useful) for kind in set(kinds)}
    first: list[int] = []
    also: list[list[Vector]] = []
    for members in groups.values():
        ranked = sorted(members, key=lambda i: _telling(vectors[i], size[kinds[i]]))
        first.append(ranked[0])
        also.append([vectors[i] for i in ranked[1:]])
    return Exposures(
        vectors=[vectors[i] for i in first],
        also=also,
        bits=bits[first],
        families=np.array([max(1, size[kinds[i]]) for i in first], dtype=np.float64),
    )


_ORDER = ("version", "date", "plugin", "configuration", "flag", "placement", "environment")


def _telling(vector: Vector, size: int) -> tuple[int, bool, bool, int, str]:
    rank = _ORDER.index(vector.kind) if vector.kind in _ORDER else len(_ORDER)
    value = vector.value or ""
    return rank, vector.value is None, value.startswith(">="), size, str(vector)


def paired(exposures: Exposures, risk: Risk, order: Times, *, most: int) -> Exposures:
    """Return the pairs of exposures at the indices of *order*, best first, that narrow both.

    A pair is had by who has both; it is of no interest where one of them says the same.

    Args:
        exposures: Those to pair.
        risk: Who could have been hit.
        order: Indices of exposures, the likeliest first.
        most: How many pairs at the most.
    """
    vectors: list[Vector] = []
    bits: list[Bits] = []
    possible = _possible_pairs(exposures.vectors)
    known = {(exposures.bits[i] & risk.observed).tobytes() for i in range(len(exposures))}
    for n, i in enumerate(order):
        for j in order[:n]:
            one, other = exposures.vectors[j], exposures.vectors[i]
            if not _may_interact(one, other) or len(vectors) >= most:
                continue
            both = exposures.bits[i] & exposures.bits[j]
            pattern = (both & risk.observed).tobytes()
            if pattern in known or not (both & (risk.hits > 0)).any():
                continue
            known.add(pattern)
            vectors.append(pair_of(one, other))
            bits.append(both)
    shape = (0, *risk.hits.shape)
    return Exposures(
        vectors=vectors,
        also=[[] for _ in vectors],
        bits=np.stack(bits) if bits else np.zeros(shape, dtype=bool),
        families=np.full(len(vectors), max(1, possible), dtype=np.float64),
    )


def _may_interact(one: Vector, other: Vector) -> bool:
    """Return whether two things can only break together: two parts of the product."""
    return one.meaning != other.meaning and {one.kind, other.kind} <= _PARTS


def _possible_pairs(vectors: Sequence[Vector]) -> int:
    """Return how many pairs of these may interact."""
    counts = Counter(v.meaning for v in vectors if v.kind in _PARTS)
    total = sum(counts.values())
    return (total * total - sum(n * n for n in counts.values())) // 2


_PARTS = frozenset(("version", "plugin", "configuration", "flag"))


def pair_of(one: Vector, other: Vector) -> Vector:
    """Return the vector of two together.

    >>> str(pair_of(Vector(kind="version", attribute="platform", value="8.1"),
    ...             Vector(kind="plugin", attribute="reports")))
    'pair plugin reports x version platform any x 8.1'
    """
    first, second = sorted((one, other), key=lambda v: (v.kind, v.attribute, v.value or ""))
    named = " x ".join(f"{v.kind} {v.attribute}" for v in (first, second))
    values = " x ".join(v.value or "any" for v in (first, second))
    return Vector(kind="pair", attribute=named, value=values, parts=(first, second))


def joined(one: Exposures, other: Exposures) -> Exposures:
    """Return both together."""
    return Exposures(
        vectors=one.vectors + other.vectors,
        also=one.also + other.also,
        bits=np.concatenate([one.bits, other.bits]),
        families=np.concatenate([one.families, other.families]),
    )
