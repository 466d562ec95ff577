import io
import random
import tracemalloc
import zipfile

import pytest
import zstandard

from caseline.collect.limits import Limits

MIB = 1 << 20
SMALL = Limits(
    allowance_bytes=MIB, collection_allowance_bytes=4 * MIB, ratio=50, block_bytes=1 << 16
)
KINDS = ["gzip", "bzip2", "xz", "zstd"]


@pytest.fixture(autouse=True)
def bounded_memory():
    tracemalloc.start()
    yield
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 150 * MIB


def zeros(make, kind, size):
    if kind == "zstd":
        return zstandard.ZstdCompressor().compress(bytes(size))
    return make.compress(kind, bytes(size))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("filling", [b"\0", b"a\n"])
def test_a_bomb_is_refused(kind, filling, make):
    packed = make.compress(kind, filling * (6 * MIB // len(filling)))
    reading = make.read(io.BytesIO(packed), limits=SMALL)
    assert reading.reasons == ["bomb"]
    assert sum(map(len, reading.files.values())) <= 3 * MIB


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_bomb_in_an_archive_costs_no_other_member(method, make):
    packed = make.zip({"bomb.log": bytes(40 * MIB), "b.log": b"x\n"}, method=method)
    reading = make.read(io.BytesIO(packed), limits=SMALL)
    assert reading.files == {"b.log": b"x\n"}
    assert reading.rejects == [("bomb", "bomb.log")]


def test_many_small_bombs_are_one_large_one(make):
    packed = make.zip({f"{i}.log": b"\n" * MIB for i in range(30)})
    reading = make.read(io.BytesIO(packed), limits=SMALL, name="bombs.zip")
    assert len(reading.files) < 10
    assert "bomb" in reading.reasons


def test_many_small_bombs_in_a_folder_are_one_large_one(make, tmp_path):
    for index in range(30):
        (tmp_path / f"{index:02}.log.gz").write_bytes(make.compress("gzip", b"\n" * MIB))
    reading = make.read(tmp_path, limits=SMALL)
    assert len(reading.files) < 10
    assert "bomb" in reading.reasons


def test_a_member_may_not_exceed_the_absolute_limit(make):
    text = make.lines(5000)
    packed = make.compress("gzip", text)
    reading = make.read(io.BytesIO(packed), limits=Limits(member_bytes=10_000))
    assert reading.reasons == ["bomb"]
    assert text.startswith(b"".join(reading.files.values()))


def test_a_collection_may_not_exceed_the_absolute_limit(make):
    text = make.lines(500)
    packed = make.zip({f"{index}.log": text for index in range(9)})
    limits = Limits(collection_bytes=len(text) * 3)
    reading = make.read(io.BytesIO(packed), limits=limits)
    assert len(reading.files) <= 4
    assert reading.reasons == ["bomb"]


def test_layers_in_one_another_end_at_the_limit(make):
    packed = make.lines(10)
    for _ in range(5):
        packed = make.compress("gzip", packed)
    assert make.read(io.BytesIO(packed), limits=Limits(depth=5)).reasons == []
    assert make.read(io.BytesIO(packed), limits=Limits(depth=4)).reasons == ["bomb"]


def test_archives_in_one_another_end_at_the_limit(make):
    packed = make.zip({"a.log": b"one\n"})
    for _ in range(20):
        packed = make.zip({"in.zip": packed, "b.log": b"x\n"})
    reading = make.read(io.BytesIO(packed), limits=Limits(depth=3))
    assert reading.reasons == ["bomb"]
    assert len(reading.files) == 3


def test_too_many_members_are_refused(make):
    members = {f"{index}.log": b"x\n" for index in range(50)}
    limits = Limits(members=20)
    for packed in (make.tar(members), make.zip(members)):
        reading = make.read(io.BytesIO(packed), limits=limits)
        assert len(reading.files) == 20
        assert reading.reasons == ["bomb"]


def test_too_many_files_in_a_folder_are_refused(make, tmp_path):
    for index in range(12):
        (tmp_path / f"{index:02}.log").write_bytes(b"x\n")
    reading = make.read(tmp_path, limits=Limits(members=10))
    assert len(reading.files) == 10
    assert reading.reasons == ["bomb"]


def test_overlapping_members_are_read_once(make):
    kernel = random.Random(1).randbytes(3000).hex().encode() + b"\n"
    packed = bytearray(make.zip({"a.log": kernel}))
    start = packed.index(b"PK\x01\x02")
    entry = bytes(packed[start : packed.index(b"PK\x05\x06")])
    packed[start:start] = entry * 1000
    reading = make.read(io.BytesIO(bytes(packed)))
    assert reading.files == {"a.log": kernel}


def test_a_sparse_file_of_enormous_size_is_not_read(make, tmp_path):
    path = tmp_path / "lastlog"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    if path.stat().st_blocks:
        pytest.skip("this file system stores holes")
    assert make.read(tmp_path).rejects == [("bomb", "lastlog")]
    assert make.read(path).rejects == [("bomb", "lastlog")]
