"""How much of an issue the logs of each place would show, had it struck there.

A place that logs nothing below WARN shows no INFO line; one that samples shows a part;
one whose service never writes to us shows nothing of it, however many days we have.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from caseline.impact.ledger.steadiness import kept_lines

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from caseline.impact.ledger.circumstances import Circumstances
    from caseline.impact.ledger.evidence import Evidence
    from caseline.impact.settings import ImpactSettings

_BAND = 4
_LOGGER = r"[./:\\]|[a-z][A-Z]"
"""In the name of a class or module that logs, which is no program of its own."""
_BANDS = ((21, "FATAL"), (17, "ERROR"), (13, "WARN"), (9, "INFO"), (5, "DEBUG"), (1, "TRACE"))


def places_shown(evidence: Evidence, settings: ImpactSettings) -> pl.DataFrame:
    """Return environment_id, shows, kept, why: for every place that shows less than all.

    shows is the probability that its logs can hold the issue's lines at all, kept the
    share of these lines that reach us; why tells it in words.
    """
    around = evidence.around
    struck = _struck(evidence)
    parts = [
        _by_level(around, struck, settings),
        _by_told_level(around, struck),
        _by_service(around, evidence, settings),
        _by_told_share(around),
        kept_lines(around.widespread, around.steady_days, settings),
        _by_version(around, evidence),
    ]
    return (
        pl.concat(parts)
        .group_by("environment_id")
        .agg(
            pl.col("shows").min(),
            pl.col("kept").min(),
            pl.col("why").sort_by("shows", "kept", "why").first(),
        )
        .sort("environment_id")
    )


def _struck(evidence: Evidence) -> NDArray[np.int64]:
    """Return the highest severity at each place that was hit, by bands; none if unknown."""
    tops = evidence.days.group_by("environment_id").agg(pl.col("severity").max())["severity"]
    return _band(tops.drop_nulls().cast(pl.Int64).to_numpy())


def _band(severity: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the lowest number of each severity's band: INFO is 9 to 12."""
    return (severity - 1) // _BAND * _BAND + 1


def _visible(floors: NDArray[np.int64], struck: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the share of hit places that would show above each floor."""
    return 1 - np.searchsorted(np.sort(struck), floors, side="left") / struck.size


def _by_level(
    around: Circumstances, struck: NDArray[np.int64], settings: ImpactSettings
) -> pl.DataFrame:
    """Judge places by the lowest severity that was ever seen of them.

    That a place has nothing below its lowest line says the more, the more lines it has
    and the more of them are lower elsewhere: Bayes' rule, from ``unfiltered`` on.
    """
    seen = around.levels.filter(pl.col("severity").is_not_null())
    if seen.is_empty() or not struck.size or struck.min() <= 1:
        return _nothing()
    band = ((pl.col("severity").cast(pl.Int64) - 1) // _BAND * _BAND + 1).alias("band")
    by_band = seen.group_by("environment_id", band).agg(pl.col("events").sum())
    whole = by_band.group_by("environment_id").agg(
        pl.col("band").min().alias("floor"), pl.col("events").sum().alias("lines")
    )
    places = whole.filter(pl.col("floor") > int(struck.min()))
    if places.is_empty():
        return _nothing()
    lower = {
        floor: _share_below(by_band, whole, floor) for floor in places["floor"].unique().to_list()
    }
    share = places["floor"].replace_strict(lower, return_dtype=pl.Float64).to_numpy()
    lines = places["lines"].to_numpy().astype(np.float64)
    by_chance = settings.unfiltered * (1 - share) ** lines
    unfiltered = by_chance / (by_chance + 1 - settings.unfiltered)
    above = _visible(places["floor"].to_numpy(), struck)
    shows = above + (1 - above) * unfiltered
    why = pl.format(
        "its logs hold nothing below {} ({} lines)", pl.col("floor").replace_strict(_NAMES), "lines"
    )
    return places.select("environment_id", pl.Series("shows", shows), _ALL_KEPT, why.alias("why"))


def _share_below(by_band: pl.DataFrame, whole: pl.DataFrame, floor: int) -> float:
    """Return the middle of all places' shares of lines below *floor*."""
    lower = by_band.filter(pl.col("band") < floor).group_by("environment_id")
    below = lower.agg(pl.col("events").sum().alias("below"))
    share = pl.col("below").fill_null(0) / pl.col("lines")
    found = whole.join(below, on="environment_id", how="left").select(share.median())
    return min(float(found.item()), 1 - 1e-9)


def _by_told_level(around: Circumstances, struck: NDArray[np.int64]) -> pl.DataFrame:
    """Judge places by the level that their configuration names, for as long as it holds."""
    told = around.told.filter(pl.col("level").is_not_null())
    if told.is_empty() or not struck.size:
        return _nothing()
    floors = _band(told["level"].to_numpy())
    hidden = (1 - _visible(floors, struck)) * _part_of_days(told, around)
    name = pl.Series(floors).replace_strict(_NAMES, return_dtype=pl.String).alias("name")
    frame = told.with_columns(pl.Series("shows", 1 - hidden), name)
    why = pl.format("its configuration lets nothing below {} be logged", "name").alias("why")
    return frame.filter(pl.col("shows") < 1).select("environment_id", "shows", _ALL_KEPT, why)


def _by_told_share(around: Circumstances) -> pl.DataFrame:
    """Judge places by the share of lines that their configuration says is logged."""
    told = around.told.filter(pl.col("share").is_not_null() & (pl.col("share") < 1))
    if told.is_empty():
        return _nothing()
    held = _part_of_days(told, around)
    kept = 1 - held * (1 - told["share"].to_numpy())
    percent = (100 * pl.col("share")).round(1)
    why = pl.format("its configuration says that {} % of lines are logged", percent).alias("why")
    found = told.with_columns(pl.Series("kept", kept)).filter(pl.col("kept") < 1)
    return found.select("environment_id", _ALL_SHOWN, "kept", why)


def _by_service(
    around: Circumstances, evidence: Evidence, settings: ImpactSettings
) -> pl.DataFrame:
    """Judge places by whether lines of a service that writes the issue ever came.

    Only a service that nearly all places have tells: of one that few have, a place
    without its lines has no such service, and nothing to be hit. And only to places
    that call their services as those do where it is heard: who names loggers there may
    name programs here.
    """
    writers = around.writers.filter(
        pl.col("signatures") >= settings.service_signatures,
        ~pl.col("service").str.contains(_LOGGER),
    )
    if writers.is_empty() or writers.height < around.writers.height:
        return _nothing()
    heard = around.heard.group_by("environment_id").agg(pl.col("service"))
    writes = (
        pl.col("service").list.eval(pl.element().is_in(writers["service"].implode())).list.any()
    )
    speaking = heard.filter(writes)
    names = speaking["service"].explode().unique().implode()
    alike = pl.col("service").list.eval(pl.element().is_in(names)).list.mean()
    struck = evidence.days["environment_id"].unique().implode()
    others = heard.filter(
        alike >= settings.service_names, ~pl.col("environment_id").is_in(struck)
    ).with_columns(writes.alias("writes"))
    running = int(others["writes"].sum())
    if running < max(settings.service_places, settings.service_share * others.height):
        return _nothing()
    said = ", ".join(writers["service"].sort().to_list())
    why = f"no line of the service {said}, which writes it, ever came from there"
    lines = around.levels.group_by("environment_id").agg(pl.col("events").sum())
    many = lines.filter(pl.col("events") >= settings.service_lines)
    silent = others.filter(~pl.col("writes")).join(many, on="environment_id", how="semi")
    return silent.select(
        "environment_id", pl.lit(0.0).alias("shows"), _ALL_KEPT, pl.lit(why).alias("why")
    )


def _by_version(around: Circumstances, evidence: Evidence) -> pl.DataFrame:
    """Judge places by whether their version logs only a sample of the issue's lines."""
    signatures = evidence.days["signature_id"].n_unique()
    rows = around.sampled.filter(
        pl.col("ratio").is_not_null() & pl.col("since_version").is_not_null()
    )
    if rows.height < max(1, signatures):  # another of its signatures shows it all the same
        return _nothing()
    first = rows.sort("ratio", descending=True).row(0, named=True)
    least = version_order(first["since_version"])
    found = around.versions.filter(
        pl.col("valid_from").is_null() | (pl.col("valid_from") <= around.ends_at),
        pl.col("valid_to").is_null() | (pl.col("valid_to") > around.starts_at),
    )
    runs = {v: version_order(v) >= least for v in found["value"].unique().to_list()}
    later = found.filter(pl.col("value").replace_strict(runs, return_dtype=pl.Boolean))
    why = f"from {first['since_version']} on, about {first['ratio']:.0%} of its lines are logged"
    return (
        later.select("environment_id")
        .unique()
        .select(
            "environment_id",
            _ALL_SHOWN,
            pl.lit(float(first["ratio"])).alias("kept"),
            pl.lit(why).alias("why"),
        )
    )


def version_order(version: str) -> tuple[int, ...]:
    """Return what versions are put in order by: their numbers.

    >>> version_order("8.10.1") > version_order("8.9")
    True
    """
    digits = "".join(c if c.isdigit() else " " for c in version).split()
    return tuple(map(int, digits))


def _part_of_days(told: pl.DataFrame, around: Circumstances) -> NDArray[np.float64]:
    """Return for which part of the asked days each row of *told* held."""
    length = (around.ends_at - around.starts_at).total_seconds()
    start = pl.col("valid_from").fill_null(around.starts_at).clip(lower_bound=around.starts_at)
    end = pl.col("valid_to").fill_null(around.ends_at).clip(upper_bound=around.ends_at)
    held = ((end - start).dt.total_seconds() / length).clip(0.0, 1.0)
    found: NDArray[np.float64] = told.select(held.alias("held"))["held"].to_numpy()
    return found


_NAMES = dict(_BANDS)
_ALL_SHOWN = pl.lit(1.0).alias("shows")
_ALL_KEPT = pl.lit(1.0).alias("kept")


def _nothing() -> pl.DataFrame:
    schema = {
        "environment_id": pl.String,
        "shows": pl.Float64,
        "kept": pl.Float64,
        "why": pl.String,
    }
    return pl.DataFrame(schema=schema)
