"""What people decide about signatures: it sticks, adds up, and can be undone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import caseline
from caseline.clock import ManualClock
from caseline.errors import InputError, NotFoundError, ReadOnlyError
from caseline.signatures.book import SignatureBook

NOON = datetime(2026, 3, 16, 12, tzinfo=UTC)
WORDS = ("sda", "sdb", "sdc", "sdd")


class Desk:
    """A workspace with two customers, lines, and a clock that can be moved."""

    def __init__(self, folder):
        self.folder = folder
        self.clock = ManualClock(NOON)
        self.minute = 0
        self.ws = caseline.open(folder, clock=self.clock)
        names = ["c1", "c2"]
        self.ws.fleet.load(
            customers=[{"customer_id": c} for c in names],
            environments=[
                {"environment_id": f"e{c}", "kind": "single_tenant", "stage": "production"}
                for c in names
            ],
            tenancies=[{"customer_id": c, "environment_id": f"e{c}"} for c in names],
        )

    def read(self, *messages, customer="c1"):
        """Take in one line for each message, a minute apart, an hour after the last time."""
        self.clock.advance(timedelta(hours=1))
        lines = []
        for message in messages:
            at = NOON - timedelta(days=3) + timedelta(minutes=self.minute)
            self.minute += 1
            lines.append(f"{at:%Y-%m-%dT%H:%M:%S}Z ERROR {message}")
        return self.ws.ingest(lines, environment=f"e{customer}")

    def reopen(self, **options):
        self.ws.close()
        self.ws = caseline.open(self.folder, clock=self.clock, **options)

    def counts(self, **options):
        return {
            row.template: row.events
            for row in self.ws.signatures.top(by="events", limit=10_000, **options)
        }

    def id_of(self, line):
        return self.ws.signatures.match(line).signature_id


@pytest.fixture
def desk(tmp_path):
    found = Desk(tmp_path)
    yield found
    found.ws.close()


@pytest.fixture
def disks(desk):
    desk.read(*[f"disk {word} is full" for word in WORDS for _ in range(3)], "link down")
    return desk


def test_merge_of_merges_is_one_and_each_split_takes_back_its_own_step(desk):
    desk.read("alpha starts", "beta ends", "gamma waits")
    a, b, c = (desk.id_of(line) for line in ("alpha starts", "beta ends", "gamma waits"))
    merge, split = desk.ws.signatures.merge, desk.ws.signatures.split
    merge([c], into=b)
    merge([b], into=a)
    assert desk.counts() == {"alpha starts": 3}
    split(b)
    assert desk.counts() == {"beta ends": 2, "alpha starts": 1}
    split(c)
    assert desk.counts() == {"alpha starts": 1, "beta ends": 1, "gamma waits": 1}


def test_merges_that_would_close_a_circle_are_refused(desk):
    desk.read("alpha starts", "beta ends")
    a, b = desk.id_of("alpha starts"), desk.id_of("beta ends")
    desk.ws.signatures.merge([a], into=b)
    for ids, into in (([b], a), ([a], b), ([a, b], None), ([a], a)):
        with pytest.raises(InputError):
            desk.ws.signatures.merge(ids, into=into)
    assert desk.counts() == {"beta ends": 2}


def test_a_merged_one_stands_for_what_it_is_read_as(disks):
    disks.read("host ann is up", "host bo is up")
    narrow = disks.id_of("host ann is up")
    disks.read("host cy is up", "host dee is up")
    wide, link = disks.id_of("host cy is up"), disks.id_of("link down")
    assert disks.ws.signatures.get(narrow).signature_id == wide != narrow
    disks.ws.signatures.merge([narrow, link])
    assert disks.counts()["host <*> is up"] == 5


def test_a_split_keeps_what_was_merged_by_rules_before(desk):
    desk.read("host ann is up", "host bo is up")
    desk.read("host cy is up", "link down")
    wide, link = desk.id_of("host cy is up"), desk.id_of("link down")
    desk.ws.signatures.merge([wide], into=link)
    desk.reopen()
    desk.ws.signatures.split(wide)
    assert desk.counts() == {"host <*> is up": 3, "link down": 1}


@pytest.mark.parametrize("reopened", [False, True])
def test_later_lines_keep_to_a_split(desk, reopened):
    desk.read("host ann is up", "host bo is up")
    narrow = desk.id_of("host ann is up")
    desk.read("host cy is up")
    desk.ws.signatures.split(narrow)
    if reopened:
        desk.reopen()
    desk.read("host ann is up", "host dee is up", "host bo is up")
    assert desk.counts() == {"host ann is up": 2, "host <*> is up": 4}
    assert desk.id_of("host ann is up") == narrow


@pytest.mark.parametrize("reopened", [False, True])
def test_what_rules_make_of_a_merged_one_stays_in_the_merge(desk, reopened):
    desk.read("host ann is up", "host bo is up", "link down")
    names = [desk.id_of(line) for line in ("host ann is up", "host bo is up")]
    desk.ws.signatures.merge(names, into=desk.id_of("link down"))
    if reopened:
        desk.reopen()
    desk.read("host cy is up", "host dee is up", "host ann is up")
    assert desk.counts() == {"link down": 6}


def test_as_of_shows_merges_as_they_were(desk):
    desk.read("alpha starts", "beta ends", "gamma waits")
    a, b, c = (desk.id_of(line) for line in ("alpha starts", "beta ends", "gamma waits"))
    moments = [desk.clock.now()]
    for act in (
        lambda: desk.ws.signatures.merge([a, b]),
        lambda: desk.ws.signatures.merge([a, c]),
        lambda: desk.ws.signatures.split(b),
    ):
        desk.clock.advance(timedelta(hours=1))
        act()
        moments.append(desk.clock.now())
    told = [sorted(desk.counts(as_of=moment).values()) for moment in moments]
    assert told == [[1, 1, 1], [1, 2], [3], [1, 2]]
    assert [desk.ws.signatures.get(b, as_of=m).signature_id for m in moments] == [b, a, a, b]


def test_decisions_are_there_after_reopening_and_refused_where_nothing_may_be_written(disks):
    wide, link = disks.id_of("disk sdz is full"), disks.id_of("link down")
    parts = disks.ws.signatures.split(wide, variable=1, values=["sda"])
    disks.reopen(read_only=True)
    assert disks.counts() == {"disk <*> is full": 9, "disk sda is full": 3, "link down": 1}
    viewer = disks.ws.as_viewer("ana", customers=["c1"])
    for face in (disks.ws.signatures, viewer.signatures):
        with pytest.raises(ReadOnlyError):
            face.merge([wide, link])
        with pytest.raises(ReadOnlyError):
            face.split(wide, variable=1, values=["sdb"])
        with pytest.raises(ReadOnlyError):
            face.split(parts[0].signature_id)
    assert disks.ws.signatures.get(wide).events == 9


def test_a_change_that_cannot_be_saved_is_taken_back(disks, monkeypatch):
    wide, link = disks.id_of("disk sdz is full"), disks.id_of("link down")

    def fail(table, rows):
        raise OSError(28, "no space")

    monkeypatch.setattr(disks.ws._store, "save", fail)
    with pytest.raises(OSError, match="no space"):
        disks.ws.signatures.merge([wide, link])
    with pytest.raises(OSError, match="no space"):
        disks.ws.signatures.split(wide, variable=1, values=["sda"])
    monkeypatch.undo()
    disks.read("disk sda is full")
    assert disks.counts() == {"disk <*> is full": 13, "link down": 1}


class TestSplitByValue:
    def test_counts_add_up_for_events_before_and_after(self, disks):
        wide = disks.id_of("disk sdz is full")
        told = disks.ws.signatures.split(wide, variable=1, values=["sda", "sdb"], by="ana")
        assert [(row.value, row.template, row.events) for row in told] == [
            ("sda", "disk sda is full", 3),
            ("sdb", "disk sdb is full", 3),
            (None, "disk <*> is full", 6),
        ]
        disks.read("disk sda is full", "disk sdq is full", customer="c2")
        counts = disks.counts()
        assert (counts["disk sda is full"], counts["disk <*> is full"]) == (4, 7)
        assert disks.id_of("disk sda is full") == told[0].signature_id

    def test_every_question_reads_it_so(self, disks):
        wide = disks.id_of("disk sdz is full")
        part = disks.ws.signatures.split(wide, variable=1, values=["sda"])[0].signature_id
        signatures, window = disks.ws.signatures, (NOON - timedelta(days=9), NOON)
        rows = {row.signature_id: row.events for row in signatures.top(window=window)}
        assert (rows[part], rows[wide]) == (3, 9)
        assert disks.ws.impact.of(part).events == 3
        assert sum(row.events for row in disks.ws.trends.series(wide)) == 9
        texts = [row.message for row in disks.ws.events(signature=part)]
        assert texts == ["disk sda is full"] * 3
        viewer = disks.ws.as_viewer("ana", customers=["c1"]).signatures
        assert viewer.get(part).template == "disk sda is full"
        with pytest.raises(NotFoundError):
            disks.ws.as_viewer("bo", customers=["c2"]).signatures.get(part)

    def test_merging_the_parts_back_undoes_it(self, disks):
        wide = disks.id_of("disk sdz is full")
        before = disks.clock.now()
        disks.clock.advance(timedelta(hours=1))
        parts = disks.ws.signatures.split(wide, variable=1, values=["sda", "sdb"])
        split = disks.clock.now()
        disks.clock.advance(timedelta(hours=1))
        ids = [row.signature_id for row in parts if row.value]
        disks.ws.signatures.merge(ids, into=wide)
        assert (
            disks.counts() == disks.counts(as_of=before) == {"disk <*> is full": 12, "link down": 1}
        )
        assert len(disks.counts(as_of=split)) == 4

    def test_narrow_templates_from_before_the_variable_take_part(self, desk):
        desk.read("disk sda is full", "disk sdb is full", "disk sda is full")
        desk.read("disk sdc is full")
        wide = desk.id_of("disk sdc is full")
        told = desk.ws.signatures.split(wide, variable=1, values=["sda"])
        assert [row.events for row in told] == [2, 2]
        desk.reopen()
        desk.read("disk sda is full", "disk sdd is full")
        assert desk.counts() == {"disk sda is full": 3, "disk <*> is full": 3}

    def test_it_holds_for_what_rules_widen_later(self, disks):
        wide = disks.id_of("disk sdz is full")
        disks.ws.signatures.split(wide, variable=1, values=["sda"])
        disks.read(*[f"disk sda is {word}" for word in ("lost", "new", "old")])
        disks.read(*[f"disk {word} is {state}" for word in WORDS for state in ("x1", "y2", "z3")])
        disks.read("disk sda is full")
        assert sum(disks.counts().values()) == 13 + 3 + 12 + 1
        assert disks.counts()["disk sda is full"] >= 4

    @pytest.mark.parametrize(
        ("variable", "values"),
        [
            (0, ["sda"]),
            (2, ["sda"]),
            (None, ["sda"]),
            (1, []),
            (1, None),
            (1, "sda"),
            (True, ["x"]),
        ],
    )
    def test_what_cannot_be_split_so_is_refused(self, disks, variable, values):
        wide = disks.id_of("disk sdz is full")
        with pytest.raises(InputError):
            disks.ws.signatures.split(wide, variable=variable, values=values)

    def test_without_variables_or_twice_by_another_it_is_refused(self, desk):
        desk.read(*[f"disk {w} has {n} errors" for n, w in enumerate(WORDS)], "link down")
        wide, link = desk.id_of("disk sdz has 9 errors"), desk.id_of("link down")
        with pytest.raises(InputError, match="no variables"):
            desk.ws.signatures.split(link, variable=1, values=["x"])
        with pytest.raises(NotFoundError):
            desk.ws.signatures.split("s-nothing", variable=1, values=["x"])
        desk.ws.signatures.split(wide, variable=1, values=["sda"])
        with pytest.raises(InputError, match="by variable 1"):
            desk.ws.signatures.split(wide, variable=2, values=["1"])
        desk.ws.signatures.merge([wide, link], into=link)
        with pytest.raises(InputError, match="is read as"):
            desk.ws.signatures.split(wide, variable=1, values=["sdb"])

    def test_a_second_split_adds_values_and_the_same_one_changes_nothing(self, disks):
        wide = disks.id_of("disk sdz is full")
        first = disks.ws.signatures.split(wide, variable=1, values=["sda"])
        disks.ws.signatures.split(wide, variable=1, values=["sdb"])
        again = disks.ws.signatures.split(wide, variable=1, values=["sda"])
        assert again[0].signature_id == first[0].signature_id
        assert sorted(disks.counts().values()) == [1, 3, 3, 6]


@pytest.mark.parametrize("by", ["", "rule", "scheme", 3])
def test_a_decision_needs_a_person(disks, by):
    with pytest.raises(InputError):
        disks.ws.signatures.merge([disks.id_of("link down")], by=by)


LINES = st.lists(
    st.sampled_from(
        [f"disk {w} is {s}" for w in WORDS for s in ("full", "slow", "gone")]
        + [f"host {w} took {n} ms" for w in WORDS for n in (7, 12)]
        + ["link down", "link is down", "delete blk_71", "delete blk_71 blk_72"]
    ),
    min_size=1,
    max_size=12,
)
STEP = st.one_of(
    st.tuples(st.just("read"), LINES),
    st.tuples(st.just("merge"), st.integers(0, 9), st.integers(0, 9)),
    st.tuples(st.just("apart"), st.integers(0, 9)),
    st.tuples(st.just("value"), st.integers(0, 9), st.integers(1, 2), st.sampled_from(WORDS)),
    st.tuples(st.just("link"), st.integers(0, 9), st.integers(0, 9)),
    st.just(("reopen",)),
)


@settings(max_examples=12)
@given(LINES, st.lists(STEP, max_size=6))
def test_counts_of_patterns_add_up_to_the_lines(tmp_path_factory, lines, steps):
    desk = Desk(tmp_path_factory.mktemp("ws"))
    total = desk.read(*lines).events
    try:
        for step in steps:
            total += _done(desk, *step)
            assert sum(desk.counts().values()) == total
            window = (NOON - timedelta(days=9), NOON)
            assert sum(desk.counts(window=window).values()) == total
            assert len(desk.ws.events(limit=10_000)) == total
    finally:
        desk.ws.close()


def _done(desk, what, *given):
    if what == "read":
        return desk.read(*given[0], customer="c2").events
    if what == "reopen":
        desk.reopen()
        return 0
    rows = desk.ws._book.state["signatures"]["signature_id"].to_list()
    names = [rows[n % len(rows)] for n in given[: 2 if what in ("merge", "link") else 1]]
    try:
        if what == "merge":
            desk.ws.signatures.merge(names)
        elif what == "apart":
            desk.ws.signatures.split(names[0])
        elif what == "value":
            desk.ws.signatures.split(names[0], variable=given[1], values=[given[2]])
    except (InputError, NotFoundError):
        pass
    return 0


def test_state_of_a_reopened_book_is_that_of_the_open_one(batch_of):
    book = SignatureBook()
    one, other = book.assign(batch_of("link down", "link is down")).frame["signature_id"]
    book.merge([other], one)
    state = book.state
    again = SignatureBook.load(
        signatures=state["signatures"], shapes=state["shapes"], aliases=state["signature_aliases"]
    )
    assert again.state["signature_aliases"].equals(state["signature_aliases"])
    assert again.take_decisions()["signature_aliases"].is_empty()
