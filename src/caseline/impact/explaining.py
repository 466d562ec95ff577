"""Which signatures explain a ticket, and whether any does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from caseline.impact.candidates import CauseSettings, cause_settings, read_candidates
from caseline.impact.complaints import read_complaint
from caseline.impact.features import FEATURES
from caseline.records.answers import Table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from caseline.protocols import Engine

_SHOWN = ("signature_id", "score", "probability", "reasons", "template")


class Causes(Table):
    """Signatures that may explain a ticket, the most probable first.

    Attributes:
        verdict: ``likely``, ``possible``, ``not in the logs``, or ``cannot tell: no logs
            from this customer in the window``.
        none: Probability that none of the signatures is the cause.
    """

    def __init__(
        self,
        frame: pl.DataFrame,
        *,
        as_of: datetime,
        verdict: str,
        none: float,
        notes: Sequence[str] = (),
    ) -> None:
        super().__init__("causes", frame, as_of=as_of, notes=notes)
        self.verdict = verdict
        self.none = none

    def __repr__(self) -> str:
        """Return one line that shows no text."""
        return (
            f"Causes({self.verdict}: {len(self)} signatures, none of them with probability "
            f"{self.none:.2f}, as of {self.as_of.isoformat()})"
        )


def explain(
    engine: Engine, ticket_id: str, *, limit: int, now: datetime, as_of: datetime | None
) -> Causes:
    """Return the signatures that best explain the ticket."""
    settings = cause_settings()
    complaint = read_complaint(engine, ticket_id, as_of=as_of)
    frame, covered = read_candidates(engine, complaint, now=now, as_of=as_of)
    score = frame.select(FEATURES).to_numpy() @ np.array(settings.weights)
    weight = np.exp(score - max(score.max(initial=0.0), settings.bias))
    rest = np.exp(settings.bias - max(score.max(initial=0.0), settings.bias))
    chance = weight / (weight.sum() + rest)
    none = float(rest / (weight.sum() + rest))
    ranked = (
        frame.with_columns(pl.Series("score", score), pl.Series("probability", chance), _reasons())
        .sort(["probability", "signature_id"], descending=[True, False])
        .head(limit)
        .select(_SHOWN)
    )
    best = float(chance.max(initial=0.0))
    notes = () if covered else ("no log of the customer's places reaches into the window",)
    verdict = _verdict(best, none, settings, covered=covered)
    return Causes(ranked, as_of=now, verdict=verdict, none=none, notes=notes)


def _verdict(best: float, none: float, settings: CauseSettings, *, covered: bool) -> str:
    if not covered:
        return "cannot tell: no logs from this customer in the window"
    if none >= settings.none_from:
        return "not in the logs"
    return "likely" if best >= settings.likely_from else "possible"


def _reasons() -> pl.Expr:
    counts = pl.format(
        "{} events where {} were to be expected of this customer",
        pl.col("seen").round(1), pl.col("expected").round(1),
    )  # fmt: skip
    rare = pl.format("seen at {} customers in the window", "units")
    fresh = pl.lit("first seen in the fleet shortly before")
    alike = pl.format("shares words with the ticket ({})", pl.col("words").round(2))
    return (
        pl.concat_list(
            counts,
            rare,
            pl.when(pl.col("novel_here") > 0).then(pl.lit("new at this customer")),
            pl.when(pl.col("novel_fleet") > 0).then(fresh),
            pl.when(pl.col("words") > 0).then(alike),
        )
        .list.drop_nulls()
        .alias("reasons")
    )
