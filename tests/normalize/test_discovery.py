"""Headers in no known format: found where lines share columns, and nowhere else."""

from __future__ import annotations

import csv
import random
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

from header_styles import make_messages, make_style

import caseline
from caseline.normalize.headers import split_headers

TRACE = [
    "java.lang.IllegalStateException: boom",
    "\tat shop.Orders.accept(Orders.java:12)",
    "Caused by: java.io.IOException: disk",
    "\t... 3 more",
]
LEVELS = ("INFO", "WARN", "ERROR")
NUMBERS = {"INFO": 9, "WARN": 13, "ERROR": 17}
LETTERS = {"I": 9, "W": 13, "E": 17}
SHORT = {"inf": 9, "wrn": 13, "err": 17}


def lines_of(write, count=120, seed=1):
    """Return lines that *write* makes, and their messages."""
    rng = random.Random(seed)
    messages = make_messages(count, seed)
    return [write(i, rng, text) for i, text in enumerate(messages)], messages


def hashes(i, rng, text):
    level, service = rng.choice(LEVELS), rng.choice(("orders", "billing"))
    return f"2026/06/01#10:11:{i % 60:02d}#{level}#{service}#{text}"


def angles(i, rng, text):
    letter, node = rng.choice("IWE"), rng.choice("AB")
    return f"<Comp7|node{node}|{i:06d}> [{letter}] 20260601-1011{i % 60:02d}.123456: {text}"


def signs(i, rng, text):
    level, node = rng.choice(tuple(SHORT)), rng.choice("AB")
    return f"@@ core~{i % 4} !{level}! t+{i * 13}us node{node} >> {text}"


def letters(i, rng, text):
    letter, service = rng.choice("IWE"), rng.choice(("orders", "billing"))
    return f"{letter} 2026.06.01 10h11m{i % 60:02d}s {service} > {text}"


def padded(i, rng, text):
    level, host = rng.choice(LEVELS), rng.choice(("web-1", "web-12"))
    return f"01-JUN-2026 10.11.{i % 60:02d} {level:5} {host:8}| {text}"


def composed(i, rng, text):
    service, level = rng.choice(("app-1", "redis-1")), rng.choice(LEVELS)
    return f"{service:8}:: 2026-06-01T10:11:{i % 60:02d}Z {level} {text}"


def bracketed(i, rng, text):
    return f"[host-{i % 3}] 2026-06-01T10:11:{i % 60:02d}Z {rng.choice(LEVELS)} {text}"


STYLES = [hashes, angles, signs, letters, padded, composed, bracketed]


@pytest.mark.parametrize("write", STYLES)
def test_header_is_cut_off_each_line_and_nothing_else(write):
    lines, messages = lines_of(write)

    assert split_headers(lines) == messages


@pytest.mark.parametrize(
    ("write", "field", "read_as"),
    [
        (hashes, 2, NUMBERS.get),
        (padded, 2, NUMBERS.get),
        (letters, 0, LETTERS.get),
    ],
)
def test_level_and_time_are_those_of_the_line(read, write, field, read_as):
    lines, messages = lines_of(write)
    records = read("\n".join(lines) + "\n")
    words = [line.replace("#", " ").split()[field] for line in lines]

    assert [r["severity"] for r in records] == [read_as(word) for word in words]
    assert [r["occurred_at"] for r in records] == [
        datetime(2026, 6, 1, 10, 11, i % 60, tzinfo=UTC) for i in range(len(lines))
    ]
    assert [r["message"].decode() for r in records] == messages


@pytest.mark.parametrize(
    ("write", "field", "values"),
    [
        (hashes, "service", {"orders", "billing"}),
        (letters, "service", {"orders", "billing"}),
        (angles, "host", {"nodeA", "nodeB"}),
        (signs, "host", {"nodeA", "nodeB"}),
        (padded, "host", {"web-1", "web-12"}),
        (bracketed, "host", {"host-0", "host-1", "host-2"}),
        (composed, "service", {"app-1", "redis-1"}),
    ],
)
def test_host_and_service_are_named(read, write, field, values):
    records = read("\n".join(lines_of(write)[0]) + "\n")

    assert {record[field] for record in records} == values


@pytest.mark.parametrize("write", STYLES)
def test_traces_and_banners_leave_records_as_they_are(feed, write):
    lines, messages = lines_of(write)
    mixed = ["Product 7.1 starts", "=================="]
    expected = ["Product 7.1 starts\n=================="]
    for i, (line, text) in enumerate(zip(lines, messages, strict=True)):
        follows = TRACE if i % 20 == 7 else []
        mixed += [line, *follows]
        expected.append("\n".join([text, *follows]))
    (batch,) = feed("\n".join(mixed).encode() + b"\n")

    assert [m.decode() for m in batch.frame["message"]] == expected
    assert batch.formats["columns"] == len(mixed) - 2
    assert batch.frame["lines"].sum() == len(mixed)


def test_trace_behind_the_lead_of_a_container_joins_too(read):
    lines, messages = lines_of(composed)
    lines[50:50] = [f"{'app-1':8}::     at shop.Orders.accept (orders.js:12:3)"] * 2
    records = read("\n".join(lines) + "\n")

    assert len(records) == len(messages)
    assert records[49]["lines"] == 3
    assert records[49]["message"].decode().count("accept (orders.js") == 2


def test_lines_of_a_known_format_between_stay_as_they_are(feed):
    lines, _ = lines_of(hashes)
    known = "2026-06-01 10:11:12,123 WARN [main] shop.Orders - order 7 is late"
    for place in range(10, 100, 10):
        lines.insert(place, known)
    (batch,) = feed("\n".join(lines).encode() + b"\n")
    counts = batch.formats

    assert counts.pop("columns") == 120
    assert list(counts.values()) == [9]
    assert batch.frame["message"].to_list().count(b"order 7 is late") == 9


def test_two_unknown_formats_in_one_file_are_both_read():
    first, one = lines_of(hashes)
    second, two = lines_of(angles, seed=2)
    mixed = [line for pair in zip(first, second, strict=True) for line in pair]

    assert split_headers(mixed) == [text for pair in zip(one, two, strict=True) for text in pair]


def test_too_few_lines_say_nothing():
    lines, _ = lines_of(hashes, count=12)

    assert split_headers(lines) == lines


def test_one_message_for_ever_says_nothing():
    lines = [f"I 2026.06.01 10h11m{i % 60:02d}s orders > started" for i in range(50)]

    assert split_headers(lines) == lines


@pytest.mark.parametrize("write", STYLES)
def test_file_cut_into_blocks_is_read_as_in_one(feed, whole, write):
    lines, _ = lines_of(write, count=150)
    data = "\n".join(lines).encode() + b"\n"
    cut = data.index(b"\n", len(data) // 2) + 1
    one, two = whole(feed(data)), whole(feed(data[:cut], data[cut:]))

    assert one.equals(two)


def test_what_is_found_is_kept_for_the_file(feed, whole):
    lines, messages = lines_of(hashes, count=60)
    data = "\n".join(lines).encode() + b"\n"
    few = b"2026/06/01#10:12:00#WARN#stock#low\n2026/06/01#10:12:01#INFO#stock#low\n"
    frame = whole(feed(data, few))

    assert frame["message"].to_list()[-2:] == [b"low", b"low"]
    assert frame["service"].to_list()[-2:] == ["stock", "stock"]
    assert frame.height == len(messages) + 2


def test_files_learn_nothing_from_one_another(feed):
    feed("\n".join(lines_of(hashes)[0]).encode() + b"\n")
    (batch,) = feed(b"2026/06/01#10:12:00#WARN#stock#low\n")

    assert batch.formats == {"none": 1}


def test_mining_of_raw_lines_finds_the_signatures_of_their_messages():
    lines, messages = lines_of(angles, count=300)
    raw, known = caseline.mine(lines, header="auto"), caseline.mine(messages)

    assert raw.signature_ids == known.signature_ids


@given(st.integers(0, 100_000))
@settings(max_examples=25)
def test_no_message_behind_a_header_of_any_style_loses_text(seed):
    messages = make_messages(60, seed)
    found = split_headers(make_style(seed).lines(messages))

    assert all(text.endswith(message) for text, message in zip(found, messages, strict=True))


def test_headers_of_nearly_all_styles_are_cut_exactly():
    shares = []
    for seed in range(60):
        messages = make_messages(80, seed)
        found = split_headers(make_style(seed).lines(messages))
        shares.append(sum(map(str.__eq__, found, messages)) / len(messages))

    assert sum(shares) / len(shares) >= 0.95


WORD = st.text("abcdefghijklmnopqrstuvwxyz", min_size=2, max_size=9)
SENTENCE = st.lists(st.one_of(WORD, st.integers(0, 9_999).map(str)), min_size=2, max_size=9).map(
    " ".join
)


@given(st.lists(SENTENCE, min_size=2, max_size=12), st.integers(0, 1_000))
@settings(max_examples=40)
def test_text_without_a_header_is_left_alone(templates, seed):
    rng = random.Random(seed)
    lines = [
        "".join(rng.choice("0123456789") if c.isdigit() else c for c in rng.choice(templates))
        for _ in range(80)
    ]

    assert split_headers(lines) == lines


def test_messages_without_their_headers_are_left_alone():
    for seed in range(8):
        messages = make_messages(200, seed)

        assert split_headers(messages) == messages


@pytest.mark.parametrize(
    "line",
    [
        "session opened at 2026-06-01 10:11:{i:02d} by root for task {w}",
        "the backup of 2026-06-01 10:11:{i:02d} holds {w} and more",
        "{i}. item {w} of the list",
        "error while reading {w}: code {i}",
    ],
)
def test_sentences_with_times_levels_or_numbers_are_left_alone(line):
    words = make_messages(60, 1)
    lines = [line.format(i=i % 60, w=words[i]) for i in range(60)]

    assert split_headers(lines) == lines


def test_hostile_lines_are_looked_at_in_no_time():
    kinds = ["[" * 5_000, "a:" * 3_000, "| " * 4_000, "2026-06-01#" * 900, "x " * 4_000, "\\" * 999]
    lines = [f"{kind}{i}" for i in range(30) for kind in kinds]

    assert len(split_headers(lines)) == len(lines)


def test_labelled_messages_without_headers_stay_whole(data_dir):
    folder = data_dir / "loghub2k"
    if not folder.is_dir():
        pytest.skip("no labelled logs here: set CASELINE_DATA to the folder that holds loghub2k")
    for path in sorted(folder.glob("*/*_structured_corrected.csv")):
        with path.open(newline="") as file:
            messages = [row["Content"] for row in csv.DictReader(file)]
        assert split_headers(messages) == [text.rstrip() for text in messages], path.name
