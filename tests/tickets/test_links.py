from __future__ import annotations

import json
from datetime import timedelta

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from caseline.errors import InputError, NotFoundError, ReadOnlyError
from caseline.tickets.face import Tickets
from caseline.tickets.links import link_id


def gate(frame, columns, _customer):
    return frame.with_columns(pl.col(c).str.replace_all("secret", "<hidden>") for c in columns)


@pytest.fixture
def desk(fleet):
    fleet.customers(2)
    fleet.add(fleet.errors("c1", fleet.at(days=3)))
    fleet.add(fleet.errors("c1", fleet.at(days=3), signature_id="s-save"))
    tickets = Tickets(fleet.store, fleet.clock, gate)
    rows = [("T-1", "c1"), ("T-2", "c2"), ("s-save", "c2")]
    tickets.load(
        [{"ticket_id": t, "customer_id": c, "opened_at": fleet.at(days=4)} for t, c in rows]
    )
    return tickets


def test_a_link_is_proposed_then_confirmed(desk, fleet):
    link = desk.link("T-1", "s-lock", by="ana", confidence=0.7, reasons=["a secret word"])
    assert (link.state, link.author, link.reasons) == ("proposed", "ana", ("a <hidden> word",))
    fleet.clock.advance(timedelta(days=1))
    sure = desk.confirm(link, by="bo", reasons=["seen it"])
    assert (sure.state, sure.decided_by, sure.decided_at) == ("confirmed", "bo", fleet.clock.now())
    [row] = desk.links("T-1")
    assert (row.state, row.author, row.decided_by) == ("confirmed", "ana", "bo")
    assert row.reasons == ["a <hidden> word"]
    assert desk.links("s-lock").to_dicts() == desk.links().to_dicts()
    assert len(desk.links("T-2")) == 0


def test_the_same_link_twice_is_one_whichever_end_comes_first(desk):
    one, other = desk.link("T-1", "s-lock"), desk.link("s-lock", "T-1", by="model")
    assert one == other
    assert (one.left_kind, one.right_kind) == ("ticket", "signature")
    assert desk.link("T-1", "s-lock", kind="related") != one
    assert len(desk.links("T-1")) == 2


def test_tickets_keep_the_direction_they_are_linked_in(desk):
    assert desk.link("T-2", "T-1", kind="duplicate").left_id == "T-2"


def test_a_rejected_link_never_comes_back_by_itself(desk):
    link = desk.link("T-1", "s-lock")
    desk.reject(link.link_id)
    assert desk.link("T-1", "s-lock", by="model").state == "rejected"
    assert [row.state for row in desk.links("T-1")] == ["rejected"]
    assert desk.confirm(desk.links("T-1")[0]).state == "confirmed"


def test_what_was_decided_later_is_hidden(desk, fleet):
    before = fleet.clock.now() - timedelta(days=1)
    link = desk.link("T-1", "s-lock")
    proposed = fleet.clock.now()
    fleet.clock.advance(timedelta(days=1))
    desk.confirm(link)
    confirmed = fleet.clock.now()
    fleet.clock.advance(timedelta(days=1))
    desk.reject(link)
    states = [[row.state for row in desk.links(as_of=at)] for at in (before, proposed, confirmed)]
    assert states == [[], ["proposed"], ["confirmed"]]
    assert desk.links()[0].state == "rejected"


def test_deciding_the_same_again_changes_nothing(desk, fleet):
    sure = desk.confirm(desk.link("T-1", "s-lock"), by="ana")
    fleet.clock.advance(timedelta(days=1))
    assert desk.confirm(sure, by="bo") == sure


def test_an_id_that_is_several_things_must_be_told_apart(desk):
    with pytest.raises(InputError, match="signature and ticket"):
        desk.link("T-1", "s-save")
    assert desk.link("T-1", ("signature", "s-save")).right_kind == "signature"
    assert desk.link("T-1", ("ticket", "s-save"), kind="related").right_kind == "ticket"
    assert len(desk.links(("ticket", "s-save"))) == 1


@pytest.mark.parametrize(
    ("a", "b", "options", "error"),
    [
        ("T-1", "T-9", {}, NotFoundError),
        ("T-1", ("issue", "T-2"), {}, NotFoundError),
        ("T-1", "T-1", {}, InputError),
        ("T-1", 7, {}, InputError),
        ("T-1", "s-lock", {"kind": "Is Caused By"}, InputError),
        ("T-1", "s-lock", {"confidence": 1.5}, InputError),
        ("T-1", "s-lock", {"by": None}, InputError),
    ],
)
def test_a_link_that_cannot_be_is_refused(desk, a, b, options, error):
    with pytest.raises(error):
        desk.link(a, b, **options)
    assert len(desk.links()) == 0


def test_an_unknown_link_is_named_with_near_ones(desk):
    link = desk.link("T-1", "s-lock")
    with pytest.raises(NotFoundError, match=link.link_id):
        desk.confirm(link.link_id + "x")


def test_links_to_a_merged_signature_are_read_as_it_is_now(desk, fleet):
    desk.link("T-1", "s-lock")
    row = {"signature_id": "s-lock", "merged_into": "s-info", "reason": "same", "author": "person",
           "decided_at": fleet.clock.now(), "position": 0}  # fmt: skip
    fleet.store.save("signature_aliases", pl.DataFrame([row]))
    assert [row.right_id for row in desk.links("T-1")] == ["s-info"]
    assert len(desk.links("s-lock")) == len(desk.links("s-info")) == 1


def test_a_viewer_sees_links_whose_ends_it_sees_and_decides_nothing(desk, fleet):
    link = desk.link("T-1", "s-lock")
    desk.link("T-1", "T-2", kind="related")
    own, other = (
        Tickets(fleet.store.scoped(frozenset([c])), fleet.clock, gate) for c in ("c1", "c2")
    )
    assert [row.link_id for row in own.links()] == [link.link_id]
    assert len(other.links()) == 0
    with pytest.raises(ReadOnlyError):
        own.reject(link)
    with pytest.raises(ReadOnlyError):
        own.link("T-1", "c1")


def test_a_link_tells_itself_as_json_can_hold_it(desk):
    assert json.loads(json.dumps(desk.link("T-1", "c1").to_dict()))["right_kind"] == "customer"


ENDS = st.tuples(st.sampled_from(["ticket", "signature"]), st.text(max_size=4))


@given(st.tuples(st.text(max_size=3), ENDS, ENDS), st.tuples(st.text(max_size=3), ENDS, ENDS))
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_ids_are_equal_only_of_equal_links(one, other):
    assert (link_id(*one) == link_id(*other)) == (one == other)


@given(st.lists(st.sampled_from(["link", "confirm", "reject"]), max_size=6))
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_last_decision_of_a_person_holds(desk, steps):
    link = desk.link("T-2", "s-lock")
    expected = desk.links("T-2")[0].state
    for step in steps:
        if step == "link":
            desk.link("T-2", "s-lock", by="rule")
        else:
            getattr(desk, step)(link)
            expected = {"confirm": "confirmed", "reject": "rejected"}[step]
    assert desk.links("T-2")[0].state == expected
