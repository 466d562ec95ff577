"""Finds lineage in what is stored, and keeps it: what people decided stays."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import polars as pl

from caseline.errors import InputError
from caseline.signatures.aliases import RULE, SCHEME
from caseline.signatures.lineage import Link, find_links
from caseline.signatures.lineage_numbers import lineage_rules
from caseline.signatures.own_changes import find_own_changes
from caseline.signatures.presence import Presence

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from caseline.protocols import Engine
    from caseline.signatures.book import SignatureBook

PROPOSED, CONFIRMED, REJECTED, WITHDRAWN = "proposed", "confirmed", "rejected", "withdrawn"
_TIME = pl.Datetime("us", "UTC")
_MARGIN = 0.05
"""Of confidence: a smaller change is not written down."""
LINEAGE: dict[str, pl.DataType | type[pl.DataType]] = {
    "from_id": pl.String,
    "to_id": pl.String,
    "position": pl.Int64,
    "kind": pl.String,
    "state": pl.String,
    "together": pl.Boolean,
    "confidence": pl.Float64,
    "ratio": pl.Float64,
    "since_version": pl.String,
    "since": _TIME,
    "environments": pl.Int64,
    "events_before": pl.Int64,
    "events_after": pl.Int64,
    "reasons": pl.String,
    "author": pl.String,
    "decided_at": _TIME,
}
Key = tuple[str, str, str]


def trace_lineage(engine: Engine, book: SignatureBook, *, now: datetime) -> int:
    """Look for lineage in all that is stored, save what is new; return the events looked at.

    A pair that a person rejected is not proposed again, one that was confirmed stays.
    One that the evidence no longer bears out is withdrawn.
    """
    presence = Presence.of(engine.ask("version_places"))
    known = _known(engine)
    found: dict[Key, Link] = {}
    if not presence.steps.is_empty():
        ids = presence.frame["signature_id"].unique().to_list()
        signatures = {name: one for name in ids if (one := book.signature(name)) is not None}
        rules = lineage_rules()
        links = [*find_links(presence, signatures, rules), *find_own_changes(presence, rules)]
        found = {_key(link.from_id, link.to_id, link.kind): link for link in links}
    changes = [
        *(_proposal(link) for key, link in found.items() if _is_news(known.get(key), link)),
        *(
            {**row, "state": WITHDRAWN, "together": False}
            for key, row in known.items()
            if key not in found and row["author"] == RULE and row["state"] == PROPOSED
        ),
    ]
    _write(engine, changes, known.values(), author=RULE, now=now)
    return int(presence.frame["events"].sum())


def decide(engine: Engine, pair: tuple[str, str], state: str, *, who: tuple[str, datetime]) -> None:
    """Confirm or reject that one signature became another; it sticks.

    Raises:
        InputError: the two are one.
    """
    if pair[0] == pair[1]:
        raise InputError("from and to are one signature; give two")
    known = _known(engine)
    row = known.get(_key(*pair, "")) or dict.fromkeys(LINEAGE) | {
        "from_id": pair[0],
        "to_id": pair[1],
        "kind": "reworded",
        "reasons": "[]",
    }
    change = {**row, "state": state, "together": state == CONFIRMED}
    _write(engine, [change], known.values(), author=who[0], now=who[1])


def link_schemes(engine: Engine, parts: Iterable[tuple[str, str]], *, now: datetime) -> None:
    """Note that groups of an older scheme became several of a newer one."""
    known = _known(engine)
    changes = [
        dict.fromkeys(LINEAGE)
        | {
            "from_id": old,
            "to_id": new,
            "kind": "split",
            "state": CONFIRMED,
            "together": True,
            "reasons": json.dumps(["a newer scheme tells apart what an older one did not"]),
        }
        for old, new in parts
        if _key(old, new, "split") not in known
    ]
    _write(engine, changes, known.values(), author=SCHEME, now=now)


def _known(engine: Engine) -> dict[Key, dict[str, Any]]:
    rows = engine.ask("all_lineage").iter_rows(named=True)
    return {_key(row["from_id"], row["to_id"], row["kind"]): row for row in rows}


def _key(old: str, new: str, kind: str) -> Key:
    """Return what tells links apart: a pair by its ends, a signature's own change by its kind."""
    return (old, new, kind if old == new else "")


def _is_news(row: Mapping[str, Any] | None, link: Link) -> bool:
    if row is None:
        return True
    if row["author"] != RULE:
        return False
    return bool(
        row["state"] == WITHDRAWN
        or row["kind"] != link.kind
        or row["since_version"] != link.since_version
        or row["environments"] != link.environments
        or abs(float(row["confidence"]) - link.confidence) >= _MARGIN
    )


def _proposal(link: Link) -> dict[str, Any]:
    sure = link.confidence >= lineage_rules().bounds["together"]
    row = {name: getattr(link, name) for name in LINEAGE if hasattr(link, name)}
    return row | {
        "state": PROPOSED,
        "together": sure and link.from_id != link.to_id,
        "reasons": json.dumps(link.reasons),
    }


def _write(
    engine: Engine,
    changes: list[dict[str, Any]],
    known: Iterable[Mapping[str, Any]],
    *,
    author: str,
    now: datetime,
) -> None:
    if not changes:
        return
    last = max((row["position"] for row in known), default=0)
    rows = [
        row | {"position": n, "author": author, "decided_at": now}
        for n, row in enumerate(changes, last + 1)
    ]
    engine.save("lineage", pl.DataFrame(rows, schema=LINEAGE, orient="row"))
