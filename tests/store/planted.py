"""A workspace in which one customer's data are marked: words that stand nowhere else."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import caseline
from caseline.store.custody import Custody
from caseline.store.opening import open_writer

if TYPE_CHECKING:
    from pathlib import Path

    from caseline.store.embedded import EmbeddedStore

NOW = datetime(2026, 3, 16, 12, tzinfo=UTC)
GONE = "zqxcustomer"
ALONE = "zqxenvironment"
SHARED = "cloud"
OTHERS = ("acme", "zeta")
PLANTED = (
    GONE,
    ALONE,
    *(
        f"zqx{what}"
        for what in (
            "name", "tenant", "placement", "variable", "host", "service", "trace", "template",
            "subject", "body", "file", "bundle", "plugin", "secondhost",
        )
    ),
)  # fmt: skip


def line(day: int, minute: int, message: str, *, level: str = "ERROR", host: str = "h1") -> str:
    """Return a line of syslog's newer format: time, host, service and message."""
    number = {"ERROR": 11, "INFO": 14}[level]
    service = "shop" if "service" not in message else "zqxservice"
    at = f"2026-{'03' if day <= 31 else '04'}-{day if day <= 31 else day - 31:02}"
    return f"<{number}>1 {at}T09:{minute:02}:00.500Z {host} {service} 7 - - {message}"


def open_planted(folder: Path, *, key: str | None = None, **more: Any) -> caseline.Workspace:
    """Return the workspace in *folder*, whatever is in it."""
    clock = caseline.ManualClock(NOW + timedelta(days=30))
    return caseline.open(folder, key=key, clock=clock, **more)


def load_fleet(ws: caseline.Workspace) -> None:
    """Load a fleet of three customers: each in a place of its own, all in a shared one."""
    ws.fleet.load(
        customers=[{"customer_id": GONE, "name": "zqxname"}]
        + [{"customer_id": c, "name": c} for c in OTHERS],
        environments=[
            {"environment_id": ALONE, "kind": "single_tenant"},
            {"environment_id": SHARED, "kind": "multi_tenant"},
            *({"environment_id": f"{c}-prod", "kind": "single_tenant"} for c in OTHERS),
        ],
        tenancies=[
            {"customer_id": GONE, "environment_id": ALONE},
            {
                "customer_id": GONE,
                "environment_id": SHARED,
                "tenant_key": "zqxtenant",
                "placement": "zqxplacement",
            },
            *({"customer_id": c, "environment_id": f"{c}-prod"} for c in OTHERS),
            *(
                {"customer_id": c, "environment_id": SHARED, "tenant_key": f"t-{c}",
                 "placement": "cell-1"}
                for c in OTHERS
            ),
            {"customer_id": GONE, "environment_id": SHARED, "placement": "cell-1"},
        ],
        spans=[
            {"environment_id": ALONE, "component": "zqxplugin", "value": "1.0", "kind": "plugin"},
            *({"environment_id": f"{c}-prod", "component": "server", "value": "8.1",
               "kind": "version"} for c in OTHERS),
        ],
        changes=[
            {"change_id": "ch-1", "kind": "release", "scope": ALONE},
            {"change_id": "ch-2", "kind": "release", "scope": f"environment:{ALONE}; acme-prod"},
        ],
    )  # fmt: skip


def fill(ws: caseline.Workspace, folder: Path) -> None:
    """Take logs and tickets of all of them in, in two months."""
    load_fleet(ws)
    ws.ingest(_bundle(folder / "zqxbundle"), environment=ALONE)
    for customer in OTHERS:
        ws.ingest(
            [
                line(day, minute, f"order {minute * 7} failed after {day} tries")
                for day in (14, 15, 40)
                for minute in range(20)
            ],
            environment=f"{customer}-prod",
        )
    ws.ingest(_shared_lines(), environment=SHARED)
    ws.tickets.load(
        [
            _ticket("T-9", GONE, ALONE, "zqxsubject hangs"),
            *(_ticket(f"T-{c}", c, f"{c}-prod", "checkout hangs") for c in OTHERS),
        ],
        messages=[
            {"ticket_id": "T-9", "at": NOW, "author": "customer", "body": "it is zqxbody again"},
            {"ticket_id": "T-acme", "at": NOW, "author": "agent", "body": "we look into it"},
        ],
    )


def _ticket(ticket: str, customer: str, environment: str, subject: str) -> dict[str, Any]:
    return {
        "ticket_id": ticket,
        "customer_id": customer,
        "environment_id": environment,
        "opened_at": NOW,
        "subject": subject,
        "description": f"{subject} since this morning",
    }


def _bundle(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    lines = [
        line(day, minute, message, host="zqxhost")
        for day in (14, 15, 40)
        for minute in range(20)
        for message in (
            f"order {minute * 7} failed after {day} tries",
            f"job zqxtemplate of zqxservice ended with {minute}",
            f"order zqxvariable{minute} failed after {day} tries",
            f"call {minute} trace_id=zqxtrace-{minute:08} was slow",
        )
    ]
    (folder / "zqxfile.log").write_text("\n".join(lines) + "\n")
    return folder


def _shared_lines() -> list[str]:
    tenants = ("zqxtenant", *(f"t-{c}" for c in OTHERS))
    lines = [
        line(day, minute, f"order {minute * 7} failed after {day} tries tenant={tenant}",
             host="zqxsecondhost" if tenant == "zqxtenant" else "h2")
        for day in (14, 40)
        for minute in range(20)
        for tenant in tenants
    ]  # fmt: skip
    lines += [line(14, minute, f"pool {minute} is full", host="cell-1-a") for minute in range(30)]
    return [*lines, *(line(14, m, f"queue {m} is long", host="h3") for m in range(5))]


def sentinels_in(folder: Path) -> dict[str, list[str]]:
    """Return which planted words stand in which files, names of files included."""
    found = {}
    for path in sorted(folder.rglob("*")):
        data = path.name.encode() + (path.read_bytes() if path.is_file() else b"")
        words = [word for word in PLANTED if word.encode() in data]
        if words:
            found[str(path.relative_to(folder))] = words
    return found


def open_store(folder: Path, *, key: str | None = None) -> tuple[EmbeddedStore, Custody]:
    """Return the store in *folder* as ``caseline.open`` opens it, without what reads it."""
    store, keyring = open_writer(folder, key=key)
    custody = Custody(store, keyring, caseline.ManualClock(NOW + timedelta(days=30)))
    custody.resume()
    return store, custody


def dump(store: EmbeddedStore) -> dict[str, list[str]]:
    """Return all rows of all tables as texts, names that are drawn by chance as one.

    What the catalog noted of its months is left out: it is noted with the next change.
    """
    found = {}
    for database in ("catalog", *store.partitions.touched_by(None)):
        for (table,) in store.hub.execute(
            "SELECT table_name FROM duckdb_tables() WHERE database_name = ?", [database]
        ).fetchall():
            rows = store.hub.execute(f'SELECT * FROM {database}."{table}"').fetchall()
            texts = [re.sub(r"g-[0-9a-f]{16}|erased[:-][0-9a-f]{16}", "any", str(r)) for r in rows]
            found[f"{database}.{table}"] = sorted(t for t in texts if "('ledger " not in t)
    return found


def answers(ws: caseline.Workspace, *, customers: tuple[str, ...] = OTHERS) -> dict[str, Any]:
    """Return what other customers may ask, answered."""
    found: dict[str, Any] = {}
    for customer in customers:
        view = ws.as_viewer("ana", customers=[customer])
        top = view.signatures.top(limit=100).to_frame()
        found[customer] = {
            "top": top.sort("signature_id").to_dicts(),
            "events": sorted(map(str, view.events(limit=10_000).to_dicts())),
            "tickets": [ticket.to_dict() for ticket in map(view.tickets.get, _tickets(view))],
            "impact": [_impact(view, name) for name in sorted(top["signature_id"])],
            "exposure": view.fleet.exposure().to_dicts(),
            "context": view.impact.context(customer, around=NOW).to_dict(),
            "series": [
                view.trends.series(name, by="day").to_dicts()
                for name in sorted(top["signature_id"])
            ],
            "matches": view.signatures.match("order 9 failed after 3 tries"),
            "customers": view.fleet.customers().to_dicts(),
            "environments": view.fleet.environments().to_dicts(),
        }
    return found


def _tickets(view: caseline.View) -> list[str]:
    return [row.ticket_id for row in view.tickets.all()]


def _impact(view: caseline.View, signature: str) -> Any:
    return view.impact.of(signature).to_dict()
