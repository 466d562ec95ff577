"""A signature's events by day, version or customer, beside what was observed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from caseline.estimation.exposure import in_production
from caseline.records.answers import Table
from caseline.store.kinship import read_kin
from caseline.store.rollups import read_days
from caseline.trends.nowcasting.finishing import Nowcast
from caseline.trends.nowcasting.hours import host_hours
from caseline.trends.rates import KEYS, By, clumping, rates_by
from caseline.trends.running import read_observed, running_versions

if TYPE_CHECKING:
    from datetime import datetime

    from caseline.estimation.observed import Observed
    from caseline.protocols import Engine
    from caseline.records.windows import Window


def show_series(
    engine: Engine,
    signature_id: str,
    *,
    by: By,
    window: Window | None,
    now: datetime,
    as_of: datetime | None,
) -> Table:
    """Return the series of a signature with its kin: see ``Trends.series``."""
    kin = read_kin(engine, as_of=as_of)
    chosen = kin.together([signature_id])
    days = read_days(engine, chosen, window=window, as_of=as_of)
    if engine.scope is not None:  # what names nobody may be another customer's
        days = days.filter(pl.col("customer_id").is_not_null())
    events = days.filter(in_production())
    observed = read_observed(engine, window, as_of)
    spread = clumping(events, int(observed.customers()["days"].sum()))
    exposed = _split(engine, by, observed, events, as_of)
    frame = rates_by(KEYS[by], events, exposed, clumping=spread)
    hours = host_hours(engine, window=window, as_of=as_of)
    frame = _with_hours(frame, by, hours, observed, exposed)
    notes = [f"intervals allow for clumped events: {spread:.1f} times Poisson's variance"]
    apart = days.height - events.height
    notes += ["events of other stages than production are left out"] if apart else []
    notes += kin.notes(chosen) + _sampling(engine, chosen, as_of)
    if by != "customer":
        cast = Nowcast(engine, chosen, now=now, as_of=as_of, window=window, spread=spread)
        frame = cast.by_day(_every_day(frame)) if by == "day" else cast.by_version(frame, exposed)
        notes += cast.notes(frame)
    return Table(f"series by {by}", frame, as_of=now, notes=notes)


def _split(
    engine: Engine, by: By, observed: Observed, events: pl.DataFrame, as_of: datetime | None
) -> pl.DataFrame:
    if by == "version":
        spans = engine.ask("version_spans", as_of=as_of)
        return running_versions(observed.rows(), spans, events)
    return observed.customer_days().with_columns(pl.lit(1.0).alias("share"))


def _with_hours(
    frame: pl.DataFrame,
    by: By,
    hours: pl.DataFrame,
    observed: Observed,
    exposed: pl.DataFrame,
) -> pl.DataFrame:
    """Return *frame* with the host-hours covered, after the customers covered.

    Several customers of one place share its hosts; so do several versions of a day.
    """
    if by == "day":
        own = hours.group_by("day").agg(pl.col("host_hours").sum())
    else:
        rows = observed.rows()
        here = rows.join(hours, on=["environment_id", "day"])
        own = here.with_columns(
            pl.col("host_hours") / pl.len().over("environment_id", "day")
        ).group_by("customer_id", "day").agg(pl.col("host_hours").sum())  # fmt: skip
        own = (
            own.join(exposed, on=["customer_id", "day"])
            .group_by(KEYS[by])
            .agg((pl.col("host_hours") * pl.col("share")).sum())
        )
    at = frame.columns.index("covered") + 1
    joined = frame.join(own, on=KEYS[by], how="left", maintain_order="left")
    filled = joined["host_hours"].fill_null(0.0)
    return frame.insert_column(at, filled)


def _sampling(engine: Engine, chosen: list[str], as_of: datetime | None) -> list[str]:
    """Say where fewer lines do not mean fewer errors."""
    found = engine.ask("sampled_signatures", as_of=as_of, signature_ids=chosen)
    return [
        f"{name} is sampled from {version or 'a version'} on"
        + (f", about one in {1 / ratio:.0f} is logged" if ratio else "")
        + ": the drop is none of the error"
        for name, version, ratio in found.iter_rows()
    ]


def _every_day(frame: pl.DataFrame) -> pl.DataFrame:
    """Return *frame* with a row for each day between its first and its last."""
    if frame.is_empty():
        return frame
    first, last = frame["day"][0], frame["day"][-1]
    days = pl.DataFrame({"day": pl.date_range(first, last, eager=True)})
    joined = days.join(frame, on="day", how="left", maintain_order="left")
    return joined.with_columns(
        pl.col("exposure", "host_hours").fill_null(0.0), pl.col("covered").fill_null(0)
    )
