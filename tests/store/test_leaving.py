"""What goes with a customer, on rows made by hand: signatures, names, issues, links."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest

from caseline.store.erasure_plan import make_plan
from caseline.store.leaving import rows_that_stay

AT = datetime(2026, 3, 9, tzinfo=UTC)


@pytest.fixture
def fleet(store):
    store.save("customers", pl.DataFrame({"customer_id": ["c1", "c2"], "name": ["One Ltd", "Two"]}))
    store.save(
        "tenancies",
        pl.DataFrame({"customer_id": ["c1", "c2"], "environment_id": ["e1", "e1"]}).with_columns(
            tenant_key=pl.Series(["tenant-1", "t2"]), valid_from=pl.lit(AT)
        ),
    )
    return store


@pytest.fixture
def seen(fleet, append):
    """Take in events of customers by signature: ``seen(c1="s-a s-b", c2="s-a")``."""

    def do(n=0, **signatures):
        rows = [
            {"customer_id": customer, "signature_id": name, "n": n, "host": f"h-{customer}"}
            for customer, names in signatures.items()
            for name in names.split()
        ]
        for row in rows:
            append([row], name=f"{row['customer_id']}.log", collection=f"col-{row['customer_id']}")
        add_signatures(fleet, {row["signature_id"] for row in rows})

    return do


def add_signatures(store, names, template="text of {}"):
    held = set(
        store.hub.execute("SELECT signature_id FROM catalog.signatures").pl()["signature_id"]
    )
    for name in sorted(set(names) - held):
        row = {
            "signature_id": name,
            "scheme": "t",
            "kind": "log",
            "template": template.format(name),
        }
        frame = pl.DataFrame([row]).with_columns(
            parts=pl.lit(["a ", ""], pl.List(pl.String)), rules=pl.lit(["number"])
        )
        store.save("signatures", frame)


def alias(store, name, into, *, end=None, author="rule", reason="vote"):
    row = {
        "signature_id": name, "merged_into": end or into, "reason": reason, "author": author,
        "step_into": into, "decided_at": AT, "position": len(name),
    }  # fmt: skip
    store.save("signature_aliases", pl.DataFrame([row]))
    store.save("alias_history", pl.DataFrame([row]))


def plan_of(store):
    return make_plan(store.hub, store.partitions.touched_by(None), "c1", salt=b"salt")


def gone(store):
    return {name for (name,) in store.hub.execute("FROM gone_signatures").fetchall()}


def left(store, table, columns="*"):
    rows = rows_that_stay(store.hub, "catalog")(table)
    return store.hub.execute(f"SELECT {columns} FROM ({rows}) ORDER BY ALL").fetchall()


def test_a_signature_goes_when_nobody_else_has_it(fleet, seen):
    seen(c1="s-own s-both", c2="s-both s-other")
    add_signatures(fleet, {"s-unseen"})
    plan_of(fleet)
    assert gone(fleet) == {"s-own"}


def test_what_rules_made_of_others_lines_stays_and_what_they_made_of_its_own_goes(fleet, seen):
    seen(c1="s-1 s-2 s-3", c2="s-4")
    for name, into in (("s-1", "s-wide"), ("s-2", "s-wide"), ("s-3", "s-all"), ("s-4", "s-all")):
        alias(fleet, name, into)
    add_signatures(fleet, {"s-wide", "s-all"})
    plan_of(fleet)
    assert gone(fleet) == {"s-1", "s-2", "s-3", "s-wide"}
    assert left(fleet, "signature_aliases", "signature_id, merged_into") == [("s-4", "s-all")]
    assert left(fleet, "alias_history", "signature_id, merged_into") == [("s-4", "s-all")]


def test_what_a_person_merged_into_a_signature_of_it_stands_alone(fleet, seen):
    seen(c1="s-own", c2="s-narrow")
    add_signatures(fleet, {"s-mid"})
    alias(fleet, "s-narrow", "s-mid", end="s-own")
    alias(fleet, "s-mid", "s-own", author="ana", reason="merge")
    assert plan_of(fleet).unmerged == ("s-mid",)
    assert gone(fleet) == {"s-own"}
    assert left(fleet, "signature_aliases", "signature_id, step_into, merged_into") == [
        ("s-narrow", "s-mid", "s-mid")
    ]
    assert left(fleet, "alias_history", "signature_id, step_into, merged_into") == [
        ("s-narrow", "s-mid", "s-mid")
    ]


def test_parts_of_a_split_stay_with_the_values_that_others_have(fleet, seen):
    seen(c1="s-took", n=1)
    seen(c1="s-took", n=2)
    seen(c2="s-took", n=2)
    rows = [
        {"signature_id": "s-took", "variable": 1, "value": value, "split_into": f"s-part{value}",
         "author": "ana", "decided_at": AT}
        for value in ("1", "2", "3")
    ]  # fmt: skip
    fleet.save("signature_splits", pl.DataFrame(rows))
    add_signatures(fleet, {"s-part1", "s-part2", "s-part3"})
    plan_of(fleet)
    assert gone(fleet) == {"s-part1"}
    assert left(fleet, "signature_splits", "value") == [("2",), ("3",)]


def test_parts_of_what_goes_go_too_whatever_their_value(fleet, seen):
    seen(c1="s-own", n=1)
    row = {"signature_id": "s-own", "variable": 1, "value": "9", "split_into": "s-part",
           "author": "ana", "decided_at": AT}  # fmt: skip
    fleet.save("signature_splits", pl.DataFrame([row]))
    add_signatures(fleet, {"s-part"})
    plan_of(fleet)
    assert gone(fleet) == {"s-own", "s-part"}
    assert left(fleet, "signature_splits") == []


def test_templates_without_events_go_if_they_have_a_word_of_the_customer_alone(fleet, seen):
    seen(c2="s-took")
    add_signatures(fleet, {"s-a"}, "job nightly-c1 failed")
    add_signatures(fleet, {"s-b"}, "job failed")
    words = [("job", "c1"), ("job", "c2"), ("nightly-c1", "c1"), ("failed", "c2")]
    fleet.save("vocabulary", pl.DataFrame(words, schema=["word", "customer_id"], orient="row"))
    plan_of(fleet)
    assert gone(fleet) == {"s-a"}
    kept = left(fleet, "vocabulary")
    assert [row for row in kept if row[1] == "c2"] == [("failed", "c2"), ("job", "c2")]
    [(word, anonymous)] = [row for row in kept if row[1] != "c2"]
    assert (word, anonymous[:7]) == ("job", "erased-")


def test_parts_that_a_newer_scheme_made_are_made_again_of_what_stays(fleet, seen):
    seen(c1="s-old", c2="s-old")
    add_signatures(fleet, {"s-new"})
    fleet.save("meta", pl.DataFrame([{"name": "scheme", "value": "t"}]))
    row = {
        "from_id": "s-old", "to_id": "s-new", "position": 1, "kind": "split",
        "state": "confirmed", "together": True, "author": "scheme", "decided_at": AT,
    }  # fmt: skip
    fleet.save("lineage", pl.DataFrame([row]))
    plan_of(fleet)
    assert gone(fleet) == {"s-new"}
    assert left(fleet, "lineage") == []
    assert "scheme" not in [name for name, _ in left(fleet, "meta")]


def test_issues_go_with_all_of_their_signatures_and_take_another_title_before(fleet, seen):
    seen(c1="s-own s-both", c2="s-both")
    issue = {"kind": "new", "status": "new", "detected_at": AT}
    titles = {"i-own": "text of s-own", "i-both": "text of s-own", "i-other": "text of s-both"}
    fleet.save(
        "issues",
        pl.DataFrame([{"issue_id": i, "title": t, **issue} for i, t in titles.items()]),
    )
    members = [("i-own", "s-own"), ("i-both", "s-own"), ("i-both", "s-both"), ("i-other", "s-both")]
    fleet.save(
        "issue_signatures",
        pl.DataFrame(members, schema=["issue_id", "signature_id"], orient="row"),
    )
    plan_of(fleet)
    assert left(fleet, "issues", "issue_id, title") == [
        ("i-both", "text of s-both"), ("i-other", "text of s-both")
    ]  # fmt: skip
    assert left(fleet, "issue_signatures") == [("i-both", "s-both"), ("i-other", "s-both")]


def test_links_to_what_goes_go(fleet, seen):
    seen(c1="s-own", c2="s-other")
    fleet.save(
        "tickets",
        pl.DataFrame(
            {"ticket_id": ["T-1", "T-2"], "customer_id": ["c1", "c2"], "opened_at": [AT, AT]}
        ),
    )
    ends = {"l1": ("ticket", "T-1"), "l2": ("ticket", "T-2"), "l3": ("signature", "s-own")}
    rows = [
        {"link_id": link, "left_kind": "issue", "left_id": "T-1", "right_kind": kind,
         "right_id": name, "kind": "same", "author": "ana", "state": "confirmed",
         "created_at": AT}
        for link, (kind, name) in ends.items()
    ]  # fmt: skip
    fleet.save("links", pl.DataFrame(rows))
    plan_of(fleet)
    assert left(fleet, "links", "link_id") == [("l2",)]


def test_files_of_others_are_not_called_after_it(fleet, seen, append):
    seen(c1="s-took", c2="s-took")
    append([{"customer_id": "c2", "n": 7}], name="tenant-1/One Ltd.log", collection="dump-TENANT-1")
    plan_of(fleet)
    assert left(fleet, "sources", "name") == [("<erased>/<erased>.log",), ("c2.log",)]
    assert left(fleet, "collections", "name") == [("col-c2",), ("dump-<erased>",)]


def test_hosts_of_its_own_lose_their_names_and_their_clocks(fleet, seen):
    seen(c1="s-took", c2="s-took")
    reading = {"environment_id": "e1", "zoned": True, "slot": 1, "collection_id": "col-c1",
               "received_at": AT, "oldest_at": AT, "newest_at": AT, "records": 1}  # fmt: skip
    hosts = pl.DataFrame([{"host": host, **reading} for host in ("h-c1", "h-c2")])
    fleet.save("clock_readings", hosts)
    plan_of(fleet)
    assert left(fleet, "clock_readings", "host") == [("h-c2",)]
    rows = rows_that_stay(fleet.hub, "m2026_03")("coverage")
    hosts = [host for (host,) in fleet.hub.execute(f"SELECT host FROM ({rows})").fetchall()]
    assert len(hosts) == 2
    assert [host for host in hosts if not host.startswith("<erased:")] == ["h-c2"]
