"""What ``impact.spread`` answers of fleets made by hand."""

from __future__ import annotations

import json
from datetime import timedelta

import polars as pl
import pytest

from caseline.errors import InputError, NotFoundError

NEVER = pl.Datetime("us", "UTC")


def spans(fleet, rows):
    usual = {"component": "server", "kind": "version", "valid_from": None, "valid_to": None}
    frame = pl.DataFrame([usual | row for row in rows], schema_overrides={
        "valid_from": NEVER, "valid_to": NEVER, "kind": pl.String,
    })  # fmt: skip
    fleet.store.save("spans", frame)


def release(fleet, name, places, day, *, value="8.1", component="server"):
    row = {
        "change_id": name, "kind": "release", "component": component, "value": value,
        "scope": ",".join(places), "starts_at": fleet.at(days=day),
        "ends_at": fleet.at(days=day + 1),
    }  # fmt: skip
    fleet.store.save("changes", pl.DataFrame([row]))


def upgraded(fleet, places, day, *, value="8.1", component="server", old="8.0"):
    """Let *places* run *value* from a day on, all other places of e1..e24 the old one."""
    moment = fleet.at(days=day)
    rows = [
        {"environment_id": e, "component": component, "value": v, "valid_from": a, "valid_to": b}
        for e in places
        for v, a, b in ((old, None, moment), (value, moment, None))
    ]
    others = {f"e{i}" for i in range(1, 25)} - set(places)
    rows += [{"environment_id": e, "component": component, "value": old} for e in sorted(others)]
    spans(fleet, rows)


def struck(fleet, numbers, days, **other):
    fleet.add(
        [
            row
            for n in numbers
            for day in days
            for row in fleet.errors(f"c{n}", fleet.at(days=day, hours=9 + n % 9), **other)
        ]
    )


def ids(numbers):
    return [f"e{n}" for n in numbers]


@pytest.fixture
def talking(fleet):
    """24 customers that write on all of 29 days."""
    fleet.customers(24)
    fleet.talk(range(1, 25), range(29))
    return fleet


@pytest.fixture
def released(talking):
    """Eight places run the new version from day 10 on; six of them are hit after it."""
    upgraded(talking, ids(range(1, 9)), 10)
    release(talking, "wave-1", ids(range(1, 9)), 10)
    struck(talking, range(1, 7), range(12, 18))
    return talking


def first(spread):
    row = spread.vectors[0]
    return row.kind, row.attribute, row.value


def test_the_version_that_hit_places_have_in_common_is_the_vector(released):
    spread = released.impact.spread("s-lock")
    assert spread.verdict == "likely"
    assert first(spread) == ("version", "server", "8.1")
    row = spread.vectors[0]
    assert row.probability > 0.9
    assert row.explained == 1
    assert (row.exposed, row.hit) == (8, 6)
    assert row.ratio == float("inf")
    assert row.low > 3
    assert row.verdict == "likely"
    assert "6 of 8 observed places were hit while they had it" in row.reasons
    assert [r.rank for r in spread.vectors] == list(range(1, len(spread.vectors) + 1))


def test_who_runs_the_version_unhit_or_will_run_it_is_at_risk(released):
    release(released, "wave-2", ["e20", "e21"], 32)
    spread = released.impact.spread("s-lock")
    rows = {row.customer_id: row for row in spread.at_risk}
    assert set(rows) == {"c7", "c8", "c20", "c21"}
    assert rows["c20"].planned_at == released.at(days=32)
    assert rows["c20"].expected_at > released.at(days=32)
    assert rows["c7"].planned_at is None
    assert 0 < rows["c7"].probability < rows["c20"].probability < 1
    assert rows["c20"].hazard > 0
    assert rows["c20"].reasons[0].startswith("will have version server 8.1 from 2026-04-03")
    assert rows["c7"].reasons[0].startswith("has version server 8.1 since 2026-03-12")


def test_a_silent_place_with_the_version_is_unknown_not_next(released):
    released.store.save("customers", pl.DataFrame({"customer_id": ["c30"]}))
    released.place("e30", "c30")
    spans(released, [{"environment_id": "e30", "value": "8.1", "valid_from": released.at(days=9)}])
    spread = released.impact.spread("s-lock")
    assert "c30" not in [row.customer_id for row in spread.at_risk]
    assert any("1 of 25 places are silent" in note for note in spread.notes)


def test_a_hit_in_staging_warns_the_same_customer(released):
    released.place("e15-test", "c15", stage="staging")
    released.add(
        released.errors("c15", released.at(days=16), environment_id="e15-test", stage="staging")
    )
    release(released, "wave-2", ["e15", "e16"], 32)
    rows = {row.customer_id: row for row in released.impact.spread("s-lock").at_risk}
    assert rows["c15"].probability > rows["c16"].probability
    assert any("hit outside production" in reason for reason in rows["c15"].reasons)


def test_the_timeline_goes_by_wave(released):
    upgraded(released, ids(range(9, 13)), 14)
    release(released, "wave-2", ids(range(9, 13)), 14)
    struck(released, range(9, 12), range(15, 18), text="again")
    frame = released.impact.spread("s-lock").timeline.to_frame()
    assert frame["wave"].unique(maintain_order=True).to_list() == ["wave-1", "wave-2"]
    last = frame.filter(pl.col("day") == frame["day"].max())
    assert last["total"].to_list() == [6, 3]
    assert last["exposed"].to_list() == [8, 4]
    assert frame["new"].sum() == 9


def test_two_rollouts_to_the_same_places_cannot_be_separated_and_who_would_tell_is_named(talking):
    places = ids(range(1, 9))
    upgraded(talking, places, 10)
    upgraded(talking, places, 10, component="agent", value="3.0", old="2.4")
    talking.store.save("customers", pl.DataFrame({"customer_id": ["c30"]}))
    talking.place("e30", "c30")
    spans(
        talking,
        [{"environment_id": "e30", "value": "8.1", "valid_from": talking.at(days=9)},
         {"environment_id": "e30", "component": "agent", "value": "2.4"}],
    )  # fmt: skip
    struck(talking, range(1, 8), range(12, 18))
    spread = talking.impact.spread("s-lock")
    assert spread.verdict == "cannot separate"
    assert spread.reason.startswith("cannot separate version")
    assert first(spread) == ("version", "agent", "3.0")
    assert spread.vectors[0].also == ["version server 8.1"]
    silent = spread.tell[0]
    assert (silent.customer_id, silent.has) == ("c30", "version server 8.1")
    assert "its logs would tell" in silent.reason
    assert "c30" in spread.reason


def test_customers_who_have_only_one_of_two_rollouts_decide(talking):
    upgraded(talking, ids(range(1, 11)), 10)
    upgraded(talking, ids(range(4, 14)), 10, component="agent", value="3.0", old="2.4")
    struck(talking, range(1, 10), range(12, 18))
    spread = talking.impact.spread("s-lock")
    assert (spread.verdict, first(spread)) == ("likely", ("version", "server", "8.1"))
    deciding = {(r.customer_id, r.hit, r.has) for r in spread.blame.customers}
    assert ("c1", True, "version server 8.1") in deciding
    assert ("c12", False, "version agent 3.0") in deciding
    assert spread.blame.owner == "vendor"


def test_whichever_of_inseparable_rollouts_it_is_they_are_the_vendors(talking):
    places = ids(range(1, 9))
    upgraded(talking, places, 10)
    upgraded(talking, places, 10, component="agent", value="3.0", old="2.4")
    struck(talking, range(1, 8), range(12, 18))
    spread = talking.impact.spread("s-lock")
    assert spread.verdict == "cannot separate"
    assert spread.reason.endswith("no customer has or will have one without the other")
    assert spread.blame.owner == "vendor"
    assert spread.vectors[0].also == ["version server 8.1"]


def test_rollouts_still_to_come_are_said_to_tell(talking):
    places = ids(range(1, 9))
    upgraded(talking, places, 10)
    upgraded(talking, places, 10, component="agent", value="3.0", old="2.4")
    release(talking, "ahead", ["e20"], 35)
    struck(talking, range(1, 8), range(12, 18))
    tell = talking.impact.spread("s-lock").tell
    assert [(r.customer_id, r.when, r.reason) for r in tell] == [
        ("c20", talking.at(days=35), "it will have one without the other")
    ]


def test_one_hit_customer_with_nothing_of_its_own_is_nobodys(talking):
    struck(talking, (4,), range(12, 20))
    blame = talking.impact.spread("s-lock").blame
    assert blame.owner == "unknown"
    assert "it has nothing of its own" in blame.reasons[0]


def test_two_parts_of_the_vendor_are_the_vendors(talking):
    upgraded(talking, ids(range(1, 13)), 10)
    upgraded(talking, ids([*range(1, 7), *range(15, 22)]), 3, component="agent", value="3.0",
             old="2.4")  # fmt: skip
    struck(talking, range(1, 7), range(12, 18))
    spread = talking.impact.spread("s-lock")
    assert spread.vectors[0].kind == "pair"
    assert spread.blame.owner == "vendor"


def test_events_that_name_nobody_are_told_of(released):
    released.add(released.errors("c3", released.at(days=16), customer_id=None, environment_id="e3"))
    notes = released.impact.spread("s-lock").notes
    assert "1 events belong to no customer and are left out" in notes


def test_a_clear_customer_that_a_release_will_reach_is_at_risk(released):
    release(released, "wave-2", ["e20"], 32)
    rows = {row.customer_id: row for row in released.impact.of("s-lock").customers}
    assert rows["c20"].status == "at_risk"
    assert rows["c20"].reasons[-1].startswith("at risk: 0.")
    assert rows["c15"].status == "clear"


def test_two_places_hit_are_too_few_to_tell(talking):
    struck(talking, (1, 2), (12, 13))
    spread = talking.impact.spread("s-lock")
    assert spread.verdict == "undetermined"
    assert spread.reason == "2 places hit: too few to tell what they share"
    assert spread.blame.owner == "unknown"


def test_places_that_share_nothing_are_undetermined(talking):
    upgraded(talking, ids(range(1, 13)), 10)
    struck(talking, (1, 5, 14, 20), (12, 13))
    struck(talking, (3, 9, 15, 23), (20, 21), text="more")
    spread = talking.impact.spread("s-lock")
    assert spread.verdict == "undetermined"
    assert spread.none > 0.5
    assert spread.reason.startswith("the best is ")


def test_places_all_struck_in_one_night_share_the_date(talking):
    struck(talking, range(1, 19, 2), (20,))
    spread = talking.impact.spread("s-lock")
    assert (spread.verdict, first(spread)) == ("likely", ("date", "calendar", "2026-03-22"))
    assert "whatever they have" in spread.reason
    assert (spread.blame.owner, spread.blame.probability) == ("unknown", 0)
    json.dumps(spread.to_dict())


def test_an_own_date_at_each_place_is_told_from_the_release_of_these_weeks(talking):
    upgraded(talking, ids(range(1, 15)), 8)
    for n in range(1, 13):
        row = {
            "change_id": f"cert-{n}", "kind": "certificate", "component": "tls",
            "scope": f"e{n + 6}", "starts_at": talking.at(days=n * 3), "ends_at": None,
        }  # fmt: skip
        talking.store.save("changes", pl.DataFrame([row], schema_overrides={"ends_at": NEVER}))
    for n in range(1, 9):
        struck(talking, (n + 6,), (n * 3, n * 3 + 1), text=f"n{n}")
    spread = talking.impact.spread("s-lock")
    assert (spread.verdict, first(spread)) == ("likely", ("date", "tls", "from its date"))
    ahead = [row for row in spread.at_risk if row.planned_at is not None]
    assert [row.customer_id for row in ahead][:2] == ["c17", "c18"]
    assert ahead[0].planned_at == talking.at(days=33)
    assert spread.blame.owner == "customer"


def test_a_plug_in_and_a_version_that_only_break_together_are_an_interaction(talking):
    upgraded(talking, ids(range(1, 13)), 10)
    plugged = ids([*range(1, 7), *range(15, 22)])
    spans(
        talking,
        [
            {"environment_id": e, "component": "tax", "kind": "plugin", "value": "2"}
            for e in plugged
        ],
    )
    release(talking, "wave-2", ["e15", "e23"], 33)
    struck(talking, range(1, 7), range(12, 18))
    spread = talking.impact.spread("s-lock")
    assert first(spread) == ("pair", "plugin tax x version server", "2 x 8.1")
    assert spread.blame.owner == "interaction"
    lacking = {(r.customer_id, r.has) for r in spread.blame.customers}
    assert ("c7", "version server 8.1") in lacking
    assert ("c16", "plugin tax 2") in lacking
    assert [row.customer_id for row in spread.at_risk] == ["c15"]


@pytest.mark.parametrize(("holders", "owner"), [(range(1, 6), "third_party")])
def test_a_plug_in_of_several_is_a_third_partys(talking, holders, owner):
    spans(
        talking,
        [{"environment_id": f"e{n}", "component": "tax", "kind": "plugin", "value": "2"}
         for n in holders],
    )  # fmt: skip
    struck(talking, holders, range(12, 16))
    spread = talking.impact.spread("s-lock")
    assert first(spread) == ("plugin", "tax", "2")
    assert spread.blame.owner == owner


def test_what_only_the_one_hit_customer_has_is_its_own(talking):
    upgraded(talking, ids(range(1, 25)), 2)
    spans(talking, [{"environment_id": "e4", "component": "own", "kind": "plugin", "value": "1"}])
    struck(talking, (4,), range(12, 29))
    blame = talking.impact.spread("s-lock").blame
    assert blame.owner == "customer"
    assert blame.probability > 0.9
    assert blame.customers[0].customer_id == "c4"
    assert "by no other" in blame.reasons[0]


def test_a_chronic_issue_that_grows_with_a_version_is_told_by_each_place_itself(talking):
    upgraded(talking, ids(range(1, 13)), 14)
    rows = [
        row
        for n in range(1, 25)
        for day in range(29)
        for k in range(1 + (n + day) % 2 + (6 if n <= 12 and day >= 14 else 0))
        for row in talking.errors(f"c{n}", talking.at(days=day, hours=8, minutes=n + k))
    ]
    talking.add(rows)
    spread = talking.impact.spread("s-lock")
    assert (spread.verdict, first(spread)) == ("likely", ("version", "server", "8.1"))
    row = spread.vectors[0]
    assert row.low < 5 < row.high
    assert any("within places" in reason for reason in row.reasons)


def test_lines_shared_by_tenants_are_weighed_by_their_placement(fleet):
    names = [f"c{i}" for i in range(1, 17)]
    fleet.customers(16)
    fleet.talk(range(1, 17), range(20))
    fleet.place("m", *names, kind="multi_tenant")
    held = [
        {"customer_id": c, "environment_id": "m", "placement": "a" if n < 5 else "b"}
        for n, c in enumerate(names)
    ]
    fleet.store.save("tenancies", pl.DataFrame(held))
    fleet.share("g", dict.fromkeys(names[:5], 0.2))
    moments = [fleet.at(days=8, minutes=m) for m in range(40)]
    fleet.add(fleet.errors("c1", *moments, environment_id="m", customer_id=None, share_group="g"))
    spread = fleet.impact.spread("s-lock")
    assert (spread.verdict, first(spread)) == ("likely", ("placement", "m", "a"))


def test_without_events_there_is_nothing_to_tell(talking):
    row = {"issue_id": "i", "kind": "new", "status": "new", "title": "x"}
    times = {"detected_at": talking.at(days=1), "since": talking.at(days=1)}
    talking.store.save("issues", pl.DataFrame([row | times]))
    talking.store.save(
        "issue_signatures", pl.DataFrame([{"issue_id": "i", "signature_id": "s-disk"}])
    )
    spread = talking.impact.spread("i")
    assert spread.verdict == "undetermined"
    assert len(spread.timeline) == len(spread.at_risk) == 0


def test_without_a_fleet_or_logs_there_is_nothing_to_tell(fleet):
    assert fleet.impact.spread("s-lock").verdict == "undetermined"


def test_the_answer_speaks_for_a_moment_and_a_window(released):
    spread = released.impact.spread("s-lock", window=timedelta(days=25), as_of=released.at(days=29))
    assert spread.as_of == released.at(days=29)
    assert spread.window.start == released.at(days=4)


def test_a_repr_is_one_line_and_a_dict_is_json(released):
    spread = released.impact.spread("s-lock")
    assert "\n" not in repr(spread)
    assert "deadlock" not in repr(spread)
    told = json.loads(json.dumps(spread.to_dict()))
    assert told["verdict"] == "likely"
    assert told["vectors"][0]["kind"] == "version"
    assert told["blame"]["owner"] == "vendor"


def test_an_unknown_id_and_a_naive_time_are_refused(released):
    with pytest.raises(NotFoundError):
        released.impact.spread("s-lokc")
    with pytest.raises(InputError):
        released.impact.spread("s-lock", as_of=released.at(days=1).replace(tzinfo=None))
