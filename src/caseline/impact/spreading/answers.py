"""What ``impact.spread`` answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from caseline.records.answers import plain

if TYPE_CHECKING:
    from datetime import datetime

    from caseline.records.answers import Table
    from caseline.records.windows import Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Blame:
    """Whose fault an issue is.

    Args:
        owner: vendor, customer, third_party, interaction (of one's part with another's),
            or unknown.
        probability: How sure; 0 for unknown.
        reasons: One sentence each.
        customers: Those who decide it: customer_id, hit, has, lacks.
    """

    owner: str
    probability: float
    reasons: tuple[str, ...]
    customers: Table

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as JSON can hold it."""
        return {
            "owner": self.owner,
            "probability": self.probability,
            "reasons": list(self.reasons),
            "customers": self.customers.to_dicts(),
        }


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Spread:
    """How an issue or a signature spreads.

    Args:
        id: What was asked for.
        signature_ids: Its signatures.
        verdict: ``likely`` (the first of the vectors carries it), ``cannot separate``
            (several that the hit places have together), or ``undetermined``.
        reason: Why, in one sentence.
        vectors: What may carry it, the most probable first: rank, kind, attribute, value,
            score (log evidence, priors counted), probability, explained (share of hit
            places that had it), exposed and hit (places), ratio, low, high (of the rate
            with it to that without), verdict, also (vectors that no observed place tells
            from it), reasons.
        none: Probability that nothing carries it that the fleet's tables tell of.
        tell: Who would tell inseparable vectors apart: customer_id, has, lacks, when.
        timeline: The spread by day and wave of the release: day, wave, new, total (of
            customers hit), exposed (to the first vector), observed.
        at_risk: Customers not yet hit, the soonest first: customer_id, hazard (a day),
            probability (within the horizon), expected_at, planned_at, environment_id,
            reasons.
        blame: Whose fault it is.
        window: When, or None for all that is stored.
        as_of: The moment the answer speaks for.
        notes: What a reader must know besides.
    """

    id: str
    signature_ids: tuple[str, ...]
    verdict: str
    reason: str
    vectors: Table
    none: float
    tell: Table
    timeline: Table
    at_risk: Table
    blame: Blame
    window: Window | None
    as_of: datetime
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as JSON can hold it."""
        tables = ("vectors", "tell", "timeline", "at_risk")
        return {
            "id": self.id,
            "signature_ids": list(self.signature_ids),
            "verdict": self.verdict,
            "reason": self.reason,
            "none": self.none,
            **{name: getattr(self, name).to_dicts() for name in tables},
            "blame": self.blame.to_dict(),
            "window": plain(self.window and {"start": self.window.start, "end": self.window.end}),
            "as_of": plain(self.as_of),
            "notes": list(self.notes),
        }

    def __repr__(self) -> str:
        """Return one line of ids and counts."""
        return (
            f"Spread({self.id}: {self.verdict}, {len(self.vectors)} vectors, "
            f"{len(self.at_risk)} customers at risk, owner {self.blame.owner}, "
            f"as of {self.as_of.isoformat()})"
        )
