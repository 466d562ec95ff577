"""The signatures near a ticket, with what speaks for each of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from caseline.impact.causes.choice import shipped_weights
from caseline.impact.causes.evidence import reach_back
from caseline.impact.causes.features import (
    Around,
    TimeSettings,
    fleet_features,
    own_features,
    text_features,
    time_features,
)
from caseline.impact.causes.ordering import find_precedence, order_features
from caseline.impact.causes.recall import recall_features
from caseline.impact.causes.settings import FEATURES, CauseSettings, cause_settings
from caseline.impact.lift import lift_settings

if TYPE_CHECKING:
    from caseline.impact.causes.delays import Delay
    from caseline.impact.causes.evidence import Evidence

_LATER = ("upstream", "downstream", "carried")


def weigh(evidence: Evidence) -> pl.DataFrame:
    """Return the features of each signature near the ticket.

    Returns:
        signature_id, template, seen, expected, units, chain, the columns of ``FEATURES``.
    """
    settings, lift = cause_settings(), lift_settings()
    own = own_features(
        _with_named(evidence.hours, evidence.named),
        evidence.past,
        around=Around(
            opened_at=evidence.opened_at,
            spans=evidence.spans or _spans(evidence.delay, settings),
            covered_days=evidence.covered_days,
            logged=evidence.logged,
            step_hours=evidence.step_hours,
        ),
        settings=lift,
    ).filter(
        (pl.col("seen") > 0)
        | (pl.col("expected") >= lift.least_expected)
        | pl.col("signature_id").is_in(evidence.named)
    )
    fleet = evidence.spread(own["signature_id"].to_list())
    frame = fleet_features(own, fleet, usual=lift.usual)
    frame = time_features(
        frame,
        evidence.hours,
        opened_at=evidence.opened_at,
        settings=TimeSettings(
            recency_hours=settings.recency_hours * evidence.delay.factor,
            onset_hours=settings.onset_hours * evidence.delay.factor,
            novel_days=settings.novel_days,
            stopped_from=settings.stopped_from,
        ),
    )
    frame = text_features(frame, evidence.text, usual=evidence.usual)
    frame = recall_features(frame, evidence.lore, evidence.text, usual=evidence.usual)
    return _in_order(frame, evidence)


def _spans(delay: Delay, settings: CauseSettings) -> tuple[tuple[float, float], ...]:
    """Return the spans that are tried: a longer one too where the customer writes late."""
    back, (longest, after) = reach_back(delay, settings), settings.spans[-1]
    return (*settings.spans, (back, after)) if back > longest else settings.spans


def _in_order(frame: pl.DataFrame, evidence: Evidence) -> pl.DataFrame:
    """Add what the order of the most likely signatures says."""
    settings = cause_settings().order
    first = tuple(name for name in FEATURES if name not in _LATER)
    weights = dict(zip(FEATURES, shipped_weights().values, strict=True))
    likely = sum((pl.col(name) * weights[name] for name in first), pl.lit(0.0))
    # Nearness in words is no condition: what is below a symptom shares none with it.
    odd = pl.max_horizontal("surprise", "missing")
    top = pl.concat(
        [
            frame.with_columns(likely.alias("likely")).top_k(settings.candidates, by="likely"),
            frame.with_columns(odd.alias("likely")).top_k(settings.candidates // 2, by="likely"),
        ]
    ).unique("signature_id", maintain_order=True)
    looked = top.filter(odd > 0).select("signature_id")
    ids = looked["signature_id"].to_list()
    order = find_precedence(looked, evidence.traces(ids), evidence.hours, settings=settings)
    return order_features(frame, order, settings=settings)


def _with_named(hours: pl.DataFrame, named: tuple[str, ...]) -> pl.DataFrame:
    """Return *hours* with a row of no events for each signature that is a candidate anyway."""
    absent = sorted(set(named) - set(hours["signature_id"]))
    none = pl.DataFrame({"signature_id": absent, "seen": [0.0] * len(absent)})
    return pl.concat([hours, none], how="diagonal") if absent else hours
