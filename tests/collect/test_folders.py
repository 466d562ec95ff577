import os

import pytest

from caseline.collect.limits import Limits


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "bundle"
    for name, data in {"b.log": b"two\n", "a/z.log": b"one\n", "c/d/e.log": b"three\n"}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return root


def test_all_files_are_read_in_the_order_of_their_names(folder, make):
    reading = make.read(folder)
    assert list(reading.files.items()) == [
        ("a/z.log", b"one\n"),
        ("b.log", b"two\n"),
        ("c/d/e.log", b"three\n"),
    ]
    assert reading.rejects == []
    assert reading.collection.name == "bundle"


def test_archives_in_a_folder_are_opened(folder, make):
    (folder / "x.tgz").write_bytes(make.compress("gzip", make.tar({"in/y.log": b"four\n"})))
    (folder / "y.log.gz").write_bytes(make.compress("gzip", b"five\n"))
    files = make.read(folder).files
    assert files["x.tgz/in/y.log"] == b"four\n"
    assert files["y.log.gz"] == b"five\n"


def test_links_that_leave_the_folder_are_refused(folder, make, tmp_path):
    (tmp_path / "secret.log").write_bytes(b"secret\n")
    (tmp_path / "bundle-2").mkdir()
    (folder / "out.log").symlink_to("../secret.log")
    (folder / "near").symlink_to(tmp_path / "bundle-2")
    (folder / "etc").symlink_to("/etc")
    reading = make.read(folder)
    assert sorted(reading.rejects) == [
        ("unsafe_path", "etc"),
        ("unsafe_path", "near"),
        ("unsafe_path", "out.log"),
    ]
    assert "out.log" not in reading.files


def test_links_within_the_folder_add_nothing(folder, make):
    (folder / "current.log").symlink_to("a/z.log")
    (folder / "loop").symlink_to(".")
    reading = make.read(folder)
    assert list(reading.files) == ["a/z.log", "b.log", "c/d/e.log"]
    assert reading.rejects == []


def test_a_link_to_nothing_is_told(folder, make):
    (folder / "gone.log").symlink_to("absent.log")
    assert make.read(folder).rejects == [("unreadable", "gone.log")]


def test_pipes_are_told_and_not_waited_for(folder, make):
    os.mkfifo(folder / "pipe")
    assert make.read(folder).rejects == [("unsafe_member", "pipe")]


def refuse(monkeypatch, name, *, where="open"):
    real = getattr(os, where)

    def guarded(path, *rest, **options):
        if str(path).endswith(name):
            raise PermissionError(13, "no", str(path))
        return real(path, *rest, **options)

    monkeypatch.setattr(os, where, guarded)


def test_a_file_that_may_not_be_read_is_told_and_the_rest_is_read(folder, make, monkeypatch):
    refuse(monkeypatch, "b.log")
    reading = make.read(folder)
    assert list(reading.files) == ["a/z.log", "c/d/e.log"]
    assert reading.rejects == [("unreadable", "b.log")]


def test_a_folder_that_may_not_be_read_is_told_and_the_rest_is_read(folder, make, monkeypatch):
    refuse(monkeypatch, "/c", where="scandir")
    reading = make.read(folder)
    assert list(reading.files) == ["a/z.log", "b.log"]
    assert reading.rejects == [("unreadable", "c")]


def test_a_file_that_vanishes_is_told(folder, make):
    collection = make.open(folder)
    (folder / "b.log").unlink()
    names = [file.source.name for file in collection.files()]
    assert names == ["a/z.log", "c/d/e.log"]
    assert [(r.reason, r.name) for r in collection.rejects] == [("unreadable", "b.log")]


def test_what_is_written_after_the_opening_is_not_taken(folder, make):
    collection = make.open(folder)
    with (folder / "b.log").open("ab") as file:
        file.write(b"later\n")
    texts = {f.source.name: b"".join(b.data for b in f.blocks()) for f in collection.files()}
    assert texts["b.log"] == b"two\n"


def test_a_file_that_becomes_shorter_is_told(folder, make):
    (folder / "b.log").write_bytes(b"two\n" * 10)
    collection = make.open(folder)
    os.truncate(folder / "b.log", 8)
    texts = {f.source.name: b"".join(b.data for b in f.blocks()) for f in collection.files()}
    assert texts["b.log"] == b"two\ntwo\n"
    assert [(r.reason, r.position) for r in collection.rejects] == [("truncated", 8)]


def test_an_error_of_the_disk_ends_a_file_and_not_the_collection(folder, make, monkeypatch):
    collection = make.open(folder)
    real = os.read
    calls = []

    def failing(descriptor, size):
        data = real(descriptor, size)
        if data == b"two\n":
            calls.append(1)
            if len(calls) > 1:
                raise OSError(5, "input/output error")
        return data

    monkeypatch.setattr(os, "read", failing)
    names = [file.source.name for file in collection.files()]
    assert names == ["a/z.log", "c/d/e.log"]
    assert [(r.reason, r.name) for r in collection.rejects] == [("unreadable", "b.log")]


def test_an_empty_folder_is_an_empty_collection(tmp_path, make):
    reading = make.read(tmp_path)
    assert (reading.files, reading.rejects) == ({}, [])


def test_names_that_are_no_utf8_are_written_out(tmp_path, make):
    (tmp_path / os.fsdecode(b"a\xff.log")).write_bytes(b"one\n")
    reading = make.read(tmp_path)
    assert reading.files == {"a\\xff.log": b"one\n"}
    assert reading.blocks[0].source.source_id


def test_a_manifest_that_vanishes_is_no_error(folder, make, monkeypatch):
    (folder / "manifest.json").write_bytes(b"{}")
    real = make.open(folder).content_id
    refuse(monkeypatch, "never")
    assert make.open(folder, limits=Limits(depth=2)).content_id == real
