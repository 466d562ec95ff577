"""The lines of a day: ordinary traffic and planted hits, a group of environments at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from caseline.testing.fleet.choice import GroupedChoice
from caseline.testing.fleet.files import file_index, list_files
from caseline.testing.fleet.hits import Hits
from caseline.testing.fleet.phrasebook import Phrasebook, form_habits
from caseline.testing.fleet.plan import DAY, NOBODY
from caseline.testing.fleet.rendering import Renderer
from caseline.testing.fleet.typecase import Typecase
from caseline.testing.fleet.volume import Volume, hour_quantiles

if TYPE_CHECKING:
    from collections.abc import Iterator

    from caseline.testing.fleet.catalog import Template
    from caseline.testing.fleet.files import LogFile
    from caseline.testing.fleet.plan import Plan

_FILES, _HABITS, _VOLUME, _LINES, _TEXT, _EXCERPT = 1, 2, 3, 4, 5, 6
_GROUP_LINES = 150_000
_SECOND = 1_000_000
_QUARTER = 900 * _SECOND


class Traffic:
    """Makes the log lines of a fleet: any day, any group, in any order, always the same.

    Args:
        plan: The finished plan.
        seed: The simulation's seed.

    Attributes:
        seed: The same.
        files: The log files; lines refer to them by index.
        volume: Expected lines by environment and day.
        hits: The planted lines.
        groups: Environments that are made together, as index arrays.
    """

    def __init__(self, plan: Plan, seed: int) -> None:
        self._plan = plan
        self.seed = seed
        self.files = list_files(plan, self._rng(_FILES))
        self.volume = Volume(plan, self._rng(_VOLUME))
        self.hits = Hits(plan, self.volume, seed)
        self._index = file_index(self.files)
        self.book = Phrasebook(plan)
        self._habits = form_habits(plan, self.book, self.files, self._rng(_HABITS))
        self._case = Typecase(plan, self.book, self.files)
        self._renderer = Renderer(self._case)
        self._environment = np.array([f.environment for f in self.files], dtype=np.int64)
        self._share = np.array([f.share for f in self.files])
        self._quantiles = hour_quantiles()
        self._tenants = _choose_tenants(plan, self.files)
        self._tenancy = {(t.environment, t.customer): i for i, t in enumerate(plan.tenancies)}
        self._since = np.array([t.valid_from for t in plan.tenancies], dtype=np.int64)
        ends = [plan.end + DAY if t.valid_to is None else t.valid_to for t in plan.tenancies]
        self._until = np.array(ends, dtype=np.int64)
        self.groups = self._form_groups()

    def day(self, day: int, group: int) -> Iterator[tuple[int, int, bytes]]:
        """Yield (file, records, bytes) of one day and group of environments.

        A file of more than a few hundred thousand lines comes in several parts.
        """
        rng = self._rng(_LINES, day, group)
        counts = self._draw_counts(day, group, rng)
        planted = self._planted(day, group)
        parts = max(1, -(-(int(counts.sum()) + planted.height) // (2 * _GROUP_LINES)))
        begin = self._plan.start + day * DAY
        edges = [
            int(self._quantiles[i * (len(self._quantiles) - 1) // parts]) * _SECOND
            for i in range(parts + 1)
        ]
        for part in range(parts):
            low, high = begin + edges[part], begin + edges[part + 1]
            rows = self._ordinary(counts // parts + (part < counts % parts), (low, high), rng)
            here = planted.filter((pl.col("at") >= low) & (pl.col("at") < high))
            text = self._rng(_TEXT, day, group, part)
            yield from self._renderer.render(pl.concat([rows, here]), text)

    def excerpt(self, template: Template, environment: int, at: int) -> str:
        """Return a line of *template* as *environment* would write it at a moment."""
        file = next(
            i
            for i, f in enumerate(self.files)
            if f.environment == environment and f.service == template.service
        )
        row = {"file": file, "tenancy": NOBODY, "template": self.book.numbers[template.template_id]}
        rows = pl.DataFrame([row | {"at": at, "chain": -1}])
        text = self._rng(_EXCERPT, environment, at % 2**32)
        _, _, data = next(iter(self._renderer.render(rows, text)))
        return data.decode().rstrip("\n")

    def _draw_counts(self, day: int, group: int, rng: np.random.Generator) -> np.ndarray:
        inside = np.isin(self._environment, self.groups[group])
        mean = self.volume.lines[self._environment, day] * self._share * inside
        spread = self._plan.settings.dispersion
        unrest = rng.gamma(1 / spread, spread, len(mean)) if spread else 1.0
        counts: np.ndarray = rng.poisson(mean * unrest)
        return counts

    def _ordinary(
        self, counts: np.ndarray, window: tuple[int, int], rng: np.random.Generator
    ) -> pl.DataFrame:
        file = np.repeat(np.arange(len(counts)), counts)
        at = self._times(file, window, rng)
        tenancy = self._tenants.draw(file, rng)
        tenancy[(at < self._since[tenancy]) | (at >= self._until[tenancy])] = NOBODY
        template = self._habits.draw(file, rng)
        return pl.DataFrame(
            {"file": file, "tenancy": tenancy, "template": template, "at": at}
        ).with_columns(chain=pl.lit(-1, dtype=pl.Int64))

    def _times(
        self, file: np.ndarray, window: tuple[int, int], rng: np.random.Generator
    ) -> np.ndarray:
        """Return moments in *window*: by office hours of the file's zone if it is a whole day."""
        low, high = window
        if high - low < DAY:
            spread: np.ndarray = low + (rng.random(len(file)) * (high - low)).astype(np.int64)
            return spread
        at = rng.random(len(file)) * (len(self._quantiles) - 1)
        of_day = np.interp(at, np.arange(len(self._quantiles)), self._quantiles)
        zone = self._case.zones.quarters(self._case.zone, np.full(len(self.files), low))[file]
        shifted = (of_day * _SECOND).astype(np.int64) - zone * _QUARTER - low
        times: np.ndarray = low + shifted % DAY
        return times

    def _planted(self, day: int, group: int) -> pl.DataFrame:
        hits = self.hits.of_day(day)
        arrives = self.volume.delivered[hits["environment"].to_numpy(), day]
        inside = np.isin(hits["environment"].to_numpy(), self.groups[group])
        hits = hits.filter(pl.Series(arrives & inside))
        by = ["issue", "segment", "template"]
        found = [
            (*row, *self.place(*row))
            for row in hits.select(by).unique(maintain_order=True).iter_rows()
        ]
        places = pl.DataFrame(found, schema=[*by, "file", "tenancy"], orient="row").cast(pl.Int64)
        joined = hits.join(places, on=by, how="left", maintain_order="left")
        numbers = [
            [self.book.numbers[t.template_id] for t in i.templates] for i in self._plan.planted
        ]
        table = pl.DataFrame(
            [(i, k, n) for i, row in enumerate(numbers) for k, n in enumerate(row)],
            schema={"issue": pl.Int64, "template": pl.Int64, "number": pl.Int64},
            orient="row",
        )
        joined = joined.join(table, on=["issue", "template"], how="left", maintain_order="left")
        rows = joined.select(
            "file", "tenancy", pl.col("number").alias("template"), "at", "chain", "issue"
        )
        return self._with_repeats(rows)

    def _with_repeats(self, rows: pl.DataFrame) -> pl.DataFrame:
        repeats = [i.repeats for i in self._plan.planted]
        extra = [
            rows.filter(pl.col("issue") == i).with_columns(
                template=pl.lit(self.book.numbers[f"repeat-{n}"], dtype=pl.Int64)
            )
            for i, n in enumerate(repeats)
            if n
        ]
        return pl.concat([rows, *extra]).drop("issue")

    def place(self, issue: int, segment: int, template: int = 0) -> tuple[int, int]:
        """Return the log file and the tenancy (or -1) of a planted segment's lines."""
        planted = self._plan.planted[issue]
        where = planted.segments[segment]
        file = self._index[where.environment, where.placement, planted.templates[template].service]
        if where.customer == NOBODY:
            return file, NOBODY
        return file, self._tenancy[where.environment, where.customer]

    def _form_groups(self) -> list[np.ndarray]:
        peak = self.volume.lines.max(axis=1)
        whole = np.cumsum(peak) - peak
        number = (whole // _GROUP_LINES).astype(np.int64)
        return [np.flatnonzero(number == n) for n in np.unique(number)]

    def _rng(self, *stream: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, *stream])


def _choose_tenants(plan: Plan, files: list[LogFile]) -> GroupedChoice:
    """Return which tenancy a line of each log file is about."""
    here: dict[tuple[int, str], list[int]] = {}
    for i, t in enumerate(plan.tenancies):
        here.setdefault((t.environment, t.placement), []).append(i)
    offered = [here.get((f.environment, f.placement), []) for f in files]
    return GroupedChoice(offered, [[plan.tenancies[i].weight for i in o] for o in offered])
