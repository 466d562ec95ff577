"""The main job on real logs, then on a simulated fleet of 500 customers.

Run by `make demo`. Prints what the lead of a support team would ask.
"""

from __future__ import annotations

import os
import tempfile
import textwrap
from datetime import timedelta
from pathlib import Path

import caseline
from caseline.clock import Stopwatch
from caseline.testing.fleet import Simulation, simulate

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("CASELINE_DATA", ROOT / "../shared/data"))
TICKETS = 5


def main() -> None:
    """Run both parts."""
    watch = Stopwatch()
    with tempfile.TemporaryDirectory() as scratch:
        real_logs(Path(scratch) / "real")
        simulated_fleet(Path(scratch))
    say(f"\nAll of it took {watch.seconds():.0f} s.")


def real_logs(folder: Path) -> None:
    """Take in the machine's own logs, and public log files where they are present."""
    heading("1. Real logs")
    places = {"this-machine": Path("/var/log")}
    public = DATA / "loghub2k"
    if public.is_dir():
        places |= {p.stem.lower(): p for p in sorted(public.glob("*/*.log"))}
    else:
        say(f"(no public log files: {public.name}/ is absent; set CASELINE_DATA to find them)")
    with caseline.open(folder) as ws:
        ws.fleet.load(
            customers=[{"customer_id": place} for place in places],
            environments=[{"environment_id": p, "kind": "single_tenant"} for p in places],
            tenancies=[{"customer_id": p, "environment_id": p} for p in places],
        )
        for place, path in places.items():
            say(f"{place:24} {told(ws.ingest(path, environment=place))}")
        say("\nThe signatures seen most:")
        for row in ws.signatures.top(by="events", limit=8):
            say(f"  {row.events:>7,} events  {shortened(row.template, 70)}")


def told(report: caseline.IngestReport) -> str:
    """Return a report in one line."""
    return (
        f"{report.lines:>7,} lines = {report.events:,} events + {report.duplicates:,} duplicates "
        f"+ {report.rejects:,} rejects; {report.lines_per_second:,.0f} lines/s"
    )


def simulated_fleet(scratch: Path) -> None:
    """Take in a fleet's bundles and pushed logs, then ask about the incident in them."""
    heading("2. A simulated fleet: 500 customers, a bad release on its way")
    fleet = simulate(
        "incident",
        seed=7,
        customers=500,
        share_multi_tenant=0.9,
        days=14,
        events_per_day=8_000,
        bundle_days=14,
    )
    written = fleet.write(scratch / "fleet")
    clock = caseline.ManualClock(fleet.settings.end)
    with caseline.open(scratch / "support", clock=clock) as ws:
        load_tables(ws, fleet)
        take_in(ws, written)
        top_signatures(ws)
        issue = new_incident(ws, fleet)
        if issue is not None:
            what_carries_it(ws, issue)
            likely_causes(ws, issue)


def load_tables(ws: caseline.Workspace, fleet: Simulation) -> None:
    """Load what the CRM and the support system know."""
    loaded = ws.fleet.load(
        customers=fleet.customers,
        environments=fleet.environments,
        tenancies=fleet.tenancies,
        spans=fleet.spans,
        changes=fleet.changes,
    )
    say(f"fleet:   {loaded}")
    say(f"tickets: {ws.tickets.load(fleet.tickets, messages=fleet.messages)}")


def take_in(ws: caseline.Workspace, written: Path) -> None:
    """Ingest every pushed folder and every bundle."""
    watch = Stopwatch()
    reports = [
        ws.ingest(folder, environment=folder.name)
        for folder in sorted((written / "push").iterdir())
    ]
    pushed = len(reports)
    reports += [ws.ingest(bundle) for bundle in sorted(written.glob("bundles/*/*"))]
    lines = sum(r.physical_lines for r in reports)
    say(
        f"taken in: {pushed} pushed folders, {len(reports) - pushed} bundles; {lines:,} lines = "
        f"{sum(r.events for r in reports):,} events + {sum(r.duplicates for r in reports):,} "
        f"duplicates + {sum(r.rejects for r in reports):,} rejects (+ lines of stack traces)"
    )
    replaced = sum(n for r in reports for n in r.replaced.values())
    say(
        f"{lines / watch.seconds():,.0f} lines/s over all of it, "
        f"{sum(r.signatures_new for r in reports)} signatures, "
        f"{replaced:,} personal values and secrets made pseudonymous"
    )
    again = ws.ingest(min(written.glob("bundles/*/*")))
    say(f"the first bundle once more: {again.events} events, {again.duplicates:,} duplicates")


def top_signatures(ws: caseline.Workspace) -> None:
    """Print which signatures most customers show."""
    watch = Stopwatch()
    top = ws.signatures.top(by="customers", window=timedelta(days=7), limit=5)
    say(f"\nTop signatures of 7 days by customers ({watch.seconds() * 1000:.0f} ms):")
    for row in top:
        counts = f"{row.customers:>4} customers {row.events:>7,} events"
        say(f"  {counts}  {shortened(row.template, 62)}")


def new_incident(ws: caseline.Workspace, fleet: Simulation) -> caseline.Row | None:
    """Print what is new, and whom it hits."""
    watch = Stopwatch()
    found = ws.impact.detect(since=fleet.settings.end - timedelta(days=4))
    say(f"\nNewly detected issues ({watch.seconds() * 1000:.0f} ms): {len(found)}")
    if not len(found):
        return None
    for row in found[:3]:
        say(f"  {row.kind:5} {row.customers:>4} customers  {shortened(row.template, 68)}")
    issue: caseline.Row = found[0]
    watch = Stopwatch()
    impact = ws.impact.of(issue.issue_id)
    say(f"\nImpact of the first ({watch.seconds() * 1000:.0f} ms): {impact}")
    statuses = impact.customers.to_frame()["status"].value_counts().sort("count", descending=True)
    say("  " + ", ".join(f"{n} {status}" for status, n in statuses.iter_rows()))
    for customer in [c for c in impact.customers if c.status == "hit"][:3]:
        say(f"  {customer.customer_id}: {customer.reasons[0]}")
    return issue


def what_carries_it(ws: caseline.Workspace, issue: caseline.Row) -> None:
    """Print what carries the issue, whose fault it is, and who is next."""
    watch = Stopwatch()
    spread = ws.impact.spread(issue.issue_id)
    say(f"\nHow it spreads ({watch.seconds() * 1000:.0f} ms): {spread.verdict}; {spread.reason}")
    for row in spread.vectors[:2]:
        say(f"  {row.probability:.2f}  {row.kind} {row.attribute} {row.value}; {row.reasons[0]}")
    say(f"  owner: {spread.blame.owner}; {len(spread.at_risk)} customers at risk, the next ones:")
    for row in spread.at_risk[:2]:
        say(f"  {row.customer_id}: {row.probability:.2f} in two weeks; {row.reasons[0]}")


def likely_causes(ws: caseline.Workspace, issue: caseline.Row) -> None:
    """Print tickets of customers that the issue hits, with their likely causes, or none."""
    hit = {c.customer_id for c in ws.impact.of(issue.issue_id).customers if c.status == "hit"}
    tickets = [t for t in ws.tickets.all() if t.customer_id in hit and t.opened_at >= issue.since]
    watch = Stopwatch()
    causes = [ws.impact.causes(t.ticket_id) for t in tickets[:TICKETS]]
    each = watch.seconds() / max(1, len(causes)) * 1000
    say(f"\nThe first tickets of its customers since then, with their causes ({each:.0f} ms each):")
    for ticket, found in zip(tickets, causes, strict=False):
        subject = shortened(ticket.subject, 56)
        say(f"  {ticket.ticket_id} of {ticket.customer_id}: {subject} -> {found.verdict}")
        for row in found[:1]:
            say(f"      {row.probability:.2f}  {shortened(row.template, 80)}")
            say(f"            {shortened('; '.join(row.reasons), 82)}")


def shortened(text: str | None, width: int) -> str:
    """Return *text* on one line of at most *width* characters."""
    return textwrap.shorten(text or "", width=width, placeholder=" …")


def heading(text: str) -> None:
    """Print a heading."""
    say(f"\n{text}\n{'-' * len(text)}")


def say(text: str) -> None:
    """Print a line."""
    print(text)


if __name__ == "__main__":
    main()
