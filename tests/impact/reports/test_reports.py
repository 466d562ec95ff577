from __future__ import annotations

import builtins
import json

import polars as pl
import pytest

from caseline.errors import InputError, MissingExtraError, NotFoundError
from caseline.records.figures import Figure, draw
from caseline.records.reports import Section

FIX = {"component": "server", "fixed_in": ["8.1.0"], "by": "ana"}


@pytest.fixture
def known(fleet):
    """Seven customers; five have the error, one of them wrote a ticket; a fix is recorded."""
    fleet.customers(7)
    fleet.talk(range(1, 7), range(20))
    spans = [{"environment_id": f"e{i}", "component": "server", "value": v, "kind": "version",
              "valid_from": fleet.at()}
             for i, v in enumerate(["8.0.0"] * 5 + ["8.1.0"], 1)]  # fmt: skip
    fleet.store.save("spans", pl.DataFrame(spans))
    for i in range(1, 6):
        moments = [fleet.at(days=d, hours=9, minutes=i) for d in (17, 18, 19)]
        fleet.add(fleet.errors(f"c{i}", *moments, version="8.0.0"))
    ticket = {
        "ticket_id": "T-1",
        "customer_id": "c1",
        "opened_at": fleet.at(days=19, hours=10),
        "subject": "deadlock on index",
        "description": "transaction rolled back",
    }
    fleet.store.save("tickets", pl.DataFrame([ticket]))
    fleet.impact.record_fix("s-lock", **FIX)
    return fleet


def common(fleet, *words, customers=5):
    rows = [{"word": w, "customer_id": f"c{i}"} for w in words for i in range(1, customers + 1)]
    fleet.store.save("vocabulary", pl.DataFrame(rows))


def report_for(fleet, customer):
    return fleet.impact.report("s-lock", audience="customer", customer=customer)


def test_an_internal_report_tells_all(known):
    report = known.impact.report("s-lock")
    titles = [section.title for section in report.sections]
    assert titles == ["Summary", "Scope", "Severity", "Customers", "Spread", "At risk", "Timeline",
                      "Fix state", "Tickets", "Evidence", "What is not known"]  # fmt: skip
    text = report.to_markdown()
    assert text.startswith("# Report on s-lock\n\nReference s-lock, as of 2026-04-01 00:00 UTC.")
    assert "| c1 | hit |" in text
    assert "Fixed in 8.1.0 of server." in text
    assert "1 tickets of 1 customers." in text
    assert "| 2026-03-19 | 5 | 5 |" in text.replace(" 00:00", "")
    assert "deadlock on index \\<\\*\\>" in text
    assert repr(report).startswith("Report(s-lock for internal: 11 sections, 4 figures")
    json.dumps(report.to_dict())


def test_a_customer_reads_of_itself(known):
    common(known, "Transaction", "deadlock", "index")
    text = report_for(known, "c1").to_markdown()
    assert "Your logs show this error: 3 lines from 2026-03-19 09:01 to 2026-03-21 09:01" in text
    assert "e1 runs version 8.0.0, which has the error." in text
    assert "The error is fixed in version 8.1.0." in text
    assert "plan an upgrade" in text
    assert "Transaction \\<\\*\\> \\<\\*\\> \\<\\*\\>: deadlock \\<\\*\\> index" in text
    assert "| T-1 |" in text


def test_a_text_that_is_not_common_is_not_repeated(known):
    common(known, "deadlock", customers=4)
    text = report_for(known, "c1").to_markdown()
    assert "deadlock" not in text
    assert "we do not repeat their text" in text


def test_a_customer_that_is_clear_or_silent_is_told_so(known):
    clear = report_for(known, "c6").to_markdown()
    assert "no sign of this error" in clear or "do not tell" in clear
    assert "e6 runs version 8.1.0, which does not have the error." in clear
    assert "There is nothing for you to do." in clear
    assert "None of your tickets" in clear
    silent = report_for(known, "c7").to_markdown()
    assert "do not tell whether" in silent
    assert "do not know which version e7 runs" in silent
    assert report_for(known, "c7").figures == ()


def test_a_shared_place_is_not_named(known):
    known.place("house-of-many", "c1", "c2")
    text = str(report_for(known, "c1").to_dict())
    assert "house-of-many" not in text
    assert "Your shared environment" in text


def test_shared_lines_are_no_lines_of_ones_own(known):
    known.place("m", "c7", "c6")
    known.share("g", {"c6": 0.5, "c7": 0.5})
    known.add(known.errors("c7", *(known.at(days=19, minutes=m) for m in range(30)),
                           environment_id="m", customer_id=None, share_group="g"))  # fmt: skip
    report = report_for(known, "c7")
    assert [section.title for section in report.sections][-1] == "Your tickets"
    assert "30" not in report.sections[0].sentences[0]


def test_without_a_fix_none_is_told(fleet):
    fleet.customers(2)
    fleet.talk(range(1, 3), range(5), signature="s-lock")
    text = fleet.impact.report("s-lock", audience="customer", customer="c1").to_markdown()
    assert "No version is known yet" in text
    assert "plan an upgrade" not in text
    assert "Nobody recorded a fix" in fleet.impact.report("s-lock").to_markdown()


def test_a_partner_reads_rough_numbers(known):
    common(known, "deadlock")
    text = known.impact.report("s-lock", audience="partner").to_markdown()
    assert "It hits about 5 customers" in text
    assert "| vulnerable | about 5 |" in text
    assert "fewer than 5 tickets" in text
    assert not any(f"{kind}{i}" in text.split() for kind in "ce" for i in range(1, 8))
    bare = known.impact.report("s-save", audience="partner")
    assert "no words that are common" in bare.to_markdown()


def test_an_issue_that_was_never_seen_has_a_report(known):
    report = known.impact.report("s-disk")
    assert "At risk" not in [section.title for section in report.sections]
    assert "First seen" not in report.to_markdown()


def test_who_may_read_what_must_go_together(known):
    with pytest.raises(InputError, match="no audience 'world'"):
        known.impact.report("s-lock", audience="world")
    with pytest.raises(InputError, match="give customer="):
        known.impact.report("s-lock", audience="customer")
    with pytest.raises(InputError, match="give customer="):
        known.impact.report("s-lock", customer="c1")
    with pytest.raises(NotFoundError):
        report_for(known, "c99")
    with pytest.raises(NotFoundError):
        known.impact.report("s-none")


@pytest.mark.parametrize("image", ["svg", "png"])
def test_files_are_the_same_bytes_each_time(known, tmp_path, image):
    report = known.impact.report("s-lock")
    files = [report.write(tmp_path / name, image=image) for name in ("one", "other")]
    assert [f.name for f in files[0]] == ["report.md", *(f"{n}.{image}" for n in
                                          ("events", "customers", "status", "fix"))]  # fmt: skip
    for one, other in zip(*files, strict=True):
        assert one.read_bytes() == other.read_bytes()
    assert f"![Events by day](events.{image})" in files[0][0].read_text()


def test_without_matplotlib_the_words_are_there_and_the_figures_say_what_to_do(monkeypatch):
    real = builtins.__import__

    def absent(name, *rest, **more):
        if name.startswith("matplotlib"):
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(MissingExtraError, match=r"pip install 'caseline\[reports\]'"):
        draw(Figure(name="f", title="t", labels=("a",), series=(("s", (1.0,)),), unit="u"), "svg")


def test_several_series_have_a_legend_and_many_labels_are_thinned():
    labels = tuple(str(i) for i in range(40))
    series = tuple((name, tuple(float(i) for i in range(40))) for name in ("one", "other"))
    drawn = draw(Figure(name="f", title="t", labels=labels, series=series, unit="u"), "svg")
    assert drawn.startswith(b"<?xml")


def test_nothing_in_a_cell_breaks_the_table():
    section = Section(title="T", columns=("a", "b"), rows=(("x|y\nz", None), (0.12345, "<b>")))
    lines = section.to_markdown().splitlines()
    assert lines[-2:] == ["| x\\|y z |  |", "| 0.123 | \\<b\\> |"]
