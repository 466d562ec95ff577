import io
import random
import sqlite3
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caseline.collect.recognition import binary_kind, inner_name, packing

RNG = random.Random(5)


def login_records(count):
    """Return records as a login database holds them: short texts in long zeros."""
    record = struct.pack("<hi32s4s32s256s", 7, 4242, b"pts/0", b"ts/0", b"user", b"203.0.113.9")
    return b"".join(record.ljust(384, b"\0") for _ in range(count))


BINARIES = {
    "elf": b"\x7fELF\x02\x01\x01" + bytes(9) + bytes(range(64)) * 20,
    "png": b"\x89PNG\r\n\x1a\n" + RNG.randbytes(4000),
    "journal": b"LPKSHHRH" + bytes(300) + b"MESSAGE=started\n" * 50,
    "logins": login_records(30),
    "random": RNG.randbytes(8192),
    "little endian numbers": struct.pack("<2000I", *range(2000)),
    "zeros": bytes(5000),
    "utf-16 without its mark": "a line\n".encode("utf-16-le") * 300,
}
TEXTS = {
    "plain": b"2026-03-01 10:00:00 started\n" * 300,
    "latin-1": "Größe überschritten: é à ü\n".encode("latin-1") * 300,
    "cyrillic": "запуск завершён\n".encode("koi8-r") * 300,
    "japanese": "開始しました\n".encode("shift-jis") * 300,
    "coloured": b"\x1b[31mERROR\x1b[0m disk full\n" * 300,
    "a hole": b"before\n" * 40 + bytes(4096) + b"after\n" * 40,
    "two holes": b"before\n" + bytes(600) + b"mid\n" * 30 + bytes(5000) + b"after\n" * 40,
    "a NUL here and there": b"value\0 of 10 bytes in a line\n" * 300,
    "short with NUL": b"a\0b short line\n",
    "form feed and tab": b"\fpage\tone\x08\n" * 200,
}


@pytest.mark.parametrize("kind", BINARIES)
def test_binary_files_become_a_reject(kind, make):
    reading = make.read(io.BytesIO(BINARIES[kind]), name="some.log")
    assert reading.files == {}
    assert reading.rejects == [("binary", "some.log")]


@pytest.mark.parametrize("kind", TEXTS)
def test_texts_stay_texts(kind, make):
    reading = make.read(io.BytesIO(TEXTS[kind]), name="some.log")
    assert reading.files == {"some.log": TEXTS[kind]}
    assert reading.rejects == []


def test_a_database_is_binary_whatever_its_text(tmp_path, make):
    path = tmp_path / "events.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE event (text TEXT)")
    connection.close()
    assert make.read(path).rejects == [("binary", "events.db")]


def test_a_log_that_begins_with_a_hole_is_text(make):
    text = bytes(3 << 20) + b"2026-03-01 10:00:00 started\n" * 30
    reading = make.read(io.BytesIO(text))
    assert b"".join(reading.files.values()) == text


def test_records_behind_a_hole_are_binary(make):
    reading = make.read(io.BytesIO(bytes(300_000) + login_records(30)))
    assert reading.reasons == ["binary"]


def test_the_hole_at_the_start_keeps_its_length_in_any_reading(make):
    for zeros in (8192, 8193, 65_536, 70_001, (1 << 20) + 5):
        text = bytes(zeros) + b"line\n" * 2000
        assert b"".join(make.read(io.BytesIO(text)).files.values()) == text


@given(st.binary(max_size=2000))
def test_any_bytes_are_judged(head):
    binary_kind(head)
    for name in ("a.log", "a.tar", "a.gz", "a.zip", "a.bz2", "a.xz", "a.zst"):
        packing(head, name)


@given(st.text(st.characters(blacklist_categories=["Cs", "Cc"]), min_size=1))
def test_text_in_any_script_is_text(text):
    assert binary_kind((text + "\n").encode()) == ""


@pytest.mark.parametrize(
    ("name", "inner"),
    [
        ("a.tar.gz", "a.tar"),
        ("a.TGZ", "a.tar"),
        ("a.tbz2", "a.tar"),
        ("a.txz", "a.tar"),
        ("a.tzst", "a.tar"),
        ("a.log.bz2", "a.log"),
        ("a.log", "a.log"),
    ],
)
def test_the_inner_name_loses_one_layer(name, inner):
    assert inner_name(name) == inner


def test_text_that_begins_like_an_archive_is_text(make):
    for text in (b"PK is short for parking\n", b"BZh is no header\n", b"ustar\n", b"(\xb5 micro\n"):
        assert make.read(io.BytesIO(text)).files == {"stream": text}
