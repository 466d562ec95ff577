"""From an id to its spread: read, weigh the vectors, decide, look ahead."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from caseline.impact.ledger.evidence import read_evidence
from caseline.impact.settings import shipped_settings
from caseline.impact.spreading.answers import Spread
from caseline.impact.spreading.blaming import Holders, blame_for
from caseline.impact.spreading.calendar import CALENDAR
from caseline.impact.spreading.deciding import LIKELY, Decision
from caseline.impact.spreading.next_hit import who_is_next
from caseline.impact.spreading.ranking import Ranking, explained
from caseline.impact.spreading.ratios import ratio_of
from caseline.impact.spreading.settings import spread_settings
from caseline.impact.spreading.telling import who_would_tell
from caseline.impact.spreading.timeline import timeline_of
from caseline.impact.spreading.weighing import ground_of, warned, weighed
from caseline.records.answers import Table
from caseline.store.kinship import read_kin

if TYPE_CHECKING:
    from caseline.impact.ledger.evidence import Evidence
    from caseline.impact.spreading.exposures import Vector
    from caseline.impact.spreading.ground import Ground
    from caseline.impact.spreading.ratios import Ratio
    from caseline.impact.spreading.risk import Risk
    from caseline.impact.spreading.settings import SpreadSettings
    from caseline.protocols import Engine
    from caseline.records.windows import Window

_DAY = timedelta(days=1)
_SHOWN = 6
_RIVALS = 4
_LEVEL = 0.9
VECTORS: dict[str, pl.DataType | type[pl.DataType]] = {
    "rank": pl.Int64,
    "kind": pl.String,
    "attribute": pl.String,
    "value": pl.String,
    "score": pl.Float64,
    "probability": pl.Float64,
    "explained": pl.Float64,
    "exposed": pl.Int64,
    "hit": pl.Int64,
    "ratio": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "verdict": pl.String,
    "also": pl.List(pl.String),
    "reasons": pl.List(pl.String),
}


def spread_of(
    engine: Engine,
    signature_ids: tuple[str, ...],
    *,
    wanted: str,
    window: Window | None,
    as_of: datetime | None,
    now: datetime,
) -> Spread:
    """Return how *signature_ids*, asked for as *wanted*, spread; it speaks for *now*."""
    kin = read_kin(engine, as_of=as_of)
    signature_ids, notes = tuple(kin.together(signature_ids)), kin.notes(signature_ids)
    evidence = read_evidence(
        engine, list(signature_ids), window=window, as_of=as_of, settings=shipped_settings()
    )
    return _told(
        engine, evidence, signature_ids, wanted, window=window, now=now, notes=tuple(notes)
    )


def _told(  # noqa: PLR0913 - what the answer repeats
    engine: Engine,
    evidence: Evidence,
    signature_ids: tuple[str, ...],
    wanted: str,
    *,
    window: Window | None,
    now: datetime,
    notes: tuple[str, ...],
) -> Spread:
    settings = spread_settings()
    ground = ground_of(engine, evidence, settings, now=now)
    risk = ground.risk
    ranking, decision = weighed(ground, settings)
    at = round(now.timestamp() * 1_000_000)
    rivals = _rivals(ranking, decision, ground, settings)
    first = decision.vectors[0] if decision.vectors else None
    holders = Holders(risk, ground.bits_of)
    tell = who_would_tell(ground, decision.vectors if len(decision.vectors) > 1 else (), now=at)
    ahead = who_is_next(ground, ranking.chances, warned(evidence), settings, now=now)
    return Spread(
        id=wanted,
        signature_ids=signature_ids,
        verdict=decision.verdict,
        reason=_reason(decision, tell),
        vectors=Table("vectors", _rows(ranking, decision, ground), as_of=now),
        none=round(ranking.none, 4),
        tell=Table("tell", tell, as_of=now),
        timeline=Table("timeline", timeline_of(ground, first, day=_DAY), as_of=now),
        at_risk=Table("at risk", ahead, as_of=now),
        blame=blame_for(decision, rivals, holders, settings, as_of=now),
        window=window,
        as_of=now,
        notes=(*notes, *_notes(evidence, risk, settings)),
    )


def _rivals(
    ranking: Ranking, decision: Decision, ground: Ground, settings: SpreadSettings
) -> list[Vector]:
    """Return the next vectors of other meaning; of an open case, all that hit places have."""
    vectors = ranking.exposures.vectors
    if decision.verdict == LIKELY:
        top = decision.vectors[0]
        return [v for v in vectors if v.meaning != top.meaning and not v.parts][:_RIVALS]
    hit = ground.risk.ever(ground.risk.hits > 0)
    if hit.sum() >= settings.least_hit:
        return vectors[:_RIVALS]
    had = ground.rows.filter(pl.col("unit").is_in(np.flatnonzero(hit).tolist()))[
        "exposure"
    ].unique()
    return [ground.vectors[i] for i in had.sort().to_list()]


def _rows(ranking: Ranking, decision: Decision, ground: Ground) -> pl.DataFrame:
    risk = ground.risk
    columns = risk.hit_days[-spread_settings().most_days :]
    share = explained(ranking.exposures, risk.days(columns))
    hit = risk.ever(risk.hits > 0)
    rows = []
    if decision.vectors and decision.vectors[0].attribute == CALENDAR:
        rows.append(_calendar_row(decision, int(hit.sum())))
    for i, vector in enumerate(ranking.exposures.vectors[:_SHOWN]):
        bits = ground.bits_of(vector)
        ratio = ratio_of(ground, vector, level=_LEVEL)
        mine = risk.ever(bits & risk.observed)
        others = risk.ever(risk.observed) & ~mine
        struck = int(risk.ever((risk.hits > 0) & bits).sum())
        reasons = [
            f"{struck} of {int(mine.sum())} observed places were hit while they had it",
            f"{int((hit & others).sum())} of {int(others.sum())} that never had it",
            _ratio_said(ratio),
        ]
        rows.append(
            {
                "kind": vector.kind, "attribute": vector.attribute, "value": vector.value,
                "score": float(ranking.scores[i]), "probability": float(ranking.posterior[i]),
                "explained": round(float(share[i]), 4), "exposed": int(mine.sum()), "hit": struck,
                "ratio": ratio.ratio, "low": ratio.low, "high": ratio.high,
                "verdict": decision.verdict if vector in decision.vectors else _LEFT,
                "also": [str(v) for v in ranking.exposures.also[i]], "reasons": reasons,
            }
        )  # fmt: skip
    ordered = sorted(rows, key=lambda row: row["verdict"] == _LEFT)
    numbered = [{"rank": n, **row} for n, row in enumerate(ordered, 1)]
    return pl.DataFrame(numbered, schema=VECTORS)


_LEFT = "not preferred"


def _ratio_said(ratio: Ratio) -> str:
    limits = f"{ratio.low:.1f} to {ratio.high:.1f}"
    return f"rate ratio {ratio.ratio:.1f} ({limits}), {ratio.method} places"


def _calendar_row(decision: Decision, hit: int) -> dict[str, object]:
    vector = decision.vectors[0]
    return {
        "kind": vector.kind, "attribute": vector.attribute, "value": vector.value, "score": None,
        "probability": decision.probability, "explained": None, "exposed": None, "hit": hit,
        "ratio": None, "low": None, "high": None, "verdict": decision.verdict, "also": [],
        "reasons": [decision.reason],
    }  # fmt: skip


def _reason(decision: Decision, tell: pl.DataFrame) -> str:
    if len(decision.vectors) < 2:  # noqa: PLR2004 - one has no rival
        return decision.reason
    if tell.is_empty():
        return f"{decision.reason}; no customer has or will have one without the other"
    names = tell["customer_id"].unique(maintain_order=True)
    shown = ", ".join(names[:5])
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""  # noqa: PLR2004 - as shown
    return f"{decision.reason}; {shown}{more} would tell"


def _notes(evidence: Evidence, risk: Risk, settings: SpreadSettings) -> list[str]:
    notes = [f"rates compared at the {_LEVEL:.0%} level; {settings.horizon.days} days ahead"]
    silent = int((~risk.ever(risk.observed)).sum())
    if silent:
        notes.append(f"{silent} of {risk.units.height} places are silent: they taught nothing")
    unplaced = evidence.days.filter(
        pl.col("customer_id").is_null(), pl.col("share_group").is_null()
    )["events"].sum()
    if unplaced:
        notes.append(f"{unplaced} events belong to no customer and are left out")
    if risk.hit_days.size > settings.most_days:
        notes.append(f"only the last {settings.most_days} days with hits are weighed")
    return notes
