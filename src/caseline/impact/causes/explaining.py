"""Which signatures explain a ticket, and whether any does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from caseline.impact.causes.candidates import weigh
from caseline.impact.causes.choice import Weights, read_weights_in_use
from caseline.impact.causes.complaints import read_complaint
from caseline.impact.causes.delays import Delay, read_delay
from caseline.impact.causes.evidence import read_evidence
from caseline.impact.causes.reasons import told_reasons
from caseline.impact.causes.recall import Decided, read_lore
from caseline.impact.causes.settings import FEATURES, CauseSettings, cause_settings
from caseline.records.answers import Table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from numpy.typing import NDArray

    from caseline.protocols import Engine

_SHOWN = ("signature_id", "score", "probability", "reasons", "template")


class Causes(Table):
    """Signatures that may explain a ticket, the most probable first.

    Attributes:
        verdict: ``confirmed`` (by a person), ``likely``, ``possible``, ``not in the
            logs``, or ``cannot tell: no logs from this customer in the window``.
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
    weights = read_weights_in_use(engine, as_of=as_of)
    lore = read_lore(engine, as_of=as_of)
    delay = read_delay(
        engine, complaint.customer_id, version=weights.version, settings=settings.delay,
        as_of=as_of,
    )  # fmt: skip
    evidence, covered = read_evidence(
        engine, complaint, lore=lore, delay=delay, now=now, as_of=as_of
    )
    frame = weigh(evidence)
    decided = lore.of(ticket_id)
    refused = {d.signature_id for d in decided if not d.confirmed}
    frame = frame.filter(~pl.col("signature_id").is_in(refused))
    features = frame.select(FEATURES).to_numpy()
    chance, none = weights.chances(features)
    known = _confirmed(frame["signature_id"], decided)
    if any(d.confirmed for d in decided):
        chance, none = _as_decided(chance, known)
    ranked = (
        frame.with_columns(
            pl.Series("score", weights.scores(features), dtype=pl.Float64),
            pl.Series("probability", chance, dtype=pl.Float64),
        )
        .with_columns(told_reasons(decided))
        .sort(["probability", "score", "signature_id"], descending=[True, True, False])
        .head(limit)
        .select(_SHOWN)
    )
    best = float(chance.max(initial=0.0))
    verdict = _verdict(best, none, settings, covered=covered)
    if known.any():
        verdict = "confirmed"
    notes = _notes(covered=covered, refused=len(refused), weights=weights, delay=delay)
    return Causes(ranked, as_of=now, verdict=verdict, none=none, notes=notes)


def _confirmed(ids: pl.Series, decided: Sequence[Decided]) -> NDArray[np.bool_]:
    causes = [d.signature_id for d in decided if d.confirmed and d.signature_id]
    found: NDArray[np.bool_] = ids.is_in(causes).to_numpy()
    return found


def _as_decided(
    chance: NDArray[np.float64], known: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], float]:
    """Return the probabilities after a person's word: only what was confirmed is the cause."""
    kept = np.where(known, np.maximum(chance, 1e-12), 0.0)
    total = float(kept.sum())
    return (kept / total, 0.0) if total else (kept, 1.0)


def _verdict(best: float, none: float, settings: CauseSettings, *, covered: bool) -> str:
    if not covered:
        return "cannot tell: no logs from this customer in the window"
    if none >= settings.none_from:
        return "not in the logs"
    return "likely" if best >= settings.likely_from else "possible"


def _notes(*, covered: bool, refused: int, weights: Weights, delay: Delay) -> list[str]:
    notes = []
    if not covered:
        notes.append("no log of the customer's places reaches into the window")
    if refused:
        notes.append(f"{refused} signatures were rejected as its cause, and are left out")
    if weights.version is not None:
        notes.append(
            f"weights {weights.version} of {weights.learned_at:%Y-%m-%d}, learned from "
            f"{weights.links} links"
        )
    if delay.tickets:
        notes.append(
            f"this customer's troubles begin {delay.hours:.1f} hours before its tickets "
            f"(learned from {delay.tickets})"
        )
    return notes
