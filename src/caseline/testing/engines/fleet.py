"""The catalog of a small fleet with all that questions differ by: shared, merged, split, past."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

from caseline.records import tables

if TYPE_CHECKING:
    from caseline.protocols import Engine

MARCH = datetime(2026, 3, 1, tzinfo=UTC)
CUSTOMERS = ("c1", "c2", "c3", "c'4")
"""The last one's name wants quoting."""
SIGNATURES = {
    "s-took": ["took ", " ms"],
    "s-lost": ["lost ", " of ", ""],
    "s-\\odd": ["it's \\", ' "at" ', "%_ü\t"],
    "s-merged": ["needed ", " ms"],
    "s-part": ["took ", " ms"],
    "s-plain": ["started"],
}
"""Signatures with the constant parts of their templates."""
_TYPES = {
    "text": pl.String(),
    "time": pl.Datetime("us", "UTC"),
    "number": pl.Float64(),
    "integer": pl.Int64(),
    "boolean": pl.Boolean(),
}


def at(**step: float) -> datetime:
    """Return a moment by its distance from the start of March."""
    return MARCH + timedelta(**step)


def load_fleet(engine: Engine) -> None:
    """Write the fleet, its signatures and its tickets into the catalog of *engine*."""
    with engine.transaction():
        for table, rows in _outside().items():
            schema = {c.name: _TYPES[c.kind] for c in _SCHEMAS[table].columns}
            engine.save(table, pl.DataFrame(rows, schema=schema))
        for table, found in _inside().items():
            engine.save(table, found)


def decide(engine: Engine) -> None:
    """Merge a signature into another and split one by a value, as people do."""
    row = {"signature_id": "s-merged", "merged_into": "s-took", "reason": "alike", "author": "ana"}
    row |= {"step_into": "s-took"}
    decided = pl.DataFrame([{**row, "decided_at": at(days=41), "position": 0}])
    engine.save("alias_history", decided)
    engine.save("signature_aliases", decided)
    split = {"signature_id": "s-took", "variable": 1, "value": "3", "split_into": "s-part"}
    split |= {"author": "ana", "decided_at": at(days=41)}
    types = {"variable": pl.Int32}
    engine.save("signature_splits", pl.DataFrame([split], schema_overrides=types))


_SCHEMAS = {t.name: t for t in (*tables.FLEET, tables.TICKETS, tables.MESSAGES)}


def _outside() -> dict[str, list[dict[str, Any]]]:
    shared = [
        {"customer_id": c, "environment_id": "e2", "tenant_key": c, "placement": f"cell-{n % 2}"}
        for n, c in enumerate(CUSTOMERS[1:])
    ]
    return {
        "customers": [
            {"customer_id": c, "name": f"Name of {c}", "tier": "gold", "annual_value": 10.5 * n}
            for n, c in enumerate(CUSTOMERS)
        ],
        "environments": [
            {"environment_id": "e1", "kind": "single_tenant", "stage": "production"},
            {"environment_id": "e2", "kind": "multi_tenant", "stage": "production"},
            {"environment_id": "e3", "kind": "single_tenant", "stage": "staging"},
        ],
        "tenancies": [
            {"customer_id": "c1", "environment_id": "e1", "valid_from": at(days=-90)},
            {"customer_id": "c1", "environment_id": "e3", "valid_to": at(days=60)},
            *shared,
        ],
        "spans": [
            {"environment_id": e, "component": "app", "value": v, "kind": "version",
             "valid_from": at(days=10 * n), "valid_to": at(days=10 * n + 12)}
            for e in ("e1", "e2") for n, v in enumerate(("8.1", "8.2"))
        ],
        "changes": [
            {"change_id": f"ch-{n}", "kind": "release", "scope": scope, "starts_at": at(days=n)}
            for n, scope in enumerate((None, "e1", "e2, e1", "e3"))
        ],
        "tickets": [
            {"ticket_id": f"t-{n}", "customer_id": c, "opened_at": at(days=n),
             "resolved_at": at(days=n + 20), "status": "solved", "subject": f"slow {n}"}
            for n, c in enumerate(CUSTOMERS)
        ],
        "messages": [
            {"ticket_id": f"t-{n}", "at": at(days=n, hours=h), "author": "customer",
             "body": f"still {h}", "public": True}
            for n in range(len(CUSTOMERS)) for h in (1, 500)
        ],
    }  # fmt: skip


def _inside() -> dict[str, pl.DataFrame]:
    templates = [
        {"signature_id": name, "scheme": "t", "kind": "log", "template": "<*>".join(parts),
         "parts": parts, "rules": ["number"] * (len(parts) - 1)}
        for name, parts in SIGNATURES.items()
    ]  # fmt: skip
    weights = [{"share_group": "g1", "customer_id": c, "weight": 0.25} for c in CUSTOMERS[1:]]
    shape = {"shape": b"took 0 ms", "signature_id": "s-took", "spans": [5, 6], "rebuilds": True}
    return {
        "signatures": pl.DataFrame(templates, schema_overrides={"rules": pl.List(pl.String)}),
        "shapes": pl.DataFrame([shape], schema_overrides={"spans": pl.List(pl.UInt32)}),
        "share_groups": pl.DataFrame(weights),
        "vocabulary": pl.DataFrame([{"word": "took", "customer_id": c} for c in CUSTOMERS]),
        "meta": pl.DataFrame([{"name": "scheme", "value": "t"}]),
        "lineage": pl.DataFrame([_became("s-lost", "s-plain", 0), _became("s-took", "s-took", 1)]),
        "issues": pl.DataFrame([_issue("i-1", 2), _issue("i-2", 45)]),
        "issue_signatures": pl.DataFrame(
            {"issue_id": ["i-1", "i-1", "i-2"], "signature_id": ["s-merged", "s-lost", "s-\\odd"]}
        ),
        "fixes": pl.DataFrame([_fix(position) for position in range(2)]),
        "links": pl.DataFrame(_links()),
        "link_decisions": pl.DataFrame([_decision("l-1", 0), _decision("l-2", 0, "rejected")]),
        "cause_models": pl.DataFrame([_model("m-1", day=3), _model("m-2", day=50)]),
        "cause_delays": pl.DataFrame(
            {
                "version": "m-1",
                "customer_id": [None, "c1"],
                "tickets": [9, 3],
                "log_hours": [1.5, 0],
            }
        ),
        "clock_readings": pl.DataFrame([_reading(slot) for slot in range(2)]),
        "clocks": pl.DataFrame([_clock()]),
        "environment_services": pl.DataFrame(
            [
                {"environment_id": e, "service": s, "received_at": at(days=n)}
                for n, (e, s) in enumerate((("e1", "api"), ("e1", "web"), ("e2", "api")))
            ]
        ),
        "signature_services": pl.DataFrame(
            [
                {"signature_id": s, "service": "api", "received_at": at(days=n)}
                for n, s in enumerate(("s-took", "s-merged"))
            ]
        ),
        "rejects": pl.DataFrame([_reject()]),
    }


def _became(from_id: str, to_id: str, position: int) -> dict[str, Any]:
    same = from_id == to_id
    return {
        "from_id": from_id, "to_id": to_id, "position": position,
        "kind": "sampled" if same else "reworded", "state": "proposed", "together": not same,
        "confidence": 0.9, "ratio": 0.1, "since_version": "8.2", "since": at(days=3),
        "environments": 2, "events_before": 10, "events_after": 1, "reasons": "r",
        "author": "rule", "decided_at": at(days=5 + position),
    }  # fmt: skip


def _issue(issue_id: str, day: int) -> dict[str, Any]:
    return {
        "issue_id": issue_id, "kind": "new", "status": "ongoing", "title": "t",
        "detected_at": at(days=day), "since": at(days=1), "baseline": 0.5, "observed": 3.0,
        "evidence": "e",
    }  # fmt: skip


def _fix(position: int) -> dict[str, Any]:
    return {
        "issue_id": "i-1", "component": "server", "position": position, "fixed_in": '["8.1"]',
        "affected_from": "[]", "affected": "[]", "branches": "{}", "author": "ana",
        "recorded_at": at(days=40 + position),
    }  # fmt: skip


def _links() -> list[dict[str, Any]]:
    ends = {
        "l-1": ("t-0", "signature", "s-took"),
        "l-2": ("t-1", "signature", "s-merged"),
        "l-3": ("t-2", "issue", "i-1"),
        "l-4": ("t-3", "customer", "c1"),
    }
    return [
        {
            "link_id": link, "left_kind": "ticket", "left_id": ticket, "right_kind": kind,
            "right_id": name, "kind": "cause", "confidence": 0.5, "reasons": "[]",
            "author": "rule", "state": "proposed" if link < "l-3" else "confirmed",
            "created_at": at(days=4),
        }
        for link, (ticket, kind, name) in ends.items()
    ]  # fmt: skip


def _decision(link_id: str, position: int, state: str = "confirmed") -> dict[str, Any]:
    return {
        "link_id": link_id, "position": position, "state": state, "author": "ana",
        "reasons": "[]", "decided_at": at(days=41),
    }  # fmt: skip


def _model(version: str, *, day: int) -> dict[str, Any]:
    return {
        "version": version, "learned_at": at(days=day), "adopted": True, "weights": "{}",
        "bias": 2.0, "temperature": 1.0, "links": 9, "judged": 3, "loss_before": 0.5,
        "loss_after": 0.4,
    }  # fmt: skip


def _reading(slot: int) -> dict[str, Any]:
    return {
        "environment_id": "e1", "host": "h1", "zoned": True, "slot": slot,
        "collection_id": "col-1", "received_at": at(days=slot), "collected_at": at(days=slot),
        "oldest_at": at(), "newest_at": at(days=1), "records": 3,
    }  # fmt: skip


def _clock() -> dict[str, Any]:
    return {
        "environment_id": "e1", "host": "h1", "zoned": True, "kind": "skew",
        "offset_seconds": -3.0, "low": -3.5, "high": -2.5, "drift_per_day": 0.0, "pairs": 4,
        "readings": 2, "starts_at": at(), "ends_at": at(days=9), "applied": True, "records": 3,
        "received_at": at(days=1), "seen_at": at(days=1),
    }  # fmt: skip


def _reject() -> dict[str, Any]:
    return {
        "collection_id": "col-1", "name": "a.log", "reason": "blank", "position": 7, "lines": 2,
        "detail": "",
    }  # fmt: skip
