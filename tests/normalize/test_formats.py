from datetime import datetime

import pytest

from caseline.errors import InputError
from caseline.normalize.formatbook import load_formats, read_entries
from caseline.normalize.settings import NormalizeSettings
from caseline.normalize.wordbook import load_words

ENTRIES = read_entries("2026-11")
SAMPLES = [
    pytest.param(entry["name"], sample, id=f"{entry['name']}-{i}")
    for entry in ENTRIES
    for i, sample in enumerate(entry["sample"])
]


@pytest.mark.parametrize(("name", "sample"), SAMPLES)
def test_sample_is_read_as_its_format(feed, name, sample):
    (batch,) = feed(sample["line"].encode() + b"\n")
    assert batch.formats == {name: 1}


@pytest.mark.parametrize(("name", "sample"), SAMPLES)
def test_sample_splits_as_expected(read, name, sample):
    (record,) = read(sample["line"] + "\n")
    assert record["message"].decode() == sample["message"], name
    assert record["severity"] == sample.get("severity")
    for field in ("service", "host", "tenant"):
        assert record[field] == sample.get(field)


@pytest.mark.parametrize(("name", "sample"), SAMPLES)
def test_sample_happened_when_it_says(read, name, sample):
    (record,) = read(sample["line"] + "\n")
    expected = datetime.fromisoformat(sample["time"]) if "time" in sample else None
    assert record["occurred_at"] == expected, name
    if "quality" in sample:
        assert record["time_quality"] == sample["quality"]


@pytest.mark.parametrize(
    ("name", "sample"), [p for p in SAMPLES if not p.values[1].get("whole", False)]
)
def test_long_message_does_not_change_the_header(read, name, sample):
    longer = sample["line"] + " and so on" * 40
    (short,), (long,) = read(sample["line"] + "\n"), read(longer + "\n")
    for field in ("occurred_at", "severity", "service", "host"):
        assert long[field] == short[field], name


def test_every_format_has_a_sample():
    assert all(entry["sample"] for entry in ENTRIES)


def test_names_are_unique():
    names = [entry["name"] for entry in ENTRIES]
    assert len(set(names)) == len(names)


def test_formats_are_tried_only_for_lines_that_may_begin_so():
    book = load_formats("2026-11", "2026-11")
    assert not book.by_first_byte[ord("~")]


def test_unknown_date_is_refused():
    with pytest.raises(InputError, match="1999-01"):
        load_words("1999-01")


@pytest.mark.parametrize("name", ["record_lines", "record_bytes", "remembered_shapes"])
def test_settings_refuse_nothing_at_all(name):
    with pytest.raises(InputError, match=name):
        NormalizeSettings(**{name: 0})


def test_settings_refuse_a_share_above_one():
    with pytest.raises(InputError, match="headed_share"):
        NormalizeSettings(headed_share=1.5)
