"""A series with what is still to come beside what is there."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from caseline.trends.nowcasting.arrivals import Arrivals
from caseline.trends.nowcasting.casting import cast_days, learn_delays
from caseline.trends.nowcasting.finals import limits
from caseline.trends.nowcasting.logs_there import completeness_of
from caseline.trends.nowcasting.settings import nowcast_settings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from caseline.protocols import Engine
    from caseline.records.windows import Window

COLUMNS = (
    "expected", "expected_low", "expected_high", "reported", "logs_reported", "logs_low",
    "logs_high", "expected_rate",
)  # fmt: skip
_LOGS = {"reported": "logs_reported", "low": "logs_low", "high": "logs_high"}
_UNKNOWN = (
    "how late logs come is not known yet: nobody can tell how much of the last {} days is "
    "still to come"
)


class Nowcast:
    """What the last days of a signature will have been.

    Args:
        engine: Where coverage and events are.
        signature_ids: The signature with its kin.
        now: The moment that is asked for.
        as_of: Hide what was received later.
        window: The series' window, None for all.
        spread: How much wider than Poisson a customer-day's events scatter.
    """

    def __init__(
        self,
        engine: Engine,
        signature_ids: Sequence[str],
        *,
        now: datetime,
        as_of: datetime | None,
        window: Window | None,
        spread: float,
    ) -> None:
        self._settings = nowcast_settings()
        self._now, self._window, self._spread = now, window, spread
        arrivals = Arrivals(engine, days=self._settings.history_days, now=now, as_of=as_of)
        self._logs = arrivals.logs()
        self._events = arrivals.events(signature_ids)
        if engine.scope is not None:
            self._events = self._events.filter(pl.col("customer_id").is_not_null())
        sources = [(self._events, self._settings.least_units)]
        if self._events.filter(~pl.col("backfill"))["weight"].sum() < self._settings.least_units:
            sources.append((arrivals.severe(self._settings.severe_from),
                            self._settings.least_units))  # fmt: skip
        sources.append((self._logs, 0))
        self._arrived = learn_delays(sources, now=now, spread=spread, settings=self._settings)
        self._completeness = completeness_of(self._logs, now=now, settings=self._settings)

    @property
    def first_day(self) -> pl.Expr:
        """The oldest day that is not complete by its age."""
        return pl.lit(self._now.date() - timedelta(days=self._settings.horizon_days - 1))

    def by_day(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return the series *frame* by day with ``COLUMNS``, and days that are still empty."""
        cast = self._cast(pl.lit("all"), since=self._since())
        frame = self._up_to_now(frame)
        logs = self._completeness.rename(_LOGS)
        joined = frame.join(cast, on="day", how="left", maintain_order="left").join(
            logs, on="day", how="left", maintain_order="left"
        )
        young = pl.col("day") >= self.first_day
        none = self._events.is_empty() and not self._arrived.shares
        more = pl.lit(None, pl.Float64) if none else pl.col("more").fill_null(0.0)
        known = pl.col("more").is_not_null() | ~pl.col("day").is_in(cast["day"].implode())
        return self._finished(
            joined.with_columns(
                pl.when(~young).then(0.0).when(known).then(more).alias("more"),
                pl.when(young).then(pl.col("variance")).otherwise(0.0).fill_null(0.0),
                *(pl.when(young).then(name).otherwise(1.0).alias(name) for name in _LOGS.values()),
            )
        ).select(*frame.columns, *COLUMNS)  # fmt: skip

    def by_version(self, frame: pl.DataFrame, exposed: pl.DataFrame) -> pl.DataFrame:
        """Return the series *frame* by version with ``COLUMNS``.

        Args:
            frame: See ``rates_by``.
            exposed: version, day, share: what ran on each observed customer-day.
        """
        cast = (
            self._cast(pl.col("version"), since=None)
            .group_by(pl.col("group").alias("version"))
            .agg(
                pl.when(pl.col("more").is_null().any())
                .then(None)
                .otherwise(pl.col("more").sum())
                .alias("more"),
                pl.col("variance").sum(),
            )
        )
        logs = exposed.join(self._completeness.rename(_LOGS), on="day", how="left").with_columns(
            pl.when(pl.col("day") < self.first_day).then(1.0).otherwise(name).alias(name)
            for name in _LOGS.values()
        )
        ready = logs.group_by("version").agg(
            pl.when(pl.col(name).is_not_null().all())
            .then(pl.col("share").sum() / (pl.col("share") / pl.col(name)).sum())
            .alias(name)
            for name in _LOGS.values()
        )
        joined = frame.join(
            cast, on="version", how="left", nulls_equal=True, maintain_order="left"
        ).join(ready, on="version", how="left", maintain_order="left")
        seen = pl.col("version").is_in(cast["version"].implode(), nulls_equal=True)
        filled = pl.when(seen).then("more").otherwise(0.0)
        return self._finished(
            joined.with_columns(filled.alias("more"), pl.col("variance").fill_null(0.0))
        ).select(*frame.columns, *COLUMNS)

    def notes(self, frame: pl.DataFrame) -> list[str]:
        """Return what a reader of the finished series by day must know."""
        if "day" not in frame.columns:
            low = frame.filter(pl.col("logs_reported") < self._settings.warn_below)
            return [
                f"no verdict on {name} yet: only {_percent(logs)} of its customer-days that "
                "will come are there"
                for name, logs in low.select("version", "logs_reported").iter_rows()
            ]
        young = frame.filter(pl.col("day") >= self.first_day)
        if young.height and young["expected"].null_count():
            return [_UNKNOWN.format(self._settings.horizon_days)]
        least = pl.min_horizontal("reported", "logs_reported")
        low = young.filter(least < self._settings.warn_below)
        if low.is_empty():
            return []
        first, last = low.row(0, named=True), low.row(-1, named=True)
        told = [first] if first["day"] == last["day"] else [first, last]
        of = "; of ".join(
            f"{row['day']} only {_percent(row['reported'])} of the events and "
            f"{_percent(row['logs_reported'])} of the customer-days that will come are there"
            for row in told
        )
        return [f"do not trust the fall yet: of {of}"]

    def _cast(self, group: pl.Expr, *, since: object) -> pl.DataFrame:
        """Return group, day, more, variance within the window."""
        cast = cast_days(
            self._events.with_columns(group.alias("group")),
            self._arrived,
            spread=self._spread,
            most_size=self._settings.most_size_events,
            settings=self._settings,
            since=since,  # type: ignore[arg-type]
        )
        if self._window is None:
            return cast
        day = pl.col("day").cast(pl.Datetime("us", "UTC"))
        begins = pl.max_horizontal(day, pl.lit(self._window.start))
        open_end = self._window.end >= self._now
        end = self._window.end + timedelta(days=1) if open_end else self._window.end
        ends = pl.min_horizontal(day + pl.duration(days=1), pl.lit(end))
        part = ((ends - begins).dt.total_seconds() / 86_400).clip(0.0, 1.0)
        return cast.with_columns(pl.col("more") * part, pl.col("variance") * part**2)

    def _since(self) -> object:
        """Return the first day of which logs are there: no event before it means nothing."""
        return self._logs["day"].min()

    def _up_to_now(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return *frame* with a row for each day up to today, if delays are known."""
        last = self._now.date()
        if self._window is not None:
            last = min(last, (self._window.end - timedelta(microseconds=1)).date())
        if frame.is_empty() or not self._arrived.shares:
            return frame
        newest = frame["day"][-1]
        days = pl.date_range(newest + timedelta(days=1), last, eager=True).alias("day")
        more = days.to_frame().with_columns(
            exposure=pl.lit(0.0), covered=pl.lit(0, pl.Int64), host_hours=pl.lit(0.0)
        )
        return pl.concat([frame, more.select(c for c in more.columns if c in frame.columns)],
                         how="diagonal")  # fmt: skip

    def _finished(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return *frame* with ``COLUMNS`` of more and variance."""
        there = frame["events"].fill_null(0).to_numpy().astype(np.float64)
        more, variance = (frame[n].cast(pl.Float64).to_numpy() for n in ("more", "variance"))
        low, high = limits(more, variance, level=self._settings.coverage)
        whole = there + more
        sure = np.where(whole > 0, there / np.where(whole > 0, whole, 1.0), np.nan)
        names = ("expected", "expected_low", "expected_high", "reported")
        values = (whole, np.round(there + low), np.round(there + high), sure)
        done = frame.with_columns(
            pl.Series(name, found).fill_nan(None) for name, found in zip(names, values, strict=True)
        )
        known = pl.col("expected").is_not_null()
        return done.with_columns(
            pl.when(known).then(pl.coalesce("reported", "logs_reported")).alias("reported"),
            pl.when(known & (pl.col("exposure") > 0))
            .then(pl.col("expected") / (pl.col("exposure") / pl.col("logs_reported")))
            .alias("expected_rate"),
        )


def _percent(share: float | None) -> str:
    return "an unknown part" if share is None else f"{share:.0%}"
