"""A report for others than the house tells of no customer, whatever the fleet."""

from __future__ import annotations

import json
from datetime import timedelta

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from caseline.clock import ManualClock
from caseline.impact.face import Impacts
from caseline.store.embedded import EmbeddedStore
from caseline.trends.face import Trends

DAYS = 40


def planted(name):
    """Return what belongs to one customer, each a word that stands nowhere else."""
    kinds = ("id", "name", "place", "host", "key", "word", "ticket", "plugin", "version", "change")
    return {kind: f"{kind}{name}xq" for kind in kinds}


def build(fleet, count, draw):
    """Return a fleet of which each customer has words, plug-ins and versions of its own."""
    store = fleet.store
    own = [planted(chr(ord("a") + i)) for i in range(count)]
    store.save(
        "customers", pl.DataFrame([{"customer_id": o["id"], "name": o["name"]} for o in own])
    )
    for o in own:
        fleet.place(o["place"], o["id"])
    came = draw(st.integers(10, 35))
    spans = []
    for o in own:
        mine = [("server", "8.0", "version", fleet.at(days=-9), fleet.at(days=came)),
                ("server", draw(st.sampled_from(["8.1", o["version"]])), "version",
                 fleet.at(days=came), None),
                (o["plugin"], o["version"], "plugin", fleet.at(days=came), None)]  # fmt: skip
        spans += [
            {"environment_id": o["place"], "component": c, "value": v, "kind": k,
             "valid_from": low, "valid_to": high}
            for c, v, k, low, high in mine
        ]  # fmt: skip
    store.save("spans", pl.DataFrame(spans, infer_schema_length=None))
    changes = [
        {"change_id": o["change"], "kind": o["change"], "component": o["plugin"],
         "value": o["version"], "scope": o["place"], "starts_at": fleet.at(days=came)}
        for o in own
    ]  # fmt: skip
    store.save("changes", pl.DataFrame(changes))
    text = "lost " + " ".join(o["word"] for o in own) + " of <*>"
    signature = {"signature_id": "s-own", "scheme": "t", "kind": "log", "template": text,
                 "parts": text.split("<*>"), "rules": [""]}  # fmt: skip
    store.save("signatures", pl.DataFrame([signature]))
    words = [{"word": w, "customer_id": f"h{i}"} for w in ("lost", "of") for i in range(6)]
    words += [{"word": o["word"], "customer_id": o["id"]} for o in own]
    store.save("vocabulary", pl.DataFrame(words))
    rows = []
    for n, o in enumerate(own):
        about = {"environment_id": o["place"], "host": o["host"]}
        if n:  # the first one is silent
            for day in range(DAYS):
                rows += fleet.errors(o["id"], fleet.at(days=day, hours=1), severity=9,
                                     signature_id="s-info", version="8.0", **about)  # fmt: skip
        for day in range(came, DAYS) if n and draw(st.booleans()) else ():
            rows += fleet.errors(o["id"], fleet.at(days=day, hours=9), signature_id="s-own",
                                 version="8.1", **about)  # fmt: skip
    fleet.add(rows, received_at=fleet.at(days=DAYS))
    tickets = [
        {"ticket_id": o["ticket"], "customer_id": o["id"], "subject": o["word"],
         "description": o["key"], "opened_at": fleet.at(days=came + 1), "effort_hours": 3.0}
        for o in own
    ]  # fmt: skip
    store.save("tickets", pl.DataFrame(tickets))
    fleet.clock = ManualClock(fleet.at(days=DAYS))
    return own


@settings(max_examples=8)
@given(data=st.data())
def test_a_partner_reads_nothing_that_is_of_one_customer(data, tmp_path_factory, fleet_class):
    count = data.draw(st.integers(2, 8), label="customers")
    store = EmbeddedStore(tmp_path_factory.mktemp("store"))
    try:
        fleet = fleet_class(store)
        own = build(fleet, count, data.draw)
        if data.draw(st.booleans(), label="fixed"):
            Impacts(store, fleet.clock).record_fix(
                "s-own", component="server", fixed_in="8.1", by=own[0]["name"]
            )
        links = [{"ticket_id": o["ticket"], "id": "s-own", "confidence": 1.0} for o in own]
        release = data.draw(st.sampled_from([None, "8.0"]), label="release")
        asked = {"release": release, "window": timedelta(days=35), "links": links}
        trends = Trends(store, fleet.clock)
        report = trends.report(audience="partner", **asked)
        told = (report.to_markdown() + json.dumps(report.to_dict()) + repr(report)).lower()
        for other in own:
            for kind, word in other.items():
                assert word.lower() not in told, kind
        inside = trends.report(**asked).to_markdown()
        assert own[0]["id"] in inside  # the silent one: what the house reads does tell
    finally:
        store.close()
