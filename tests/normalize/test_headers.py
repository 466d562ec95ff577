import csv
import os
from pathlib import Path

import pytest

from caseline.normalize.formatbook import read_entries
from caseline.normalize.headers import split_headers

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("CASELINE_DATA", ROOT.parent / "shared" / "data")) / "loghub2k"


def test_messages_are_as_many_as_lines_and_in_order():
    lines = ["plain", "2026-11-23 10:00:00 INFO a", "", "{}", "2026-11-23 10:00:00 INFO b\n"]
    assert split_headers(lines) == ["plain", "a", "", "{}", "b"]


def test_message_of_an_object_is_made_of_its_fields():
    assert split_headers(['{"level": "info", "msg": "order 7 done"}', "{broken}"]) == [
        "order 7 done",
        "{broken}",
    ]


def test_bytes_are_taken_too():
    assert split_headers([b"Nov 23 10:00:00 h su[1]: a\xff"]) == ["a�"]


def test_no_lines_give_no_messages():
    assert split_headers([]) == []


def test_lines_with_newlines_within_stay_one():
    assert split_headers(["2026-11-23 10:00:00 INFO a\n\tat b"]) == ["a\n\tat b"]


def test_samples_lose_just_their_headers():
    for entry in read_entries("2026-11"):
        for sample in entry["sample"]:
            (message,) = split_headers([sample["line"]])
            assert sample["message"].startswith(message) or message.startswith('{"')


@pytest.mark.skipif(not DATA.is_dir(), reason=f"no labelled lines at {DATA}; set CASELINE_DATA")
def test_labelled_lines_lose_just_their_headers():
    shares = []
    for folder in sorted(path for path in DATA.iterdir() if path.is_dir()):
        with next(folder.glob("*_structured_corrected.csv")).open(newline="") as file:
            contents = [row["Content"] for row in csv.DictReader(file)]
        raw = next(folder.glob("*.log")).read_bytes().replace(b"\r\n", b"\n").split(b"\n")
        found = split_headers(raw[: len(contents)])
        shares.append(sum(map(str.__eq__, found, contents)) / len(contents))
    assert sum(shares) / len(shares) >= 0.95
