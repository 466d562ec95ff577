import io
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caseline.collect.limits import Limits
from caseline.errors import InputError

from_records = st.lists(
    st.binary(max_size=20) | st.text(st.characters(blacklist_categories=["Cs"]), max_size=20)
)


@given(from_records, st.integers(1, 30))
def test_each_record_is_whole_lines_in_order(make, records, block_bytes):
    expected = b""
    for record in records:
        data = record.encode() if isinstance(record, str) else record
        expected += data + (b"\n" if data and not data.endswith(b"\n") else b"")
    reading = make.read(iter(records), limits=Limits(block_bytes=block_bytes))
    assert b"".join(reading.files.values()) == expected
    assert reading.rejects == []


def test_dicts_become_json_lines(make):
    record = {"at": datetime(2026, 3, 1, tzinfo=UTC), "text": "größe\nzwei", "n": 1}
    (text,) = make.read([record]).files.values()
    assert text.count(b"\n") == 1
    assert json.loads(text) == record | {"at": "2026-03-01 00:00:00+00:00"}


def test_what_is_no_record_is_counted(make):
    circle = {}
    circle["self"] = circle
    reading = make.read(["one", None, 7, "two", circle, {(1, 2): 3}])
    assert reading.files == {"stream": b"one\ntwo\n"}
    (reject,) = reading.collection.rejects
    assert (reject.reason, reject.lines) == ("bad_item", 4)
    assert "item 1" in reject.detail


def test_halves_of_characters_do_not_stop_a_stream(make):
    assert make.read(["a\ud800b"]).files == {"stream": b"a?b\n"}


def test_a_stream_says_so(make):
    (block,) = make.read(iter(["one"]), name="push").blocks
    assert (block.source.media, block.source.name) == ("stream", "push")


def test_a_stream_of_lines_is_never_taken_for_packed_or_binary(make):
    records = [make.compress("gzip", b"x"), bytes(600), b"\x01\x02\x03"]
    reading = make.read(records)
    assert reading.files == {"stream": b"".join(record + b"\n" for record in records)}


def test_a_stream_is_read_as_it_comes(make):
    taken = []

    def records():
        for index in range(100_000):
            taken.append(index)
            yield "a line of a stream"

    collection = make.open(records(), limits=Limits(block_bytes=1000))
    assert taken == []
    (file,) = [next(collection.files())]
    next(file.blocks())
    assert len(taken) < 30_000


def test_an_error_of_the_callers_own_stream_comes_through(make):
    def records():
        yield "one"
        raise ConnectionError

    with pytest.raises(ConnectionError):
        make.read(records())


def test_a_text_file_gives_its_lines(make):
    assert make.read(io.StringIO("one\ntwo")).files == {"stream": b"one\ntwo\n"}


def test_an_open_file_is_read_from_where_it_stands(make, tmp_path):
    path = tmp_path / "app.log"
    path.write_bytes(b"one\ntwo\n")
    with path.open("rb") as file:
        file.readline()
        reading = make.read(file)
    assert reading.files == {"app.log": b"two\n"}


def test_an_open_file_may_be_an_archive(make):
    reading = make.read(io.BytesIO(make.compress("xz", make.tar({"a.log": b"one\n"}))))
    assert reading.files == {"a.log": b"one\n"}


class Pipe(io.RawIOBase):
    def __init__(self, data, *, size=7):
        self._data = io.BytesIO(data)
        self._size = size

    def readable(self):
        return True

    def readinto(self, buffer):
        chunk = self._data.read(min(len(buffer), self._size))
        buffer[: len(chunk)] = chunk
        return len(chunk)


@pytest.mark.parametrize("buffered", [False, True])
def test_a_pipe_is_read_once(buffered, make):
    packed = make.zip({"a.log": make.lines(200), "b.log": b"x\n"}, stream=True)
    pipe = Pipe(packed)
    reading = make.read(io.BufferedReader(pipe) if buffered else pipe)
    assert reading.files == {"a.log": make.lines(200), "b.log": b"x\n"}
    assert reading.blocks[0].source.media == "stream"
    assert reading.rejects == []


def test_a_file_opened_as_text_by_another_name_is_refused(make):
    class Texts:
        def read(self, _):
            return "one\n"

    with pytest.raises(InputError, match="binary"):
        make.read(Texts())


def test_a_pipe_that_fails_ends_with_a_reject(make):
    class Failing(Pipe):
        def readinto(self, buffer):
            count = super().readinto(buffer)
            if not count:
                raise OSError
            return count

    reading = make.read(Failing(b"one\ntwo\n"))
    assert reading.files == {"stream": b"one\ntwo\n"}
    assert reading.reasons == ["unreadable"]
