"""From what ran and what was seen to the verdict on a fix."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from caseline.estimation.rates import rate_interval
from caseline.trends.adoption.comparing import Compared, compare, old_rates, verdict_of
from caseline.versions import Ranges, is_known, parse_version

if TYPE_CHECKING:
    from collections.abc import Callable

    from caseline.trends.adoption.settings import AdoptionSettings

PLACE = ["environment_id", "customer_id"]
VERSIONS: dict[str, pl.DataType | type[pl.DataType]] = {
    "version": pl.String,
    "has_fix": pl.Boolean,
    "customers": pl.Int64,
    "customer_days": pl.Int64,
    "events": pl.Int64,
    "rate": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "verdict": pl.String,
}


class Ground:
    """The customer-days of each place with and without the fix.

    Args:
        days: environment_id, customer_id, day, version, events.
        judge: Tells of a version ``affected``, ``fixed``, ``unaffected`` or ``unknown``.
        settings: The numbers that decide.
    """

    def __init__(
        self, days: pl.DataFrame, judge: Callable[[str], str], settings: AdoptionSettings
    ) -> None:
        names = days["version"].unique().to_list()
        states = {name: judge(name) if is_known(name) else "unknown" for name in names}
        self.states = states
        self._settings = settings
        self.days = days.with_columns(
            pl.col("version").replace_strict(states, default="unknown", return_dtype=pl.String)
            .alias("state")
        )  # fmt: skip
        self.fixed = self.days.filter(pl.col("state") == "fixed")
        self.affected = self.days.filter(pl.col("state") == "affected")
        self.spread = _spread(self.affected)
        self._rates, self.course, self.told = self._old()

    def compared(self, fixed: pl.DataFrame) -> Compared:
        """Return how the days *fixed*, some of those with the fix, compare with the old rates."""
        by_place = fixed.group_by(PLACE).agg(pl.len().alias("n"), pl.col("events").sum()).sort(
            PLACE
        )  # fmt: skip
        joined = by_place.join(self._rates, on=PLACE, how="left", maintain_order="left")
        mean = joined["mean"].fill_null(self._fleet).to_numpy()
        variance = joined["variance"].fill_null(self._fleet_scatter).to_numpy()
        return compare(
            float(by_place["events"].sum()),
            by_place["n"].to_numpy().astype(np.float64),
            (mean, variance),
            course=self.course,
            spread=self.spread,
            settings=self._settings,
        )

    def _old(self) -> tuple[pl.DataFrame, tuple[float, float], list[str]]:
        """Return each place's old rate, how it went on where the fix does not run, and words."""
        settings = self._settings
        first: Any = self.fixed["day"].min()
        before = self.affected.filter(pl.col("day") < first) if first else self.affected
        if float(before["events"].sum()) < settings.least_before:
            before = self.affected
        table = before.group_by(PLACE).agg(pl.len().alias("n"), pl.col("events").sum()).sort(PLACE)
        events, days = (table[c].to_numpy().astype(np.float64) for c in ("events", "n"))
        strength = settings.prior_strength
        mean, variance = old_rates(events, days, spread=self.spread, strength=strength)
        self._fleet = float(events.sum()) / max(float(days.sum()), 1.0)
        self._fleet_scatter = float(((mean - self._fleet) ** 2).mean()) if mean.size else 0.0
        self._fleet_scatter += self._fleet / strength
        rates = table.select(PLACE).with_columns(
            pl.Series("mean", mean, dtype=pl.Float64),
            pl.Series("variance", variance, dtype=pl.Float64),
        )
        return rates, *self._course(rates, first)

    def _course(self, rates: pl.DataFrame, first: Any) -> tuple[tuple[float, float], list[str]]:
        if first is None:
            return (1.0, 0.0), []
        later = (
            self.affected.filter(pl.col("day") >= first)
            .group_by(PLACE)
            .agg(pl.len().alias("n"), pl.col("events").sum())
            .join(rates, on=PLACE)
        )
        expected = float((later["mean"] * later["n"]).sum())
        if expected < self._settings.least_control:
            return (1.0, 0.0), [
                "too little goes on without the fix to tell how the rate would have gone meanwhile"
            ]
        seen = float(later["events"].sum())
        course = max(seen, 0.5) / expected
        scatter = float((later["variance"] * later["n"] ** 2).sum()) / expected**2
        scatter += self.spread / max(seen, 0.5)
        words = f"where the fix does not run, {seen:.0f} events came where {expected:.0f}"
        return (course, scatter), [f"{words} were expected by the rate before it"]


def _spread(days: pl.DataFrame) -> float:
    """Return how much a place's days scatter beyond Poisson around its own mean, at least 1."""
    if days.is_empty():
        return 1.0
    mean = pl.col("events").mean().over(PLACE)
    whole = float(days["events"].sum())
    freedom = days.height - days.select(PLACE).unique().height
    if whole <= 0 or freedom <= 0:
        return 1.0
    left = float(days.select(((pl.col("events") - mean) ** 2).sum()).item())
    return max(1.0, left / freedom / (whole / days.height))


def versions_table(ground: Ground, settings: AdoptionSettings) -> pl.DataFrame:
    """Return one row for each version that ran: see ``VERSIONS``."""
    counted = ground.days.group_by("version", "state").agg(
        pl.col("customer_id").n_unique().alias("customers"),
        pl.len().alias("customer_days"),
        pl.col("events").sum(),
    )
    rate, low, high = rate_interval(
        counted["events"].to_numpy() / ground.spread, counted["customer_days"].to_numpy()
    )
    verdicts = [
        verdict_of(ground.compared(ground.fixed.filter(pl.col("version") == version)), settings)[0]
        if state == "fixed"
        else state
        for version, state in counted.select("version", "state").iter_rows()
    ]
    has = {"fixed": True, "affected": False, "unaffected": False, "unknown": None}
    table = counted.with_columns(
        pl.col("state").replace_strict(has, return_dtype=pl.Boolean).alias("has_fix"),
        *(
            pl.Series(n, v * ground.spread)
            for n, v in zip(("rate", "low", "high"), (rate, low, high), strict=True)
        ),
        pl.Series("verdict", verdicts, dtype=pl.String),
    )
    order = sorted(table["version"], key=_order)
    placed = pl.DataFrame({"version": order}, schema={"version": pl.String})
    return placed.join(table, on="version", maintain_order="left").select(
        pl.col(name).cast(kind) for name, kind in VERSIONS.items()
    )


def _order(version: str) -> tuple[bool, Any]:
    parsed = parse_version(version)
    return (parsed is None, version if parsed is None else parsed)


def regressed(table: pl.DataFrame) -> tuple[str, ...]:
    """Return versions with the fix that show the error, later than one that is rid of it."""
    rid = False
    found = []
    for version, verdict in table.filter(pl.col("has_fix")).select("version", "verdict").rows():
        if rid and verdict in ("partly", "not yet"):
            found.append(version)
        rid = rid or verdict == "fixed"
    return tuple(found)


def infer_ranges(days: pl.DataFrame, settings: AdoptionSettings) -> Ranges | None:
    """Return from which version on the error is as good as gone, if the logs tell one.

    The cut between older and newer versions with the largest likelihood ratio of two
    Poisson rates against one, clumping allowed for. Backports are not seen so.
    """
    names = [v for v in days["version"].unique() if is_known(v) and parse_version(v) is not None]
    best: tuple[float, str] | None = None
    for name in sorted(names, key=_order)[1:]:
        ranges = Ranges(fixed_in=(name,))
        newer = [other for other in names if ranges.judge(other) == "fixed"]
        split = days.filter(pl.col("version").is_in(names)).with_columns(
            pl.col("version").is_in(newer).alias("newer")
        )
        after, before = split.filter("newer"), split.filter(~pl.col("newer"))
        spread = _spread(before)
        told = _twice_log_ratio(
            (float(after["events"].sum()), float(after.height)),
            (float(before["events"].sum()), float(before.height)),
            settings.inferred_below,
        )
        if told / spread > max(settings.change_point, best[0] if best else 0.0):
            best = (told / spread, name)
    return Ranges(fixed_in=(best[1],)) if best else None


def _twice_log_ratio(
    after: tuple[float, float], before: tuple[float, float], below: float
) -> float:
    (seen, days), (old, old_days) = after, before
    if min(days, old_days, old) <= 0 or seen / days >= below * old / old_days:
        return 0.0
    whole = (seen + old) / (days + old_days)
    pairs = ((seen, days), (old, old_days))
    return float(2 * sum(n * np.log(n / d / whole) for n, d in pairs if n > 0))


def adoption_speed(
    ground: Ground, now: datetime, settings: AdoptionSettings
) -> tuple[float, float | None]:
    """Return customer-days with the fix a day, and the share of customers that run it, lately."""
    since = now.date() - timedelta(days=settings.speed_days)
    late = ground.days.filter(pl.col("day") > since)
    if late.is_empty():
        return 0.0, None
    fixed = late.filter(pl.col("state") == "fixed")
    newest = late.sort("day").group_by("customer_id").agg(pl.col("state").last())
    days = late["day"].n_unique()
    return fixed.height / days, float((newest["state"] == "fixed").mean())  # type: ignore[arg-type]
