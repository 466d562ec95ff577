"""Tickets and their threads: some about planted issues, some whose cause no log shows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from caseline.testing.fleet.plan import DAY, HOUR, MINUTE, Plan, moment
from caseline.testing.fleet.truth import STAMP, issue_id
from caseline.testing.fleet.wording import Writer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np

    from caseline.testing.fleet.catalog import Family, Template
    from caseline.testing.fleet.plan import PlannedIssue

_GROUPS = {"issue": "application", "silent": "workplace", "question": "service-desk"}
_PRIORITIES = ("low", "normal", "high", "urgent")


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """Why a ticket is written: who, when, about which issue if any."""

    customer: int
    environment: int | None
    at: int
    kind: str
    issue: int | None = None


@dataclass(slots=True)
class Desk:
    """Collects tickets, their messages and their truth."""

    tickets: list[dict[str, Any]] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=list)
    truth: list[dict[str, Any]] = field(default_factory=list)

    def frames(self) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
        """Return tickets, messages and the truth of the tickets."""
        return (
            pl.DataFrame(self.tickets, schema=TICKETS),
            pl.DataFrame(self.messages, schema=MESSAGES),
            pl.DataFrame(self.truth, schema=_TRUTH),
        )


TICKETS: dict[str, Any] = {
    **dict.fromkeys(("ticket_id", "customer_id", "environment_id"), pl.String),
    **dict.fromkeys(("opened_at", "resolved_at"), STAMP),
    **dict.fromkeys(("status", "priority", "category", "subject", "description"), pl.String),
    **dict.fromkeys(("assignee", "group"), pl.String),
    "effort_hours": pl.Float64,
}
MESSAGES: dict[str, Any] = {
    "ticket_id": pl.String,
    "at": STAMP,
    "author": pl.String,
    "body": pl.String,
    "public": pl.Boolean,
}
_TRUTH: dict[str, Any] = {
    **dict.fromkeys(("ticket_id", "issue_id", "kind"), pl.String),
    **dict.fromkeys(("vague", "pasted"), pl.Boolean),
}


def list_occasions(plan: Plan, spread: pl.DataFrame, rng: np.random.Generator) -> list[Occasion]:
    """Return why and when tickets are written, by time.

    Args:
        plan: The finished plan.
        spread: Hits by issue, environment and customer (see ``counting.spread_placements``).
        rng: Draws who writes and how late.
    """
    found = _about_issues(plan, spread, rng)
    share = plan.settings.silent_ticket_share
    silent = rng.binomial(len(found), share / (1 - share)) if found and share < 1 else 0
    questions = rng.poisson(
        plan.settings.questions_per_customer_month * len(plan.customers) * plan.settings.days / 30
    )
    found += [_anyone(plan, rng, "silent") for _ in range(silent)]
    found += [_anyone(plan, rng, "question") for _ in range(questions)]
    return sorted(found, key=lambda o: (o.at, o.customer, o.kind))


def _about_issues(plan: Plan, spread: pl.DataFrame, rng: np.random.Generator) -> list[Occasion]:
    firsts = (
        spread.group_by("issue", "customer")
        .agg(
            pl.col("environment").sort_by("first").first(),
            pl.col("first").min(),
            pl.col("events").sum(),
        )
        .sort("issue", "customer")
    )
    found = []
    for row in firsts.iter_rows(named=True):
        issue = plan.issues[row["issue"]]
        probability = 1 - (1 - issue.ticket_rate) ** min(3.0, 0.5 + row["events"] / 10)
        delay = rng.lognormal(1.4, 1.0) * HOUR
        at = row["first"] + round(delay)
        if rng.random() < probability and at < plan.end:
            found += [
                Occasion(
                    customer=row["customer"],
                    environment=row["environment"],
                    at=again,
                    kind="issue",
                    issue=row["issue"],
                )
                for again in (at, *_again(plan, issue, row["environment"], at, rng))
            ]
    return found


def _again(
    plan: Plan, issue: PlannedIssue, environment: int, at: int, rng: np.random.Generator
) -> list[int]:
    """Return when a customer that wrote at a moment writes again, while it is affected."""
    if not issue.every_days:
        return []
    ends = max(s.end for s in issue.segments if s.environment == environment)
    found: list[int] = []
    while True:
        at += round(rng.exponential(issue.every_days) * DAY)
        if at >= min(ends, plan.end):
            return found
        found.append(at)


def _anyone(plan: Plan, rng: np.random.Generator, kind: str) -> Occasion:
    tenancy = plan.tenancies[int(rng.integers(len(plan.tenancies)))]
    low = max(plan.start, tenancy.valid_from)
    return Occasion(
        customer=tenancy.customer,
        environment=tenancy.environment if rng.random() < 0.7 else None,  # noqa: PLR2004 - often left empty
        at=low + round(rng.random() * (plan.end - low)),
        kind=kind,
    )


def write_tickets(
    plan: Plan,
    occasions: Sequence[Occasion],
    rng: np.random.Generator,
    excerpt: Callable[[Template, int, int], str],
) -> Desk:
    """Return the tickets of *occasions*.

    Args:
        plan: The finished plan.
        occasions: Why they are written, by time.
        rng: Draws words, times and outcomes.
        excerpt: Makes a log line of a template, an environment and a moment, for
            those who paste one.
    """
    writer = Writer(plan.catalog, noise=plan.settings.wording_noise, rng=rng)
    desk = Desk()
    for number, occasion in enumerate(occasions, 1):
        _write_one(plan, desk, _Case(f"T-{number:05d}", occasion, writer, rng), excerpt)
    return desk


@dataclass(frozen=True, slots=True)
class _Case:
    ticket_id: str
    occasion: Occasion
    writer: Writer
    rng: np.random.Generator


def _write_one(
    plan: Plan, desk: Desk, case: _Case, excerpt: Callable[[Template, int, int], str]
) -> None:
    occasion, writer = case.occasion, case.writer
    family, subjects, complaints = _phrases(plan, occasion)
    noise = plan.settings.wording_noise
    vague = occasion.kind == "issue" and writer.maybe(0.25 * noise)
    pasted = family is not None and writer.maybe(0.3)
    body = writer.complaint(complaints, vague=vague)
    if pasted and family is not None:
        place = occasion.environment or 0
        # Of a chain, a customer sees its end.
        shown = family.templates[-1:] if _is_chained(plan, occasion) else family.templates
        lines = [excerpt(t, place, occasion.at - HOUR) for t in shown]
        body += "\n\n" + writer.pasted(lines)
    ends_at = occasion.at + round(case.rng.lognormal(3.2, 1.1) * HOUR)
    done = ends_at < plan.end
    desk.tickets.append(
        _ticket(
            plan, case, (writer.subject(subjects, vague=vague), body), ends_at if done else None
        )
    )
    thread = _thread(case, body, family, (ends_at, done))
    desk.messages += [
        {
            "ticket_id": case.ticket_id,
            "at": moment(at),
            "author": author,
            "body": text,
            "public": author != "system",
        }
        for at, author, text in thread
        if at < plan.end
    ]
    desk.truth.append(
        {
            "ticket_id": case.ticket_id,
            "issue_id": None if occasion.issue is None else issue_id(occasion.issue),
            "kind": occasion.kind,
            "vague": vague,
            "pasted": pasted,
        }
    )


def _is_chained(plan: Plan, occasion: Occasion) -> bool:
    return occasion.issue is not None and plan.issues[occasion.issue].chained


def _phrases(plan: Plan, occasion: Occasion) -> tuple[Family | None, Sequence[str], Sequence[str]]:
    if occasion.issue is None:
        words = plan.catalog.wording
        return None, words[f"{occasion.kind}_subjects"], words[f"{occasion.kind}_complaints"]
    issue: PlannedIssue = plan.issues[occasion.issue]
    family = plan.catalog.families[issue.family]
    return family, family.subjects, family.complaints


def _ticket(
    plan: Plan, case: _Case, text: tuple[str, str], resolved_at: int | None
) -> dict[str, Any]:
    occasion, rng = case.occasion, case.rng
    group = _GROUPS[occasion.kind]
    place = occasion.environment
    scale = 1.0 if occasion.issue is None else plan.issues[occasion.issue].effort_scale
    weights = (0.1, 0.4, 0.35, 0.15) if occasion.kind == "issue" else (0.35, 0.5, 0.12, 0.03)
    return {
        "ticket_id": case.ticket_id,
        "customer_id": plan.customers[occasion.customer].customer_id,
        "environment_id": None if place is None else plan.environments[place].environment_id,
        "opened_at": moment(occasion.at),
        "resolved_at": None if resolved_at is None else moment(resolved_at),
        "status": "open" if resolved_at is None else "resolved",
        "priority": _PRIORITIES[int(rng.choice(4, p=weights))],
        "category": "request" if occasion.kind == "question" else "incident",
        "subject": text[0],
        "description": text[1],
        "assignee": f"engineer-{int(rng.integers(1, 19)):02d}",
        "group": group,
        "effort_hours": round(scale * float(rng.lognormal(0.4, 0.8)), 2),
    }


def _thread(
    case: _Case, body: str, family: Family | None, end: tuple[int, bool]
) -> list[tuple[int, str, str]]:
    """Return the messages (at, author, text) from opening to resolution."""
    writer, opened = case.writer, case.occasion.at
    ends_at, done = end
    span = max(ends_at - opened, 30 * MINUTE)
    note = writer.say("system_notes").replace("{group}", _GROUPS[case.occasion.kind])
    asked, replied = writer.say("agent_opening"), writer.say("customer_replies")
    thread = [
        (opened, "customer", body),
        (opened + span // 20, "system", note),
        (opened + span // 10, "agent", asked),
        (
            opened + span // 4,
            "customer",
            writer.quoting(replied, asked) if writer.maybe(0.4) else replied,
        ),
    ]
    if family is not None:
        if writer.maybe(0.3):
            thread.append((opened + span // 2, "agent", writer.steps(family).split("\n2.")[0]))
            thread.append((opened + span * 6 // 10, "customer", writer.say("not_solved")))
        thread.append((opened + span * 8 // 10, "agent", writer.steps(family)))
    if done:
        thread.append((ends_at, "customer", writer.say("accepted")))
    return thread
