"""From an id to its impact: read the evidence, find the hits, judge every customer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from caseline.errors import NotFoundError
from caseline.impact.ledger.answers import Impact
from caseline.impact.ledger.evidence import read_evidence
from caseline.impact.ledger.hits import find_hits
from caseline.impact.ledger.risks import with_risks
from caseline.impact.ledger.scope import estimate_scope, scope_notes
from caseline.impact.ledger.severity import rate_severity
from caseline.impact.ledger.stages import by_stage
from caseline.impact.ledger.verdicts import COLUMNS, judge
from caseline.impact.settings import shipped_settings
from caseline.impact.spreading.weighing import risks_of
from caseline.records.answers import Table
from caseline.store.kinship import read_kin

if TYPE_CHECKING:
    from datetime import datetime

    from caseline.protocols import Engine
    from caseline.records.windows import Window


def signatures_of(engine: Engine, wanted: str, *, as_of: datetime | None) -> tuple[str, ...]:
    """Return the signatures of the issue or signature *wanted*, as they are read today.

    Raises:
        NotFoundError: the workspace knows no such issue or signature.
    """
    found = engine.ask("signature_known", as_of=as_of, signature_id=wanted)["signature_id"]
    if found.is_empty():
        found = engine.ask("issue_known", as_of=as_of, issue_id=wanted)["signature_id"]
    if found.is_empty():
        ids = engine.ask("known_ids", as_of=as_of)
        known = ids.filter(pl.col("kind").is_in(["signature", "issue"]))["id"]
        raise NotFoundError.of("signature or issue", wanted, known.to_list())
    return tuple(found.unique().sort().to_list())


def assess(
    engine: Engine,
    signature_ids: tuple[str, ...],
    *,
    wanted: str,
    window: Window | None,
    as_of: datetime | None,
    now: datetime,
) -> Impact:
    """Return the impact of *signature_ids*, asked for as *wanted*; it speaks for *now*."""
    settings = shipped_settings()
    kin = read_kin(engine, as_of=as_of)
    signature_ids, notes = tuple(kin.together(signature_ids)), [*kin.notes(signature_ids)]
    evidence = read_evidence(
        engine, list(signature_ids), window=window, as_of=as_of, settings=settings
    )
    hits = find_hits(evidence, settings)
    judged = judge(evidence, hits, settings)
    if hits.events and (judged["status"] != "hit").any():
        judged = with_risks(judged, risks_of(engine, evidence, now=now))
    scope = estimate_scope(judged, hits, settings)
    notes += scope_notes(judged, scope, settings)
    return Impact(
        id=wanted,
        signature_ids=signature_ids,
        customers=Table("customers", judged.select(COLUMNS), as_of=now),
        scope=scope,
        severity=rate_severity(evidence, judged, scope, settings),
        events=hits.events,
        unattributed=round(hits.unattributed / hits.events, 6) if hits.events else 0.0,
        other_stages=Table("other stages", by_stage(evidence.others), as_of=now),
        window=window,
        as_of=now,
        notes=tuple(notes),
    )
