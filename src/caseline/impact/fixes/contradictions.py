"""What speaks against a recorded fix: the error on versions that should not have it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from caseline.estimation.rates import rate_interval
from caseline.impact.fixes.reading import exposed_days, without_the_edge

if TYPE_CHECKING:
    from datetime import datetime

    from caseline.impact.fixes.reading import Running
    from caseline.impact.fixes.settings import FixSettings

CONTRADICTIONS: dict[str, pl.DataType | type[pl.DataType]] = {
    "version": pl.String,
    "kind": pl.String,
    "customers": pl.List(pl.String),
    "environments": pl.List(pl.String),
    "events": pl.Int64,
    "first_seen": pl.Datetime("us", "UTC"),
    "last_seen": pl.Datetime("us", "UTC"),
    "rate": pl.Float64,
    "rate_low": pl.Float64,
    "rate_high": pl.Float64,
    "rate_affected": pl.Float64,
    "probability": pl.Float64,
    "reasons": pl.List(pl.String),
}
_DAYS = {"environment_id": pl.String, "version": pl.String, "days": pl.Int64}


def days_by_version(
    running: Running, *, now: datetime, settings: FixSettings
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Return exposure, days with the error, and the hits that count, by place and version.

    Returns:
        environment_id, version, days with logs; the same with days that show the error;
        and the hits without those at the edge of an upgrade, up to *now*.
    """
    hits = without_the_edge(running.hits.filter(pl.col("first_at") <= now), running.spans,
                            settings.slack)  # fmt: skip
    struck = hits.group_by("environment_id", "version").agg(
        pl.col("day").n_unique().cast(pl.Int64).alias("days")
    )
    exposed = exposed_days(running.spans, running.covered, now)
    return exposed.cast(_DAYS), struck.cast(_DAYS), hits  # type: ignore[arg-type]


def find_contradictions(
    running: Running, judged: pl.DataFrame, *, now: datetime, settings: FixSettings
) -> pl.DataFrame:
    """Return a row for each version that should be free of the error, and is not.

    It is a ``regression`` if the places that show it were quiet first, for longer than
    their later days would have it; a ``partial fix`` if the error never went away there;
    ``affected earlier`` if the version is said to be from before it. The rates are days
    with the error by day with logs.
    """
    exposed, struck, hits = days_by_version(running, now=now, settings=settings)
    verdicts = judged.select("version", "verdict")
    table = exposed.join(
        struck.rename({"days": "hits"}), on=["environment_id", "version"], how="left"
    ).with_columns(pl.col("hits").fill_null(0))
    affected = table.join(verdicts, on="version").filter(pl.col("verdict") == "affected")
    usual = float(affected["hits"].sum()) / max(1.0, float(affected["days"].sum()))
    free = hits.join(verdicts, on="version").filter(
        pl.col("verdict").is_in(["fixed", "unaffected"])
    )
    rows = []
    for (version, verdict), mine in sorted(free.group_by("version", "verdict"), key=_named):
        ran = table.filter(pl.col("version") == version)
        quiet = exposed_days(_quiet_first(running, version, mine), running.covered, now)
        chance = late_by_chance(ran, quiet)
        row = _described(version, mine, ran)
        row |= {"kind": _kind(verdict, chance, settings), "rate_affected": usual}
        rows.append(row | {"reasons": _reasons(row, chance)})
    return pl.DataFrame(rows, schema=CONTRADICTIONS).sort("events", "version", descending=True)


def late_by_chance(ran: pl.DataFrame, quiet: pl.DataFrame) -> float:
    """Return how probable it is that the error's days come as late as they do, or later.

    Args:
        ran: environment_id, days with logs, hits (days with the error).
        quiet: environment_id, days with logs before the first one with the error.

    Source:
        Of n days with k drawn at random, none is among the first d with probability
        C(n - d, k) / C(n, k). Places are put together by R. A. Fisher (1925),
        Statistical Methods for Research Workers, 21.1.

    >>> ran = pl.DataFrame({"environment_id": ["e"], "days": [17], "hits": [2]})
    >>> quiet = pl.DataFrame({"environment_id": ["e"], "days": [15]})
    >>> round(late_by_chance(ran, quiet), 4)
    0.0074
    """
    from scipy.special import chdtrc, gammaln  # noqa: PLC0415 - importing scipy takes time

    both = ran.filter(pl.col("hits") > 0).join(quiet, on="environment_id", suffix="_quiet")
    k = both["hits"].to_numpy().astype(float)
    n = np.maximum(both["days"].to_numpy().astype(float), k)
    d = np.minimum(both["days_quiet"].to_numpy().astype(float), n - k)
    if not k.size:
        return 1.0
    logs = (gammaln(n - d + 1) - gammaln(n - d - k + 1)) - (gammaln(n + 1) - gammaln(n - k + 1))
    return float(chdtrc(2.0 * k.size, -2.0 * float(np.minimum(logs, 0.0).sum())))


def _named(group: tuple[tuple[Any, ...], pl.DataFrame]) -> tuple[str, ...]:
    return tuple(map(str, group[0]))


def _described(version: str, mine: pl.DataFrame, ran: pl.DataFrame) -> dict[str, Any]:
    days, struck = max(int(ran["days"].sum()), 1), int(ran["hits"].sum())
    rate, low, high = rate_interval([struck or mine["day"].n_unique()], [float(days)])
    return {
        "version": version,
        "customers": mine["customer_id"].drop_nulls().unique().sort().to_list(),
        "environments": mine["environment_id"].unique().sort().to_list(),
        "events": int(mine["events"].sum()),
        "first_seen": mine["first_at"].min(),
        "last_seen": mine["last_at"].max(),
        "rate": float(rate[0]),
        "rate_low": float(low[0]),
        "rate_high": float(high[0]),
        "probability": 1 - _stray(mine),
    }


def _quiet_first(running: Running, version: str, mine: pl.DataFrame) -> pl.DataFrame:
    """Return the spans of *version* where the error showed, each until it first did."""
    first = mine.group_by("environment_id").agg(pl.col("first_at").min())
    ran = running.spans.filter(pl.col("value") == version)
    return ran.join(first, on="environment_id").with_columns(
        pl.min_horizontal("valid_to", "first_at").alias("valid_to")
    )


def _stray(mine: pl.DataFrame) -> float:
    """Return how probable it is that a version's label is wrong in all these events.

    One event may be: a span entered late, a clock. Days and places are independent looks.
    """
    looks = mine.select("environment_id", "day").unique().height
    return float(0.2**looks)


def _kind(verdict: str, chance: float, settings: FixSettings) -> str:
    if verdict == "unaffected":
        return "affected earlier"
    return "regression" if chance < settings.quiet_below else "partial fix"


def _reasons(row: dict[str, Any], chance: float) -> list[str]:
    told = {
        "affected earlier": "is said to be from before the error, and shows it",
        "regression": f"was quiet first (by chance with probability {chance:.2g}), then shows it",
        "partial fix": "has the fix, and shows the error all the same",
    }[row["kind"]]
    seen = f"{row['events']} events in {len(row['environments'])} environments"
    between = f"{row['rate_low']:.3f} to {row['rate_high']:.3f}"
    rate = f"{row['rate']:.3f} days with it by day with logs ({between})"
    usual = f"on affected versions {row['rate_affected']:.3f}"
    return [f"{row['version']} {told}: {seen}", f"{rate}, {usual}"]
