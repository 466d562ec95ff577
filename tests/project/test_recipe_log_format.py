"""Whoever follows docs/recipes/add-a-log-format.md gets what it promises."""

from __future__ import annotations

import re
import tomllib
from datetime import UTC, datetime

import pytest

from caseline.normalize import formatbook, recognition
from caseline.normalize.headers import split_headers
from caseline.normalize.normalizer import FileNormalizer
from caseline.records.batches import RawBlock, Source

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def entry(root):
    page = (root / "docs/recipes/add-a-log-format.md").read_text()
    [written] = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    [entry] = tomllib.loads(written)["format"]
    return entry


@pytest.fixture
def table_with_entry(entry, monkeypatch):
    """The table of formats as it is after step 2."""
    known = formatbook.read_entries
    monkeypatch.setattr(formatbook, "read_entries", lambda date: [entry, *known(date)])
    forget_tables()
    yield
    monkeypatch.undo()
    forget_tables()


def forget_tables():
    formatbook.load_formats.cache_clear()
    recognition.recognizer_for.cache_clear()


def normalized(line):
    source = Source(name="jobs.log", collection_id="c", origin="o", received_at=NOON)
    block = RawBlock(source=source, data=line.encode() + b"\n", last=True)
    return FileNormalizer(source).feed(block)


def test_line_of_the_page_is_not_known_before(entry):
    line = entry["sample"][0]["line"]

    assert split_headers([line]) == [line]


@pytest.mark.usefixtures("table_with_entry")
def test_entry_of_the_page_reads_its_own_samples(entry):
    for sample in entry["sample"]:
        batch = normalized(sample["line"])
        [row] = batch.frame.to_dicts()

        assert batch.formats == {entry["name"]: 1}
        assert row["occurred_at"] == datetime.fromisoformat(sample["time"])
        assert row["severity"] == sample["severity"]
        assert row["service"] == sample["service"]
        assert row["message"] == sample["message"].encode()


def test_keys_of_the_entry_are_those_of_the_table(entry):
    known = {key for known in formatbook.read_entries("2026-11") for key in known}

    assert set(entry) <= known
