"""The report for those who may see all customers, and the one from which none can be told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from caseline.impact.reports.material import bars, report_settings
from caseline.records.reports import Section, rounded
from caseline.store.shared_words import tells_anything

if TYPE_CHECKING:
    from caseline.impact.reports.material import Material
    from caseline.impact.spreading.answers import Spread
    from caseline.records.figures import Figure

_VECTORS = ("kind", "attribute", "value", "probability", "explained", "ratio", "low", "high")


def internal_sections(material: Material) -> tuple[Section, ...]:
    """Return all that is known."""
    found = [
        _summary(material),
        _scope(material),
        _severity(material),
        _customers(material),
        *([] if material.spread is None else _spread(material.spread)),
        _timeline(material),
        _fix(material),
        _tickets(material),
        _evidence(material),
        _not_known(material),
    ]
    return tuple(found)


def internal_figures(material: Material) -> tuple[Figure, ...]:
    """Return events and customers by day, and the states of customers."""
    status = material.impact.customers.to_frame().group_by("status").agg(
        pl.len().alias("customers")
    ).sort("status")  # fmt: skip
    states = pl.DataFrame(
        {"state": list(material.states.counts), "customers": list(material.states.counts.values())}
    )
    return (
        *bars("events", "Events by day", material.daily, ["events"], unit="events"),
        *bars("customers", "Customers hit by day", material.daily, ["customers"], unit="customers"),
        *bars("status", "Customers by status", status, ["customers"], unit="customers"),
        *bars("fix", "Customers by fix state", states, ["customers"], unit="customers"),
    )


def partner_sections(material: Material) -> tuple[Section, ...]:
    """Return what tells of no customer: rough numbers, common words, versions."""
    impact, states = material.impact, material.states
    scope = impact.scope
    shown = [
        row["shared"] for row in material.templates.to_dicts() if tells_anything(row["shared"])
    ]
    about = [f"The message reads: {text}" for text in shown] or [
        "The message has no words that are common to several customers."
    ]
    counts = {state: _rough(number) for state, number in states.counts.items()}
    return (
        Section(
            title="Summary",
            sentences=(
                *about,
                f"It hits {_rough(scope.point)} customers; severity {impact.severity}.",
                *_when(material),
            ),
        ),
        Section(
            title="Fix state",
            sentences=(_fixed_versions(material),),
            columns=("state", "customers"),
            rows=tuple(counts.items()),
        ),
        Section(title="Tickets", sentences=(f"{_rough(len(material.tickets))} tickets.",)),
    )


def _rough(number: float) -> str:
    return rounded(number, common_from=report_settings()["common_from"])


def _when(material: Material) -> list[str]:
    first: Any = material.templates["first_seen"].min()
    last: Any = material.templates["last_seen"].max()
    if first is None:
        return []
    return [f"First seen {first:%Y-%m-%d %H:%M}, last seen {last:%Y-%m-%d %H:%M} UTC."]


def _summary(material: Material) -> Section:
    impact, scope = material.impact, material.impact.scope
    texts = material.templates["template"].to_list()
    hit = f"{scope.low} to {scope.high} of {scope.customers} customers"
    return Section(
        title="Summary",
        sentences=(
            *texts[:3],
            f"{hit} are hit (expected {scope.point:.1f}); severity {impact.severity}.",
            f"{impact.events} events; {impact.unattributed:.1%} belong to no customer.",
            *_when(material),
            _fixed_versions(material),
        ),
    )


def _scope(material: Material) -> Section:
    told = material.impact.scope.to_dict()
    return Section(
        title="Scope", columns=("part", "value"), rows=tuple((k, v) for k, v in told.items())
    )


def _severity(material: Material) -> Section:
    told = material.impact.severity.to_dict()
    flat = [(name, value) for name, value in told.items() if not isinstance(value, dict | list)]
    return Section(title="Severity", columns=("part", "value"), rows=tuple(flat))


def _customers(material: Material) -> Section:
    frame = material.impact.customers.to_frame()
    counted = frame.group_by("status").agg(
        pl.len().alias("n"), pl.col("detection_power").mean().alias("power")
    )
    sentences = [
        f"{row['n']} {row['status']}, detection power {row['power']:.2f} in the mean"
        for row in counted.sort("status").iter_rows(named=True)
    ]
    names = ("customer_id", "status", "probability", "detection_power", "events", "first_seen")
    rows = frame.sort(["probability", "events", "customer_id"], descending=[True, True, False])
    return Section(
        title="Customers", sentences=tuple(sentences), columns=names, rows=_first(rows, names)
    )


def _first(frame: pl.DataFrame, names: tuple[str, ...]) -> tuple[tuple[Any, ...], ...]:
    return tuple(frame.select(names).head(report_settings()["shown_rows"]).rows())


def _spread(spread: Spread) -> list[Section]:
    blame = spread.blame
    names = ("customer_id", "probability", "expected_at", "planned_at")
    return [
        Section(
            title="Spread",
            sentences=(
                f"{spread.verdict}: {spread.reason}",
                f"owner: {blame.owner} (probability {blame.probability:.2f})",
                *blame.reasons,
            ),
            columns=_VECTORS,
            rows=_first(spread.vectors.to_frame(), _VECTORS),
        ),
        Section(
            title="At risk", columns=names, rows=_first(spread.at_risk.to_frame(), names)
        ),
    ]  # fmt: skip


def _timeline(material: Material) -> Section:
    names = ("day", "events", "customers")
    return Section(title="Timeline", columns=names, rows=tuple(material.daily.select(names).rows()))


def _fixed_versions(material: Material) -> str:
    states = material.states
    if states.fix is None:
        judged = states.versions.to_frame()
        free = judged.filter(pl.col("verdict") == "fixed")["version"].to_list()
        return f"Nobody recorded a fix; by the logs fixed: {', '.join(free) or 'no version'}."
    fixed = " and ".join(states.fix.ranges.fixed_in) or "no version yet"
    return f"Fixed in {fixed} of {states.component}."


def _fix(material: Material) -> Section:
    states = material.states
    counts = ", ".join(f"{number} {state}" for state, number in states.counts.items())
    names = ("customer_id", "environment_id", "state", "version", "since", "planned_at")
    open_ones = states.to_frame().filter(pl.col("state") != "protected")
    return Section(
        title="Fix state",
        sentences=(f"{states.source}: customers {counts}.", *states.notes),
        columns=names,
        rows=_first(open_ones.sort("state", "customer_id", descending=[True, False]), names),
    )


def _tickets(material: Material) -> Section:
    tickets = material.tickets
    names = ("ticket_id", "customer_id", "opened_at", "probability", "duplicate_of")
    said = f"{len(tickets)} tickets of {len(tickets.customers)} customers."
    return Section(
        title="Tickets",
        sentences=(said, *tickets.notes),
        columns=names,
        rows=_first(tickets.to_frame(), names),
    )


def _evidence(material: Material) -> Section:
    names = ("signature_id", "severity", "first_seen", "last_seen", "template")
    return Section(title="Evidence", columns=names, rows=_first(material.templates, names))


def _not_known(material: Material) -> Section:
    impact = material.impact
    unknown = impact.scope.unknown
    sentences = [f"Of {unknown} customers the logs do not tell."] if unknown else []
    if material.states.counts["unknown"]:
        number = material.states.counts["unknown"]
        sentences.append(f"Of {number} customers no version is known that tells.")
    if impact.unattributed:
        sentences.append(f"{impact.unattributed:.1%} of the events belong to no customer.")
    return Section(title="What is not known", sentences=(*sentences, *impact.notes))
