import io
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from caseline.collect.limits import Limits
from caseline.collect.opening import open_collection
from caseline.errors import InputError, SourceError

AT = datetime(2026, 3, 1, tzinfo=UTC)


def test_a_path_that_does_not_exist_is_named_at_once(tmp_path):
    with pytest.raises(SourceError, match=r"absent\.log") as caught:
        open_collection(tmp_path / "absent.log", received_at=AT)
    assert "a list of lines" in str(caught.value)


def test_log_text_given_as_a_path_is_not_repeated():
    with pytest.raises(SourceError) as caught:
        open_collection("10:00 login of carol\n10:01 logout\n", received_at=AT)
    assert "carol" not in str(caught.value)


@pytest.mark.parametrize("path", ["a" * 300, "a\0b", "x" * 5000])
def test_a_path_no_system_takes_is_a_source_error(path):
    with pytest.raises(SourceError):
        open_collection(path, received_at=AT)


def test_a_pipe_is_refused_without_waiting_for_it(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(SourceError, match="binary mode"):
        open_collection(pipe, received_at=AT)


def test_a_file_that_may_not_be_read_is_a_source_error(tmp_path, monkeypatch):
    path = tmp_path / "app.log"
    path.write_bytes(b"one\n")

    def refuse(*_, **__):
        raise PermissionError

    monkeypatch.setattr("caseline.collect.disk.os.open", refuse)
    with pytest.raises(SourceError, match="PermissionError"):
        open_collection(path, received_at=AT)


@pytest.mark.parametrize("source", [b"one\n", bytearray(b"one\n"), {"a": 1}, 7, None])
def test_what_is_no_source_is_refused_with_what_is(source):
    with pytest.raises(InputError, match="binary file"):
        open_collection(source, received_at=AT)


def test_a_naive_time_is_refused():
    with pytest.raises(InputError, match="received_at"):
        open_collection(["one"], received_at=datetime(2026, 3, 1))  # noqa: DTZ001 - the point


def test_limits_of_another_type_are_refused():
    with pytest.raises(InputError, match="Limits"):
        open_collection(["one"], received_at=AT, limits={"depth": 3})


def test_a_text_path_and_a_path_object_are_the_same(tmp_path, make):
    path = tmp_path / "app.log"
    path.write_bytes(b"one\ntwo\n")
    by_text, by_object = make.read(str(path)), make.read(path)
    assert by_text.files == by_object.files == {"app.log": b"one\ntwo\n"}
    assert by_text.collection.collection_id == by_object.collection.collection_id


def test_a_link_given_as_the_source_is_followed(tmp_path, make):
    (tmp_path / "app.log").write_bytes(b"one\n")
    (tmp_path / "link.log").symlink_to(tmp_path / "app.log")
    assert make.read(tmp_path / "link.log").files == {"link.log": b"one\n"}


def test_the_working_folder_has_a_name(tmp_path, make, monkeypatch):
    (tmp_path / "app.log").write_bytes(b"one\n")
    monkeypatch.chdir(tmp_path)
    assert make.read(Path()).collection.name == tmp_path.name


def test_a_name_given_by_the_caller_counts(make):
    assert make.read(io.BytesIO(b"one\n"), name="upload").collection.name == "upload"


def test_a_collection_is_read_once(make):
    collection = make.read(["one"]).collection
    with pytest.raises(InputError, match="open it again"):
        collection.files()


def test_a_file_that_was_not_read_does_not_hide_the_next(make):
    packed = make.tar({"a.log": make.lines(5000), "b.log": b"two\n"})
    collection = open_collection(io.BytesIO(packed), received_at=AT)
    names = [file.source.name for file in collection.files()]
    assert names == ["a.log", "b.log"]
    assert collection.rejects == []


@pytest.mark.parametrize("stream", [False, True])
def test_a_zip_member_that_was_not_read_does_not_hide_the_next(make, stream):
    packed = make.zip({"a.log": make.lines(5000), "b.log": b"two\n"}, stream=stream)
    collection = open_collection(io.BytesIO(packed), received_at=AT)
    names = [file.source.name for file in collection.files()]
    assert names == ["a.log", "b.log"]
    assert collection.rejects == []


def test_bytes_read_counts_text_while_it_is_read(make):
    text = make.lines(3000)
    limits = Limits(block_bytes=10_000)
    collection = open_collection(
        io.BytesIO(make.tar({"a.log": text, "b.log": text})), received_at=AT, limits=limits
    )
    seen = [
        collection.bytes_read for file in collection.files() for block in file.blocks() if block
    ]
    assert seen == sorted(seen)
    assert 0 < seen[0] < len(text) < seen[-1]
    assert collection.bytes_read == 2 * len(text)


def test_reprs_show_no_text(make):
    collection = open_collection(["secret line"], received_at=AT)
    (file,) = collection.files()
    assert "secret" not in repr(file)
    assert "\n" not in repr(file)
    assert make.received_at == file.source.received_at
