from __future__ import annotations

from caseline.trends.upgrades.lines import lines_of


def test_a_backport_does_not_clear_the_next_line():
    steps = {
        ("8.0.0", "8.0.1"): (-1.5, 30.0),
        ("8.0.0", "8.1.0"): (0.0, 30.0),
        ("8.0.1", "8.1.0"): (1.5, 30.0),
        ("8.1.0", "8.1.1"): (-1.4, 30.0),
    }
    found = lines_of(steps)
    assert found.bad == ("8.0.0", "8.1.0")
    assert found.clean == ("8.0.1", "8.1.1")
    assert found.words.startswith("bad from 8.0.0 or earlier on (line 8.0); bad from 8.1.0 on")


def test_who_skips_the_first_bad_version_does_not_hide_it():
    steps = {
        ("8.0.1", "8.1.0"): (1.2, 20.0),
        ("8.1.0", "8.1.1"): (0.1, 20.0),
        ("8.0.1", "8.1.1"): (1.1, 20.0),
    }
    assert lines_of(steps).first_bad == "8.1.0"


def test_nothing_is_said_of_versions_that_no_step_links_or_orders():
    assert lines_of({("main", "8.0"): (2.0, 9.0)}) is None
    assert lines_of({("8.0", "8.1"): (1.0, 0.5)}) is None
