"""Whose an event is: one customer's, shared by several, or nobody's."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from caseline.fleet.distinct import NOT_SAID, Labels, resolved
from caseline.fleet.spelling import placement_in, spelled
from caseline.fleet.timelines import Timelines
from caseline.fleet.tracing import Tracing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from caseline.fleet.holdings import Holding
    from caseline.fleet.settings import FleetSettings
    from caseline.fleet.timelines import Codes, Interval
    from caseline.fleet.tracing import StoredOwners

_NOBODY = 0

Owner = tuple[str | None, str | None]
"""A customer, or a share group, or neither."""


class Owners:
    """Who owned which lines of which environment, as of any moment.

    Args:
        holdings: What each environment holds, by its id.
        settings: What lines write where they name no tenant.
        stored: Asks for the owners of stored lines of a trace; None not to.
    """

    def __init__(
        self,
        holdings: Mapping[str, Holding],
        settings: FleetSettings,
        *,
        stored: StoredOwners | None = None,
    ) -> None:
        self.groups: dict[str, dict[str, float]] = {}
        self._holdings = holdings
        self._settings = settings
        self._labels = Labels[Owner]((None, None))
        self._timelines = Timelines()
        self._known: dict[tuple[str, str, str], int] = {}
        self._tracing = Tracing(settings, self._number_shared, stored)

    @property
    def values(self) -> list[Owner]:
        """The owners by number."""
        return self._labels.values

    def numbers(self, frame: pl.DataFrame, moments: Codes) -> Codes:
        """Return the number of each row's owner at its moment, shape (n,).

        Args:
            frame: Columns environment_id, tenant, trace_id, placement, host,
                source_placement, source_name.
            moments: When each row happened, in microseconds, shape (n,).
        """
        places = frame["environment_id"]
        named = ((places, self._of_single), (frame["tenant"], self._of_tenant))
        placed = (
            (frame["placement"], self._of_placement),
            (frame["source_placement"], self._of_placement),
            (frame["host"], self._of_name),
            (frame["source_name"], self._of_name),
        )
        codes = _first_said(np.full(len(places), NOT_SAID, dtype=np.int64), places, named)
        traced = self._by_trace(frame, moments, codes)
        codes = _first_said(codes, places, placed)
        found = self._timelines.look_up(np.where(codes == NOT_SAID, _NOBODY, codes), moments)
        return np.where(traced == NOT_SAID, found, traced)

    def _by_trace(self, frame: pl.DataFrame, moments: Codes, codes: Codes) -> Codes:
        """Return the owners that traces tell of the rows without a code."""
        open_ = codes == NOT_SAID
        known = frame["environment_id"].is_in(list(self._holdings)).to_numpy()
        if not (open_ & known).any() or frame["trace_id"].null_count() == frame.height:
            return np.full(frame.height, NOT_SAID, dtype=np.int64)
        owners = self._timelines.look_up(np.where(open_, _NOBODY, codes), moments)
        names = [customer or "" for customer, _ in self.values]
        said = pl.Series(names, dtype=pl.String).gather(owners)
        customers = pl.select(pl.when(pl.lit(pl.Series(~open_))).then(said)).to_series()
        numbers = self._tracing.numbers(frame, moments, customers)
        return np.where(open_ & known, numbers, NOT_SAID)

    def _of_single(self, environment: str, _: str) -> int:
        holding = self._holdings.get(environment)
        if holding is None or not holding.single:
            return NOT_SAID
        return self._timeline(("customer", environment, ""), holding.customers)

    def _of_tenant(self, environment: str, tenant: str) -> int:
        key = spelled(tenant)
        holding = self._holdings.get(environment)
        if holding is None or key in self._settings.no_tenant:
            return NOT_SAID
        return self._timeline(("tenant", environment, key), holding.tenants.get(key, []))

    def _of_placement(self, environment: str, placement: str) -> int:
        key = spelled(placement)
        holding = self._holdings.get(environment)
        if holding is None or key not in holding.placements:
            return NOT_SAID
        return self._timeline(("placement", environment, key), holding.placements[key])

    def _of_name(self, environment: str, name: str) -> int:
        holding = self._holdings.get(environment)
        placement = placement_in(name, holding.placements) if holding else None
        return NOT_SAID if placement is None else self._of_placement(environment, placement)

    def _timeline(self, name: tuple[str, str, str], intervals: list[Interval[str]]) -> int:
        if not intervals:
            return _NOBODY
        if name not in self._known:
            self._known[name] = self._timelines.add(intervals, self._number_of)
        return self._known[name]

    def _number_of(self, customers: frozenset[str]) -> int:
        if len(customers) <= 1:
            return self._labels.number((next(iter(customers), None), None))
        return self._number_shared(dict.fromkeys(sorted(customers), 1 / len(customers)))

    def _number_shared(self, weights: dict[str, float]) -> int:
        if not weights:
            return _NOBODY
        if len(weights) == 1 and next(iter(weights.values())) == 1:
            return self._labels.number((next(iter(weights)), None))
        group = share_group_id(weights)
        self.groups[group] = weights
        return self._labels.number((None, group))


def _first_said(
    codes: Codes, places: pl.Series, steps: Iterable[tuple[pl.Series, Callable[[str, str], int]]]
) -> Codes:
    """Return *codes* where there are some, else those of the first step that has one."""
    for values, resolve in steps:
        open_ = codes == NOT_SAID
        if not open_.any():
            break
        codes = np.where(open_, resolved(places, values, resolve), codes)
    return codes


def share_group_id(weights: Mapping[str, float]) -> str:
    """Return the identity of a group of customers and their weights.

    >>> share_group_id({"c-2": 0.5, "c-1": 0.5}) == share_group_id({"c-1": 0.5, "c-2": 0.5})
    True
    """
    pairs = json.dumps(sorted(weights.items()), ensure_ascii=False).encode()
    return "g-" + hashlib.blake2b(pairs, digest_size=8).hexdigest()
