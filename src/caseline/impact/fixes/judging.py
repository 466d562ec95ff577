"""Which versions are affected: as somebody recorded, or as the logs show."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from caseline.versions import is_known, parse_version

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from packaging.version import Version

    from caseline.impact.fixes.settings import FixSettings
    from caseline.versions import Ranges

JUDGED: dict[str, pl.DataType | type[pl.DataType]] = {
    "version": pl.String,
    "verdict": pl.String,
    "probability": pl.Float64,
    "why": pl.String,
}
_CERTAIN = {"affected": 1.0, "fixed": 0.0, "unaffected": 0.0, "unknown": None}


def judge_by_record(versions: Iterable[str], ranges: Ranges) -> pl.DataFrame:
    """Return the verdict on each of *versions* by what was recorded: see ``JUDGED``."""
    fixed = " and ".join(ranges.fixed_in)
    why = {
        "affected": "is affected" + (f": the fix came with {fixed}" if fixed else ": no fix yet"),
        "fixed": f"has the fix, which came with {fixed}",
        "unaffected": "is not among the affected versions",
        "unknown": "cannot be compared with other versions",
    }
    rows = [
        (version, verdict, _CERTAIN[verdict], f"{version} {why[verdict]}")
        for version in sorted(set(versions))
        for verdict in [ranges.judge(version)]
    ]
    return pl.DataFrame(rows, schema=JUDGED, orient="row")


def judge_by_logs(
    exposed: pl.DataFrame, struck: pl.DataFrame, settings: FixSettings
) -> pl.DataFrame:
    """Return the verdict on each version by where the error was seen and where it was not.

    A version with the error is affected, and so are those of its line before its last
    one with it. Versions of a line without it, after such a one or in a later line, are
    fixed if they ran long enough where it used to come; those of lines before the first
    affected one are not affected if they did. What did not run long enough is unknown.

    Args:
        exposed: environment_id, version, days: with logs.
        struck: environment_id, version, days: with the error.
        settings: The prior, and how sure a verdict must be.

    Returns:
        See ``JUDGED``; every version of *exposed* or *struck*.

    Source:
        Each environment's share of days with the error has a Beta distribution, fitted to
        the fleet by moments and sharpened by the environment's own days on affected
        versions; silence has the beta-binomial probability B(a, b + n) / B(a, b).
    """
    table = exposed.join(
        struck.rename({"days": "hits"}), on=["environment_id", "version"], how="full", coalesce=True
    ).with_columns(pl.col("days", "hits").fill_null(0))
    table = table.with_columns(pl.max_horizontal("days", "hits").alias("days"))
    names = sorted(table["version"].unique())
    parsed = {name: parse_version(name) for name in names}
    bad = {name for name in table.filter(pl.col("hits") > 0)["version"] if is_known(name)}
    rate = Silence(table.filter(pl.col("version").is_in(sorted(bad))), settings)
    ordered = sorted((v, name) for name, v in parsed.items() if v is not None)
    told: dict[str, tuple[str, float | None, str]] = {
        name: _seen(table, name) if name in bad else ("unknown", None, "cannot be compared")
        for name in names
        if name in bad or parsed[name] is None
    }
    affected = [v for v, name in ordered if name in bad]
    for _, line in groupby(ordered, key=lambda pair: pair[0].release[:2]):
        for name, verdict in _judge_line(list(line), affected, bad, table, rate).items():
            told.setdefault(name, verdict)
    rows = [(name, verdict, p, f"{name} {why}") for name, (verdict, p, why) in sorted(told.items())]
    return pl.DataFrame(rows, schema=JUDGED, orient="row")


def _seen(table: pl.DataFrame, name: str) -> tuple[str, float | None, str]:
    mine = table.filter((pl.col("version") == name) & (pl.col("hits") > 0))
    days, places = int(mine["hits"].sum()), mine.height
    return "affected", 1.0, f"shows the error: on {days} days in {places} environments"


def _judge_line(
    line: Sequence[tuple[Version, str]],
    affected: Sequence[Version],
    bad: set[str],
    table: pl.DataFrame,
    rate: Silence,
) -> dict[str, tuple[str, float | None, str]]:
    """Return the verdicts on a line's versions without the error."""
    last = max((v for v, name in line if name in bad), default=None)
    quiet = [(v, name) for v, name in line if name not in bad]
    before = [name for v, name in quiet if last is not None and v < last]
    after = [name for v, name in quiet if last is None or v > last]
    later = last is not None or any(v < line[0][0] for v in affected)
    first = min((v for v, name in line if name in bad), default=None)
    told: dict[str, tuple[str, float | None, str]] = {}
    for name in before:
        older = first is not None and parse_version(name) < first  # type: ignore[operator]
        told[name] = rate.verdict(table, [name], free="unaffected") if older else _BETWEEN
    if after:
        free = "fixed" if later else "unaffected"
        told |= dict.fromkeys(after, rate.verdict(table, after, free=free))
    return told


_BETWEEN: tuple[str, float | None, str] = (
    "affected",
    0.95,
    "stands between versions of its line that show the error",
)


class Silence:
    """How probable it is that an affected version is quiet by chance.

    Args:
        table: environment_id, days, hits on affected versions.
        settings: The prior, its bounds, and how sure a verdict must be.

    Attributes:
        share: Days with the error by day with logs, drawn a little to one half.
        strength: How many days it weighs for a single environment.
    """

    def __init__(self, table: pl.DataFrame, settings: FixSettings) -> None:
        self._settings = settings
        self._own = table.group_by("environment_id").agg(pl.col("days", "hits").sum())
        days, hits = (self._own[name].to_numpy().astype(float) for name in ("days", "hits"))
        self.share = (hits.sum() + 0.5) / (days.sum() + 1.0)
        self.strength = _strength(days, hits, self.share, settings)

    def by_chance(self, exposed: pl.DataFrame) -> float:
        """Return the probability that none of *exposed* (environment_id, days) shows it."""
        from scipy.special import betaln  # noqa: PLC0415 - importing scipy takes time

        days = exposed.group_by("environment_id").agg(pl.col("days").sum().alias("quiet"))
        both = days.join(self._own, on="environment_id", how="left").with_columns(
            pl.col("days", "hits").fill_null(0)
        )
        quiet, seen, hits = (both[n].to_numpy().astype(float) for n in ("quiet", "days", "hits"))
        a = self.share * self.strength + hits
        b = (1 - self.share) * self.strength + seen - hits
        return float(np.exp((betaln(a, b + quiet) - betaln(a, b)).sum()))

    def verdict(
        self, table: pl.DataFrame, names: Sequence[str], *, free: str
    ) -> tuple[str, float | None, str]:
        """Return the verdict on versions that never showed it, all together."""
        mine = table.filter(pl.col("version").is_in(list(names)))
        chance = self.by_chance(mine)
        prior = self._settings.prior_fixed
        affected = (1 - prior) * chance / ((1 - prior) * chance + prior)
        days, places = int(mine["days"].sum()), mine.filter(pl.col("days") > 0).height
        watched = f"{days} days with logs in {places} environments"
        if 1 - affected >= self._settings.sure_from:
            return free, affected, f"never showed the error on {watched} (inferred)"
        return "unknown", affected, f"was not watched long enough to tell: {watched}"


def _strength(days: Any, hits: Any, share: float, settings: FixSettings) -> float:
    """Return how many days the fleet's rate weighs for one environment, by moments."""
    known = days > 0
    if known.sum() < 2:  # noqa: PLR2004 - one environment shows no scatter
        return settings.least_strength
    n, h = days[known], hits[known]
    chance = share * (1 - share)
    scatter = float(((h / n - share) ** 2 - chance / n).mean()) / chance
    extra = float(1 - (1 / n).mean())
    spread = scatter / extra if extra > 0 else 1.0
    strength = 1 / spread - 1 if spread > 0 else settings.most_strength
    return float(np.clip(strength, settings.least_strength, settings.most_strength))
