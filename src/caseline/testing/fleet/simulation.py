"""A simulated fleet: what support sees of it, and the truth."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from caseline.errors import InputError
from caseline.testing.fleet import tables
from caseline.testing.fleet.articles import list_articles
from caseline.testing.fleet.catalog import load_catalog
from caseline.testing.fleet.counting import (
    count_hits,
    daily_frame,
    impact_frame,
    issues_frame,
    spread_placements,
)
from caseline.testing.fleet.everyday import plant_bursts, plant_everyday_issues
from caseline.testing.fleet.plan import DAY, moment
from caseline.testing.fleet.scenario import Scenario, find_scenario
from caseline.testing.fleet.settings import Settings, knob_names
from caseline.testing.fleet.tickets import Desk, list_occasions, write_tickets
from caseline.testing.fleet.traffic import Traffic
from caseline.testing.fleet.truth import (
    Truth,
    bursts_frame,
    delivery_frame,
    files_frame,
    templates_frame,
)
from caseline.testing.fleet.world import draw_fleet
from caseline.testing.fleet.writing import list_parcels, write_fleet

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import polars as pl

    from caseline.testing.fleet.bundles import Parcel
    from caseline.testing.fleet.plan import Plan

_WORLD, _SCENARIO, _EVERYDAY, _TICKETS, _WORDS, _BURSTS = 101, 102, 103, 104, 105, 107
_CHUNK = 1 << 20


def simulate(
    scenario: str | Scenario = "incident",
    *,
    seed: int = 0,
    customers: int = 500,
    days: int = 30,
    events_per_day: int = 100_000,
    **knobs: Any,
) -> Simulation:
    r"""Return a simulated fleet; the same arguments give the same bytes.

    Args:
        scenario: A name such as ``S1`` or ``incident``, or a Scenario of one's own.
        seed: Start of all chance, 0 or more.
        customers: How many.
        days: Length of the history.
        events_per_day: Mean log records a working day, over the whole fleet.
        knobs: Any other field of Settings, by name.

    Raises:
        NotFoundError: no scenario of that name.
        InputError: a knob that does not exist or is out of range.

    >>> fleet = simulate("incident", seed=3, customers=20, days=5, events_per_day=300)
    >>> fleet.truth.issues.row(0, named=True)["vector_value"]
    '8.1.0'
    >>> environment_id, name, chunks = next(fleet.streams())
    >>> b"".join(chunks).endswith(b"\n")
    True
    """
    chosen = find_scenario(scenario)
    given = {**chosen.knobs, **knobs}
    for name in given:
        if name not in knob_names():
            raise InputError(f"no knob {name!r}; there are {', '.join(sorted(knob_names()))}")
    given |= {"customers": customers, "days": days, "events_per_day": events_per_day}
    return Simulation(chosen, Settings(**given), seed=seed)


class Simulation:
    """A fleet over some days. Tables are ready; log lines are made when asked for.

    Args:
        scenario: What is planted.
        settings: How large, uneven and badly observed the fleet is.
        seed: Start of all chance.
    """

    def __init__(self, scenario: Scenario, settings: Settings, *, seed: int = 0) -> None:
        if seed < 0:
            raise InputError(f"seed is {seed}; give 0 or more")
        self.scenario = scenario
        self.settings = settings
        self.seed = seed
        self._plan = self._make_plan()
        self.settings = self._plan.settings
        self._traffic = Traffic(self._plan, seed)

    @property
    def customers(self) -> pl.DataFrame:
        """The customers, as the CRM has them."""
        return tables.customers_table(self._plan)

    @property
    def environments(self) -> pl.DataFrame:
        """The environments."""
        return tables.environments_table(self._plan)

    @property
    def tenancies(self) -> pl.DataFrame:
        """Which customer is where, under which tenant key, in which placement."""
        return tables.tenancies_table(self._plan)

    @property
    def spans(self) -> pl.DataFrame:
        """What ran where, and when."""
        return tables.spans_table(self._plan)

    @property
    def changes(self) -> pl.DataFrame:
        """What was done or is planned; ``scope`` is environment ids, comma-separated."""
        return tables.changes_table(self._plan)

    @property
    def tickets(self) -> pl.DataFrame:
        """The customers' tickets, by opening time."""
        return self._desk[0]

    @property
    def messages(self) -> pl.DataFrame:
        """The tickets' threads."""
        return self._desk[1]

    @cached_property
    def articles(self) -> pl.DataFrame:
        """The knowledge base at the start."""
        return list_articles(self._plan.catalog)

    @cached_property
    def truth(self) -> Truth:
        """What support does not see."""
        plan, traffic = self._plan, self._traffic
        impact = impact_frame(plan, self._spread)
        return Truth(
            issues=issues_frame(plan, self._counted, impact),
            impact=impact,
            daily=daily_frame(plan, self._counted, self._spread),
            tickets=self._desk[2],
            templates=templates_frame(plan, traffic),
            files=files_frame(plan, traffic),
            delivery=delivery_frame(plan, traffic),
            bursts=bursts_frame(plan),
            facts=dict(plan.facts),
        )

    def streams(self) -> Iterator[tuple[str, str, Iterator[bytes]]]:
        """Yield (environment_id, name, chunks) for each log file of each day, by day.

        A name is ``host/service-day.log``; with very many lines a day's file comes in
        parts, ``host/service-day.1.log`` and so on. Lines are made when a day and
        group of environments is reached, and forgotten after it; what never reaches
        support is left out.
        """
        for day in range(self.settings.days):
            date = moment(self._plan.start + day * DAY).date().isoformat()
            for group in range(len(self._traffic.groups)):
                yield from self._group_streams(day, date, group)

    def parcels(self) -> Iterator[Parcel]:
        """Yield the bundles as they arrive, with the truth about each."""
        return list_parcels(self._plan, self._traffic, self.seed)

    def write(self, folder: str | Path) -> Path:
        """Write what support would see, and the truth apart, into *folder*.

        ``tables/*.csv`` (fleet, tickets, messages, articles), ``tickets.jsonl`` (tickets
        with their messages), ``push/<environment>/<host>/<service>.log``,
        ``bundles/<environment>/<day>.tar.gz`` or ``.zip``, each with a ``manifest.json``,
        and ``truth/``. A bundle's file has the time of its arrival.

        Raises:
            InputError: *folder* is not empty.

        Returns:
            The folder.
        """
        return write_fleet(self, self._plan, self._traffic, folder)

    def __repr__(self) -> str:
        """Return one line: scenario, seed, size."""
        return (
            f"Simulation({self.scenario.name}, seed {self.seed}: {self.settings.customers} "
            f"customers, {self.settings.days} days, {self.settings.events_per_day} events a day)"
        )

    def _make_plan(self) -> Plan:
        plan = draw_fleet(self.settings, load_catalog(), self._rng(_WORLD))
        for number, inject in enumerate(self.scenario.injections):
            inject(plan, self._rng(_SCENARIO, number))
        plant_everyday_issues(plan, self._rng(_EVERYDAY))
        plant_bursts(plan, self._rng(_BURSTS))
        return plan

    @cached_property
    def _counted(self) -> pl.DataFrame:
        return count_hits(self._plan, self._traffic)

    @cached_property
    def _spread(self) -> pl.DataFrame:
        return spread_placements(self._plan, self._counted)

    @cached_property
    def _desk(self) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
        occasions = list_occasions(self._plan, self._spread, self._rng(_TICKETS))
        desk: Desk = write_tickets(self._plan, occasions, self._rng(_WORDS), self._traffic.excerpt)
        return desk.frames()

    def _group_streams(
        self, day: int, date: str, group: int
    ) -> Iterator[tuple[str, str, Iterator[bytes]]]:
        parts: dict[int, int] = {}
        for file, _, data in self._traffic.day(day, group):
            log = self._traffic.files[file]
            part = parts.get(file, 0)
            parts[file] = part + 1
            name = f"{log.host}/{log.service}-{date}{f'.{part}' if part else ''}.log"
            place = self._plan.environments[log.environment].environment_id
            yield place, name, _chunks(data)

    def _rng(self, *stream: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, *stream])


def _chunks(data: bytes) -> Iterator[bytes]:
    for start in range(0, len(data), _CHUNK):
        yield data[start : start + _CHUNK]
