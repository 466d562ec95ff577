"""Which version an event's component ran, as of any moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from caseline.fleet.distinct import Labels, resolved
from caseline.fleet.spelling import spelled
from caseline.fleet.timelines import Timelines

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

    from caseline.fleet.holdings import Holding
    from caseline.fleet.settings import FleetSettings
    from caseline.fleet.timelines import Codes

_NONE = 0


class Versions:
    """What ran in which environment, as of any moment.

    Args:
        holdings: What each environment holds, by its id.
        settings: Which component stands for the product.
    """

    def __init__(self, holdings: Mapping[str, Holding], settings: FleetSettings) -> None:
        self._holdings = holdings
        self._settings = settings
        self._labels = Labels[str | None](None)
        self._timelines = Timelines()
        self._known: dict[tuple[str, str], int] = {}

    @property
    def values(self) -> list[str | None]:
        """The versions by number."""
        return self._labels.values

    def numbers(self, frame: pl.DataFrame, moments: Codes) -> Codes:
        """Return the number of each row's version at its moment, shape (n,).

        Args:
            frame: Columns environment_id, service.
            moments: When each row happened, in microseconds, shape (n,).
        """
        services = frame["service"].fill_null("")
        codes = resolved(frame["environment_id"], services, self._timeline)
        return self._timelines.look_up(np.maximum(codes, _NONE), moments)

    def _timeline(self, environment: str, service: str) -> int:
        holding = self._holdings.get(environment)
        component = self._component(holding, spelled(service)) if holding else None
        if holding is None or component is None:
            return _NONE
        name = (environment, component)
        if name not in self._known:
            intervals = holding.versions[component]
            self._known[name] = self._timelines.add(intervals, self._number_of)
        return self._known[name]

    def _component(self, holding: Holding, service: str) -> str | None:
        """Return the component whose version is the event's, or None if none is clear."""
        if service in holding.versions:
            return service
        if len(holding.versions) == 1:
            return next(iter(holding.versions))
        named = self._settings.product_components
        return next((name for name in named if name in holding.versions), None)

    def _number_of(self, values: frozenset[str]) -> int:
        # Two at once: an upgrade is rolling, and which of them wrote the line is unknown.
        return self._labels.number(next(iter(values)) if len(values) == 1 else None)
