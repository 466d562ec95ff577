from itertools import pairwise

import numpy as np
import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from caseline.normalize.formatbook import read_entries
from caseline.normalize.normalizer import SCHEMA, FileNormalizer
from caseline.normalize.settings import NormalizeSettings
from caseline.records.batches import RawBlock

SAMPLES = [s["line"].encode() for entry in read_entries("2026-11") for s in entry["sample"]]
PIECES = st.one_of(
    st.sampled_from(SAMPLES),
    st.binary(max_size=30),
    st.sampled_from(
        [
            b"",
            b"  ",
            b"\0\0",
            b"\r",
            b"\xef\xbb\xbf",
            b"\tat com.example.A(A.java:1)",
            b'{"message": "x", "level": 30}',
            b'{"message": {"a": "b"}, "n": [1]}',
            b"{bad}",
            b"\x1b[31mred\x1b[0m",
            b"last message repeated 3 times",
            b"Traceback (most recent call last):",
            b"0000-00-00 00:00:00 x",
            b"99/99/99 99:99:99 ERROR x: y",
            b"Feb 30 25:61:61 h p: m",
        ]
    ),
)
TRACE = "0af7651916cd43dd8448eb211c80319c"
FILES = st.lists(st.tuples(PIECES, st.sampled_from([b"\n", b"\n", b"\r\n"])), max_size=25)
RELAXED = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30
)


def lines_of(data: bytes) -> int:
    return data.count(b"\n") + (not data.endswith(b"\n") and bool(data))


def counted(batches) -> int:
    records = sum(int(batch.frame["lines"].sum()) for batch in batches)
    return records + sum(reject.lines for batch in batches for reject in batch.rejects)


@RELAXED
@given(pieces=FILES, tail=st.binary(max_size=5))
def test_every_line_is_in_one_record_or_one_reject(feed, pieces, tail):
    data = b"".join(text + end for text, end in pieces) + tail
    assert counted(feed(data)) == lines_of(data)


@RELAXED
@given(pieces=FILES, data=st.data())
def test_every_line_is_counted_once_over_blocks(feed, pieces, data):
    lines = b"".join(text + end for text, end in pieces).split(b"\n")
    lines = [line + b"\n" for line in lines[:-1]]
    cuts = sorted(data.draw(st.lists(st.integers(0, len(lines)), max_size=4)))
    edges = [0, *cuts, len(lines)]
    blocks = [b"".join(lines[a:b]) for a, b in pairwise(edges)]
    assert counted(feed(*blocks)) == len(lines)


@RELAXED
@given(pieces=FILES)
def test_shapes_are_the_messages_with_digits_zeroed(feed, pieces):
    (batch,) = feed(b"".join(text + end for text, end in pieces))
    for message, shape in batch.frame.select("message", "shape").iter_rows():
        digits = bytes(48 if 48 <= byte <= 57 else byte for byte in message)
        assert batch.shapes[shape] == digits
    assert len(set(batch.shapes)) == len(batch.shapes)


@RELAXED
@given(cuts=st.lists(st.integers(0, 60), max_size=5))
def test_blocks_do_not_change_what_is_read(feed, whole, cuts):
    trace = b"java.lang.Error: x\n\tat a.B(B.java:1)\n\nCaused by: y\n"
    text = b"".join(
        b"2026-11-23 10:00:%02d,000 INFO [t-%d] shop.Orders - order %d\n" % (i, i, i)
        + (trace if i % 5 == 4 else b"")
        for i in range(40)
    )
    lines = text.splitlines(keepends=True)
    edges = [0, *sorted(cuts), len(lines)]
    blocks = [b"".join(lines[a:b]) for a, b in pairwise(edges)]
    assert whole(feed(*blocks)).equals(whole(feed(text)))


@RELAXED
@given(pieces=FILES)
def test_frame_has_the_promised_columns(feed, pieces):
    (batch,) = feed(b"".join(text + end for text, end in pieces))
    assert dict(batch.frame.schema) == {
        name: kind() if isinstance(kind, type) else kind for name, kind in SCHEMA.items()
    }


def test_last_record_waits_for_the_next_block(feed):
    first, second = feed(
        b"2026-11-23 10:00:00 a\n2026-11-23 10:00:01 b\n", b"\tat com.example.A(A.java:1)\n"
    )
    assert first.frame["message"].to_list() == [b"a"]
    assert second.frame["message"].to_list() == [b"b\n\tat com.example.A(A.java:1)"]


def test_block_that_cuts_a_line_is_mended(feed):
    batches = feed(b"2026-11-23 10:00:00 a\n2026-11-23 10:", b"00:01 b\n")
    assert [m for batch in batches for m in batch.frame["message"]] == [b"a", b"b"]


def test_empty_file_gives_an_empty_batch(feed):
    (batch,) = feed(b"")
    assert (batch.frame.height, batch.shapes, batch.rejects) == (0, [], ())


def test_carriage_returns_mark_and_colours_are_stripped(read):
    text = (
        b"\xef\xbb\xbf2026-11-23 10:00:00 \x1b[32mINFO\x1b[0m a\r\n2026-11-23 10:00:01 WARN b\r\n"
    )
    first, second = read(text)
    assert (first["message"], first["severity"]) == (b"a", 9)
    assert (second["message"], second["severity"]) == (b"b", 13)


def test_positions_count_the_bytes_that_were_stripped(feed):
    (batch,) = feed(b"2026-11-23 10:00:00 a\r\n\r\n2026-11-23 10:00:00 b\r\n")
    assert [r.position for r in batch.rejects] == [23]


def test_positions_of_held_lines_are_kept(feed):
    batches = feed(b"2026-11-23 10:00:00 a\r\n\r\n", b"2026-11-23 10:00:00 b\r\n\r\n")
    assert [r.position for batch in batches for r in batch.rejects] == [23, 48]


def test_broken_utf8_and_nuls_stay_in_the_message(read):
    (record,) = read(b"2026-11-23 10:00:00 INFO a\xff\0b\n")
    assert record["message"] == b"a\xff\0b"


def test_host_of_the_source_stands_in(read):
    (record,) = read("2026-11-23 10:00:00 INFO a\n", host="web-9")
    assert record["host"] == "web-9"


def test_priority_and_status_are_read_from_the_raw_digits(read):
    text = "\n".join(
        [f"<{pri}>Nov 23 10:00:00 web-1 su[1]: x" for pri in (8, 11, 14, 191)]
        + [
            f'192.0.2.1 - - [23/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" {status} 1'
            for status in (200, 404, 503)
        ]
    )
    assert [r["severity"] for r in read(text)] == [21, 17, 9, 5, 9, 13, 17]


def test_level_at_the_message_start_counts_where_no_header_has_one(read):
    text = (
        "Nov 23 10:00:00 web-1 app[1]: error: disk full\nNov 23 10:00:00 web-1 app[1]: errors: 0\n"
    )
    first, second = read(text)
    assert (first["severity"], first["message"]) == (17, b"error: disk full")
    assert second["severity"] is None


def test_tenant_placement_and_trace_keep_their_digits(read):
    text = (
        "2026-11-23 10:00:00 INFO tenant=acme-17 cell=eu-4 trace_id=0af76519 done\n"
        "2026-11-23 10:00:00 INFO [tenant:beta_2] shard: 9, done\n"
        '2026-11-23 10:00:00 INFO "tenantId":"gamma 3" done\n'
        f"2026-11-23 10:00:00 INFO traceparent=00-{TRACE}-b7ad6b7169203331-01\n"
        "2026-11-23 10:00:00 INFO tenant=- customer=null done\n"
    )
    records = read(text)
    assert [r["tenant"] for r in records] == ["acme-17", "beta_2", "gamma 3", None, None]
    assert [r["placement"] for r in records[:2]] == ["eu-4", "9"]
    assert records[0]["trace_id"] == "0af76519"
    assert records[3]["trace_id"] == TRACE


def test_formats_count_lines(feed):
    (batch,) = feed(b'2026-11-23 10:00:00 INFO a\n\tat com.example.A(A.java:1)\nx\n{"a": 1}\n')
    assert batch.formats == {"time_level": 3, "json": 1}


def test_values_of_one_shape_keep_their_own_digits(read):
    text = "".join(f"Nov 23 10:00:0{i} web-{i} app{i}[1]: order {i}\n" for i in range(5))
    records = read(text)
    assert [r["host"] for r in records] == [f"web-{i}" for i in range(5)]
    assert [r["service"] for r in records] == [f"app{i}" for i in range(5)]


def test_same_bytes_give_the_same_columns_twice(feed):
    data = b"\n".join(SAMPLES)
    first, second = feed(data)[0], feed(data)[0]
    assert first.frame.equals(second.frame)
    assert first.shapes == second.shapes


def test_forgetting_shapes_changes_nothing(source):
    made = source()
    block = RawBlock(source=made, data=b"\n".join(SAMPLES), last=True)
    few = FileNormalizer(made, settings=NormalizeSettings(remembered_shapes=1)).feed(block)
    assert few.frame.equals(FileNormalizer(made).feed(block).frame)
    assert isinstance(few.frame, pl.DataFrame)
    assert np.all(few.frame["lines"].to_numpy() >= 1)


def test_the_hole_that_a_crash_leaves_stands_apart_from_the_line_behind_it(feed):
    line = b"2026-11-23 10:00:0%d,000 INFO [m] shop.Orders - order %d accepted\n"
    half = line % (1, 1) + (line % (2, 2)).removesuffix(b" accepted\n")
    behind = half + bytes(600) + line % (3, 3)
    (batch,) = feed(behind + bytes(20) + line % (4, 4))
    assert [message.strip(b"\0") for message in batch.frame["message"]] == [
        *(b"order 1 accepted", b"order 2", b"order 3 accepted", b"order 4 accepted")
    ]
    assert [(r.reason, r.lines, r.position) for r in batch.rejects] == [
        ("nul_block", 1, len(half) + 1),
        ("nul_block", 1, len(behind)),
    ]


def test_a_few_nul_within_a_line_stay(read):
    (record,) = read(b"name=abc" + bytes(40) + b" ok\n")
    assert record["message"] == b"name=abc" + bytes(40) + b" ok"


def test_blank_lines_between_all_lines_are_counted_without_a_reject_for_each(feed):
    (batch,) = feed(b"2026-11-20 10:00:00 INFO a - done\n\n" * 400)
    assert sum(reject.lines for reject in batch.rejects) == 400
    assert len(batch.rejects) == 100
    assert [reject.position for reject in batch.rejects[:2]] == [34, 34 + 35]
