"""What the simulator knows and support does not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from caseline.testing.fleet.plan import DAY, Plan, moment

if TYPE_CHECKING:
    from caseline.testing.fleet.traffic import Traffic

STAMP = pl.Datetime("us", "UTC")


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """The truth of a simulated fleet, as Polars frames.

    Args:
        issues: issue_id, family, kind (error, noise, outage), owner, service, severity
            (0 debug to 4 fatal), vector_kind, vector_attribute, vector_value, onset,
            template_ids, messages (with ``<*>``), markers (a fixed part that no other
            line has), customers (truly affected), events, events_visible,
            events_unlabelled (visible, in a shared environment, without tenant).
        impact: issue_id, customer_id, environment_ids, first_hit, last_hit, events,
            events_visible (in logs that reach support), certain (True where the
            line's customer is known, False where it shares a placement that failed).
            An event of a placement without tenant counts for each of its customers.
        daily: issue_id, day, events, events_visible, customers.
        tickets: ticket_id, issue_id (None if no log shows a cause), kind (``issue``,
            ``silent``: real trouble that no log shows, ``question``), vague, pasted.
        templates: template_id, service, severity, text, marker, issue_id or None.
        files: environment_id, host, placement, service, format, timezone, skew_seconds,
            labelled (lines carry the tenant key), capitals.
        delivery: environment_id, day, delivered: False where logs never arrive.
        bursts: environment_id, template_id, start, end: harmless loud hours.
        facts: What the scenario knows besides; JSON-safe.
    """

    issues: pl.DataFrame
    impact: pl.DataFrame
    daily: pl.DataFrame
    tickets: pl.DataFrame
    templates: pl.DataFrame
    files: pl.DataFrame
    delivery: pl.DataFrame
    bursts: pl.DataFrame
    facts: dict[str, Any]

    def affected(self, issue_id: str) -> list[str]:
        """Return the customers that *issue_id* truly hits, sorted."""
        hit = self.impact.filter(pl.col("issue_id") == issue_id)
        return sorted(hit["customer_id"].unique())

    def frames(self) -> dict[str, pl.DataFrame]:
        """Return the frames by name."""
        names = ("issues", "impact", "daily", "tickets", "templates", "files", "delivery", "bursts")
        return {name: getattr(self, name) for name in names}

    def __repr__(self) -> str:
        """Return one line: how many issues, hits and tickets."""
        return (
            f"Truth({self.issues.height} issues, {self.impact.height} customer hits, "
            f"{self.tickets.height} tickets)"
        )


def issue_id(number: int) -> str:
    """Return the id of the plan's issue *number*."""
    return f"issue-{number + 1:02d}"


def templates_frame(plan: Plan, traffic: Traffic) -> pl.DataFrame:
    """Return the truth's ``templates``."""
    owner = {t.template_id: issue_id(i) for i, p in enumerate(plan.issues) for t in p.templates}
    families = {
        t.template_id for f in plan.catalog.families.values() for t in (*f.templates, *f.later)
    }
    shown = [
        t for t in traffic.book.templates if t.template_id in owner or t.template_id not in families
    ]
    return pl.DataFrame(
        [
            (t.template_id, t.service, t.level, t.masked, t.marker, owner.get(t.template_id))
            for t in shown
        ],
        schema=["template_id", "service", "severity", "text", "marker", "issue_id"],
        orient="row",
        infer_schema_length=None,
    )


def files_frame(plan: Plan, traffic: Traffic) -> pl.DataFrame:
    """Return the truth's ``files``."""
    return pl.DataFrame(
        [
            {
                "environment_id": plan.environments[f.environment].environment_id,
                "host": f.host,
                "placement": f.placement or None,
                "service": f.service,
                "format": f.format,
                "timezone": plan.environments[f.environment].timezone,
                "skew_seconds": f.skew / 1_000_000,
                "labelled": f.labelled,
                "capitals": f.capitals,
            }
            for f in traffic.files
        ],
        schema_overrides={"placement": pl.String, "skew_seconds": pl.Float64},
        infer_schema_length=None,
    )


def delivery_frame(plan: Plan, traffic: Traffic) -> pl.DataFrame:
    """Return the truth's ``delivery``."""
    delivered = traffic.volume.delivered
    return pl.DataFrame(
        {
            "environment_id": [e.environment_id for e in plan.environments for _ in delivered[0]],
            "day": [
                moment(plan.start + d * DAY)
                for _ in plan.environments
                for d in range(delivered.shape[1])
            ],
            "delivered": delivered.ravel(),
        }
    ).with_columns(pl.col("day").cast(STAMP))


def bursts_frame(plan: Plan) -> pl.DataFrame:
    """Return the truth's ``bursts``."""
    rows = [
        (
            plan.environments[s.environment].environment_id,
            burst.templates[0].template_id,
            moment(s.start),
            moment(s.end),
        )
        for burst in plan.bursts
        for s in burst.segments
    ]
    schema: dict[str, Any] = {
        "environment_id": pl.String,
        "template_id": pl.String,
        "start": STAMP,
        "end": STAMP,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")
