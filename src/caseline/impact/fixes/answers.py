"""What ``impact.fix_state`` answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from caseline.impact.fixes.states import STATES
from caseline.records.answers import Table, plain

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from caseline.impact.fixes.recording import RecordedFix


class FixStates(Table):
    """The fix state of every customer's production environments.

    Attributes:
        issue_id: The issue or signature.
        component: What the versions are of; None if nothing is known to run anywhere.
        source: ``recorded`` if somebody said which versions have the fix, else ``inferred``.
        fix: The record, or None.
        versions: version, verdict (affected, fixed, unaffected, unknown), probability (that
            it is affected), why: the evidence for each version.
        contradictions: Versions that should be free of the error and show it: version, kind
            (partial fix, regression, affected earlier), customers, environments, events,
            first_seen, last_seen, rate, rate_low, rate_high, rate_affected, probability,
            reasons.
    """

    def __init__(  # noqa: PLR0913 - one for each part of the answer
        self,
        frame: pl.DataFrame,
        *,
        issue_id: str,
        component: str | None,
        fix: RecordedFix | None,
        versions: Table,
        contradictions: Table,
        as_of: datetime,
        notes: Sequence[str] = (),
    ) -> None:
        super().__init__("fix states", frame, as_of=as_of, notes=notes)
        self.issue_id = issue_id
        self.component = component
        self.fix = fix
        self.versions = versions
        self.contradictions = contradictions

    @property
    def source(self) -> Literal["recorded", "inferred"]:
        """Where the verdicts on versions come from."""
        return "inferred" if self.fix is None else "recorded"

    @property
    def by_customer(self) -> pl.DataFrame:
        """customer_id, state: the worst of its environments."""
        ranks = {state: rank for rank, state in enumerate(STATES)}
        worst = self._frame.group_by("customer_id").agg(
            pl.col("state").sort_by(pl.col("state").replace_strict(ranks)).first()
        )
        return worst.sort("customer_id")

    @property
    def counts(self) -> dict[str, int]:
        """How many customers are in each state, by the worst of their environments."""
        found = dict(self.by_customer.group_by("state").agg(pl.len()).iter_rows())
        return {state: found.get(state, 0) for state in STATES}

    def customers_in(self, state: str) -> list[str]:
        """Return the customers whose worst environment is in *state*, sorted."""
        return self.by_customer.filter(pl.col("state") == state)["customer_id"].to_list()

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as JSON can hold it."""
        return {
            "issue_id": self.issue_id,
            "component": self.component,
            "source": self.source,
            "fix": self.fix and self.fix.to_dict(),
            "counts": self.counts,
            "environments": self.to_dicts(),
            "versions": self.versions.to_dicts(),
            "contradictions": self.contradictions.to_dicts(),
            "as_of": plain(self.as_of),
            "notes": list(self.notes),
        }

    def __repr__(self) -> str:
        """Return one line of counts."""
        told = ", ".join(f"{number} {state}" for state, number in self.counts.items())
        return f"FixStates({self.source}: customers {told}, as of {self.as_of.isoformat()})"
