"""The columns of a batch as evidence of clocks: what each showed, and beside which others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from caseline.fleet.clock_records import Comparison, Showing
from caseline.store.moments import REACH_HOURS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from caseline.fleet.clock_records import Clock, ClockError
    from caseline.fleet.clock_settings import ClockSettings
    from caseline.records.batches import Source

STATED = ("exact", "assumed_zone", "assumed_year")
"""The qualities of times that a line states itself and that can be."""
CORRECTED = "corrected"
"""The quality of a time that was put right."""
_SAMPLE = 20_000
_AHEAD = 5
_SECOND = 1_000_000
CLOCK = ["host", "zoned"]


def with_runs(frame: pl.DataFrame, files: Sequence[int], settings: ClockSettings) -> pl.DataFrame:
    """Return part, host, zoned, micros, stated, trace_id, file, run of each row of *frame*.

    Args:
        frame: The batch.
        files: For each part the number of its file.
        settings: How far back a time steps where a run ends.
    """
    file = pl.Series("file", files, dtype=pl.UInt32).gather(frame["part"])
    rows = frame.select(
        "host",
        "zoned",
        "trace_id",
        micros=pl.col("occurred_at").cast(pl.Int64),
        stated=pl.col("time_quality").is_in(STATED),
    ).with_columns(file)
    return rows.with_columns(run=_runs(rows, settings))


def _runs(rows: pl.DataFrame, settings: ClockSettings) -> pl.Series:
    """Number the runs of each clock in each file: they begin anew where times step back."""
    none = pl.zeros(rows.height, dtype=pl.Int64, eager=True).alias("run")
    back = round(settings.step_back_seconds * _SECOND)
    same = pl.col("file") == pl.col("file").shift(1)
    places = rows.select(
        ((pl.col("micros").diff() < -back) & same & pl.col("stated")).fill_null(value=False)
    ).to_series().arg_true().to_numpy()  # fmt: skip
    if not len(places):
        return none
    micros = rows["micros"].fill_null(0).to_numpy()
    ahead = np.minimum(places[:, None] + np.arange(_AHEAD), len(micros) - 1)
    lasting = micros[ahead].max(axis=1) < micros[places - 1] - back
    begins = none.scatter(places[lasting], 1)
    numbered = rows.select("file", *CLOCK, begins=begins).with_columns(
        run=pl.col("begins").cum_sum().over("file", *CLOCK)
    )
    most = numbered.select(pl.col("run").max().over(CLOCK)).to_series()
    whole = numbered.select(pl.col("run").max().over("file", *CLOCK)).to_series()
    # A file that did not step with its host tells no run; too many steps are no clock's.
    usable = (whole == most) & (most <= settings.most_steps)
    return numbered["run"].zip_with(usable, pl.repeat(-1, rows.height, eager=True)).alias("run")


def read_showings(rows: pl.DataFrame, sources: Sequence[Source]) -> list[Showing]:
    """Return what each clock of *rows* showed, those without a stated time left out."""
    found = (
        rows.filter("stated")
        .group_by("file", *CLOCK, "run")
        .agg(
            oldest=pl.col("micros").min(),
            newest=pl.col("micros").max(),
            records=pl.len(),
        )
    )
    if found.is_empty():
        return []
    last = pl.col("newest").filter(pl.col("run") == pl.col("run").max()).max()
    clocks = found.group_by(CLOCK).agg(
        pl.col("oldest").min(), newest=last, records=pl.col("records").sum(), file=pl.max("file")
    )
    showings = []
    for host, zoned, oldest, newest, records, file in clocks.sort(CLOCK).iter_rows():
        source = sources[file]
        received = source.received_at.timestamp()
        taken = source.collected_at
        showings.append(
            Showing(
                clock=(host, zoned),
                oldest=oldest / _SECOND,
                newest=newest / _SECOND,
                records=records,
                received=received,
                taken=received if taken is None else taken.timestamp(),
            )
        )
    return showings


def read_traces(rows: pl.DataFrame) -> pl.DataFrame:
    """Return trace_id, host, zoned, run, micros: the middle of each trace at each clock.

    Of very many traces only some are taken, by their ids: the same ones at each clock.
    """
    traced = rows.lazy().filter(
        pl.col("stated") & pl.col("trace_id").is_not_null() & (pl.col("run") >= 0)
    ).collect()  # fmt: skip
    if traced.height > _SAMPLE:
        each = -(-traced.height // _SAMPLE)
        traced = traced.filter(pl.col("trace_id").hash() % each == 0)
    return traced.group_by("trace_id", *CLOCK, "run").agg(
        micros=(pl.col("micros").min() + pl.col("micros").max()) // 2
    )


def compare(traces: pl.DataFrame, others: pl.DataFrame) -> list[Comparison]:
    """Return each clock of *traces* beside each of *others* with which it shares traces.

    Args:
        traces: See ``read_traces``.
        others: The same without run; a clock is not compared with itself.
    """
    reach = REACH_HOURS * 3_600 * _SECOND
    joined = traces.join(
        others.select("trace_id", pl.col(CLOCK).name.prefix("other_"), there="micros"),
        on="trace_id",
    ).filter(
        pl.col("host").ne_missing(pl.col("other_host"))
        | (pl.col("zoned") != pl.col("other_zoned")),
        (pl.col("micros") - pl.col("there")).abs() <= reach,
    )
    by = [*CLOCK, "other_host", "other_zoned"]
    found = []
    for key, pairs in (
        joined.sort("run", "micros", "trace_id")
        .partition_by(by, as_dict=True, maintain_order=True)
        .items()
    ):
        host, zoned, other_host, other_zoned = key
        micros, there = pairs["micros"].to_numpy(), pairs["there"].to_numpy()
        clock: Clock = (host, zoned)
        other: Clock = (other_host, other_zoned)
        found.append(
            Comparison(
                clock=clock,
                other=other,
                run=pairs["run"].to_numpy(),
                at=micros / _SECOND,
                difference=(micros - there) / _SECOND,
            )
        )
    return found


def put_right(
    frame: pl.DataFrame,
    rows: pl.DataFrame,
    errors: Sequence[ClockError],
    *,
    latest: datetime | None,
) -> tuple[pl.DataFrame, list[tuple[ClockError, int, int, int]]]:
    """Return *frame* with its times put right by *errors*, and what each error concerns.

    Args:
        frame: The batch.
        rows: The same rows as ``with_runs`` returns them.
        errors: What clocks were off by. Rows of one that is not applied become doubtful.
        latest: What happened later than this is doubtful; None if nothing did.

    Returns:
        The batch with ``written_at``; and for each error that concerns any row: the
        error, the first and last moment in microseconds since 1970, the rows.
    """
    written = pl.lit(None, frame["occurred_at"].dtype).alias("written_at")
    if not errors:
        return _doubted(frame.with_columns(written), latest), []
    known = frame["time_quality"].is_in(["doubtful", "none"]).not_()
    rows = rows.select("host", "zoned", "run", "micros", known.alias("known"))
    shift: pl.Expr = pl.lit(None, pl.Int64)
    doubt = pl.lit(value=False)
    about: dict[str, pl.Expr] = {}
    for number, error in enumerate(errors):
        here = _rows_of(error)
        off = pl.lit(round(error.offset * _SECOND), pl.Int64)
        if error.slope:
            seconds = (pl.col("micros") - round(error.middle * _SECOND)) * error.slope
            off = off + seconds.round().cast(pl.Int64)
        moved = pl.col("micros") - off if error.applied else pl.col("micros")
        about |= {
            f"first{number}": moved.filter(here).min(),
            f"last{number}": moved.filter(here).max(),
            f"rows{number}": here.sum(),
        }
        if error.applied:
            shift = pl.when(here).then(off).otherwise(shift)
        if not error.applied:
            doubt |= here
        elif error.run is not None:
            # A file that did not step with its host: nobody knows on which side a row is.
            doubt |= _clock_is(error) & (pl.col("run") < 0)
    told = rows.select(**about).row(0, named=True)
    change = rows.select(shift.alias("shift"), doubt.alias("doubt"))
    offset = change["shift"]
    frame = frame.with_columns(
        occurred_at=(pl.col("occurred_at").cast(pl.Int64) - offset.fill_null(0)).cast(
            frame["occurred_at"].dtype
        ),
        written_at=pl.when(offset.is_not_null()).then("occurred_at"),
        time_quality=pl.when(offset.is_not_null())
        .then(pl.lit(CORRECTED))
        .when(change["doubt"] & pl.col("occurred_at").is_not_null())
        .then(pl.lit("doubtful"))
        .otherwise("time_quality"),
    )
    found = [
        (error, told[f"first{n}"], told[f"last{n}"], told[f"rows{n}"])
        for n, error in enumerate(errors)
        if told[f"rows{n}"]
    ]
    return _doubted(frame, latest), found


def _clock_is(error: ClockError) -> pl.Expr:
    host, zoned = error.clock
    return pl.col("host").eq_missing(pl.lit(host, pl.String)) & (pl.col("zoned") == zoned)


def _rows_of(error: ClockError) -> pl.Expr:
    """Return whether a row is of the clock and the stretch of *error*."""
    here = _clock_is(error) & pl.col("known")
    if error.run is not None:
        here &= pl.col("run") == error.run
    if np.isfinite(error.starts):
        here &= pl.col("micros") >= round(error.starts * _SECOND)
    if np.isfinite(error.ends):
        here &= pl.col("micros") < round(error.ends * _SECOND)
    return here


def _doubted(frame: pl.DataFrame, latest: datetime | None) -> pl.DataFrame:
    if latest is None:
        return frame
    late = (pl.col("occurred_at") > latest).fill_null(value=False)
    quality = pl.when(late).then(pl.lit("doubtful")).otherwise("time_quality")
    return frame.with_columns(time_quality=quality)
