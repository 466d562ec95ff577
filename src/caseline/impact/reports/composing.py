"""From an issue to its report, for whoever may read it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from caseline.errors import InputError, NotFoundError
from caseline.estimation.exposure import in_production
from caseline.impact.causes.explaining import explain
from caseline.impact.fixes.tracking import track_fix
from caseline.impact.ledger.assessment import assess
from caseline.impact.linking.gathering import gather_tickets
from caseline.impact.reports.answers import IssueReport
from caseline.impact.reports.customer import customer_figures, customer_sections
from caseline.impact.reports.internal import (
    internal_figures,
    internal_sections,
    partner_sections,
)
from caseline.impact.reports.material import Material, by_day, report_settings
from caseline.impact.spreading.spreading import spread_of
from caseline.store.rollups import read_days
from caseline.store.shared_words import shared_templates

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from caseline.impact.causes.explaining import Causes
    from caseline.impact.reports.answers import Audience
    from caseline.protocols import Engine

AUDIENCES = ("internal", "partner", "customer")


def compose_report(  # noqa: PLR0913 - the parts of the question
    engine: Engine,
    signature_ids: Sequence[str],
    *,
    wanted: str,
    audience: Audience,
    customer: str | None,
    now: datetime,
    as_of: datetime | None,
) -> IssueReport:
    """Return the report on *wanted*, made of *signature_ids*, for an audience.

    A customer's report is worked out with that customer's eyes: nothing of another one is
    read, but at how many customers each word of a template was seen.

    Raises:
        NotFoundError: the fleet has no such customer.
        InputError: no such audience; or a customer where none is wanted, or none where one is.
    """
    if audience not in AUDIENCES:
        raise InputError.unknown("audience", audience, AUDIENCES)
    if (customer is None) == (audience == "customer"):
        raise InputError("give customer= for the audience 'customer', and for no other")
    eyes = engine
    if customer is not None:
        known = engine.ask("customer_ids", as_of=as_of)["customer_id"].to_list()
        if customer not in known:
            raise NotFoundError.of("customer", customer, known)
        eyes = engine.scoped(frozenset({customer}))
    material = _gather(engine, eyes, signature_ids, wanted=wanted, now=now, as_of=as_of)
    if audience == "internal" and material.impact.events:
        spread = spread_of(
            engine, tuple(signature_ids), wanted=wanted, window=None, as_of=as_of, now=now
        )
        material = replace(material, spread=spread)
    if customer is not None:
        title = str(report_settings()["customer"]["title"])
        sections, figures = customer_sections(material), customer_figures(material)
    elif audience == "partner":
        title, sections, figures = "Report on an issue", partner_sections(material), ()
    else:
        title = f"Report on {wanted}"
        sections, figures = internal_sections(material), internal_figures(material)
    return IssueReport(
        issue_id=wanted,
        audience=audience,
        customer_id=customer,
        title=title,
        sections=sections,
        figures=figures,
        as_of=now,
    )


def _gather(
    whole: Engine,
    eyes: Engine,
    signature_ids: Sequence[str],
    *,
    wanted: str,
    now: datetime,
    as_of: datetime | None,
) -> Material:
    ids = tuple(signature_ids)
    impact = assess(eyes, ids, wanted=wanted, window=None, as_of=as_of, now=now)

    def causes_of(ticket: str, limit: int) -> Causes:
        return explain(eyes, ticket, limit=limit, now=now, as_of=as_of)

    templates = whole.ask("signature_texts", as_of=as_of, signature_ids=list(impact.signature_ids))
    days = read_days(eyes, list(impact.signature_ids), as_of=as_of).filter(in_production())
    if eyes is not whole:  # what is shared may be of others
        days = days.filter(pl.col("customer_id").is_not_null())
    return Material(
        impact=impact,
        states=track_fix(
            eyes, ids, wanted=wanted, component=None, now=now, as_of=as_of, recorded_in=whole
        ),
        tickets=gather_tickets(eyes, impact, causes_of, as_of=as_of),
        templates=shared_templates(
            whole, templates, common_from=report_settings()["common_from"]
        ),
        daily=by_day(days),
        places=eyes.ask("fleet_environments", as_of=as_of),
    )  # fmt: skip
