"""From a release or a stretch of time to its report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from caseline.errors import InputError
from caseline.records.reports import Section
from caseline.trends.reports.answers import TrendReport
from caseline.trends.reports.figures import figures_of
from caseline.trends.reports.growing import change_sections
from caseline.trends.reports.material import gather
from caseline.trends.reports.periods import period_of
from caseline.trends.reports.releases import version_sections
from caseline.trends.reports.settings import report_settings
from caseline.trends.reports.shared_answers import sharing
from caseline.trends.reports.spending import cost_section, first_section, fix_section
from caseline.trends.reports.summary import summarize
from caseline.trends.reports.unknown import unknown_section
from caseline.trends.reports.voice import Voice

if TYPE_CHECKING:
    from caseline.protocols import Engine
    from caseline.trends.reports.answers import Audience
    from caseline.trends.reports.material import Material, Terms
    from caseline.trends.reports.periods import Asked

AUDIENCES = ("internal", "partner")


def compose_report(  # noqa: PLR0913 - the parts of the question
    engine: Engine,
    terms: Terms,
    *,
    release: str | None,
    window: Asked,
    product: str | None,
    audience: Audience,
    figures: bool,
) -> TrendReport:
    """Return the report: see ``Trends.report``."""
    if audience not in AUDIENCES:
        raise InputError.unknown("audience", audience, AUDIENCES)
    settings = report_settings()
    engine = sharing(engine)
    spans = engine.ask("version_spans", as_of=terms.as_of)
    period = period_of(
        spans, release=release, window=window, product=product, now=terms.now, settings=settings
    )
    material = gather(engine, period, terms, spans, settings)
    voice = Voice.of(
        material.templates,
        engine.ask("fleet_spans", as_of=terms.as_of),
        engine.ask("tenancy_stages", as_of=terms.as_of),
        internal=audience == "internal",
        settings=settings,
    )
    return TrendReport(
        audience=audience,
        title=_title(release, period.product, material, voice),
        sections=_sections(material, voice),
        figures=figures_of(material, voice) if figures else (),
        as_of=terms.now,
        release=release,
        product=product or (period.product if _may_name(period.product, voice) else None),
        window=period.window,
        summary=summarize(material, voice),
    )


def _title(release: str | None, product: str | None, material: Material, voice: Voice) -> str:
    if release is not None:
        named = f"{product} {release}" if _may_name(product, voice) else release
        return f"What {named} brought, cost and mended"
    window = material.period.window
    return f"What changed from {window.start:%Y-%m-%d} to {window.end:%Y-%m-%d}"


def _may_name(product: str | None, voice: Voice) -> bool:
    return voice.internal or any(component == product for component, _ in voice.common)


def _sections(material: Material, voice: Voice) -> tuple[Section, ...]:
    told = [*version_sections(material, voice), *change_sections(material, voice)]
    if material.period.release is None:  # a stretch of time begins with what changed
        told = told[-3:] + told[:-3]
    told += [
        cost_section(material, voice),
        fix_section(material, voice),
        first_section(material, voice),
    ]
    if voice.internal:
        told += _whom(material)
    return (*told, unknown_section(material, voice))


def _whom(material: Material) -> list[Section]:
    """Return whom the errors that changed most fell on: for the house only."""
    rows = tuple((course.signature_id, ", ".join(course.whom)) for course in material.courses)
    columns = ("error", "customers who had it in the period")
    return [Section(title="On whom it fell", columns=columns, rows=rows)] if rows else []
