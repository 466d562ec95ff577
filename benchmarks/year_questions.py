"""The questions that are put to the simulated year, each beside the raw scan it replaces.

Each is asked with other values every time: signatures from the most frequent to the
rarest, customers large and small. The raw scan is the engine's own SQL on the columns of
the events that an answer without any sums or sets would have to read.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from inspect import signature as parameters_of
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from year_fleet import day_of
from year_signatures import ABSENT_WORD, FREQUENT_WORD, RARE_WORD
from year_tickets import tickets_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import duckdb
    from year_filling import Kept

    from caseline.workspace import View

    Ask = Callable[[View, int], object]

Item = TypeVar("Item")
_WEEK, _MONTH, _YEAR = timedelta(days=7), timedelta(days=30), timedelta(days=365)
_AROUND = timedelta(minutes=30)
_TARGETS = 25
_TOP = (
    "SELECT signature_id, count(DISTINCT customer_id) AS customers, sum(repeats) AS events, "
    "min(moment), max(moment) FROM events WHERE moment >= $start GROUP BY 1 "
    "ORDER BY 2 DESC, 3 DESC LIMIT 20"
)
_CUSTOMERS = (
    "SELECT customer_id, share_group, sum(repeats), min(moment), max(moment), "
    "list(DISTINCT version), max(severity) FROM events "
    "WHERE signature_id = $signature AND moment >= $start GROUP BY ALL"
)
_SERIES = (
    "SELECT {by}, sum(repeats), count(DISTINCT customer_id) FROM events "
    "WHERE signature_id = $signature AND stage = 'production' GROUP BY ALL ORDER BY 1"
)
_AROUND_SQL = (
    "SELECT signature_id, sum(repeats), max(severity) FROM events "
    "WHERE customer_id = $customer AND moment >= $opened - INTERVAL {before} "
    "AND moment < $opened + INTERVAL {after} GROUP BY 1"
)
_COMPARE = (
    "SELECT signature_id, sum(repeats) FILTER (moment >= $start), "
    "sum(repeats) FILTER (moment < $start), count(DISTINCT customer_id) FROM events "
    "WHERE moment >= $start - INTERVAL 7 DAY GROUP BY 1"
)
_WORD = (
    "SELECT e.* FROM events e JOIN catalog.signatures t USING (signature_id) "
    "WHERE {who} e.moment >= $start AND (contains(lower(t.template), $word) "
    "OR contains(lower(e.variables), $word)) ORDER BY e.moment DESC LIMIT 1000"
)
_TRACE = "SELECT * FROM events WHERE trace_id = $trace ORDER BY moment"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question.

    Args:
        name: In the table.
        ask: Asks it through the public face; its number says with which values.
        sql: The raw scan beside it.
        window: How far back the raw scan reads.
        word: What is searched for, for a search.
        needs: What the workspace must have for it: ``trends.compare``, ``events:trace``.
    """

    name: str
    ask: Ask
    sql: str
    window: timedelta = _YEAR
    word: str = ""
    needs: str = ""

    def missing(self, ws: View) -> str:
        """Return why it cannot be asked of *ws*; empty if it can."""
        path, _, parameter = self.needs.partition(":")
        found: Any = ws
        for name in path.split(".") if path else ():
            found = getattr(found, name, None)
        there = found is not None and (
            not parameter or parameter in parameters_of(found).parameters
        )
        return "" if there else f"there is no ws.{path}({parameter}) yet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    """What is asked about, in turn.

    Args:
        signatures: From the most frequent to the rarest.
        customers: Of a search.
        tickets: ticket_id, customer_id, opened_at; of the last 30 days.
        traces: Ids spread over all months.
        end: The end of what is stored: the present.
    """

    signatures: list[str]
    customers: list[str]
    tickets: list[tuple[str, str, datetime]]
    traces: list[str]
    end: datetime

    @classmethod
    def of(cls, kept: Kept, connection: duckdb.DuckDBPyConnection) -> Targets:
        """Return targets of *kept*, whose months and catalog are attached to *connection*."""
        year, filled = kept.year, kept.filled
        rows = connection.execute(
            "SELECT signature_id FROM months GROUP BY 1 ORDER BY sum(events) DESC, 1"
        ).fetchall()
        ids = [row[0] for row in rows]
        recent = tickets_of(year, first=max(0, filled - 30), last=filled)
        some = recent.select("ticket_id", "customer_id", "opened_at").rows()
        months = connection.execute("SELECT DISTINCT month FROM months ORDER BY 1").fetchall()
        traces: list[str] = []
        for (month,) in months:
            found = connection.execute(
                "SELECT DISTINCT trace_id FROM (SELECT trace_id FROM events WHERE "
                "trace_id IS NOT NULL AND moment >= $month "
                "AND moment < $month + INTERVAL 1 MONTH LIMIT 500) ORDER BY 1 LIMIT 25",
                {"month": month},
            ).fetchall()
            traces += [row[0] for row in found]
        customers = year.fleet.customer_ids
        return cls(
            signatures=_spread(ids),
            customers=_spread(customers),
            tickets=_spread(some),
            traces=_spread(traces),
            end=day_of(filled),
        )

    def write(self, path: Path) -> None:
        """Keep them in the file *path*."""
        tickets = [(*ticket[:2], ticket[2].isoformat()) for ticket in self.tickets]
        told = asdict(self) | {"tickets": tickets, "end": self.end.isoformat()}
        path.write_text(json.dumps(told), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Targets:
        """Return those kept in the file *path*."""
        told = json.loads(path.read_text(encoding="utf-8"))
        tickets = [(*ticket[:2], datetime.fromisoformat(ticket[2])) for ticket in told["tickets"]]
        return cls(**told | {"tickets": tickets, "end": datetime.fromisoformat(told["end"])})

    def values(self, n: int, question: Question) -> dict[str, object]:
        """Return the values of the raw scan's parameters, as the engine takes them."""
        ticket = self.tickets[n % len(self.tickets)]
        searched = question.word and "customer" in question.sql
        values = {
            "signature": self.signatures[n % len(self.signatures)],
            "customer": self.customers[n % len(self.customers)] if searched else ticket[1],
            "opened": ticket[2].replace(tzinfo=None),
            "start": (self.end - question.window).replace(tzinfo=None),
            "trace": self.traces[n % len(self.traces)],
            "word": question.word,
        }
        return {name: value for name, value in values.items() if f"${name}" in question.sql}


def _spread(items: list[Item]) -> list[Item]:
    """Return some of *items*, evenly, in an order that mixes first and last."""
    step = max(1, len(items) // _TARGETS)
    some = items[::step][:_TARGETS]
    return [some[n * 7 % len(some)] for n in range(len(some))] if some else []


def questions_of(targets: Targets) -> list[Question]:
    """Return all questions about *targets*."""
    return [*_sums(targets), *_tickets(targets), *_searches(targets)]


def _sums(targets: Targets) -> list[Question]:
    def signature(n: int) -> str:
        return targets.signatures[n % len(targets.signatures)]

    def top(window: timedelta) -> Ask:
        return lambda ws, _: ws.signatures.top(window=window)

    def reach(window: timedelta) -> Ask:
        return lambda ws, n: ws.impact.of(signature(n), window=window)

    def series(by: Literal["day", "version"]) -> Ask:
        return lambda ws, n: ws.trends.series(signature(n), by=by, window=_YEAR)

    def named(name: str, window: timedelta, ask: Ask, sql: str) -> Question:
        return Question(name=f"{name}, {window.days} days", ask=ask, sql=sql, window=window)

    return [
        *(named("top 20 by customers", w, top(w), _TOP) for w in (_WEEK, _MONTH, _YEAR)),
        *(named("customers of a signature", w, reach(w), _CUSTOMERS) for w in (_MONTH, _YEAR)),
        Question(
            name="series by day, a year",
            ask=series("day"),
            sql=_SERIES.format(by="moment::DATE"),
        ),
        Question(
            name="series by version, a year",
            ask=series("version"),
            sql=_SERIES.format(by="version"),
        ),
        Question(
            name="week over week, all signatures",
            ask=lambda ws, _: ws.trends.compare(window=_WEEK),
            sql=_COMPARE,
            window=_WEEK,
            needs="trends.compare",
        ),
        Question(
            name="what changed, all signatures, a year watched",
            ask=lambda ws, _: ws.trends.changes(window=_MONTH),
            sql=_COMPARE,
            needs="trends.changes",
        ),
    ]


def _tickets(targets: Targets) -> list[Question]:
    def ticket(n: int) -> tuple[str, str, datetime]:
        return targets.tickets[n % len(targets.tickets)]

    return [
        Question(
            name="30 minutes around a ticket",
            ask=lambda ws, n: ws.impact.context(ticket(n)[1], around=ticket(n)[2], window=_AROUND),
            sql=_AROUND_SQL.format(before="30 MINUTE", after="30 MINUTE"),
        ),
        Question(
            name="causes of a ticket",
            ask=lambda ws, n: ws.impact.causes(ticket(n)[0]),
            sql=_AROUND_SQL.format(before="28 DAY", after="0 DAY"),
        ),
    ]


def _searches(targets: Targets) -> list[Question]:
    def customer(n: int) -> str:
        return targets.customers[n % len(targets.customers)]

    def search(word: str, *, own: bool) -> Ask:
        if own:
            return lambda ws, n: ws.events(customer=customer(n), text=word, window=_MONTH)
        return lambda ws, _: ws.events(text=word, window=_WEEK)

    words = (("frequent", FREQUENT_WORD), ("rare", RARE_WORD), ("absent", ABSENT_WORD))
    searches = [
        Question(
            name=f"word, {kind}, {'one customer, 30 days' if own else 'all customers, 7 days'}",
            ask=search(word, own=own),
            sql=_WORD.format(who="e.customer_id = $customer AND" if own else ""),
            window=_MONTH if own else _WEEK,
            word=word,
        )
        for own in (True, False)
        for kind, word in words
    ]
    traced = Question(
        name="events of a trace",
        ask=lambda ws, n: ws.events(trace=targets.traces[n % len(targets.traces)]),
        sql=_TRACE,
        needs="events:trace",
    )
    return [*searches, traced]
