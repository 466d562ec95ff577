"""The simulated year is what it says: the same every time, and with every trap in its share."""

from __future__ import annotations

import polars as pl
import pytest
from simulated_year import Year
from year_filling import Kept, fill
from year_fleet import DAYS, day_of
from year_questions import Targets, questions_of
from year_sizes import sizes
from year_tickets import TICKETS, tickets_of

SMALL = Year(
    events=80_000, days=80, customers=40, environments=120, shared=4, signatures=200, batch=600
)


@pytest.fixture(scope="module")
def events() -> pl.DataFrame:
    return pl.concat(batch.frame for batch in SMALL.batches(first=70))


def test_days_have_all_their_events_whatever_the_batches(events):
    assert events.height == 10_000


def test_same_year_draws_the_same_events():
    first, again = (next(SMALL.batches(first=3)) for _ in range(2))

    assert first.frame.equals(again.frame)
    assert first.parts == again.parts


def test_texts_are_what_templates_and_variables_rebuild():
    frame = next(SMALL.batches()).frame
    parts = dict(SMALL.kinds.table().select("signature_id", "parts").iter_rows())

    for name, values, text in frame.select("signature_id", "variables", "text").iter_rows():
        pairs = zip(parts[name], [*values, ""], strict=True)
        assert "".join(part + value for part, value in pairs) == text


def test_variables_of_a_template_take_60_to_120_bytes_on_the_mean(events):
    size = pl.col("variables").list.join("").str.len_bytes()
    means = events.group_by("signature_id").agg(mean=size.mean())["mean"]

    assert means.is_between(55, 125).all()


def test_some_come_late_and_some_in_traces(events):
    assert 0.005 < events["part"].mean() < 0.05
    assert 0.17 < events["trace_id"].count() / events.height < 0.22
    assert set(events["trace_id"].drop_nulls().str.len_bytes()) == {32}
    inside = events.drop_nulls("trace_id").group_by("trace_id").n_unique()
    assert set(inside["environment_id"]) == {1}


def test_late_events_are_received_after_they_happened():
    for batch in SMALL.batches(first=79):
        assert batch.frame["occurred_at"].max() <= batch.parts[0].source.received_at


def test_only_shared_places_leave_the_customer_open(events):
    alone = events.filter(~pl.col("environment_id").str.starts_with("pod"))
    shared = events.filter(pl.col("environment_id").str.starts_with("pod"))

    assert alone["customer_id"].null_count() == 0
    assert shared["share_group"].count() > 0
    assert shared.filter(pl.col("customer_id").is_not_null())["share_group"].count() == 0


def test_versions_of_events_are_those_of_the_spans(events):
    spans = SMALL.fleet.spans().with_columns(pl.col("valid_to").fill_null(day_of(DAYS)))
    ran = events.join(spans, on="environment_id").filter(
        pl.col("occurred_at").is_between("valid_from", "valid_to", closed="left")
    )

    assert ran.height == events.height
    assert (ran["version"] == ran["value"]).all()


def test_usual_fleet_is_as_large_as_it_says():
    fleet = Year(events=1).fleet
    alone = fleet.owner[fleet.owner >= 0]

    assert len(fleet.environment_ids) == 1_500 == len(set(fleet.environment_ids))
    assert set(pl.Series(alone).value_counts()["count"]) <= {2, 3, 4}
    assert len(set(range(500)) - set(fleet.tenants.ravel().tolist())) >= 300


def test_tickets_of_the_days_are_those_of_the_year_in_parts():
    whole = tickets_of(SMALL, first=0, last=DAYS)
    parts = [tickets_of(SMALL, first=0, last=30), tickets_of(SMALL, first=30, last=DAYS)]

    assert whole.height == TICKETS
    assert whole["ticket_id"].equals(pl.concat(parts)["ticket_id"])


def test_filled_folder_knows_how_far_it_is_and_what_it_takes(tmp_path):
    year = Year(events=900, days=3, batch=200)
    kept = Kept(folder=tmp_path)

    first = fill(kept, year, 2)
    then = fill(kept, year, 3)

    assert (first["events"], then["events"], kept.filled) == (600, 300, 3)
    found = sizes(kept.workspace)
    whole = sum(p.stat().st_size for p in kept.workspace.rglob("*") if p.is_file())
    assert sum(found.values()) == whole
    assert found["events: variables"] > 0
    assert found["free and shared blocks"] >= 0


def test_every_question_has_its_raw_scan_and_targets_outlive_a_file(tmp_path):
    at = day_of(30)
    targets = Targets(
        signatures=["s-1"], customers=["c-1"], tickets=[("t-1", "c-1", at)], traces=["a"], end=at
    )
    targets.write(tmp_path / "targets.json")

    assert Targets.read(tmp_path / "targets.json") == targets
    questions = questions_of(targets)
    assert len({question.name for question in questions}) == len(questions)
    for question in questions:
        assert question.sql.count("$") > 0
        assert targets.values(3, question)
