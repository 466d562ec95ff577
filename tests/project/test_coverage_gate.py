"""The gate says which room is tested too little."""

from __future__ import annotations

import json

import pytest
from coverage_gate import find_shortfalls, main, read_floors, sum_rooms


def file_with(*, lines, reached, branches=0, taken=0):
    return {
        "summary": {
            "num_statements": lines,
            "covered_lines": reached,
            "num_branches": branches,
            "covered_branches": taken,
        }
    }


@pytest.fixture
def report():
    return {
        "files": {
            "src/caseline/impact/hits.py": file_with(lines=60, reached=58),
            "src/caseline/impact/deep/odds.py": file_with(
                lines=30, reached=30, branches=10, taken=5
            ),
            "src/caseline/clock.py": file_with(lines=20, reached=20),
        }
    }


def test_files_of_a_room_count_together_with_their_branches(report):
    assert sum_rooms(report) == {"clock": 100.0, "impact": 93.0}


def test_room_below_its_own_floor_is_named(report):
    [sentence] = find_shortfalls(sum_rooms(report), {"each": 90, "impact": 95})

    assert sentence == "impact: 93.0 % reached, 95 % wanted"


def test_room_without_a_floor_has_the_common_one(report):
    assert find_shortfalls(sum_rooms(report), {"each": 90}) == []


def test_empty_room_is_reached_in_full():
    assert sum_rooms({"files": {"src/caseline/__init__.py": file_with(lines=0, reached=0)}}) == {
        "__init__": 100.0
    }


def test_shortfall_fails_the_run(report, tmp_path, capsys):
    path = tmp_path / "coverage.json"
    path.write_text(json.dumps(report))

    assert main(str(path)) == 1
    assert "impact: 93.0 %" in capsys.readouterr().err


def test_floors_of_the_project_are_as_high_as_promised():
    floors = read_floors()

    assert floors["each"] >= 90
    assert floors["impact"] >= 95
    assert floors["knowledge"] == 100
