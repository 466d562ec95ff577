"""Which stretch of time a report is about: given, named, or that of a release."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

from caseline.errors import InputError, NotFoundError
from caseline.records.windows import Window
from caseline.trends.costs.placing import main_component
from caseline.versions import parse_version

if TYPE_CHECKING:
    from caseline.trends.reports.settings import ReportSettings

Asked = Window | timedelta | tuple[datetime, datetime] | str | None

_NAMED = re.compile(r"(\d{4})(?:-(?:Q([1-4])|(0[1-9]|1[0-2])))?")
_LAST_YEAR = 9999
_TIME = pl.Datetime("us", "UTC")


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """What a report is about.

    Args:
        window: From when to when; it ends now at the latest.
        product: The component whose versions count; None if no version is known.
        release: A version of it, or None.
        released: When it first ran anywhere; None where that is not known.
        before: The version that most places ran before it; None if none is known.
        planned_end: When the stretch of time ends that was asked for.
    """

    window: Window
    product: str | None
    release: str | None
    released: datetime | None
    before: str | None
    planned_end: datetime


def named_window(name: str) -> Window:
    """Return the year, quarter or month (UTC) that *name* says.

    Raises:
        InputError: it says none.

    >>> named_window("2026-Q2").start.isoformat(), named_window("2026-12").end.isoformat()
    ('2026-04-01T00:00:00+00:00', '2027-01-01T00:00:00+00:00')
    """
    found = _NAMED.fullmatch(name.strip())
    if found is None:
        raise InputError(
            f"window is {name!r}; give a year, quarter or month: 2026, 2026-Q2, 2026-04"
        )
    year, quarter, month = int(found[1]), found[2], found[3]
    if not 1 <= year < _LAST_YEAR:
        raise InputError(f"window is {name!r}; there is no such year")
    first = 3 * int(quarter) - 2 if quarter else int(month) if month else 1
    length = 3 if quarter else 1 if month else 12
    years, last = divmod(first - 1 + length, 12)
    return Window(
        start=datetime(year, first, 1, tzinfo=UTC),
        end=datetime(year + years, last + 1, 1, tzinfo=UTC),
    )


def period_of(
    spans: pl.DataFrame,
    *,
    release: str | None,
    window: Asked,
    product: str | None,
    now: datetime,
    settings: ReportSettings,
) -> Period:
    """Return what is asked for.

    Args:
        spans: environment_id, component, value, valid_from, valid_to of versions.
        release: A version.
        window: When; of a release without one, since it first ran.
        product: The component; the one that most places run without one.
        now: The present.
        settings: How long the window is if nobody says.

    Raises:
        NotFoundError: nothing is known of that product, or of that release.
        InputError: an empty window, or one that has not begun.
    """
    known = spans["component"].unique().sort().to_list()
    if product is not None and product not in known:
        raise NotFoundError.of("product", product, known)
    chosen = product or _of_release(spans, release) or main_component(spans)
    mine = spans.filter(pl.col("component") == pl.lit(chosen, pl.String))
    released, before = None, None
    if release is not None:
        values = mine["value"].unique().sort().to_list()
        if release not in values:
            raise NotFoundError.of("release", release, values)
        released, before = _came(mine, release, now)
    asked = _window(window, released, now, settings, release=release)
    if asked.start >= now:
        raise InputError(f"window starts {asked.start.isoformat()}, which is still to come")
    return Period(
        window=Window(start=asked.start, end=min(asked.end, now)),
        product=chosen,
        release=release,
        released=released,
        before=before,
        planned_end=asked.end,
    )


def _of_release(spans: pl.DataFrame, release: str | None) -> str | None:
    """Return the component that has such a version: of several the one with most places."""
    if release is None:
        return None
    return main_component(spans.filter(pl.col("value") == release))


def _window(
    window: Asked,
    released: datetime | None,
    now: datetime,
    settings: ReportSettings,
    *,
    release: str | None,
) -> Window:
    if isinstance(window, str):
        return named_window(window)
    if window is None and released is not None and released < now:
        return Window(start=released, end=now)
    if window is None and release is not None and released is not None:
        raise InputError(
            f"the release comes {released.isoformat()}, which is still to come: "
            "nothing can be told of it"
        )
    return Window.of(window, as_of=now, default=timedelta(days=settings.window_days))


def _came(mine: pl.DataFrame, release: str, now: datetime) -> tuple[datetime | None, str | None]:
    """Return when *release* first ran, and what most of its places ran before it."""
    timed = mine.with_columns(pl.col("valid_from", "valid_to").cast(_TIME))
    own = timed.filter(pl.col("value") == release)
    first: Any = None if own["valid_from"].null_count() else own["valid_from"].min()
    starts = own.group_by("environment_id").agg(pl.col("valid_from").min().alias("came"))
    earlier = (
        timed.filter(pl.col("value") != release)
        .join(starts, on="environment_id")
        .filter(pl.col("valid_from").is_null() | (pl.col("valid_from") < pl.col("came")))
        .sort("valid_from", nulls_last=False)
        .group_by("environment_id")
        .agg(pl.col("value").last())
    )
    names = earlier["value"]
    if names.is_empty():  # nobody upgraded to it yet: what others run
        held = (pl.col("valid_from").is_null() | (pl.col("valid_from") <= now)) & (
            pl.col("value") != release
        )
        names = timed.filter(held)["value"]
        wanted = parse_version(release)
        older = [v for v in names if wanted and (p := parse_version(v)) is not None and p < wanted]
        names = pl.Series("value", older, dtype=pl.String)
    counted = names.value_counts().sort(["count", "value"], descending=[True, False])
    return first, None if counted.is_empty() else str(counted["value"][0])
