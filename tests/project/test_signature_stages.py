"""The stopwatch of stages: own time of each, and nothing left behind."""

from __future__ import annotations

import sys
import types
from datetime import UTC, datetime
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

from normalize_speed import blocks_of, make_log
from signature_stages import POINTS, Point, Watch, floor_seconds, lines_of, run_own

from caseline.records.batches import Source

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)


@pytest.fixture
def steps(monkeypatch):
    """A module whose functions take one, two and four seconds of a made-up clock."""
    clock = [0.0]
    module = types.ModuleType("made_up_steps")

    def inner():
        clock[0] += 1

    def outer():
        clock[0] += 2
        module.inner()
        module.inner()
        clock[0] += 2

    module.inner, module.outer = inner, outer
    module.now = lambda: clock[0]
    monkeypatch.setitem(sys.modules, "made_up_steps", module)
    return module


def test_time_of_a_stage_is_without_that_of_inner_ones(steps):
    points = [Point("a", "made_up_steps", "inner"), Point("b", "made_up_steps", "outer")]
    watch = Watch(points, clock=steps.now)

    with watch.on():
        steps.outer()

    assert dict(watch.seconds) == {"a": 2.0, "b": 4.0}


def test_functions_are_as_before_even_after_an_error(steps):
    before = steps.inner
    seen = []

    def fail():
        with Watch([Point("a", "made_up_steps", "inner")]).on():
            seen.append(steps.inner)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()

    assert seen[0] is not before
    assert steps.inner is before


def test_function_that_is_gone_is_told(steps):
    watch = Watch([Point("a", "made_up_steps", "gone")])

    with watch.on():
        pass

    assert watch.missing == ["made_up_steps.gone"]


def test_lines_end_with_their_newline():
    assert lines_of(b"a 0\n\nb\n").to_pylist() == [b"a 0\n", b"\n", b"b\n"]


def test_floor_has_four_parts(tmp_path):
    path = tmp_path / "a.log"
    path.write_bytes(make_log(50, distinct=0.2))

    assert list(floor_seconds(path)) == [
        "read",
        "digits to zeros",
        "find lines",
        "number distinct lines",
    ]


def test_stages_cover_the_way_from_bytes_to_signatures():
    source = Source(name="a.log", collection_id="c", origin="o", received_at=NOON)
    watch = Watch(POINTS)

    with watch.on():
        rows, shapes = run_own(blocks_of(make_log(300, distinct=0.2), source))

    assert rows == 300
    assert 0 < shapes <= rows
    assert {"split lines, number shapes", "rest of scrub", "map back to rows"} <= set(watch.seconds)
