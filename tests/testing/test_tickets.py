"""Tickets speak as people do, and their truth is known."""

from __future__ import annotations

import polars as pl
import pytest

from caseline.testing.fleet import simulate
from caseline.testing.fleet.catalog import load_catalog


@pytest.fixture(scope="module")
def fleet():
    return simulate("incident", seed=1, customers=400, days=30, events_per_day=100)


@pytest.fixture(scope="module")
def written(fleet):
    return fleet.tickets.join(fleet.truth.tickets, on="ticket_id")


def test_every_ticket_has_its_truth(fleet, written):
    assert written.height == fleet.tickets.height
    assert set(written["kind"]) == {"issue", "silent", "question"}


def test_some_trouble_has_no_cause_in_the_logs():
    silent = trouble = 0
    for seed in range(3):
        kinds = simulate(
            "incident", seed=seed, customers=300, days=12, events_per_day=1
        ).truth.tickets["kind"]
        silent += (kinds == "silent").sum()
        trouble += (kinds != "question").sum()
    assert 0.13 <= silent / trouble <= 0.21


def test_a_ticket_is_opened_after_its_customer_was_hit(fleet, written):
    about = written.drop_nulls("issue_id").join(
        fleet.truth.impact, on=["issue_id", "customer_id"], how="left"
    )
    assert about.height > 20
    assert (about["opened_at"] > about["first_hit"]).all()


def test_wording_is_no_copy_of_the_log_line(written):
    templates = {
        t.template_id: t.literals
        for family in load_catalog().families.values()
        for t in family.templates
    }
    own = written.filter((pl.col("kind") == "issue") & ~pl.col("pasted"))
    parts = [p.strip() for literals in templates.values() for p in literals if len(p.strip()) > 14]
    for text in own["description"]:
        assert not any(part in text for part in parts)


def test_wording_varies(written):
    issue = written.filter(pl.col("issue_id") == "issue-01")
    assert issue["description"].n_unique() == issue.height
    assert issue["subject"].n_unique() > issue.height / 4


def test_some_are_vague_and_some_paste_a_log_excerpt(written):
    about = written.filter(pl.col("kind") == "issue")
    assert about["vague"].any()
    assert about["pasted"].any()
    assert not about["vague"].all()
    assert not about["pasted"].all()


def test_noise_makes_typos():
    calm = simulate("incident", seed=1, customers=200, events_per_day=1, wording_noise=0.0)
    wild = simulate("incident", seed=1, customers=200, events_per_day=1, wording_noise=1.0)
    assert not calm.truth.tickets["vague"].any()
    known = set(" ".join(calm.tickets["description"]).lower().split())
    strange = [w for w in " ".join(wild.tickets["description"]).lower().split() if w not in known]
    assert len(strange) > 100


def test_threads_take_turns_and_quote(fleet):
    messages = fleet.messages
    assert set(messages["author"]) == {"customer", "agent", "system"}
    assert messages.filter(pl.col("author") == "system")["public"].any() is False
    assert messages["body"].str.contains("\n> ").any()
    first = messages.sort("at").group_by("ticket_id", maintain_order=True).first()
    assert set(first["author"]) == {"customer"}


def test_resolved_threads_end_with_the_steps_that_worked(fleet, written):
    done = written.filter((pl.col("kind") == "issue") & (pl.col("status") == "resolved"))
    assert done.height
    last = fleet.messages.group_by("ticket_id", maintain_order=True).last()
    ends = last.join(done, on="ticket_id", how="semi")
    assert ends["body"].str.contains("(?i)work|help|solved|good").all()
    steps = fleet.messages.filter(pl.col("body").str.contains("1. Switch the setting"))
    assert steps.height


def test_nobody_real_is_named(fleet):
    text = " ".join([*fleet.tickets["description"], *fleet.messages["body"]])
    assert "@" not in text.replace("example.com", "") or "example.com" in text
    assert set(fleet.customers["name"].str.slice(0, 9)) == {"Customer "}
