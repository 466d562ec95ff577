"""The report for one customer: its own logs, versions and tickets, in plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from caseline.impact.reports.material import bars, report_settings
from caseline.records.reports import Section
from caseline.store.shared_words import tells_anything

if TYPE_CHECKING:
    from caseline.impact.reports.material import Material
    from caseline.records.figures import Figure


def customer_sections(material: Material) -> tuple[Section, ...]:
    """Return what a customer may read; *material* is what its own eyes see."""
    said = report_settings()["customer"]
    return (
        Section(title="What happened", sentences=(_happened(material), *_message(material))),
        Section(title="Your environments", sentences=tuple(_environments(material))),
        Section(title="The fix", sentences=(_fixed(material), *_advice(material))),
        _tickets(material)
        if len(material.tickets)
        else Section(title="Your tickets", sentences=(said["no_tickets"],)),
        *_by_day(material),
    )


def _by_day(material: Material) -> list[Section]:
    names = ("day", "events")
    rows = tuple(material.daily.select(names).rows())
    return [Section(title="By day", columns=names, rows=rows)] if rows else []


def customer_figures(material: Material) -> tuple[Figure, ...]:
    """Return the customer's events by day."""
    title = "Lines that show the error, by day"
    return tuple(bars("events", title, material.daily, ["events"], unit="lines"))


def _own(material: Material) -> dict[str, Any]:
    return dict(material.impact.customers[0])


def _happened(material: Material) -> str:
    own = _own(material)
    said = report_settings()["customer"]
    if not own["events"] and own["status"] == "hit":  # only lines that may be another's say so
        return str(said["unknown"])
    values = {
        "events": own["events"],
        "power": f"{own['detection_power']:.2f}",
        "first": f"{own['first_seen']:%Y-%m-%d %H:%M}" if own["first_seen"] else "",
        "last": f"{own['last_seen']:%Y-%m-%d %H:%M} UTC" if own["last_seen"] else "",
    }
    return str(said[own["status"]].format(**values))


def _message(material: Material) -> list[str]:
    """Return the message as far as its words are common to many customers."""
    said = report_settings()["customer"]
    own = _own(material)
    if not own["events"]:
        return []
    shown = [text for text in material.templates["shared"] if tells_anything(text)]
    return [said["template"].format(template=text) for text in shown] or [said["no_template"]]


def _environments(material: Material) -> list[str]:
    said = report_settings()["customer"]
    shared = material.places.filter(pl.col("kind") == "multi_tenant")["environment_id"].to_list()
    lines = []
    for row in material.states:
        place = said["shared_place"] if row.environment_id in shared else row.environment_id
        known = row.version is not None and row.state != "unknown"
        text = said[row.state] if known else said["no_version"]
        lines.append(text.format(place=place, version=row.version))
    return lines


def _fixed(material: Material) -> str:
    said = report_settings()["customer"]
    fix = material.states.fix
    if fix is None or not fix.ranges.fixed_in:
        return str(said["not_fixed"])
    return str(said["fixed"].format(versions=" and ".join(fix.ranges.fixed_in)))


def _advice(material: Material) -> list[str]:
    fix = material.states.fix
    if fix is None or not fix.ranges.fixed_in:
        return []
    worst = material.states.by_customer["state"].to_list()
    return [str(report_settings()["customer"][f"advice_{state}"]) for state in worst]


def _tickets(material: Material) -> Section:
    names = ("ticket_id", "opened_at")
    rows = material.tickets.to_frame().select(names).rows()
    return Section(title="Your tickets", columns=names, rows=tuple(rows))
