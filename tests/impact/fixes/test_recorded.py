from __future__ import annotations

from datetime import timedelta

import polars as pl
import pytest

from caseline.errors import InputError, NotFoundError, ReadOnlyError
from caseline.impact.face import Impacts

FIX = {"component": "server", "fixed_in": ["8.1.0", "8.0.1"], "affected_from": "7.4.0", "by": "ana"}


@pytest.fixture
def rolled(fleet, spans, struck):
    """Nine customers on what may run; the first one shows the error."""
    fleet.customers(9)
    spans(
        e1=[("8.0.0", 0, None)],
        e2=[("8.0.0", 0, 10), ("8.0.1", 10, None)],
        e3=[("7.4.9", 0, 10), ("8.0.0", 10, 20), ("8.1.2", 20, None)],
        e4=[("8.0.0", 0, None), ("8.1.0", 29, None)],
        e5=[("7.3.0", None, None)],
        e6=[("8.0.0", 0, 12)],
        e8=[("main", 0, None)],
        e9=[("7.4.1", None, 5), ("8.0.0", 5, None)],
    )
    struck("c1", "8.0.0", *range(20))
    return fleet


def rows_of(fleet, **options):
    return {row.environment_id: row for row in fleet.impact.fix_state("s-lock", **options)}


def test_each_environment_has_the_state_of_what_it_runs(rolled):
    rolled.impact.record_fix("s-lock", **FIX)
    answer = rolled.impact.fix_state("s-lock")
    assert {row.environment_id: row.state for row in answer} == {
        "e1": "vulnerable", "e2": "protected", "e3": "protected", "e4": "upgrading",
        "e5": "protected", "e6": "unknown", "e7": "unknown", "e8": "unknown", "e9": "vulnerable",
    }  # fmt: skip
    assert answer.counts == {"vulnerable": 2, "upgrading": 1, "unknown": 3, "protected": 3}
    assert answer.customers_in("vulnerable") == ["c1", "c9"]
    assert (answer.source, answer.component) == ("recorded", "server")
    assert "FixStates(recorded: customers 2 vulnerable" in repr(answer)
    assert answer.to_dict()["counts"]["unknown"] == 3
    assert answer.to_dict()["fix"]["fixed_in"] == ["8.1.0", "8.0.1"]


def test_since_is_when_the_present_state_began(rolled):
    rolled.impact.record_fix("s-lock", **FIX)
    since = {place: row.since for place, row in rows_of(rolled).items()}
    assert since["e1"] == rolled.at()
    assert since["e2"] == rolled.at(days=10)
    assert since["e3"] == rolled.at(days=20)
    assert since["e4"] == rolled.at(days=29)
    assert since["e5"] is None
    assert since["e6"] == rolled.at(days=12)
    assert since["e7"] is None
    assert since["e9"] is None


def test_reasons_say_what_runs_and_why_that_tells(rolled):
    rolled.impact.record_fix("s-lock", **FIX)
    reasons = {place: row.reasons for place, row in rows_of(rolled).items()}
    assert reasons["e1"] == ["8.0.0 is affected: the fix came with 8.1.0 and 8.0.1"]
    assert reasons["e5"] == ["7.3.0 is not among the affected versions"]
    assert "affected and fixed versions run side by side" in reasons["e4"]
    assert reasons["e6"] == ["ran 8.0.0 until 2026-03-14; nothing is known since"]
    assert reasons["e7"] == ["no version is known"]
    assert reasons["e8"] == ["main cannot be compared with other versions"]


def test_probability_is_that_the_error_may_come(rolled):
    rolled.impact.record_fix("s-lock", **FIX)
    chance = {place: row.probability for place, row in rows_of(rolled).items()}
    assert (chance["e1"], chance["e2"], chance["e7"], chance["e8"]) == (1.0, 0.0, None, None)


def test_what_is_planned_is_told_and_what_is_overdue(fleet, spans, change):
    fleet.customers(6)
    spans(**{f"e{i}": [("8.0.0", 0, None)] for i in range(1, 7)})
    spans(e6=[("8.0.1", 33, None)])
    change("C1", "8.1.0", "e1, elsewhere", 31, 32)
    change("C2", "8.0.0", "e2", 31)
    change("C3", "8.1.0", "e3", 10, 11)
    change("C4", "8.1.0", "c4", 29)
    change("C5", "8.1.0", "e5", 31, component="database")
    fleet.talk(range(1, 2), range(1), signature="s-lock")
    fleet.impact.record_fix("s-lock", **FIX)
    found = rows_of(fleet)
    states = {place: row.state for place, row in found.items()}
    assert states == {"e1": "upgrading", "e2": "vulnerable", "e3": "vulnerable",
                      "e4": "upgrading", "e5": "vulnerable", "e6": "upgrading"}  # fmt: skip
    assert found["e1"].planned_at == fleet.at(days=31)
    assert found["e6"].planned_at == fleet.at(days=33)
    assert found["e1"].reasons[1] == "an upgrade to 8.1.0 is planned for 2026-04-02"
    assert found["e2"].reasons[1] == "the planned 8.0.0 does not help"
    assert found["e3"].reasons[1].endswith("2026-03-12 and has not come about")


def test_other_stages_and_places_left_are_not_listed(rolled):
    rolled.place("lab", "c1", stage="staging")
    rolled.place("old", "c1")
    left = {"customer_id": "c1", "environment_id": "old", "valid_to": rolled.at(days=3)}
    rolled.store.save("tenancies", pl.DataFrame([left]))
    rolled.impact.record_fix("s-lock", **FIX)
    assert {"lab", "old"} & rows_of(rolled).keys() == set()


def test_the_latest_record_counts_and_older_ones_are_kept(rolled):
    rolled.impact.record_fix("s-lock", **FIX)
    rolled.clock.advance(timedelta(hours=1))
    between = rolled.clock.now()
    rolled.clock.advance(timedelta(hours=1))
    again = rolled.impact.record_fix("s-lock", **FIX | {"fixed_in": "8.0.0", "by": "ben"})
    assert (again.position, again.author) == (1, "ben")
    assert rows_of(rolled)["e1"].state == "protected"
    assert rows_of(rolled, as_of=between)["e1"].state == "vulnerable"
    told = rolled.impact.fix_state("s-lock").notes
    assert told[0] == "fixed versions of server as recorded by ben on 2026-04-01"


def test_a_record_may_be_of_the_past(rolled):
    rolled.impact.record_fix("s-lock", **FIX, as_of=rolled.at(days=29.5))
    assert rolled.impact.fix_state("s-lock", as_of=rolled.at(days=29.6)).source == "recorded"
    assert rolled.impact.fix_state("s-lock", as_of=rolled.at(days=29.4)).source == "inferred"


def test_a_graph_of_lines_is_kept_with_the_record(rolled, spans):
    spans(e7=[("9.0.0", 0, None)])
    graph = {"9.0": "8.0.0"}
    made = rolled.impact.record_fix("s-lock", **FIX, branches=graph)
    assert made.to_dict()["branches"] == graph
    assert rows_of(rolled)["e7"].state == "vulnerable"


def test_each_component_has_a_record_of_its_own(rolled, spans):
    spans(component="database", e7=[("15.1", 0, None)])
    rolled.impact.record_fix("s-lock", **FIX)
    rolled.clock.advance(timedelta(hours=1))
    rolled.impact.record_fix("s-lock", component="database", fixed_in=["15.2"], by="ben")
    answer = rolled.impact.fix_state("s-lock")
    assert answer.component == "database"
    assert any("recorded for server as well" in note for note in answer.notes)
    assert rows_of(rolled)["e7"].state == "vulnerable"
    assert rows_of(rolled, component="server")["e7"].state == "unknown"


def test_an_issue_has_a_fix_as_a_signature_has(rolled):
    issue = {"issue_id": "i-1", "kind": "new", "status": "new", "title": "t",
             "detected_at": rolled.at(days=3)}  # fmt: skip
    rolled.store.save("issues", pl.DataFrame([issue]))
    member = {"issue_id": "i-1", "signature_id": "s-lock"}
    rolled.store.save("issue_signatures", pl.DataFrame([member]))
    rolled.impact.record_fix("i-1", **FIX)
    assert rolled.impact.fix_state("i-1").source == "recorded"
    assert rolled.impact.fix_state("s-lock").source == "inferred"


def test_a_viewer_sees_the_record_and_its_own_places(rolled):
    rolled.impact.record_fix("s-lock", **FIX)
    view = Impacts(rolled.store.scoped(frozenset({"c1"})), rolled.clock)
    answer = view.fix_state("s-lock")
    assert (answer.source, [row.customer_id for row in answer]) == ("recorded", ["c1"])
    with pytest.raises(ReadOnlyError):
        view.record_fix("s-lock", **FIX)


def test_records_that_cannot_be_are_refused(rolled):
    with pytest.raises(NotFoundError):
        rolled.impact.record_fix("s-none", **FIX)
    with pytest.raises(InputError, match="no version at all"):
        rolled.impact.record_fix("s-lock", component="server", by="ana")
    with pytest.raises(InputError, match="give versions as str"):
        rolled.impact.record_fix("s-lock", **FIX | {"fixed_in": [8.1]})
    with pytest.raises(InputError, match="naive"):
        rolled.impact.fix_state("s-lock", as_of=rolled.at().replace(tzinfo=None))
