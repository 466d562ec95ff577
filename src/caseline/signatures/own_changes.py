"""What a version changed of a signature that kept its words: its level, or its sampling.

Sampling looks like a fix: the error falls by nine tenths at each upgrade. But a fix does
not leave the same share everywhere, and sampling leaves all else as it was.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import polars as pl

from caseline.signatures.lineage import Link

if TYPE_CHECKING:
    from collections.abc import Iterator

    from caseline.signatures.lineage_numbers import LineageRules
    from caseline.signatures.presence import Presence

_BY = ("signature_id", "after")


def find_own_changes(presence: Presence, rules: LineageRules) -> list[Link]:
    """Return the signatures that a version samples, or gave another level."""
    across = presence.across().filter(pl.col("events_before") > 0)
    if across.is_empty():
        return []
    first = presence.frame.group_by("signature_id", pl.col("version").alias("after")).agg(
        since=pl.col("first_at").min()
    )
    links = [
        *_links(_sampled(presence, across, rules), first, _sampling_told, "sampled"),
        *_links(_levels(across, rules), first, _level_told, "level_changed"),
    ]
    return sorted(links, key=lambda link: (link.from_id, link.kind, link.since_version))


def _sampled(presence: Presence, across: pl.DataFrame, rules: LineageRules) -> pl.DataFrame:
    """Return one row for each signature and version that samples it."""
    limits, (low, high) = rules.sampling, rules.factor
    places = across.join(_others(presence), on=["environment_id", "before", "after"])
    factor = pl.col("events_after").sum() / pl.col("expected_after").sum()
    due = pl.col("expected_after") * pl.col("factor")
    own = (pl.col("events_after") + 0.5).log() - (due + 0.5).log()
    others_after = pl.col("all_after") - pl.col("events_after")
    others_due = pl.col("all_expected") - pl.col("expected_after")
    return (
        places.with_columns(factor.over(_BY).alias("factor"))
        .with_columns(judged=due >= 1.0, alike=own.abs() <= math.log(limits["near"]))
        .group_by(_BY)
        .agg(
            pl.col("factor").first().alias("ratio"),
            pl.col("judged").sum().alias("places"),
            (pl.col("judged") & pl.col("alike")).sum().alias("agree"),
            pl.col("events_before").sum(),
            pl.col("events_after").sum(),
            pl.col("expected_after").sum(),
            (others_after.sum() / others_due.sum()).alias("others"),
        )
        .with_columns(
            error=(
                1 / pl.col("events_before")
                + 1 / (pl.col("events_after") + 0.5)
                + limits["unrest"] / pl.col("places")
            ).sqrt()
        )
        .filter(
            pl.col("ratio").is_between(low, high),
            pl.col("ratio").log() <= -limits["errors"] * pl.col("error"),
            pl.col("expected_after") >= limits["least_expected"],
            pl.col("places") >= limits["least_places"],
            pl.col("agree") >= limits["alike"] * pl.col("places"),
            pl.col("others").is_between(*rules.others),
        )
    )


def _others(presence: Presence) -> pl.DataFrame:
    """Return what all signatures together did in each place on both sides of an upgrade."""
    return (
        presence.across()
        .group_by("environment_id", "before", "after")
        .agg(
            pl.col("events_after").sum().alias("all_after"),
            pl.col("expected_after").sum().alias("all_expected"),
        )
    )


def _levels(across: pl.DataFrame, rules: LineageRules) -> pl.DataFrame:
    """Return one row for each signature and version that gave it another level."""
    least = rules.evidence["least_events"]
    step = pl.col("severity_after") - pl.col("severity_before")
    moved = (step.abs() >= rules.level["step"]) & (step.sign() == step.sum().over(_BY).sign())
    weighed = {
        f"level_{side}": (pl.col(f"severity_{side}") * pl.col(f"events_{side}")).sum()
        / pl.col(f"events_{side}").sum()
        for side in ("before", "after")
    }
    return (
        across.drop_nulls(["severity_before", "severity_after"])
        .with_columns(moved=moved)
        .group_by(_BY)
        .agg(
            pl.len().alias("places"),
            pl.col("moved").sum().alias("agree"),
            pl.col("events_before").sum(),
            pl.col("events_after").sum(),
            (pl.col("events_after").sum() / pl.col("expected_after").sum()).alias("ratio"),
            **weighed,
        )
        .filter(
            pl.col("agree") >= rules.level["pure"] * pl.col("places"),
            pl.col("places") >= rules.level["least_places"],
            pl.min_horizontal("events_before", "events_after") >= least,
        )
    )


def _links(found: pl.DataFrame, first: pl.DataFrame, told: Any, kind: str) -> Iterator[Link]:
    for row in found.join(first, on=list(_BY)).iter_rows(named=True):
        yield Link(
            from_id=row["signature_id"],
            to_id=row["signature_id"],
            kind=kind,
            confidence=round(row["agree"] / row["places"] * (1 - 0.5 ** row["agree"]), 4),
            ratio=round(row["ratio"], 4),
            since_version=row["after"],
            since=row["since"],
            environments=int(row["agree"]),
            events_before=int(row["events_before"]),
            events_after=int(row["events_after"]),
            reasons=told(row),
        )


def _sampling_told(row: dict[str, Any]) -> tuple[str, ...]:
    return (
        f"from {row['after']} on about one in {1 / row['ratio']:.0f} is logged",
        f"{row['events_after']} events where {row['expected_after']:.0f} were to be expected",
        f"the same share in {row['agree']} of {row['places']} environments from their upgrade on",
        f"all else that is logged there went on: {row['others']:.2f} of its rate before",
    )


def _level_told(row: dict[str, Any]) -> tuple[str, ...]:
    return (
        f"mean severity {row['level_before']:.1f}, {row['level_after']:.1f} from {row['after']} on",
        f"so in {row['agree']} of {row['places']} environments from their upgrade on",
    )
