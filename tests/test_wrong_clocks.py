"""S13 from the files to the answers: order restored, the sound left alone, doubt told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

import caseline
from caseline.errors import InputError, NotFoundError
from caseline.testing.fleet import simulate

WRONG = ("slow", "ahead", "zone", "daylight", "drift", "stepped")
SOUND = ("backlog", "slow_way", "idle", "night", "yearless")
STAMP = pl.Datetime("us", "UTC")
DAY = timedelta(days=1)


def stamps(name):
    return pl.col(name).map_elements(datetime.fromisoformat, return_dtype=STAMP)


def take_in(ws, parcels, folder):
    """Ingest *parcels* one by one, each when it arrives; return the reports."""
    reports = []
    for parcel in sorted(parcels, key=lambda parcel: parcel.received_at):
        ahead = parcel.received_at - ws._clock.now()
        ws._clock.advance(max(ahead, timedelta(0)))
        path = folder / parcel.path.rsplit("/", maxsplit=1)[-1]
        path.write_bytes(parcel.data)
        reports.append(ws.ingest(path, environment=parcel.environment_id))
    return reports


def opened(fleet, folder, start):
    ws = caseline.open(folder, clock=caseline.ManualClock(start))
    tables = ("customers", "environments", "tenancies", "spans", "changes")
    ws.fleet.load(**{name: getattr(fleet, name) for name in tables})
    return ws


class World:
    """The fleet, its workspace after all has arrived, and the truth by case."""

    def __init__(self, folder):
        self.fleet = simulate(
            "S13", seed=3, customers=40, days=8, events_per_day=100, everyday_issues=0
        )
        self.folder = folder
        self.parcels = self.fleet._plan.posted
        self.ws = opened(self.fleet, folder / "support", self.fleet.settings.start - DAY)
        self.reports = take_in(self.ws, self.parcels, folder)
        self.facts = {fact["case"]: fact for fact in self.fleet.truth.facts["clocks"]}
        self.events = self.ws.events(limit=1_000_000).to_frame()
        self.calls = pl.DataFrame(self.fleet.truth.facts["calls"]).with_columns(
            stamps("cause_at"), stamps("effect_at")
        )

    def clocks(self, case):
        return self.ws.fleet.clocks(environment=self.facts[case]["environment_id"]).to_frame()

    def pairs(self, case):
        """Return the calls of a case with the moments that the store has."""
        fact = self.facts[case]
        mine = self.events.filter(pl.col("environment_id") == fact["environment_id"])
        sides = {"cause": fact["host"], "effect": fact["right_host"]}
        calls = self.calls.filter(pl.col("environment_id") == fact["environment_id"])
        for side, host in sides.items():
            some = mine.filter(pl.col("host") == host).select(
                "trace_id", pl.col("occurred_at").alias(side), pl.col("time_quality", "written_at")
                .name.prefix(f"{side}_")
            )  # fmt: skip
            calls = calls.join(some, on="trace_id")
        return calls


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    found = World(tmp_path_factory.mktemp("wrong_clocks"))
    yield found
    found.ws.close()


@pytest.mark.parametrize("case", WRONG)
def test_effects_come_after_causes_again(world, case):
    pairs = world.pairs(case)
    assert pairs.height > 200
    assert (pairs["effect"] >= pairs["cause"]).mean() >= 0.99
    error = (pairs["cause"] - pairs["cause_at"]).dt.total_milliseconds().abs()
    assert error.quantile(0.99) < 1_000


@pytest.mark.parametrize("case", WRONG)
def test_the_error_of_each_host_lies_within_its_interval(world, case):
    clocks = world.clocks(case)
    fact = world.facts[case]
    assert clocks["host"].unique().to_list() == [fact["host"]]
    assert set(clocks["kind"]) == {fact["kind"]}
    assert clocks["applied"].all()
    pairs = world.pairs(case)
    for row in clocks.iter_rows(named=True):
        inside = pairs.filter(pl.col("cause").is_between(row["starts_at"], row["ends_at"]))
        truth = (inside["error_seconds"].min() + inside["error_seconds"].max()) / 2
        assert row["low"] <= truth <= row["high"]
        drift = inside["error_seconds"].max() - inside["error_seconds"].min()
        assert abs(row["drift_per_day"]) == pytest.approx(drift, abs=3)


@pytest.mark.parametrize("case", WRONG)
def test_what_the_line_states_is_kept_where_it_was_corrected(world, case):
    pairs = world.pairs(case)
    pairs = pairs.with_columns(stated=pl.coalesce("cause_written_at", "cause"))
    off = (pairs["stated"] - pairs["cause_at"]).dt.total_milliseconds() / 1_000
    wrong = off.abs() > 1
    corrected = pairs["cause_time_quality"] == "corrected"
    assert (wrong == corrected).mean() > 0.99
    assert (pairs["cause_written_at"].is_not_null() == corrected).all()
    assert pairs["effect_written_at"].is_null().all()
    # In the hour that a clock with daylight saving leaves out, one without it reads right.
    assert ((off - pairs["error_seconds"]).abs() < 0.01).filter(corrected).all()


@pytest.mark.parametrize("case", SOUND)
def test_sound_hosts_are_left_alone_however_late_they_are(world, case):
    assert world.clocks(case).is_empty()
    place = world.facts[case]["environment_id"]
    mine = world.events.filter(pl.col("environment_id") == place)
    assert mine.height > 5
    assert mine["written_at"].is_null().all()
    assert not mine["time_quality"].is_in(["corrected", "doubtful"]).any()


def test_what_nobody_can_tell_is_marked(world):
    assert world.clocks("untold").select("kind", "applied").rows() == [("unsure", False)]
    pairs = world.pairs("untold")
    assert set(pairs["cause_time_quality"]) == {"doubtful"}
    assert pairs["cause_written_at"].is_null().all()


def test_years_that_are_not_written_go_over_new_year_and_29_february(world):
    place = world.facts["yearless"]["environment_id"]
    mine = world.events.filter(pl.col("environment_id") == place)
    days = {f"{at:%Y-%m-%d}" for at in mine["occurred_at"]}
    assert {"2025-12-31", "2026-01-01", "2024-02-29"} <= days
    truth = world.facts["yearless"]["starts"]
    starts = sorted(datetime.fromisoformat(start) for start in truth.values())
    assert mine["occurred_at"].min() == starts[0]
    assert starts[1] in mine["occurred_at"].to_list()


def test_every_line_is_told_once_and_reports_tell_the_clocks(world):
    lines = sum(parcel.data.count(b"\n") for parcel in world.parcels if "push" in parcel.path)
    assert world.events.height == sum(report.events for report in world.reports) > lines
    assert not any(report.duplicates for report in world.reports)
    told = sum(report.clocks.to_frame()["records"].sum() for report in world.reports)
    doubted = (world.events["time_quality"] == "doubtful").sum()
    assert told == (world.events["time_quality"] == "corrected").sum() + doubted
    assert all(report.to_dict()["clocks"] == report.clocks.to_dicts() for report in world.reports)


@pytest.mark.parametrize("case", ["slow", "zone"])
def test_the_same_lines_by_another_way_are_known_however_they_are_judged(world, case):
    fact = world.facts[case]
    mine = [p for p in world.parcels if p.notes.get("host") == fact["host"]]
    if case == "zone":
        (report,) = take_in(world.ws, mine[:1], world.folder)
        assert (report.events, report.duplicates) == (0, report.lines)
        return
    lines = b"".join(p.data for p in mine).splitlines()
    report = world.ws.ingest(lines, environment=fact["environment_id"])
    assert (report.events, report.duplicates) == (0, len(lines))


def test_clocks_are_told_as_of_a_moment_and_to_those_who_may_see_the_place(world):
    first = min(p.received_at for p in world.parcels)
    assert len(world.ws.fleet.clocks(as_of=first - DAY)) == 0
    assert len(world.ws.fleet.clocks()) >= len(WRONG)
    place = world.facts["slow"]["environment_id"]
    owner = world.fleet.tenancies.filter(pl.col("environment_id") == place)["customer_id"][0]
    view = world.ws.as_viewer("ana", customers=[owner])
    assert {row.environment_id for row in view.fleet.clocks()} == {place}
    with pytest.raises(NotFoundError):
        world.ws.fleet.clocks(environment="nowhere")


def test_a_history_too_short_or_too_few_places_are_refused():
    with pytest.raises(InputError, match="days is 7; S13 needs at least 8"):
        simulate("S13", customers=40, days=7)
    with pytest.raises(InputError, match="S13 needs 12"):
        simulate("S13", customers=8, days=8)


# without a scenario ---------------------------------------------------------------


@pytest.fixture
def shop(tmp_path):
    start = datetime(2026, 3, 9, 12, tzinfo=UTC)
    with caseline.open(tmp_path / "support", clock=caseline.ManualClock(start)) as ws:
        ws.fleet.load(
            customers=[{"customer_id": "acme"}],
            environments=[{"environment_id": "prod", "kind": "single_tenant"}],
            tenancies=[{"customer_id": "acme", "environment_id": "prod"}],
        )
        yield ws


def push(ws, offset, *, host="db1", count=20):
    """Push a minute's lines of a host whose clock is off by *offset*; return the report."""
    ws._clock.advance(timedelta(minutes=1))
    shown = ws._clock.now() + timedelta(seconds=offset)
    lines = [
        {
            "timestamp": (shown - timedelta(seconds=2 * (count - n))).isoformat(),
            "body": f"step {n} done",
            "host": {"name": host},
            "host.name": host,
        }
        for n in range(count)
    ]
    return ws.ingest(lines, environment="prod")


def test_a_live_host_alone_is_put_right_once_its_lag_stood_still_for_long(shop):
    reports = [push(shop, -900) for _ in range(30)]
    applied = [bool(len(report.clocks)) for report in reports]
    assert applied == sorted(applied)
    assert 20 <= applied.index(True) <= 26
    (clock,) = shop.fleet.clocks()
    assert (clock.kind, clock.offset_seconds, clock.host) == ("wrong_zone", -900, "db1")
    assert clock.low <= -900 <= clock.high
    assert len(push(shop, 0).clocks) == 0
    assert {e.time_quality for e in shop.events(limit=20)} == {"exact"}


def test_lines_later_than_their_arrival_are_doubtful_until_the_clock_is_known(shop):
    qualities = []
    for _ in range(16):
        push(shop, 1_000)
        now = shop._clock.now()
        events = [e for e in shop.events() if e.received_at == now]
        qualities.append({e.time_quality for e in events})
    assert qualities[0] == {"doubtful"}
    assert qualities[-1] == {"corrected"}
    assert events[0].occurred_at <= now < events[0].written_at


def test_a_fleet_whose_clocks_are_right_gets_no_correction(tmp_path):
    fleet = simulate(
        "S14", seed=2, customers=12, days=4, bundle_days=2, events_per_day=1_500,
        clock_skew_share=0.0,
    )  # fmt: skip
    with opened(fleet, tmp_path / "support", fleet.settings.start) as ws:
        reports = take_in(ws, fleet.parcels(), tmp_path)
        assert len(reports) > 10
        assert not any(len(report.clocks) for report in reports)
        assert len(ws.fleet.clocks()) == 0
