from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from caseline.impact.causes.complaints import read_complaint
from caseline.impact.causes.recall import NO_LORE, Decided, Lore, read_lore, recall_features

MARCH = datetime(2026, 3, 2, tzinfo=UTC)
TEMPLATES = {
    "s-pool": "no connection left in pool <*> after <*> ms",
    "s-pool2": "no connection left in replica pool <*> after <*> ms",
    "s-mail": "mailbox <*> refused recipient <*>",
    "s-disk": "disk <*> is full",
}
FRAME = pl.DataFrame({"signature_id": list(TEMPLATES), "template": list(TEMPLATES.values())})
USUAL = ["hello we have a problem please help", "hello please help us it is urgent"] * 5


def lore(*told):
    """Return links given as signature, text and whether they were confirmed."""
    decided = tuple(
        Decided(
            ticket_id=f"T-{n}", customer_id="c1", opened_at=MARCH + timedelta(days=n),
            signature_id=signature, confirmed=confirmed, by="ana",
        )
        for n, (signature, _, confirmed) in enumerate(told)
    )  # fmt: skip
    texts = {f"T-{n}": text for n, (_, text, _) in enumerate(told)}
    return Lore(decided=decided, texts=texts, templates=TEMPLATES)


def recalled(known, text):
    found = recall_features(FRAME, known, text, usual=USUAL)
    return {row["signature_id"]: row for row in found.to_dicts()}


def test_the_words_of_known_tickets_recall_their_cause():
    known = lore(
        ("s-pool", "the carousel stands still", True), ("s-mail", "letters come back", True)
    )
    rows = recalled(known, "hello, our carousel stands again")
    assert rows["s-pool"]["recalled"] > 0.5
    assert rows["s-mail"]["recalled"] == rows["s-disk"]["recalled"] == 0


def test_a_signature_worded_like_a_known_cause_is_recalled_too():
    rows = recalled(lore(("s-pool", "the carousel stands still", True)), "carousel stands")
    assert 0.2 < rows["s-pool2"]["recalled"] < rows["s-pool"]["recalled"]
    assert rows["s-disk"]["recalled"] < 0.1
    assert rows["s-pool2"]["known"] == 0


def test_what_was_rejected_for_like_tickets_is_refused():
    rows = recalled(lore(("s-disk", "the carousel stands still", False)), "carousel stands")
    assert rows["s-disk"]["refused"] > 0.5
    assert rows["s-disk"]["recalled"] == rows["s-disk"]["known"] == 0


def test_frequent_causes_are_better_known():
    known = lore(*[("s-pool", "x", True)] * 4, ("s-mail", "y", True))
    rows = recalled(known, "z")
    assert rows["s-pool"]["known"] > rows["s-mail"]["known"] > rows["s-disk"]["known"] == 0


def test_what_all_tickets_say_recalls_little():
    known = lore(("s-pool", "hello please help", True), ("s-mail", "carousel", True))
    rows = recalled(known, "hello please help the carousel")
    assert rows["s-mail"]["recalled"] > rows["s-pool"]["recalled"]


def test_without_links_nothing_is_recalled():
    rows = recalled(NO_LORE, "carousel")
    assert {(r["recalled"], r["known"], r["refused"]) for r in rows.values()} == {(0, 0, 0)}


def test_a_ticket_does_not_recall_itself():
    known = lore(("s-pool", "carousel", True), ("s-mail", "letters", True))
    assert [d.ticket_id for d in known.without("T-0").decided] == ["T-1"]
    early = known.without("T-9", before=MARCH + timedelta(days=1))
    assert [d.ticket_id for d in early.decided] == ["T-0"]
    assert [d.signature_id for d in known.of("T-1")] == ["s-mail"]


def test_lore_is_read_from_links_and_hides_what_came_later(desk):
    assert read_lore(desk.store, as_of=None) == NO_LORE
    early = desk.clock.now()
    desk.clock.advance(timedelta(hours=1))
    desk.confirm("T-1", "s-save")
    desk.reject("T-2", "s-disk")
    desk.confirm("T-2", "c2")
    found = read_lore(desk.store, as_of=None)
    told = [(d.ticket_id, d.signature_id, d.confirmed) for d in found.decided]
    assert sorted(told, key=str) == [
        ("T-1", "s-save", True), ("T-2", "s-disk", False), ("T-2", None, True),
    ]  # fmt: skip
    assert found.texts["T-1"] == "Orders we could not persist the order"
    assert found.templates["s-save"] == "Could not persist order <*>"
    assert read_lore(desk.store, as_of=early).decided == ()
    desk.reject("T-1", "s-save")
    assert not read_lore(desk.store, as_of=None).of("T-1")[0].confirmed


def test_the_signatures_of_an_issue_are_all_its_causes(desk):
    desk.store.save("issues", pl.DataFrame([{"issue_id": "i-1", "kind": "new", "status": "new",
                    "title": "t", "detected_at": desk.clock.now()}]))  # fmt: skip
    members = {"issue_id": ["i-1"] * 2, "signature_id": ["s-save", "s-disk"]}
    desk.store.save("issue_signatures", pl.DataFrame(members))
    desk.confirm("T-1", "i-1")
    found = read_lore(desk.store, as_of=None).of("T-1")
    assert {d.signature_id for d in found} == {"s-save", "s-disk"}


def test_links_raise_a_cause_whose_words_are_other(desk):
    desk.write(("T-8", "c1", MARCH + timedelta(days=18), "the carousel stands still"),
               ("T-9", "c1", MARCH + timedelta(days=19, hours=12), "carousel stands"))  # fmt: skip
    before = {r.signature_id: r.probability for r in desk.impact.causes("T-9", limit=9)}
    desk.confirm("T-8", "s-disk")
    found = desk.impact.causes("T-9", limit=9)
    after = {r.signature_id: r.probability for r in found}
    assert after["s-disk"] > before["s-disk"] * 2
    [row] = [r for r in found if r.signature_id == "s-disk"]
    assert any(reason.startswith("tickets whose cause is known say the same")
               for reason in row.reasons)  # fmt: skip


def test_a_confirmed_cause_is_certain_and_a_rejected_one_is_left_out(desk):
    desk.reject("T-1", "s-save")
    found = desk.impact.causes("T-1", limit=9)
    assert "s-save" not in [r.signature_id for r in found]
    assert "1 signatures were rejected as its cause, and are left out" in found.notes
    desk.confirm("T-1", "s-disk")
    found = desk.impact.causes("T-1", limit=9)
    assert (found[0].signature_id, found[0].probability, found.none) == ("s-disk", 1, 0)
    assert found.verdict == "confirmed"
    assert found[0].reasons[0] == "confirmed by person"


def test_a_confirmed_cause_that_nothing_was_seen_of_is_told_too(desk):
    desk.fleet.add(desk.fleet.errors("c3", MARCH, signature_id="s-lock"))
    desk.confirm("T-1", "s-lock")
    found = desk.impact.causes("T-1")
    assert (found[0].signature_id, found[0].probability) == ("s-lock", 1)


def test_a_cause_that_is_no_signature_is_not_in_the_logs(desk):
    desk.confirm("T-1", "c1")
    found = desk.impact.causes("T-1")
    assert (found.verdict, found.none) == ("not in the logs", 1)
    assert {r.probability for r in found} == {0}


def test_a_viewer_learns_from_own_tickets_only(desk):
    desk.confirm("T-1", "s-save")
    viewer = desk.store.scoped(frozenset(["c2"]))
    assert read_lore(viewer, as_of=None) == NO_LORE
    assert read_complaint(viewer, "T-2", as_of=None).customer_id == "c2"
    with pytest.raises(KeyError):
        read_complaint(viewer, "T-1", as_of=None)
