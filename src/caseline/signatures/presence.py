"""Where signatures were seen under which version, before and after each upgrade."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

if TYPE_CHECKING:
    from datetime import datetime

_DAY_US = 86_400_000_000
_LEAST_DAYS = 0.05


class Seen(NamedTuple):
    """What was seen of a signature in one place under one version."""

    events: int
    first_at: datetime
    severity: float | None


class Run(NamedTuple):
    """A version in one place: how many days of its logs there are."""

    version: str
    days: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """All signatures in all places under all versions.

    Args:
        frame: signature_id, environment_id, version, events, first_at, last_at, severity
            (the mean): one row for each combination that was seen.
        runs: For each place its versions in the order they came.
        steps: environment_id, before, after (versions, one following the other),
            days_before, days_after, nth.
    """

    frame: pl.DataFrame
    runs: dict[str, list[Run]]
    steps: pl.DataFrame

    @classmethod
    def of(cls, frame: pl.DataFrame) -> Presence:
        """Return the presence in the rows of the question ``version_places``."""
        spans = (
            frame.group_by("environment_id", "version")
            .agg(pl.col("first_at").min(), pl.col("last_at").max())
            .sort("environment_id", "first_at", "version")
            .with_columns(
                days=(
                    (pl.col("last_at") - pl.col("first_at")).dt.total_microseconds() / _DAY_US
                ).clip(lower_bound=_LEAST_DAYS)
            )
        )
        runs: dict[str, list[Run]] = {}
        for place, version, days in spans.select("environment_id", "version", "days").iter_rows():
            runs.setdefault(place, []).append(Run(version, days))
        following = {
            name: pl.col(name).shift(-1).over("environment_id") for name in ("version", "days")
        }
        steps = spans.select(
            "environment_id",
            pl.col("version").alias("before"),
            following["version"].alias("after"),
            pl.col("days").alias("days_before"),
            following["days"].alias("days_after"),
        ).drop_nulls("after")
        return cls(frame=frame, runs=runs, steps=steps)

    def seen(self, names: set[str]) -> dict[str, dict[tuple[str, str], Seen]]:
        """Return for each of the signatures *names* what was seen by place and version."""
        found: dict[str, dict[tuple[str, str], Seen]] = {name: {} for name in names}
        rows = self.frame.filter(pl.col("signature_id").is_in(sorted(names))).select(
            "signature_id", "environment_id", "version", "events", "first_at", "severity"
        )
        for name, place, version, events, first, severity in rows.iter_rows():
            found[name][place, version] = Seen(events, first, severity)
        return found

    def across(self) -> pl.DataFrame:
        """Return what each signature did on both sides of each upgrade of each place.

        Returns:
            signature_id, environment_id, before, after, events_before, events_after,
            expected_after, expected_before (events at the other side's daily rate),
            severity_before, severity_after: where one of both sides has events.
        """
        one = self.frame.select("signature_id", "environment_id", "version", "events", "severity")
        keys = ["signature_id", "environment_id", "before", "after"]
        sides = [
            self.steps.join(
                one, left_on=["environment_id", side], right_on=["environment_id", "version"]
            )
            .rename({"events": f"events_{side}", "severity": f"severity_{side}"})
            .select(*keys, "days_before", "days_after", f"events_{side}", f"severity_{side}")
            for side in ("before", "after")
        ]
        both = sides[0].join(
            sides[1], on=[*keys, "days_before", "days_after"], how="full", coalesce=True
        )
        told = both.with_columns(pl.col("events_before", "events_after").fill_null(0))
        return told.with_columns(
            expected_after=pl.col("events_before") / pl.col("days_before") * pl.col("days_after"),
            expected_before=pl.col("events_after") / pl.col("days_after") * pl.col("days_before"),
        ).sort(keys)
