from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from caseline.errors import InputError
from caseline.versions import Branches, Ranges, parse_version

ASCENDING = [
    ["7.4", "7.4.1", "7.10", "8.0.0-rc1", "8.0.0"],
    ["8.1.0-SNAPSHOT", "8.1.0-M1", "8.1.0-M2", "8.1.0-beta1", "8.1.0-CR1", "8.1.0.Final"],
    ["R14.2", "R14.2 HF1", "R14.2 HF3", "R14.3"],
    ["2024.1", "2024.1 SP1", "2024.1 SP1 HF2", "2024.1 SP2", "2024.2"],
    ["1.0.2", "1.0.2k", "1.0.2m", "1.0.3"],
    ["1.8.0_201", "1.8.0_202", "1.8.1"],
    ["2026-03-02", "2026-03-10", "2026-11-01"],
    ["server-8.1.0", "server-8.1.0 (build 12)", "server-8.1.0 (build 13)", "server-8.1.1"],
]


@pytest.mark.parametrize("versions", ASCENDING)
def test_versions_ascend_however_a_vendor_spells_them(versions):
    parsed = [parse_version(text) for text in versions]
    assert parsed == sorted(parsed)
    assert len(set(parsed)) == len(parsed)


@pytest.mark.parametrize("text", ["main", "latest", "unknown", "", "a1b2c3d", "deadbeef", "é"])
def test_what_names_no_version_is_none(text):
    assert parse_version(text) is None


@pytest.mark.parametrize("text", ["8.1.0", "V8.1.0", " 8.1.0 ", "8.1", "8.1.0.GA", "8.1.0-release"])
def test_other_spellings_of_one_version_are_equal(text):
    assert parse_version(text) == parse_version("8.1.0")


@given(st.text(max_size=20))
def test_no_text_breaks_the_reader(text):
    assert isinstance(parse_version(text), Version | None)


release = st.tuples(st.integers(7, 9), st.integers(0, 2), st.integers(0, 3))


def told(version):
    return ".".join(map(str, version))


def slow(version, fixes):
    """The custom, said once more: own line from its fix on, and all after the newest."""
    own = [f for f in fixes if f[:2] == version[:2]]
    return any(version >= f for f in own) or (bool(fixes) and version >= max(fixes))


@given(release, st.lists(release, max_size=3))
def test_a_backport_protects_its_own_line_only(version, fixes):
    assert Branches().has(told(version), list(map(told, fixes))) == slow(version, fixes)


@given(st.data())
def test_a_graph_is_followed_to_where_lines_were_cut(data):
    """Walk commit by commit: each version's changes are those of the one before it."""
    cuts, lines = {}, [(7, 0)]
    for line in [(7, 1), (8, 0), (8, 1)]:
        parent = data.draw(st.sampled_from(lines))
        cuts[line] = (*parent, data.draw(st.integers(0, 3)))
        lines.append(line)
    held = {}
    for line in lines:
        before = held[cuts[line]] if line in cuts else frozenset()
        for patch in range(4):
            before |= {(*line, patch)}
            held[*line, patch] = before
    version, change = (data.draw(st.sampled_from(sorted(held))) for _ in range(2))
    graph = Branches(cuts={told(x): told(cuts[x]) if x in cuts else None for x in lines})
    assert graph.has(told(version), [told(change)]) == (change in held[version])


def test_a_line_is_named_by_as_many_numbers_as_its_versions_need():
    assert Branches().has("8.2", ["8.1", "8.0.1"])
    assert Branches().has("8.0.4", ["8.1", "8.0.1"])
    assert not Branches().has("8.0.0", ["8.1", "8.0.1"])
    assert Branches().has("11.10", ["12.4", "11.9"])


def test_a_line_outside_the_graph_is_read_by_custom():
    graph = Branches(cuts={"8.0": "7.4.2"})
    assert graph.has("8.0.0", ["7.4.1"])
    assert not graph.has("8.0.0", ["7.4.3"])
    assert graph.has("9.0.0", ["8.0.1"])


def test_an_error_spreads_to_later_lines_unless_they_have_a_version_of_their_own():
    ranges = Ranges(affected_from=("8.0.3", "8.1.2"))
    judged = {v: ranges.judge(v) for v in ("8.0.2", "8.0.3", "8.1.1", "8.1.2", "8.2.0")}
    assert judged == {"8.0.2": "unaffected", "8.0.3": "affected", "8.1.1": "unaffected",
                      "8.1.2": "affected", "8.2.0": "affected"}  # fmt: skip


def test_versions_named_one_by_one_are_affected_and_no_other_is():
    ranges = Ranges(fixed_in=("8.1.0",), affected=("8.0.0", "main", "8.1.3"))
    judged = [ranges.judge(v) for v in ("8.0.0", "main", "8.0.1", "8.1.0", "8.1.3", "trunk")]
    assert judged == ["affected", "affected", "unaffected", "fixed", "affected", "unknown"]


def test_without_a_fix_all_that_is_affected_stays_so():
    assert Ranges(affected_from=("8.0.0",)).judge("9.9.9") == "affected"
    assert Ranges(fixed_in=("8.0.0",)).judge("1.0") == "affected"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "no version at all"),
        ({"affected": ("1",), "affected_from": ("1",)}, "give one"),
        ({"affected": ("1",), "fixed_in": ("1",)}, "as fixed and as affected"),
        ({"fixed_in": ("main",)}, "no numbers"),
    ],
)
def test_ranges_that_cannot_be_are_refused(options, words):
    with pytest.raises(InputError, match=words):
        Ranges(**options)


@pytest.mark.parametrize(
    ("cuts", "words"),
    [
        ({"main": None}, "no line"),
        ({"8.0": "main"}, "no numbers"),
        ({"8.0": "8.1.0", "8.1": "8.0.0"}, "cut from itself"),
    ],
)
def test_graphs_that_cannot_be_are_refused(cuts, words):
    with pytest.raises(InputError, match=words):
        Branches(cuts=cuts)
