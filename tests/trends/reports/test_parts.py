"""The parts of a report: periods, uptake, gains, words."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caseline.errors import InputError
from caseline.records.answers import Table
from caseline.records.windows import Window
from caseline.trends.adoption.answers import FixVerdict
from caseline.trends.adoption.judging import VERSIONS
from caseline.trends.reports.daily import levels
from caseline.trends.reports.mending import saved
from caseline.trends.reports.periods import Period, named_window, period_of
from caseline.trends.reports.settings import report_settings
from caseline.trends.reports.shared_answers import sharing
from caseline.trends.reports.uptake import read_uptake
from caseline.trends.reports.voice import Voice, days_between

MARCH = datetime(2026, 3, 2, tzinfo=UTC)
TIME = pl.Datetime("us", "UTC")
SPANS = {"environment_id": pl.String, "component": pl.String, "value": pl.String,
         "valid_from": TIME, "valid_to": TIME}  # fmt: skip


def at(days):
    return None if days is None else MARCH + timedelta(days=days)


def spans_of(*rows):
    told = [(e, c, v, at(low), at(high)) for e, c, v, low, high in rows]
    return pl.DataFrame(told, schema=SPANS, orient="row")


def period(spans, now=60, **options):
    asked = {"release": None, "window": None, "product": None} | options
    return period_of(spans, now=at(now), settings=report_settings(), **asked)


@given(st.integers(1, 9998))
def test_months_and_quarters_tile_the_year(year):
    months = [named_window(f"{year:04d}-{m:02d}") for m in range(1, 13)]
    quarters = [named_window(f"{year:04d}-Q{q}") for q in range(1, 5)]
    whole = named_window(f"{year:04d}")
    for parts in (months, quarters):
        assert (parts[0].start, parts[-1].end) == (whole.start, whole.end)
        assert all(a.end == b.start for a, b in pairwise(parts))
    assert [q.start for q in quarters] == [m.start for m in months[::3]]


@pytest.mark.parametrize("name", ["2026-13", "2026-Q5", "2026-1", "26", "", "2026-Q1 x", "0000",
                                  "9999"])  # fmt: skip
def test_other_names_are_refused(name):
    with pytest.raises(InputError):
        named_window(name)


def test_a_release_begins_on_its_first_day_and_follows_what_most_ran():
    spans = spans_of(
        ("a", "server", "8.0", None, 10), ("a", "server", "8.1", 10, None),
        ("b", "server", "8.0", -5, 20), ("b", "server", "8.1", 20, None),
        ("c", "server", "7.4", None, 30), ("c", "server", "8.1", 30, None),
        ("a", "agent", "3", None, None),
    )  # fmt: skip
    found = period(spans, release="8.1")
    assert (found.product, found.released, found.before) == ("server", at(10), "8.0")
    assert (found.window.start, found.window.end) == (at(10), at(60))
    assert period(spans, release="3").product == "agent"
    assert (
        period(spans, release="8.1", window="2026-04").window.start == named_window("2026-04").start
    )
    assert period(spans).window.length == timedelta(days=report_settings().window_days)


def test_a_release_that_ran_always_or_that_nobody_came_to_has_a_period():
    spans = spans_of(("a", "server", "8.0", None, None), ("b", "server", "8.1", 5, None),
                     ("c", "server", "9.0", 1, None), ("d", "server", "main", 1, None))  # fmt: skip
    always = period(spans, release="8.0")
    assert (always.released, always.window.length) == (None, timedelta(days=91))
    assert period(spans, release="8.1").before == "8.0"  # none upgraded: the older one that runs
    assert period(spans, release="main").before is None


def test_without_versions_there_is_no_product():
    assert period(spans_of()).product is None


class Answers:
    """Answers tenancies only."""

    def __init__(self, rows):
        self.rows = rows

    def ask(self, question, *, as_of=None):
        assert question == "tenancy_stages"
        assert as_of is None
        return self.rows


@st.composite
def fleets(draw):
    days = st.integers(-5, 15)
    ends = st.one_of(st.none(), days)
    places = ["p", "q", "r"]
    spans = draw(
        st.lists(
            st.tuples(st.sampled_from(places), st.just("server"), st.sampled_from(["1", "2"]),
                      ends, ends),
            max_size=6,
        )
    )  # fmt: skip
    held = draw(
        st.lists(
            st.tuples(st.sampled_from(["a", "b"]), st.sampled_from(places), ends, ends,
                      st.sampled_from(["production", "staging"])),
            max_size=5,
        )
    )  # fmt: skip
    return spans, held


@given(fleets())
def test_who_runs_what_is_counted_as_one_would_by_hand(fleet):
    spans, held = fleet
    names = ["customer_id", "environment_id", "valid_from", "valid_to", "stage"]
    rows = [(c, e, at(low), at(high), s) for c, e, low, high, s in held]
    frame = pl.DataFrame(rows, schema=dict(zip(names, [pl.String, pl.String, TIME, TIME, pl.String],
                                               strict=True)), orient="row")  # fmt: skip
    window = Window(start=at(0), end=at(10))
    asked = Period(window=window, product="server", release="2", released=None, before=None,
                   planned_end=at(10))  # fmt: skip
    found = read_uptake(Answers(frame), asked, spans_of(*spans), None)
    far = 10**6
    for day, known, running in found.daily.iter_rows():
        end = (day - MARCH.date()).days + 1  # its last moment
        ran = {
            (c, v)
            for c, e, low, high, stage in held
            for p, _, v, begin, stop in spans
            if p == e and stage == "production"
            and max(-far if low is None else low, -far if begin is None else begin) < end
            and min(far if high is None else high, far if stop is None else stop) >= end
            and max(-far if low is None else low, -far if begin is None else begin)
            < min(far if high is None else high, far if stop is None else stop)
            and (high is None or high > 0) and (low is None or low < 10)
        }  # fmt: skip
        assert known == len({c for c, _ in ran}), day
        assert running == len({c for c, v in ran if v == "2"}), day
    assert found.daily["day"].to_list() == [date(2026, 3, 2) + timedelta(days=n) for n in range(10)]


def verdict(ratio=0.0, low=0.0, high=0.1, days=(100, 50)):
    rows = [("8.0", False, 10, days[0], 40, None, None, None, "affected"),
            ("8.1", True, 5, days[1], 0, None, None, None, "fixed")]  # fmt: skip
    table = Table("versions", pl.DataFrame(rows, schema=VERSIONS, orient="row"), as_of=MARCH)
    return FixVerdict(
        issue_id="s", verdict="fixed", probability=1.0, ratio=ratio, low=low, high=high,
        needed=0, needed_until=None, adoption=0.5, source="recorded", regressed_in=(),
        versions=table, reasons=("r",), as_of=MARCH, notes=(),
    )  # fmt: skip


def tickets(*moments, hours=2.0):
    rows = [(f"t{n}", "a", "p", at(day), hours, 1.0) for n, day in enumerate(moments)]
    schema = {"ticket_id": pl.String, "customer_id": pl.String, "environment_id": pl.String,
              "opened_at": TIME, "hours": pl.Float64, "share": pl.Float64}  # fmt: skip
    return pl.DataFrame(rows, schema=schema, orient="row")


TENANCIES = pl.DataFrame(
    [("a", "p", None, None, "production")],
    schema={"customer_id": pl.String, "environment_id": pl.String, "valid_from": TIME,
            "valid_to": TIME, "stage": pl.String}, orient="row",
)  # fmt: skip
RAN = spans_of(("p", "server", "8.0", None, 20), ("p", "server", "8.1", 20, None))


def test_a_fix_saves_what_had_come_at_the_rate_without_it():
    gain = saved(verdict(), tickets(1, 2, 3, 30), RAN, TENANCIES)
    assert (gain.hours, gain.spent, gain.days_without) == (
        3.0,
        6.0,
        100,
    )  # 6 h on 100 days, 50 days
    assert 0 < gain.low < gain.hours < gain.high
    half = saved(verdict(ratio=0.5, low=0.2, high=0.9), tickets(1, 2, 3), RAN, TENANCIES)
    assert half.hours == pytest.approx(1.5)
    assert half.low < gain.low


def test_more_tickets_tell_more_surely():
    few, more = (
        saved(verdict(), tickets(*range(1, n + 1), hours=60 / n), RAN, TENANCIES) for n in (3, 15)
    )
    assert few.hours == pytest.approx(more.hours)
    assert more.high - more.low < few.high - few.low


@pytest.mark.parametrize(
    ("told", "opened"),
    [(verdict(days=(100, 0)), (1,)), (verdict(days=(0, 50)), (1,)), (verdict(ratio=None), (1,)),
     (verdict(), ()), (verdict(), (30,))],
)  # fmt: skip
def test_nothing_is_gained_where_nothing_tells(told, opened):
    assert saved(told, tickets(*opened), RAN, TENANCIES) is None


def test_a_fix_that_makes_it_worse_saves_nothing():
    gain = saved(verdict(ratio=1.4, low=1.1, high=None), tickets(1, 2), RAN, TENANCIES)
    assert gain.hours == gain.low == gain.high == 0.0


@given(st.lists(st.one_of(st.none(), st.floats(0, 50)), max_size=40))
def test_levels_keep_the_mean_and_the_gaps(seen):
    found = levels(seen)
    assert [v is None for v in found] == [v is None for v in seen]
    known, flat = ([v for v in values if v is not None] for values in (seen, found))
    assert sum(flat) == pytest.approx(sum(known), abs=1e-6)


def voice(*, internal):
    templates = pl.DataFrame(
        {"id": ["s", "t"], "template": ["a b", "secret"], "shared": ["a <*>", "<*>"]}
    )
    spans = pl.DataFrame(
        {"environment_id": [f"e{i}" for i in range(6)], "component": ["x"] * 5 + ["own"],
         "value": ["1"] * 6}
    )  # fmt: skip
    held = pl.DataFrame(
        {"customer_id": [f"c{i}" for i in range(6)],
         "environment_id": [f"e{i}" for i in range(6)]}
    )  # fmt: skip
    return Voice.of(templates, spans, held, internal=internal, settings=report_settings())


def test_the_house_hears_all_and_others_what_is_common():
    inside, outside = voice(internal=True), voice(internal=False)
    assert (inside.name("t"), outside.name("t")) == (
        "“secret” (t)", "t (a message whose words few customers have)"
    )  # fmt: skip
    assert (inside.name("s"), outside.name("s")) == ("“a b” (s)", "“a <*>” (s)")
    assert inside.name("unknown") == "unknown"
    assert (inside.value("own", "1"), outside.value("own", "1")) == (
        "own 1", "a value that few customers run"
    )  # fmt: skip
    assert outside.value("x", "1") == "x 1"
    assert (inside.count(1), outside.count(1)) == ("1 customer", "fewer than 5 customers")
    assert inside.count(2.5, "tickets") == "2.5 tickets"
    assert (inside.share(1, 10), outside.share(1, 10), inside.share(0, 0)) == ("10%", None, None)
    assert (inside.reasons(["why"]), outside.reasons(["why"])) == (("why",), ())


class Counting:
    """Counts how often it is asked."""

    scope = None

    def __init__(self):
        self.asked = []

    def ask(self, question, **terms):
        self.asked.append((question, terms))
        return pl.DataFrame({"question": [question]})


def test_each_question_is_asked_once():
    store = Counting()
    engine = sharing(store)
    first = engine.ask("hit_days", as_of=MARCH, signature_ids=["s"])
    assert engine.ask("hit_days", as_of=MARCH, signature_ids=["s"]) is first
    assert engine.ask("hit_days", as_of=MARCH, signature_ids=["t"]) is not first
    engine.ask("hit_days", as_of=None, signature_ids=["s"])
    assert len(store.asked) == 3
    assert engine.scope is None


def test_one_day_is_one_day():
    assert days_between(date(2026, 3, 1), date(2026, 3, 1)) == "2026-03-01"
