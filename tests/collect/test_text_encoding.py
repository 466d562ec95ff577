import codecs
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caseline.collect.limits import Limits
from caseline.collect.reading import ByteReader
from caseline.collect.text_encoding import text_of

MARKS = {
    "utf-16-le": codecs.BOM_UTF16_LE,
    "utf-16-be": codecs.BOM_UTF16_BE,
    "utf-32-le": codecs.BOM_UTF32_LE,
    "utf-32-be": codecs.BOM_UTF32_BE,
    "utf-8": codecs.BOM_UTF8,
}


@pytest.mark.parametrize("encoding", MARKS)
@given(
    text=st.text(st.characters(blacklist_categories=["Cs", "Cc"]), min_size=1).map("{}\n".format),
    read_bytes=st.integers(1, 9),
)
def test_marked_text_becomes_utf8_without_its_mark(encoding, text, read_bytes):
    chunks = io.BytesIO(MARKS[encoding] + text.encode(encoding))
    reader = text_of(ByteReader(lambda _: chunks.read(read_bytes)))
    assert reader.exactly(10_000).decode() == text


@pytest.mark.parametrize("encoding", MARKS)
def test_blocks_of_marked_text_end_at_lines(encoding, make):
    text = "grün und lang genug\r\n" * 300
    packed = io.BytesIO(MARKS[encoding] + text.encode(encoding))
    reading = make.read(packed, limits=Limits(block_bytes=1000))
    assert len(reading.blocks) > 3
    assert b"".join(block.data for block in reading.blocks).decode() == text
    assert all(block.data.endswith(b"\n") for block in reading.blocks)


def test_a_file_has_one_origin_in_any_encoding(make):
    text = "2026-03-01 10:00:00 started\n" * 90
    origins = {
        make.read(io.BytesIO(mark + text.encode(encoding))).blocks[0].source.origin
        for encoding, mark in MARKS.items()
    }
    assert len(origins) == 1


def test_halves_of_characters_are_replaced(make):
    reading = make.read(io.BytesIO(codecs.BOM_UTF16_LE + b"a\0\n\0\x00\xd8b\0\n\0c"))
    assert reading.files["stream"].decode() == "a\n�b\n�"


def test_broken_utf8_is_left_to_be_judged_line_by_line(make):
    assert make.read(io.BytesIO(b"caf\xe9 \xff\n")).files == {"stream": b"caf\xe9 \xff\n"}


def test_a_file_of_nothing_but_a_mark_is_empty(make):
    for mark in MARKS.values():
        reading = make.read(io.BytesIO(mark))
        assert (reading.files, reading.rejects) == ({}, [])


LINES = ["2026-03-01 10:00:00 started", "2026-03-01 10:00:01 order 7", "2026-03-01 10:00:02 done"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\r".join(LINES), "\n".join(LINES)),
        ("\r".join(LINES) + "\r", "\n".join(LINES) + "\n"),
        ("one\r\rtwo\r", "one\n\ntwo\n"),
        ("\r\n".join(LINES * 9) + "\r" + "\n".join(LINES), None),
        ("\r\n".join(LINES * 9) + "\n", "\r\n".join(LINES * 9) + "\n"),
        ("10 %\r20 %\rdone\n" + "line\n" * 9, "10 %\r20 %\rdone\n" + "line\n" * 9),
    ],
    ids=["cr", "cr at the end", "blank lines", "mixed", "crlf and lf", "a line that was redrawn"],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be"])
def test_carriage_returns_end_lines_where_the_file_says_so(make, encoding, text, expected):
    reading = make.read(io.BytesIO(MARKS[encoding] + text.encode(encoding)))
    if expected is None:
        expected = "\r\n".join(LINES * 9) + "\n" + "\n".join(LINES)
    assert reading.files["stream"].decode() == expected


@given(
    pieces=st.lists(st.sampled_from(["a", "b 7", "\r", "\r\n", "\n"]), max_size=30),
    read_bytes=st.integers(1, 9),
)
def test_returns_are_newlines_wherever_a_read_ends(pieces, read_bytes):
    text = "2026-03-01 x\r2026-03-01 y\r" + "".join(pieces)
    chunks = io.BytesIO(text.encode())
    found = text_of(ByteReader(lambda _: chunks.read(read_bytes))).exactly(10_000).decode()
    assert found.replace("\r\n", "\n") == text.replace("\r\n", "\n").replace("\r", "\n")
    assert len(found) == len(text)
