"""The report for product management, on fleets made by hand."""

from __future__ import annotations

import builtins
import json
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from caseline.clock import ManualClock
from caseline.errors import InputError, MissingExtraError, NotFoundError
from caseline.trends.face import Trends


def test_a_release_is_told_by_what_it_brought_mended_and_who_runs_it(released, ask, section):
    report = ask(released, release="8.1.0")
    titles = [s.title for s in report.sections]
    assert titles == [
        "What 8.1.0 brought and mended", "Who runs 8.1.0", "What grew or is new",
        "What came and went", "What faded or is gone", "What it cost",
        "What is fixed, and what that gained", "What to fix first", "On whom it fell",
        "What is not known",
    ]  # fmt: skip
    assert report.window.start == released.at(days=30)
    assert "8.1.0 runs at 12 of 24 customers; it made 1 error worse lastingly" in report.summary
    assert "1 error better" in report.summary
    brought = section(report, "What 8.1.0")
    verdicts = {row[1].split("(")[-1]: row[0] for row in brought.rows}
    assert verdicts == {
        "s-save)": "made worse, lastingly", "s-lock)": "mended or made better"
    }  # fmt: skip
    runs = section(report, "Who runs")
    assert "12 of 24 customers run it at the end of the period, 50%." in runs.sentences
    assert runs.rows[-1] == ("2026-04-30", "12 customers", "50%")


def test_what_grew_says_since_when_since_which_version_and_at_how_many(released, ask, section):
    grew = section(ask(released, release="8.1.0"), "What grew")
    assert [(row[0], row[4], row[5]) for row in grew.rows] == [
        ("emerging", "12 of 23 customers", "server 8.1.0")
    ]
    told = grew.sentences[0]
    assert told.startswith("“Could not persist order <*>” (s-save) is new since 2026-04-0")
    assert "persistent with server 8.1.0" in told
    assert "false discovery rate" in told
    assert "Evidence: " in told


def test_the_ledger_adds_up_with_the_rest_and_in_money(released, ask, section):
    report = ask(released, window=timedelta(days=60), hourly_rate=50.0)
    cost = section(report, "What it cost")
    assert cost.sentences[0].startswith("160 support hours on 80 tickets, 0.0 in the stretch")
    assert "In money 8,000, at the given price of an hour." in cost.sentences
    assert [row[0] for row in cost.rows][-1] == "no link explains it"
    money = [float(row[-1].replace(",", "")) for row in cost.rows]
    assert sum(money) == pytest.approx(8000)
    assert any(s.startswith("Had a fix of “Could not persist") for s in cost.sentences)
    assert not any("Had a fix of “Transaction" in s for s in cost.sentences)  # it has one
    bare = section(ask(released, window=timedelta(days=60)), "What it cost")
    assert "No price of an hour was given: hours only." in bare.sentences
    assert "money" not in bare.columns


def test_what_is_fixed_says_what_it_saved(released, ask, section):
    fixed = section(ask(released, release="8.1.0"), "What is fixed")
    assert fixed.sentences[0] == "1 fixed."
    assert fixed.sentences[1].startswith("The fix of “Transaction <*> rolled back")
    assert fixed.rows[0][1] == "fixed"
    assert fixed.rows[0][-1] == "a record, in this release"


def test_what_is_not_known_names_the_silent_to_the_house_only(released, ask, section):
    told = section(ask(released, release="8.1.0"), "What is not known").sentences
    assert "1 of 24 customers sent no logs in the period: silent, not healthy: c24." in told
    partner = section(ask(released, release="8.1.0", audience="partner"), "What is not known")
    assert any(
        s.startswith("Fewer than 5 of about 20 customers sent no") for s in partner.sentences
    )
    assert "c24" not in " ".join(partner.sentences)


def test_a_partner_reads_rough_numbers_and_common_words_only(released, ask, section):
    rows = [{"word": "persist", "customer_id": f"c{i}"} for i in range(1, 8)]
    released.store.save("vocabulary", pl.DataFrame(rows))
    report = ask(released, release="8.1.0", audience="partner")
    text = report.to_markdown()
    assert "“<*> <*> persist <*> <*>” (s-save)" in text.replace("\\", "")
    assert "8.1.0 runs at about 10 of about 20 customers" in text
    assert "Transaction" not in text
    assert "Evidence" not in text
    assert not any(f"c{i}" in text.replace(",", " ").split() for i in range(1, 25))
    assert [f.name for f in report.figures] == ["cost", "adoption"]
    assert section(report, "What 8.1.0").rows[0][-1] == "about 10 customers"
    assert "On whom it fell" not in [s.title for s in report.sections]


def test_a_stretch_of_time_begins_with_what_changed_and_tells_all_versions(released, ask, section):
    report = ask(released, window="2026-04")
    assert [s.title for s in report.sections][:5] == [
        "What grew or is new", "What came and went", "What faded or is gone",
        "What versions, plug-ins and settings did", "Who runs what",
    ]  # fmt: skip
    assert report.window.start == datetime(2026, 4, 1, tzinfo=UTC)
    assert section(report, "Who runs what").rows == (
        ("8.0.0", "12 customers", "2026-01-31"), ("8.1.0", "12 customers", "2026-04-01"),
    )  # fmt: skip
    assert section(report, "What versions").rows[0][0] == "server 8.1.0"
    released.clock = ManualClock(released.at(days=55))
    unfinished = section(ask(released, window="2026-04"), "What is not known")
    assert unfinished.sentences[0].startswith("The period goes on until 2026-05-01")


def test_figures_show_level_and_onset_and_say_it_in_words(released, ask, tmp_path):
    report = ask(released, release="8.1.0")
    figures = {f.name: f for f in report.figures}
    assert list(figures) == ["cost", "change-1", "change-2", "adoption"]
    course = figures["change-1"]
    assert course.labels[0] == "2026-03-04"  # four weeks before
    ((index, words),) = course.marks
    assert words == f"emerging since {course.labels[index]}"
    assert course.levels[0][1][-1] == pytest.approx(12, abs=0.5)
    assert "level 0, then" in course.words
    files = report.write(tmp_path)
    assert [f.name for f in files] == ["report.md", *(f"{n}.svg" for n in figures)]
    assert "![Customers a day with “Could not persist" in files[0].read_text(encoding="utf-8")
    assert files[1].read_bytes().startswith(b"<?xml")
    json.dumps(report.to_dict())
    assert repr(report).startswith("Report(8.1.0 for internal: 10 sections, 4 figures")


def test_without_matplotlib_the_report_is_whole(released, ask, tmp_path, monkeypatch):
    real = builtins.__import__

    def absent(name, *rest, **more):
        if name.startswith("matplotlib"):
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", absent)
    report = ask(released, release="8.1.0")
    assert "| 2026-04-30 | 12 customers | 50% |" in report.to_markdown()
    with pytest.raises(MissingExtraError):
        report.write(tmp_path / "drawn")
    files = ask(released, release="8.1.0", figures=False).write(tmp_path / "words")
    assert [f.name for f in files] == ["report.md"]


def test_an_empty_workspace_has_nothing_to_tell_and_says_why(fleet, ask, section):
    report = ask(fleet)
    assert report.summary.startswith("There is nothing to tell, because no logs")
    assert report.figures == ()
    assert section(report, "What grew").sentences[0].startswith("Nothing can be told: no logs")
    assert section(report, "What it cost").sentences == ("No ticket was opened in the period.",)
    told = section(report, "What is not known").sentences
    assert "No customer has a place in production in the period." in told
    assert "No version is known to run anywhere: nothing can be told of versions." in told


def test_a_silent_fleet_is_not_healthy(fleet, ask, section):
    fleet.customers(6)
    told = section(ask(fleet), "What is not known").sentences
    assert told[0].startswith("6 of 6 customers sent no logs in the period: silent, not healthy")
    assert "silence, not health" in ask(fleet).summary


def test_few_days_tell_no_change(fleet, ask, section):
    fleet.customers(6)
    fleet.talk(range(1, 7), range(25, 30))
    grew = section(ask(fleet), "What grew").sentences
    assert grew == ("Nothing can be told: the logs do not go back far enough to compare with.",)


def test_bad_questions_are_refused(released, ask):
    with pytest.raises(NotFoundError, match=r"no release '8.1'; did you mean"):
        ask(released, release="8.1")
    with pytest.raises(NotFoundError, match="no product 'serve'; did you mean 'server'"):
        ask(released, product="serve")
    with pytest.raises(InputError, match="no audience 'customer'"):
        ask(released, audience="customer")
    with pytest.raises(InputError, match="still to come"):
        ask(released, window="2027-Q1")
    with pytest.raises(InputError, match="give a year, quarter or month"):
        ask(released, window="last quarter")
    with pytest.raises(InputError, match="hourly_rate"):
        ask(released, hourly_rate=-1.0)
    released.clock = ManualClock(released.at(days=20))
    with pytest.raises(InputError, match=r"the release comes .* still to come"):
        ask(released, release="8.1.0")


def test_as_of_hides_what_came_later(released, ask):
    early = ask(released, release="8.1.0", as_of=released.at(days=45))
    assert early.as_of == released.at(days=45)
    assert early.window.end == released.at(days=45)
    assert early.summary.startswith("Logs of 23 of 24 customers are there")
    assert "s-save" in ask(released, release="8.1.0").to_markdown()
    grew = next(s for s in early.sections if s.title == "What grew or is new")
    assert grew.rows == ()  # all errors were received on the last day


def test_a_viewer_reads_of_her_customers_only(released):
    scoped = released.store.scoped(frozenset({"c1", "c2", "c13"}))
    report = Trends(scoped, released.clock).report(release="8.1.0", links=released.links)
    text = report.to_markdown() + json.dumps(report.to_dict())
    assert "2 of 3 customers run it" in text
    words = set(text.replace(",", " ").replace("|", " ").split())
    assert not any(f"c{i}" in words for i in range(3, 25) if i != 13)


def test_changes_of_services_of_other_products_are_left_out(released, ask, section):
    rows = [
        {"signature_id": "s-save", "service": "billing", "received_at": released.at()},
        {"signature_id": "s-lock", "service": "server", "received_at": released.at()},
    ]
    released.store.save("signature_services", pl.DataFrame(rows))
    report = ask(released, release="8.1.0")
    assert not any("s-save" in str(row) for row in section(report, "What grew").rows)
    told = section(report, "What is not known").sentences
    assert "1 changes are of services of other products: left out." in told


def test_what_began_with_another_change_is_said_to_be_so_in_time_only(fleet, ask, section):
    fleet.customers(20)
    fleet.talk(range(1, 21), range(60))
    fleet.clock = ManualClock(fleet.at(days=60))
    rows = [
        {"customer_id": f"c{i}", "environment_id": f"e{i}", "signature_id": "s-disk",
         "occurred_at": fleet.at(days=d, hours=4)}
        for i in range(1, 15) for d in range(45, 60)
    ]  # fmt: skip
    fleet.add(rows, received_at=fleet.at(days=60))
    change = {"change_id": "x", "kind": "certificate", "component": "mesh", "value": "r2",
              "starts_at": fleet.at(days=45)}  # fmt: skip
    fleet.store.save("changes", pl.DataFrame([change]))
    grew = section(ask(fleet), "What grew")
    assert grew.rows[0][5] == "certificate mesh r2?"
    assert "together in time, no more is known" in grew.sentences[0]
    partner = section(ask(fleet, audience="partner"), "What grew")
    assert "mesh" not in str(partner)
    assert partner.rows[0][5] == "not tested"
