"""What is known of places besides the events: what they log, of what, and since when."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

from caseline.store.coverage import read_covered
from caseline.store.monthly import months_between, next_month, read_months

if TYPE_CHECKING:
    from collections.abc import Callable

    from caseline.impact.settings import ImpactSettings
    from caseline.protocols import Engine
    from caseline.store.coverage import CoveredDays

_SHARE = re.compile(
    r"(?P<part>\d+(?:\.\d+)?)\s*(?:%|(?:/|:|in|of|per)\s*(?P<whole>\d+(?:\.\d+)?))?"
)
_SPANS: dict[str, Any] = {
    "environment_id": pl.String,
    "share": pl.Float64,
    "level": pl.Int64,
    "valid_from": pl.Datetime("us", "UTC"),
    "valid_to": pl.Datetime("us", "UTC"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What bears on how much of an issue the logs of a place would show.

    Args:
        first_day, last_day: The days that are asked about, both in them.
        months: The first days of the last few months that they lie in.
        levels: environment_id, customer_id, severity, events of these months.
        fullest: The one of these months that most of the asked days lie in.
        widespread: signature_id, environment_id, events in it, of the signatures that
            most environments have.
        covered: On which days logs of which environment are there.
        told: environment_id, share (of lines that are logged), level (lowest severity
            number that is), valid_from, valid_to: what configurations say.
        heard: environment_id, service: of which services lines ever came.
        writers: service, signatures: those that write the issue, and how many
            signatures each writes in all.
        sampled: from_id, since_version, ratio: the issue's signatures that a version
            began to log a sample of only.
        versions: environment_id, component, value, valid_from, valid_to.
        openings: ticket_id, customer_id, environment_id, opened_at.
        accounts: customer_id, tier, annual_value.
    """

    first_day: date
    last_day: date
    months: list[date]
    levels: pl.DataFrame
    fullest: date
    widespread: pl.DataFrame
    covered: CoveredDays
    told: pl.DataFrame
    heard: pl.DataFrame
    writers: pl.DataFrame
    sampled: pl.DataFrame
    versions: pl.DataFrame
    openings: pl.DataFrame
    accounts: pl.DataFrame

    @property
    def steady_days(self) -> CoveredDays:
        """The covered days of the fullest month."""
        end = next_month(self.fullest) - timedelta(days=1)
        return self.covered.between(self.fullest, end)

    @property
    def starts_at(self) -> datetime:
        """The first moment of the days."""
        return datetime.combine(self.first_day, time(), UTC)

    @property
    def ends_at(self) -> datetime:
        """The last moment of the days."""
        return datetime.combine(self.last_day, time.max, UTC)


def read_circumstances(
    engine: Engine,
    signature_ids: list[str],
    days: tuple[date, date],
    *,
    as_of: datetime | None,
    settings: ImpactSettings,
) -> Circumstances:
    """Return what bears on *signature_ids* on *days*, the first and the last one.

    What changes seldom is read once and kept; a question about the past is asked anew.
    """

    def asked(name: str, *tables: str) -> pl.DataFrame:
        return kept(name, tables, lambda: engine.ask(name, as_of=as_of))

    def kept(name: str, tables: tuple[str, ...], make: Callable[[], pl.DataFrame]) -> pl.DataFrame:
        return make() if as_of is not None else engine.remember(name, tables, make)

    months = months_between(*days)[-settings.months :]
    fullest = max(months, key=lambda month: (_days_in(month, days), month))
    writes = asked("signature_services", "signature_services", "signature_aliases")
    services = writes.filter(pl.col("signature_id").is_in(signature_ids)).select("service")
    sampled = asked("all_sampled", "lineage", "signature_aliases")
    return Circumstances(
        first_day=days[0],
        last_day=days[1],
        months=months,
        fullest=fullest,
        levels=read_months(engine, "place_levels", months, as_of=as_of),
        widespread=read_months(
            engine, "widespread_counts", [fullest], as_of=as_of, limit=settings.steady_signatures
        ),
        covered=read_covered(engine, as_of=as_of),
        told=kept(
            "told by configurations",
            ("spans", "tenancies"),
            lambda: told_by_configurations(asked("fleet_spans", "spans", "tenancies"), settings),
        ),
        heard=asked("environment_services", "environment_services", "tenancies"),
        writers=writes.join(services.unique(), on="service")
        .group_by("service")
        .agg(pl.len().cast(pl.Int64).alias("signatures"))
        .sort("service"),
        sampled=sampled.filter(pl.col("from_id").is_in(signature_ids)),
        versions=asked("version_spans", "spans", "tenancies"),
        openings=asked("ticket_openings", "tickets"),
        accounts=asked("fleet_customers", "customers").select(
            "customer_id", "tier", "annual_value"
        ),
    )


def _days_in(month: date, days: tuple[date, date]) -> int:
    """Return how many of the days from the first to the last of *days* lie in *month*."""
    last = min(days[1], next_month(month) - timedelta(days=1))
    return (last - max(days[0], month)).days + 1


def told_by_configurations(spans: pl.DataFrame, settings: ImpactSettings) -> pl.DataFrame:
    """Return what *spans* say of how much is logged: sampling, and the lowest level.

    Args:
        spans: environment_id, component, value, kind, valid_from, valid_to.
        settings: The words for such components.

    >>> from caseline.impact.settings import shipped_settings
    >>> span = {"environment_id": "e", "component": "log-sampling", "value": "1 in 10",
    ...         "kind": "configuration", "valid_from": None, "valid_to": None}
    >>> told_by_configurations(pl.DataFrame([span]), shipped_settings())["share"].to_list()
    [0.1]
    """
    name = pl.col("component").str.to_lowercase().str.replace_all(r"[\s_\-.]+", "")
    kept = spans.filter(
        (pl.col("kind") != "version") & (pl.col("kind") != "plugin"),
        name.is_in(settings.sampling_words) | name.is_in(settings.level_words),
    )
    rows = []
    for row in kept.with_columns(name.alias("name")).iter_rows(named=True):
        sampling = row["name"] in settings.sampling_words
        share = share_told(row["value"]) if sampling else None
        level = None if sampling else settings.levels.get(row["value"].strip().lower())
        rows.append({**row, "share": share, "level": level})
    frame = pl.DataFrame([{name: row[name] for name in _SPANS} for row in rows], schema=_SPANS)
    return frame.filter(pl.col("share").is_not_null() | pl.col("level").is_not_null())


def share_told(value: str) -> float | None:
    """Return the share that a configuration's *value* says; None if it says none.

    >>> share_told("10 %"), share_told("1/4"), share_told("0.2"), share_told("often")
    (0.1, 0.25, 0.2, None)
    """
    found = _SHARE.fullmatch(value.strip().lower())
    if found is None:
        return None
    part = float(found["part"])
    whole = float(found["whole"]) if found["whole"] else 100.0 if "%" in value else 1.0
    return part / whole if 0 <= part <= whole and whole else None
