"""Why a signature may be the cause: one sentence for each kind of evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence

    from caseline.impact.causes.recall import Decided

_TOLD_FROM = 0.2
_SILENT_FROM = 1.0
"""Minus the decimal logarithm of the probability of so few: one in ten."""


def told_reasons(decided: Sequence[Decided]) -> pl.Expr:
    """Return the column ``reasons`` of a frame of features, the weightiest kinds first.

    Args:
        decided: What people decided about the ticket itself.
    """
    sure = {d.signature_id: f"confirmed by {d.by}" for d in decided if d.confirmed}
    confirmed = pl.col("signature_id").replace_strict(sure, default=None, return_dtype=pl.String)
    counts = pl.format(
        "{} events where {} were to be expected of this customer",
        pl.col("seen").round(1), pl.col("expected").round(1),
    )  # fmt: skip
    silent = (pl.col("missing") > pl.col("surprise")) & (pl.col("missing") >= _SILENT_FROM)
    rare = pl.format("seen at {} customers in the window", "units")
    alike = pl.format("shares words with the ticket ({})", pl.col("words").round(2))
    sense = pl.format("speaks of the same things as the ticket ({})", pl.col("concepts").round(2))
    recalled = pl.format(
        "tickets whose cause is known say the same ({})", pl.col("recalled").round(2)
    )
    return (
        pl.concat_list(
            confirmed,
            counts,
            pl.when(silent).then(pl.lit("fell silent before the ticket")),
            rare,
            _told("novel_here", pl.lit("new at this customer"), above=0),
            _told("novel_fleet", pl.lit("first seen in the fleet shortly before"), above=0),
            pl.col("chain"),
            _told("recalled", recalled),
            _told("refused", pl.lit("was rejected as the cause of tickets that say the same")),
            _told("concepts", sense),
            _told("words", alike, above=0),
        )
        .list.drop_nulls()
        .alias("reasons")
    )


def _told(feature: str, sentence: pl.Expr, *, above: float = _TOLD_FROM) -> pl.Expr:
    return pl.when(pl.col(feature) > above).then(sentence)
