"""A customer's report holds nothing of another customer, whatever the fleet."""

from __future__ import annotations

import json
from datetime import timedelta

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from caseline.impact.face import Impacts
from caseline.store.embedded import EmbeddedStore


def planted(name):
    """Return what belongs to one customer, each a word that stands nowhere else."""
    kinds = ("id", "name", "place", "host", "key", "word", "ticket", "plugin")
    return {kind: f"{kind}{name}xq" for kind in kinds}


def build(fleet, count, draw):
    store = fleet.store
    own = [planted(chr(ord("a") + i)) for i in range(count)]
    store.save(
        "customers", pl.DataFrame([{"customer_id": o["id"], "name": o["name"]} for o in own])
    )
    for o in own:
        fleet.place(o["place"], o["id"])
    fleet.place("sharedxq", *(o["id"] for o in own))
    fleet.share("gxq", {o["id"]: 1 / count for o in own})
    spans = [
        {"environment_id": o["place"], "component": c, "value": v, "kind": k,
         "valid_from": fleet.at()}
        for o in own
        for c, v, k in (("server", draw(st.sampled_from(["8.0", "8.1"])), "version"),
                        (o["plugin"], "1", "plugin"))
    ]  # fmt: skip
    store.save("spans", pl.DataFrame(spans))
    text = "lost " + " ".join(o["word"] for o in own) + " of <*>"
    signature = {"signature_id": "s-own", "scheme": "t", "kind": "log", "template": text,
                 "parts": text.split("<*>"), "rules": [""]}  # fmt: skip
    store.save("signatures", pl.DataFrame([signature]))
    holders = draw(st.integers(1, 6))
    words = [
        {"word": w, "customer_id": f"h{i}"} for w in ("lost", "of") for i in range(holders)
    ] + [{"word": o["word"], "customer_id": o["id"]} for o in own]
    store.save("vocabulary", pl.DataFrame(words))
    for o in own:
        if draw(st.booleans()):
            moments = [fleet.at(days=d, hours=9) for d in draw(st.sets(st.integers(0, 20)))]
            rows = fleet.errors(o["id"], *moments, environment_id=o["place"], host=o["host"],
                                signature_id="s-own", version="8.0")  # fmt: skip
            if rows:
                fleet.add(rows)
        ticket = {"ticket_id": o["ticket"], "customer_id": o["id"], "subject": o["word"],
                  "description": "lost", "opened_at": fleet.at(days=5)}  # fmt: skip
        store.save("tickets", pl.DataFrame([ticket]))
    shared = {"environment_id": "sharedxq", "customer_id": None, "share_group": "gxq"}
    rows = fleet.errors("x", fleet.at(days=3), fleet.at(days=4), signature_id="s-own")
    fleet.add([row | shared for row in rows])
    return fleet, own


@settings(max_examples=10)
@given(data=st.data())
def test_a_report_for_a_customer_holds_nothing_of_another(data, tmp_path_factory, fleet_class):
    count = data.draw(st.integers(2, 6), label="customers")
    store = EmbeddedStore(tmp_path_factory.mktemp("store"))
    try:
        fleet, own = build(fleet_class(store), count, data.draw)
        impact = Impacts(store, fleet.clock)
        if data.draw(st.booleans(), label="fixed"):
            impact.record_fix("s-own", component="server", fixed_in="8.1", by="ana")
        reader = data.draw(st.integers(0, count - 1), label="reader")
        when = data.draw(st.sampled_from([None, fleet.clock.now() - timedelta(hours=3)]))
        report = impact.report("s-own", audience="customer", customer=own[reader]["id"], as_of=when)
        told = (report.to_markdown() + json.dumps(report.to_dict()) + repr(report)).lower()
        for i, other in enumerate(own):
            for kind, word in other.items():
                assert i == reader or word.lower() not in told, kind
        assert "sharedxq" not in told
        assert "gxq" not in told
        partner = json.dumps(impact.report("s-own", audience="partner").to_dict()).lower()
        for other in own:
            for kind, word in other.items():
                assert word.lower() not in partner, kind
    finally:
        store.close()
