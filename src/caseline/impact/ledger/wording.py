"""Why a customer is judged as it is, in words and numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from caseline.impact.ledger.power import Visibility
    from caseline.impact.settings import ImpactSettings


def reasons(seen: Visibility, settings: ImpactSettings) -> pl.Expr:
    """Return the column ``reasons`` of the judged customers: a list of sentences for each."""
    none = (pl.col("events") == 0) & (pl.col("shared_events") == 0)
    covered = pl.col("covered_days") > 0
    return (
        pl.concat_list(
            *_of_events(),
            *_of_silence(none & ~covered),
            *_of_days(none & covered, seen, settings),
            _if(
                pl.col("near").is_not_null(),
                pl.format("{} events at its places name no customer", "near"),
            ),
            _if(
                pl.col("sick_only").fill_null(value=False),
                pl.lit("its logs came only around its tickets"),
            ),
            pl.col("warning"),
        )
        .list.drop_nulls()
        .alias("reasons")
    )


def _of_events() -> tuple[pl.Expr, pl.Expr]:
    own = pl.format(
        "{} events on {} days from {} to {}",
        "events", "event_days",
        pl.col("first_seen").dt.date(), pl.col("last_seen").dt.date(),
    )  # fmt: skip
    shared = pl.format(
        "shared: its part of lines that up to {} customers share is {} events",
        "sharers", pl.col("shared_events").round(1),
    )  # fmt: skip
    return _if(pl.col("events") > 0, own), _if(pl.col("shared_events") > 0, shared)


def _of_silence(silent: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    nowhere = pl.col("places") == 0
    mute = pl.col("sends_nothing").fill_null(value=False)
    words = (
        pl.when(mute)
        .then(pl.lit("silent: its production sends no logs"))
        .otherwise(pl.lit("silent: no logs of its production in this time"))
    )
    return (
        _if(silent & nowhere, pl.lit("no production environment is known")),
        _if(silent & ~nowhere, words),
    )


def _of_days(
    quiet: pl.Expr, seen: Visibility, settings: ImpactSettings
) -> tuple[pl.Expr, pl.Expr, pl.Expr]:
    clear = pl.col("detection_power") >= settings.clear_from
    bundles = pl.col("sends_bundles").fill_null(value=False)
    of = pl.when(bundles).then(pl.lit(" (of its bundles)")).otherwise(pl.lit(""))
    enough = pl.format(
        "no event on {} covered days{}, where a hit one shows on {} % of days",
        "covered_days", of, round(100 * seen.mean),
    )  # fmt: skip
    thin = pl.format(
        "no event on {} covered days{}, which says little: power {}, clear needs {}",
        "covered_days", of, pl.col("detection_power").round(2), settings.clear_from,
    )  # fmt: skip
    return (
        _if(quiet & clear, enough),
        _if(quiet & ~clear, thin),
        _if(quiet & pl.col("why").is_not_null(), pl.col("why")),
    )


def _if(condition: pl.Expr, text: pl.Expr) -> pl.Expr:
    return pl.when(condition).then(text)
