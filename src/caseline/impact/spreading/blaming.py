"""Whose fault an issue is, told by what carries it and by who has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from caseline.impact.spreading.answers import Blame
from caseline.impact.spreading.calendar import CALENDAR
from caseline.impact.spreading.deciding import LIKELY
from caseline.records.answers import Table

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    import numpy as np
    from numpy.typing import NDArray

    from caseline.impact.spreading.deciding import Decision
    from caseline.impact.spreading.exposures import Vector
    from caseline.impact.spreading.risk import Risk
    from caseline.impact.spreading.settings import SpreadSettings

    Bits = NDArray[np.bool_]

VENDOR, CUSTOMER, THIRD, INTERACTION, UNKNOWN = (
    "vendor", "customer", "third_party", "interaction", "unknown",
)  # fmt: skip
_SHOWN = 12


class Holders:
    """Who has what, over the whole time, by customer.

    Args:
        risk: Who was observed and hit, on all days.
        bits_of: Gives who was exposed to a vector when, shape (n_units, n_days).
    """

    def __init__(self, risk: Risk, bits_of: Callable[[Vector], Bits]) -> None:
        self._risk = risk
        self._bits_of = bits_of
        self._names = risk.units["customer_id"].to_numpy()

    def having(self, vector: Vector) -> set[str]:
        """Return the customers that had *vector* at any time, observed or not."""
        return set(self._names[self._bits_of(vector).any(axis=1)].tolist())

    def observed_with(self, vector: Vector) -> set[str]:
        """Return those that were observed while they had it."""
        seen = (self._bits_of(vector) & self._risk.observed).any(axis=1)
        return set(self._names[seen].tolist())

    def hit(self) -> set[str]:
        """Return those that were hit, surely or probably."""
        return set(self._names[self._risk.struck].tolist())

    def observed(self) -> set[str]:
        """Return those that were observed at all."""
        return set(self._names[self._risk.observed.any(axis=1)].tolist())


def blame_for(
    decision: Decision,
    rivals: list[Vector],
    holders: Holders,
    settings: SpreadSettings,
    *,
    as_of: datetime,
) -> Blame:
    """Return whose fault it is.

    What carries the issue tells it: a version is the vendor's, a plug-in its one
    customer's or, if several have it, a third party's; two parts that only break together
    are an interaction. A single customer hit, among many who run the same, speaks for
    something of its own.

    Args:
        decision: What carries the issue.
        rivals: The next vectors: customers who have only one of them decide.
        holders: Who has what.
        settings: Words for what third parties make.
        as_of: The moment the answer speaks for.
    """
    if decision.verdict == LIKELY:
        vector = decision.vectors[0]
        owner, why = _owner_of(vector, holders, settings)
        against = list(vector.parts) or rivals
        told = _deciding(vector, against, holders)
        return Blame(
            owner=owner,
            probability=0.0 if owner == UNKNOWN else round(decision.probability, 3),
            reasons=(why, *_counted(vector, against, holders)),
            customers=Table("deciding", told, as_of=as_of),
        )
    owners = {_owner_of(v, holders, settings)[0] for v in decision.vectors}
    if len(owners) == 1:
        return Blame(
            owner=owners.pop(),
            probability=round(decision.probability, 3),
            reasons=("whichever of the inseparable vectors it is, it is theirs",),
            customers=Table("deciding", _no_customers(), as_of=as_of),
        )
    return _alone(rivals, holders, as_of=as_of)


def _owner_of(vector: Vector, holders: Holders, settings: SpreadSettings) -> tuple[str, str]:
    if vector.parts:
        owners = {_owner_of(part, holders, settings)[0] for part in vector.parts}
        if owners == {VENDOR}:
            return VENDOR, f"{vector}: both parts are the vendor's"
        return INTERACTION, f"{vector}: neither of them alone"
    if vector.attribute == CALENDAR:
        return UNKNOWN, f"{vector}: what happened then would tell whose it is"
    having = holders.having(vector)
    if vector.kind == "plugin":
        if len(having) == 1:
            return CUSTOMER, f"{vector} is a plug-in of one customer alone"
        return THIRD, f"{vector} is a plug-in that {len(having)} customers have"
    named = settings.owners.get(vector.kind, VENDOR)
    words = frozenset((vector.attribute or "").lower().replace("_", "-").split("-"))
    if vector.kind == "configuration" and words & settings.third_words:
        named = THIRD
    return named, f"{vector}: what is carried by a {vector.kind} is the {named}'s"


def _counted(vector: Vector, against: list[Vector], holders: Holders) -> list[str]:
    hit, mine = holders.hit(), holders.observed_with(vector)
    told = [f"{len(hit & mine)} of {len(mine)} observed customers with it are hit"]
    for other in against:
        only = holders.observed_with(other) - holders.having(vector)
        if only:
            told.append(f"{len(only & hit)} of {len(only)} with {other} but without it are hit")
    return told


def _deciding(vector: Vector, against: list[Vector], holders: Holders) -> pl.DataFrame:
    """Return the customers that have the vector and not its rival, or the other way."""
    hit, mine = holders.hit(), holders.having(vector)
    rows = []
    for other in against:
        theirs = holders.having(other)
        if not vector.parts:
            rows += [(c, True, str(vector), str(other)) for c in sorted((mine - theirs) & hit)]
        clear = (holders.observed_with(other) - mine) - hit
        rows += [(c, False, str(other), str(vector)) for c in sorted(clear)[:_SHOWN]]
    return pl.DataFrame(rows, schema=_DECIDING, orient="row").unique(maintain_order=True)


_DECIDING: dict[str, pl.DataType | type[pl.DataType]] = {
    "customer_id": pl.String,
    "hit": pl.Boolean,
    "has": pl.String,
    "lacks": pl.String,
}


def _no_customers() -> pl.DataFrame:
    return pl.DataFrame(schema=_DECIDING)


def _alone(rivals: list[Vector], holders: Holders, *, as_of: datetime) -> Blame:
    """Return the blame where one customer alone is hit, by what only it has."""
    hit, observed = holders.hit(), holders.observed()
    nothing = Table("deciding", _no_customers(), as_of=as_of)
    if len(hit) != 1:
        return Blame(owner=UNKNOWN, probability=0.0, reasons=("undetermined",), customers=nothing)
    own = [v for v in rivals if holders.having(v) == hit and v.kind in ("plugin", "configuration")]
    shared = [v for v in rivals if v.kind == "version" and hit < holders.observed_with(v)]
    beside = set[str]().union(*(holders.observed_with(v) for v in shared)) - hit
    if not own or not beside:
        reasons = (f"1 of {len(observed)} observed customers is hit; it has nothing of its own",)
        return Blame(owner=UNKNOWN, probability=0.0, reasons=reasons, customers=nothing)
    rows: list[tuple[str, bool, str, str | None]] = [
        (c, False, str(shared[0]), str(own[0])) for c in sorted(beside)[:_SHOWN]
    ]
    rows.insert(0, (next(iter(hit)), True, str(own[0]), None))
    return Blame(
        owner=CUSTOMER,
        probability=round(1 - 1 / (1 + len(beside)), 3),
        reasons=(
            f"{own[0]} is had by the one customer that is hit, and by no other",
            f"{len(beside)} observed customers run the same version and are not hit",
        ),
        customers=Table(
            "deciding", pl.DataFrame(rows, schema=_DECIDING, orient="row"), as_of=as_of
        ),
    )
