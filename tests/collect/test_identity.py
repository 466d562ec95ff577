import io

import pytest

from caseline.collect.limits import Limits


def test_the_same_bytes_are_the_same_collection_whatever_the_name(make, tmp_path):
    data = make.zip({"a.log": b"one\n"})
    for name in ("a.zip", "b.zip"):
        (tmp_path / name).write_bytes(data)
    ids = {make.open(tmp_path / name).collection_id for name in ("a.zip", "b.zip")}
    ids.add(make.open(io.BytesIO(data), environment_id="e-1").collection_id)
    assert len(ids) == 1
    assert {len(value) for value in ids} == {32}


def test_a_file_has_its_content_id_at_once(make, tmp_path):
    (tmp_path / "a.log").write_bytes(b"one\n")
    for path in (tmp_path, tmp_path / "a.log"):
        collection = make.open(path)
        assert collection.content_id == collection.collection_id


def test_a_folder_is_known_by_names_sizes_and_content(make, tmp_path):
    ids = set()
    for index, (name, data) in enumerate([("a.log", b"1"), ("b.log", b"1"), ("a.log", b"2")]):
        root = tmp_path / str(index)
        root.mkdir()
        (root / name).write_bytes(data)
        ids.add(make.open(root).collection_id)
    assert len(ids) == 3


def test_a_folder_keeps_its_id_wherever_it_stands(make, tmp_path):
    ids = set()
    for name in ("x", "y"):
        (tmp_path / name / "in").mkdir(parents=True)
        for file in sorted(["b.log", "a.log"], reverse=name == "x"):
            (tmp_path / name / "in" / file).write_bytes(file.encode())
        ids.add(make.open(tmp_path / name).collection_id)
    assert len(ids) == 1


def test_a_stream_has_an_id_at_once_and_knows_its_content_in_the_end(make):
    collection = make.open(["one", "two"])
    first = collection.collection_id
    assert collection.content_id is None
    for file in collection.files():
        list(file.blocks())
    assert collection.collection_id == first
    assert collection.content_id == make.open(io.BytesIO(b"one\ntwo\n")).content_id


@pytest.mark.parametrize("change", [{"environment_id": "e-1"}, {"name": "push"}])
def test_streams_differ_by_what_is_known_of_them(make, change):
    assert make.open(["one"]).collection_id != make.open(["one"], **change).collection_id


def origin(make, data, **options):
    return make.read(io.BytesIO(data), **options).blocks[0].source.origin


def test_a_rotated_packed_or_renamed_file_keeps_its_origin(make):
    text = make.lines(200)
    first = origin(make, text, name="app.log")
    assert origin(make, text, name="app.log.1") == first
    assert origin(make, make.compress("gzip", text), name="app.log.2.gz") == first
    assert origin(make, make.tar({"x/app.log": text})) == first
    assert origin(make, text + b"written later\n") == first
    assert origin(make, text, environment_id="e-1") == first
    assert origin(make, text, limits=Limits(block_bytes=10)) == first


def test_files_that_begin_otherwise_have_another_origin(make):
    assert origin(make, b"a\n" * 900) != origin(make, b"b" + b"\n" + b"a\n" * 900)


def test_an_unfinished_line_does_not_change_the_origin(make):
    assert origin(make, b"one\ntwo\nthr") == origin(make, b"one\ntwo\nthree or")


def test_sources_of_one_collection_have_ids_of_their_own(make):
    reading = make.read(io.BytesIO(make.tar({"a.log": b"one\n", "b.log": b"one\n"})))
    assert len({block.source.source_id for block in reading.blocks}) == 2


def test_blocks_know_their_number_place_and_end(make):
    text = make.lines(300)
    blocks = make.read(io.BytesIO(text), limits=Limits(block_bytes=1000)).blocks
    assert [block.index for block in blocks] == list(range(len(blocks)))
    assert [block.last for block in blocks] == [False] * (len(blocks) - 1) + [True]
    assert all(text[b.offset_bytes :].startswith(b.data) for b in blocks)
    assert len(blocks) > 3
