"""Ready-made texts that lines are set from: times of day, zones, hosts, threads."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from caseline.testing.fleet.plan import HOUR, moment
from caseline.testing.fleet.values import Values, thousandths

if TYPE_CHECKING:
    from caseline.testing.fleet.files import LogFile
    from caseline.testing.fleet.phrasebook import Phrasebook
    from caseline.testing.fleet.plan import Plan

_THREADS = 40
_QUARTER = 15 * 60 * 1_000_000
_MARGIN_DAYS = 3


class Typecase:
    """Look-up tables of texts, by file, by template, by time.

    Args:
        plan: The finished plan.
        book: Its templates.
        files: Its log files.
    """

    def __init__(self, plan: Plan, book: Phrasebook, files: list[LogFile]) -> None:
        self.plan = plan
        self.book = book
        self.files = files
        self.values = Values(plan.catalog)
        self.zones = Zones(plan)
        names = [plan.environments[f.environment].timezone for f in files]
        self.zone = np.array([self.zones.names.index(n) for n in names])
        self.skew = np.array([f.skew for f in files], dtype=np.int64)
        self.hosts = pl.Series([f.host for f in files])
        self.services = pl.Series([f.service for f in files])
        self.pids = pl.Series([str(1000 + i * 37 % 60_000) for i in range(len(files))])
        self.clock = _times_of_day()
        self.threads = pl.Series(
            [
                f"{t}{k if t.endswith('-') else ''}"
                for t in plan.catalog.pools["thread"]
                for k in range(_THREADS)
            ]
        )
        self.milli = thousandths()

    def form(self, file: int) -> dict[str, str | list[str]]:
        """Return the format of a log file, as formats.toml has it."""
        form: dict[str, str | list[str]] = self.plan.catalog.formats[self.files[file].format]
        return form

    def tenant_label(self, file: int, tenancy: int) -> str:
        """Return how *file* writes the tenant of *tenancy* (-1: none)."""
        form, log = self.form(file), self.files[file]
        key = self.plan.tenancies[tenancy].tenant_key if tenancy >= 0 else ""
        if not log.labelled or not key:
            return str(form.get("tenant_none", ""))
        styles = form["tenant"]
        key = key.upper() if log.capitals else key
        return styles[log.spelling % len(styles)].replace("{key}", key)


@cache
def _times_of_day() -> pl.Series:
    return pl.Series([f"{s // 3600:02d}:{s // 60 % 60:02d}:{s % 60:02d}" for s in range(86_400)])


class Zones:
    """Offsets from UTC of the zones in use, hour by hour."""

    def __init__(self, plan: Plan) -> None:
        self.names = sorted({e.timezone for e in plan.environments})
        self._base = plan.start // HOUR - _MARGIN_DAYS * 24
        hours = (plan.settings.days + 2 * _MARGIN_DAYS) * 24
        self._quarters = np.array([_quarters(name, self._base, hours) for name in self.names])

    def quarters(self, zone: np.ndarray, at: np.ndarray) -> np.ndarray:
        """Return the offset in quarters of an hour, shape (n,)."""
        hour = np.clip(at // HOUR - self._base, 0, self._quarters.shape[1] - 1)
        found: np.ndarray = self._quarters[zone, hour]
        return found


def _quarters(name: str, base: int, hours: int) -> list[int]:
    zone = ZoneInfo(name)
    offsets = (moment((base + h) * HOUR).astimezone(zone).utcoffset() for h in range(hours))
    return [round((o or timedelta()) / timedelta(minutes=15)) for o in offsets]


def local(at: np.ndarray, quarters: np.ndarray) -> np.ndarray:
    """Return *at* as microseconds of a clock that is *quarters* ahead of UTC."""
    shifted: np.ndarray = at + quarters * _QUARTER
    return shifted


def date_texts(first: int, last: int, pattern: str) -> pl.Series:
    """Return the days *first* to *last* (since 1970) as texts."""
    days = pl.Series(range(first, last + 1), dtype=pl.Int32).cast(pl.Date)
    return days.dt.to_string(pattern)


def offset_texts(separator: str) -> pl.Series:
    """Return the texts of offsets from -64 to 63 quarters of an hour: ``+05:30``."""
    return pl.Series(
        [
            f"{'-' if q < 0 else '+'}{abs(q) // 4:02d}{separator}{abs(q) % 4 * 15:02d}"
            for q in range(-64, 64)
        ]
    )
