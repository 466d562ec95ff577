"""From the evidence of an issue to its vectors, weighed: what all answers of this room need."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from caseline.impact.spreading.calendar import find_gathering
from caseline.impact.spreading.deciding import LIKELY, UNDETERMINED, Decision, decide
from caseline.impact.spreading.exposures import distinct
from caseline.impact.spreading.fleet import read_fleet, spells_of
from caseline.impact.spreading.ground import Ground
from caseline.impact.spreading.next_hit import who_is_next
from caseline.impact.spreading.ranking import Ranking, first_hits, rank
from caseline.impact.spreading.risk import risk_of
from caseline.impact.spreading.scoring import pooled_evidence
from caseline.impact.spreading.settings import spread_settings
from caseline.impact.spreading.within import within_evidence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from caseline.impact.ledger.evidence import Evidence
    from caseline.impact.spreading.exposures import Vector
    from caseline.impact.spreading.risk import Risk
    from caseline.impact.spreading.settings import SpreadSettings
    from caseline.protocols import Engine

_DAY = timedelta(days=1)


def ground_of(
    engine: Engine, evidence: Evidence, settings: SpreadSettings, *, now: datetime
) -> Ground:
    """Return who had what, who was observed and who was hit, by the tables of *engine*.

    Args:
        engine: Where the fleet's tables are.
        evidence: Of the issue.
        settings: How far back to look, and how uncertain spans are.
        now: What starts later is planned.
    """
    risk = risk_of(evidence.days, evidence.members, evidence.observed)
    onset = _onset(risk, now)
    fleet = read_fleet(engine, since=onset - timedelta(days=settings.most_days), until=onset)
    spells = spells_of(fleet, now=now, settings=settings)
    return Ground(spells, risk, slack_hours=settings.slack_hours)


def _onset(risk: Risk, now: datetime) -> datetime:
    """Return the start of the first day with a hit; the present without any."""
    if not risk.hit_days.size:
        return now
    day = risk.first_day + int(risk.hit_days[0]) * _DAY
    return datetime.combine(day, time(), UTC)


def weighed(ground: Ground, settings: SpreadSettings) -> tuple[Ranking, Decision]:
    """Return the vectors by probability, and what they come to.

    Args:
        ground: Who had what, who was observed and hit.
        settings: Priors and margins.
    """
    risk = ground.risk
    columns = risk.hit_days[-settings.most_days :]
    near = risk.days(columns)
    exposures = distinct(ground.vectors, ground.on(columns), near)
    ranking = rank(exposures, near, settings, further=partial(_further, ground, settings))
    decision = decide(ranking, near, settings)
    if decision.verdict != UNDETERMINED:
        return ranking, decision
    gathered = find_gathering(risk, settings)
    if gathered is None:
        return ranking, decision
    reason = (
        f"{gathered.places} places ({gathered.share:.0%} of those hit) were hit first within "
        f"{settings.calendar_hours:.0f} hours of {gathered.vector.value}, whatever they have"
    )
    return ranking, Decision(
        verdict=LIKELY, vectors=(gathered.vector,), probability=ranking.none, reason=reason
    )


def _further(
    ground: Ground, settings: SpreadSettings, vectors: Sequence[Vector]
) -> list[NDArray[np.float64]]:
    """Return the evidence of *vectors* by all days since the issue began, and within places."""
    risk = ground.risk
    began = int(risk.hit_days[0]) if risk.hit_days.size else 0
    days = np.arange(risk.hits.shape[1])[began:][-settings.most_days :]
    trial = first_hits(risk.days(days))
    pooled = [
        pooled_evidence(trial, ground.bits_of(v)[:, days], ratios=settings.grid) for v in vectors
    ]
    return [np.array(pooled), within_evidence(ground, vectors, settings)]


def risks_of(engine: Engine, evidence: Evidence, *, now: datetime) -> pl.DataFrame:
    """Return customer_id, reason: who is not hit and likely to be, if a vector is likely.

    Args:
        engine: Where the fleet's tables are.
        evidence: Of the issue.
        now: What starts later is planned.
    """
    settings = spread_settings()
    ground = ground_of(engine, evidence, settings, now=now)
    ranking, decision = weighed(ground, settings)
    staged = warned(evidence)
    if decision.verdict != LIKELY and not staged:
        return pl.DataFrame(schema={"customer_id": pl.String, "reason": pl.String})
    ahead = who_is_next(ground, ranking.chances, staged, settings, now=now)
    sure = pl.col("probability") >= settings.at_risk_from
    said = pl.lit(decision.verdict == LIKELY) | pl.col("customer_id").is_in(sorted(staged))
    reason = pl.format(
        "at risk: {} within {} days; {}",
        pl.col("probability").round(2), settings.horizon.days, pl.col("reasons").list.first(),
    )  # fmt: skip
    return ahead.filter(sure & said).select("customer_id", reason.alias("reason"))


def warned(evidence: Evidence) -> frozenset[str]:
    """Return the customers that were hit outside production only."""
    staged = set(evidence.others["customer_id"].drop_nulls().to_list())
    return frozenset(staged - set(evidence.days["customer_id"].drop_nulls().to_list()))
