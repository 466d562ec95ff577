"""One trouble in the words of two versions is one; a coincidence is not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from caseline.signatures.catalog import Signature
from caseline.signatures.lineage import find_links
from caseline.signatures.lineage_numbers import lineage_rules
from caseline.signatures.own_changes import find_own_changes
from caseline.signatures.presence import Presence

START = datetime(2026, 3, 2, tzinfo=UTC)
TEXTS = {
    "old": "checksum mismatch on chunk <*>: want <*> got <*>, quarantined",
    "new": "chunk <*> quarantined after checksum mismatch: expected <*>, got <*>",
    "fixed": "worker pool starved: <*> runs waiting for <*> s",
    "brought": "entry <*> of calendar <*> has no rule part",
    "whole": "printer <*> refused page <*>: unsupported darkness value <*>",
    "part-1": "printer <*> refused page <*>: darkness value <*> is above the limit",
    "part-2": "printer <*> refused page <*>: darkness value <*> is below the limit",
    "traced": "java.util.TimeoutException at com.shop.Renderer.await < com.shop.Export.run",
    "retraced": "java.util.TimeoutException at com.shop.exports.Renderer.await < "
    "com.shop.exports.Export.run",
    "other-trace": "java.lang.NullPointerException at com.shop.Renderer.await < "
    "com.shop.Export.run",
    "noise": "Handled request <*> in <*> ms",
    "sampled": "no connection within <*> ms",
    "level": "idempotency key <*> reused by booking <*>",
}


def signatures_of(texts):
    return {
        name: Signature(
            signature_id=name,
            scheme="t",
            kind="trace" if " at com." in text else "log",
            template=text,
            parts=tuple(text.split("<*>")),
            rules=("number",) * text.count("<*>"),
        )
        for name, text in texts.items()
    }


class Fleet:
    """Rows of ``version_places``: places that go from 8.0 to 8.1 on days of their own."""

    def __init__(self, seed, places=10, days=20, stay=2):
        self.rng = np.random.default_rng(seed)
        self.days = days
        self.upgrades = {
            f"e{i}": days if i < stay else float(self.rng.uniform(7, 13)) for i in range(places)
        }
        self.rows = []
        for place in self.upgrades:
            self.say("noise", place, before=20, after=20)

    def say(self, name, place, *, before=0.0, after=0.0, severity=(17.0, 17.0)):
        """Write lines at a daily rate before and after the place's upgrade."""
        cut = self.upgrades[place]
        for version, low, high, rate, level in (
            ("8.0", 0.0, cut, before, severity[0]),
            ("8.1", cut, float(self.days), after, severity[1]),
        ):
            count = int(self.rng.poisson(rate * (high - low)))
            if count:
                at = low + np.sort(self.rng.random(count)) * (high - low)
                first, last = (START + timedelta(days=float(t)) for t in (at[0], at[-1]))
                self.rows.append((name, place, version, count, first, last, level))

    def some(self, share):
        return [place for place in self.upgrades if self.rng.random() < share]

    @property
    def presence(self):
        schema = ["signature_id", "environment_id", "version", "events", "first_at", "last_at"]
        return Presence.of(pl.DataFrame(self.rows, schema=[*schema, "severity"], orient="row"))

    def links(self, texts=None):
        return find_links(self.presence, signatures_of(texts or TEXTS), lineage_rules())

    def pairs(self, texts=None):
        return {(link.from_id, link.to_id): link.kind for link in self.links(texts)}


SEEDS = range(30)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_reworded_message_is_linked(seed):
    fleet = Fleet(seed)
    for place in fleet.some(0.8):
        fleet.say("old", place, before=3)
        fleet.say("new", place, after=3)
    links = fleet.links()
    assert [(link.from_id, link.to_id, link.kind) for link in links] == [("old", "new", "reworded")]
    assert links[0].since_version == "8.1"
    assert links[0].confidence > lineage_rules().bounds["together"]
    assert 0.3 < links[0].ratio < 2.5
    assert links[0].reasons[0].startswith(f"{links[0].environments} environments ceased one")


@pytest.mark.parametrize("seed", SEEDS)
def test_one_fixed_and_one_brought_by_a_version_are_two(seed):
    fleet = Fleet(seed)
    for place in fleet.upgrades:  # even at all places, at the same rate
        fleet.say("fixed", place, before=3)
        fleet.say("brought", place, after=3)
        fleet.say("traced", place, before=3)
        fleet.say("other-trace", place, after=3)
    assert fleet.pairs() == {}


@pytest.mark.parametrize("seed", SEEDS)
def test_near_words_at_other_places_are_a_coincidence(seed):
    fleet = Fleet(seed, places=16)
    for n, place in enumerate(fleet.upgrades):
        fleet.say("old" if n % 2 else "new", place, before=3 * (n % 2), after=3 * (1 - n % 2))
    assert fleet.pairs() == {}


def test_near_words_side_by_side_before_the_version_are_two():
    fleet = Fleet(1)
    for place in fleet.upgrades:
        fleet.say("old", place, before=3, after=3)
        fleet.say("new", place, before=3, after=3)
    assert fleet.pairs() == {}


def test_a_rate_that_jumps_tenfold_is_no_rewording():
    fleet = Fleet(1)
    for place in fleet.upgrades:
        fleet.say("old", place, before=1)
        fleet.say("new", place, after=30)
    assert fleet.pairs() == {}


@pytest.mark.parametrize("seed", SEEDS)
def test_a_split_message_has_all_its_parts_and_no_other(seed):
    fleet = Fleet(seed)
    for place in fleet.upgrades:
        fleet.say("whole", place, before=5)
        fleet.say("part-1", place, after=2.5)
        fleet.say("part-2", place, after=2.5)
        fleet.say("brought", place, after=3)
    assert fleet.pairs() == {("whole", "part-1"): "split", ("whole", "part-2"): "split"}


def test_messages_that_became_one_are_merged():
    fleet = Fleet(3)
    for place in fleet.upgrades:
        fleet.say("part-1", place, before=2)
        fleet.say("part-2", place, before=3)
        fleet.say("whole", place, after=5)
    assert fleet.pairs() == {("part-1", "whole"): "merged", ("part-2", "whole"): "merged"}


def test_a_trace_whose_frames_moved_is_linked_by_its_exception():
    fleet = Fleet(4)
    for place in fleet.upgrades:
        fleet.say("traced", place, before=3)
        fleet.say("retraced", place, after=3)
        fleet.say("other-trace", place, after=3)
    assert fleet.pairs() == {("traced", "retraced"): "moved"}


def test_a_version_after_the_next_one_follows_in_steps():
    fleet = Fleet(5, stay=0)
    for place in fleet.upgrades:
        fleet.say("old", place, before=3)
        fleet.say("new", place, after=3)
    third = "chunk <*> quarantined: checksum mismatch, expected <*> but got <*>"
    last = fleet.days
    for place in fleet.upgrades:
        for name, rate in (("noise", 20), ("third", 3)):
            count = rate * 10
            first, end = START + timedelta(days=last), START + timedelta(days=last + 10)
            fleet.rows.append((name, place, "8.2", count, first, end, 17.0))
    assert fleet.pairs(TEXTS | {"third": third}) == {
        ("old", "new"): "reworded",
        ("new", "third"): "reworded",
    }


def test_a_few_stray_lines_on_the_wrong_side_do_no_harm():
    fleet = Fleet(6)
    for place in fleet.upgrades:
        fleet.say("old", place, before=5, after=0.1 if place == "e3" else 0)
        fleet.say("new", place, after=5)
    assert fleet.pairs() == {("old", "new"): "reworded"}


def test_nothing_is_found_without_an_upgrade():
    fleet = Fleet(7, stay=10)
    for place in fleet.upgrades:
        fleet.say("old", place, before=3)
    assert fleet.links() == []
    assert find_own_changes(fleet.presence, lineage_rules()) == []


def own(fleet):
    found = find_own_changes(fleet.presence, lineage_rules())
    return {(link.from_id, link.kind): link for link in found}


@pytest.mark.parametrize("seed", SEEDS)
def test_sampling_is_told_from_a_fix_and_from_a_level(seed):
    fleet = Fleet(seed)
    for n, place in enumerate(fleet.upgrades):
        fleet.say("sampled", place, before=20, after=2)
        fleet.say("old", place, before=20, after=20 * (n % 10 == 9))  # gone but at one place
        fleet.say("level", place, before=8, after=8, severity=(17.0, 13.0))
    found = own(fleet)
    assert set(found) == {("sampled", "sampled"), ("level", "level_changed")}
    assert found["sampled", "sampled"].ratio == pytest.approx(0.1, abs=0.05)
    assert found["sampled", "sampled"].since_version == "8.1"
    assert "one in" in found["sampled", "sampled"].reasons[0]
    assert "17.0" in found["level", "level_changed"].reasons[0]


def test_less_of_everything_is_no_sampling():
    fleet = Fleet(8)
    fleet.rows = []
    for place in fleet.upgrades:
        fleet.say("noise", place, before=40, after=4)
        fleet.say("sampled", place, before=20, after=2)
    assert own(fleet) == {}


def test_links_do_not_depend_on_the_order_of_rows():
    fleet = Fleet(9)
    for place in fleet.upgrades:
        fleet.say("whole", place, before=5)
        fleet.say("part-1", place, after=2.5)
        fleet.say("part-2", place, after=2.5)
    first = fleet.links()
    fleet.rows.reverse()
    assert fleet.links() == first
    assert replace(first[0]) == first[0]
