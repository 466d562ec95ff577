from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from caseline.trends.upgrades.lines import lines_of
from caseline.versions import Branches, parse_version


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


def test_what_has_the_error_by_its_cut_is_not_where_it_came_in():
    steps = {
        ("8.0.0", "8.0.1"): (-1.5, 30.0),
        ("8.0.1", "8.1.0"): (1.5, 30.0),
        ("8.1.0", "8.1.1"): (-1.4, 30.0),
    }
    assert lines_of(steps).first_bad == "8.1.0"
    found = lines_of(steps, Branches(cuts={"8.0": None, "8.1": "8.0.0"}))
    assert found.first_bad is None
    assert found.fixed_in == ("8.0.1", "8.1.1")
    assert found.words == (
        "bad from 8.0.0 or earlier on (line 8.0); bad from 8.1.0 on (line 8.1, which has it "
        "from 8.0.0); fixed in 8.0.1, 8.1.1; clean: 8.0.1, 8.1.1"
    )


def test_an_error_that_a_backport_brought_is_on_its_line_alone():
    steps = {
        ("8.0.3", "8.1.0"): (0.0, 40.0),
        ("8.0.3", "8.0.4"): (1.4, 40.0),
        ("8.0.4", "8.1.0"): (-1.4, 40.0),
    }
    graph = Branches(cuts={"8.0": None, "8.1": "8.0.3"})
    found = lines_of(steps, graph)
    assert found.first_bad == "8.0.4"
    assert found.fixed_in == ()  # 8.1.0 never had it
    assert lines_of(steps).fixed_in == ("8.1.0",)  # by the numbers it came after 8.0.4


def test_a_cut_that_was_never_seen_still_hands_down_what_came_before_it():
    steps = {("8.0.3", "8.0.4"): (1.4, 40.0), ("8.0.4", "8.1.0"): (0.0, 40.0)}
    found = lines_of(steps, Branches(cuts={"8.0": None, "8.1": "8.0.7"}))
    assert found.first_bad == "8.0.4"
    assert "line 8.1, which has it from 8.0.4" in found.words


@given(st.permutations(["8.0.0", "8.0.1", "8.1.0", "8.1.1", "9.0"]), st.lists(
    st.booleans(), min_size=5, max_size=5))  # fmt: skip
def test_without_a_graph_the_first_bad_one_is_the_first_above_a_clean_one(names, bad):
    level = dict(zip(names, bad, strict=True))
    steps = {
        (one, other): (2.0 * (level[other] - level[one]), 50.0)
        for one in names for other in names if parse_version(one) < parse_version(other)
    }  # fmt: skip
    found = lines_of(steps)
    if len(set(bad)) == 1:
        assert found is None
        return
    lowest = min(n for n in names if not level[n])
    above = [n for n in sorted(names) if level[n] and n > lowest]
    assert found.first_bad == (above[0] if above else None)
