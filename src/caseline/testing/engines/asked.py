"""Every question of the store, with values that make it answer something on the small fleet."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from caseline.records.windows import Window
from caseline.testing.engines.fleet import CUSTOMERS, SIGNATURES, at

if TYPE_CHECKING:
    from collections.abc import Iterator

_IDS = [*SIGNATURES, "s-unknown"]
_PLACES = ["e1", "e2"]
_NO_KIN: dict[str, Any] = {"members": [], "heads": []}
_KIN: dict[str, Any] = {"members": ["s-lost"], "heads": ["s-plain"]}
_DAYS = {"first_day": at(days=1), "last_day": at(days=31)}
_MONTHS = {"first_month": at(days=-1).date().replace(day=1), "last_month": at(days=70).date()}
_HOURS = Window(start=at(hours=5), end=at(days=20, hours=7))
_SHORT = Window(start=at(days=4, minutes=7), end=at(days=9, minutes=31))
_NONE = dict.fromkeys(("customer", "environment", "signature", "trace"))
_EVENTS = {**_NONE, "limit": 1000}
_STAGES = {"other_stages": ["staging", "test"]}
_TICKETS = dict.fromkeys(("ticket_id", "customer", "opened_from", "opened_to"))
_TOP = {
    "month_start": at(), "month_end": at(), "day_start": at(days=1), "day_end": at(days=20),
    "hour_start": at(hours=5), "hour_end": at(days=20, hours=7), "limit": 20,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One question with its values.

    Args:
        question: The file's name without ``.sql``.
        window: As ``Engine.ask`` takes it.
        values: For its other ``$names``.
    """

    question: str
    window: Window | None = None
    values: dict[str, Any] = field(default_factory=dict)


def _all() -> Iterator[Asked]:
    ids = {"signature_ids": _IDS}
    by_name: dict[str, dict[str, Any]] = {
        "alias_of": {"signature_id": "s-merged"},
        "cause_delay": {"version": "m-1", "customer": "c1"},
        "changes_between": {"start": at(days=1), "end": at(days=3)},
        "clock_readings": {"environment": "e1"},
        "covered_days": {"first_day": at(days=2).date(), "last_day": at(days=20).date()},
        "fleet_baseline": {**ids, **_DAYS},
        "id_kinds": {"ids": ["s-took", "s-merged", "t-0", "i-1", "c1", "e1", "ch-0", "x"]},
        "issue_known": {"issue_id": "i-1"},
        "recorded_fixes": {"issue_id": "i-1"},
        "link_positions": {"link_id": "l-1"},
        "recent_texts": {"before": at(days=3), "limit": 2},
        "sampled_signatures": ids,
        "place_levels": _MONTHS,
        "signature": {"signature": "s-took"},
        "signature_known": {"signature_id": "s-merged"},
        "signature_texts": ids,
        "template_samples": {**ids, "limit": 3},
        "ticket_efforts": {"opened_from": None, "opened_to": at(days=3)},
        "template_seen": {"signature_id": "s-lost"},
        "ticket_rows": _TICKETS,
        "widespread_counts": {**_MONTHS, "limit": 3},
        "word_holders": {"words": ["took", "nobody"]},
        "ticket_texts": {"ticket_ids": ["t-0", "t-3"]},
        "versions_at": {"environments": _PLACES, "start": at(days=5), "end": at(days=15)},
    }
    yield from (Asked(question=name, values=values) for name, values in by_name.items())
    for ticket in (None, "t-0"):
        yield Asked(question="cause_links", values={"ticket_id": ticket})
    for end in (None, "s-took", "s-lost", "i-1"):
        yield Asked(question="links_of", values={"id": end, "link_id": None})
    yield Asked(question="links_of", values={"id": None, "link_id": "l-1"})
    for environment in (None, "e1"):
        yield Asked(question="host_clocks", values={"environment": environment})
    for chosen in (None, ["t-0", "t-3"]):
        yield Asked(question="ticket_messages", values={"ticket_ids": chosen})
    yield Asked(question="ticket_rows", values={**_TICKETS, "customer": "c'4"})
    yield from _of_customers()
    yield from _of_days()
    yield from _of_events()


def _of_customers() -> Iterator[Asked]:
    for customer in CUSTOMERS:
        who = {"customer": customer, "environments": _PLACES}
        yield Asked(question="customer_baseline", values={**who, **_DAYS})
        yield Asked(question="customer_events", window=_SHORT, values=who)
        yield Asked(question="customer_hours", window=_HOURS, values=who)
        yield Asked(question="trace_order", window=_HOURS, values={**who, "signature_ids": _IDS})
        spread = {"signature_ids": _IDS, "customer": customer}
        yield Asked(question="window_spread", window=_SHORT, values=spread)
    yield Asked(question="customer_coverage", window=_HOURS, values={"environments": _PLACES})
    none = {"customer": "c1", "environments": []}
    yield Asked(question="customer_hours", window=_HOURS, values=none)


def _of_days() -> Iterator[Asked]:
    for kin in (_NO_KIN, _KIN):
        yield Asked(question="daily_units", values={**_DAYS, **_STAGES, **kin})
        parts = {"middle_day": at(days=8), "recent_day": at(days=16)}
        yield Asked(question="candidate_units", values={**_DAYS, **parts, **_STAGES, **kin})
        chosen = {"signature_ids": _IDS}
        yield Asked(question="first_hits", values={**chosen, **_DAYS, **_STAGES, **kin})
        yield Asked(question="signature_births", values={**_STAGES, **kin})
        for every in (True, False):
            own = {"every": every, "signature_ids": _IDS}
            yield Asked(question="hit_days", values={**own, **_DAYS, **_STAGES, **kin})
    days = {"signature_ids": _IDS, "first_day": at(days=1), "last_day": at(days=20)}
    yield Asked(question="signature_days", window=_HOURS, values=days)
    yield Asked(question="covered_part", window=_SHORT)
    yield Asked(question="environment_volumes", window=_HOURS)
    yield Asked(question="log_arrivals", window=_SHORT)
    yield Asked(question="host_stretches", window=_SHORT)
    yield Asked(question="signature_arrivals", window=_SHORT, values={"signature_ids": _IDS})
    yield Asked(question="severe_arrivals", window=_SHORT, values={"severity": 13})
    middle = {"middle": at(days=10), **_STAGES}
    yield Asked(question="compared_windows", window=_HOURS, values=middle)
    yield Asked(question="fleet_spread", window=_HOURS, values={"signature_ids": _IDS})
    yield Asked(question="signature_edges", window=_SHORT, values={"signature_ids": _IDS})
    for by in ("customers", "events"):
        yield Asked(question="top_signatures", window=_HOURS, values={**_TOP, "by": by})
        yield Asked(question="top_signatures_ever", values={"by": by, "limit": 3})


def _of_events() -> Iterator[Asked]:
    open_ends = {"start": None, "end": None}
    yield Asked(question="events", values={**_EVENTS, **open_ends})
    yield Asked(question="events", window=_SHORT, values={**_EVENTS, "limit": 5})
    yield Asked(question="events", values={**_EVENTS, **open_ends, "customer": "c'4"})
    yield Asked(question="events", values={**_EVENTS, **open_ends, "signature": "s-\\odd"})
    yield Asked(question="events", values={**_EVENTS, **open_ends, "trace": "tr-2"})
    yield Asked(question="events_with_text", window=_HOURS, values={**_EVENTS, "text": "IT'S \\"})
    traces = {"environment": "e1", "trace_ids": ["tr-1", "tr-2"], "hosts": ["h0", "h1"]}
    yield Asked(question="trace_moments", window=_HOURS, values=traces)
    whose = {name: traces[name] for name in ("environment", "trace_ids")}
    yield Asked(question="trace_owners", window=_HOURS, values=whose)
    firsts = {"signature_ids": _IDS, "limit": 50}
    yield Asked(question="trace_firsts", window=_SHORT, values=firsts)


def question_names() -> list[str]:
    """Return the names of all questions there are."""
    found = files("caseline.store").joinpath("questions").iterdir()
    return sorted(f.name.removesuffix(".sql") for f in found if f.name.endswith(".sql"))


_GIVEN = tuple(_all())
_ASKED_ABOVE = {asked.question for asked in _GIVEN}
ASKED = (*_GIVEN, *(Asked(question=n) for n in question_names() if n not in _ASKED_ABOVE))
"""Each question at least once."""

PAST = at(days=40, hours=2) + timedelta(minutes=30)
"""A moment between two batches, before anything was merged."""

NOW_ONLY = frozenset({"all_aliases"})
"""Questions that nobody may ask of the past: the table of then has no reasons."""
