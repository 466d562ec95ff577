import bz2
import gzip
import io
import lzma
import random
import tracemalloc
import zlib

import pytest
import zstandard
from hypothesis import example, given, settings
from hypothesis import strategies as st

from caseline.collect.limits import Limits

KINDS = ["gzip", "bzip2", "xz", "zstd"]
RNG = random.Random(7)
# Little to squeeze out of: damage at any byte is damage to the text.
TEXT = b"".join(b"%d %x\n" % (i, RNG.getrandbits(200)) for i in range(3000))


@pytest.mark.parametrize("kind", KINDS)
def test_a_packed_file_is_read_whole(kind, make):
    reading = make.read(io.BytesIO(make.compress(kind, TEXT)), name="app.log")
    assert reading.files == {"app.log": TEXT}
    assert reading.rejects == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_packed_file_keeps_its_name(kind, make, tmp_path):
    path = tmp_path / f"app.log.1{make.suffixes[kind]}"
    path.write_bytes(make.compress(kind, TEXT))
    assert list(make.read(path).files) == [path.name]


@pytest.mark.parametrize("kind", KINDS)
def test_the_name_does_not_matter_where_the_bytes_tell(kind, make):
    reading = make.read(io.BytesIO(make.compress(kind, TEXT)), name="app.txt")
    assert reading.files == {"app.txt": TEXT}


@pytest.mark.parametrize("kind", KINDS)
def test_members_one_after_another_are_one_file(kind, make):
    packed = (
        make.compress(kind, b"one\n") + make.compress(kind, b"") + make.compress(kind, b"two\n")
    )
    reading = make.read(io.BytesIO(packed))
    assert reading.files == {"stream": b"one\ntwo\n"}
    assert reading.rejects == []


@pytest.mark.parametrize("kind", KINDS)
def test_thousands_of_tiny_members_are_read(kind, make):
    reading = make.read(io.BytesIO(make.compress(kind, b"one\n") * 3000))
    assert reading.files == {"stream": b"one\n" * 3000}


@pytest.mark.parametrize("kind", KINDS)
def test_zeros_between_members_are_padding(kind, make):
    packed = make.compress(kind, b"one\n") + bytes(64) + make.compress(kind, b"two\n") + bytes(900)
    reading = make.read(io.BytesIO(packed))
    assert reading.files == {"stream": b"one\ntwo\n"}
    assert reading.rejects == []


@pytest.mark.parametrize("kind", KINDS)
@given(share=st.floats(0, 1, exclude_max=True))
@example(share=0.0)
@settings(max_examples=25, deadline=None)
def test_a_cut_anywhere_gives_a_prefix_and_one_reject(kind, share, make):
    packed = make.compress(kind, TEXT)
    cut = packed[: int(len(packed) * share)]
    reading = make.read(io.BytesIO(cut), name=f"app.log{make.suffixes[kind]}")
    assert TEXT.startswith(b"".join(reading.files.values()))
    assert reading.reasons == (["truncated"] if cut else [])


@pytest.mark.parametrize("kind", KINDS)
def test_a_cut_at_each_of_the_first_and_last_bytes_is_told(kind, make):
    packed = make.compress(kind, b"one\ntwo\n")
    for size in range(1, len(packed)):
        reading = make.read(io.BytesIO(packed[:size]), name=f"app.log{make.suffixes[kind]}")
        assert b"one\ntwo\n".startswith(b"".join(reading.files.values())), size
        assert reading.reasons == ["truncated"], size


@pytest.mark.parametrize("kind", ["gzip", "zstd"])
def test_what_precedes_a_cut_is_given_to_the_last_byte(kind, make):
    packed = make.compress(kind, TEXT)
    cut = packed[: len(packed) // 2]
    reading = make.read(io.BytesIO(cut), name=f"app.log{make.suffixes[kind]}")
    decoder = zlib.decompressobj(31) if kind == "gzip" else None
    expected = (
        decoder.decompress(cut)
        if decoder
        else zstandard.ZstdDecompressor().decompressobj().decompress(cut)
    )
    assert b"".join(reading.files.values()) == expected


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_changed_bytes_anywhere_never_raise(kind, data, make):
    packed = bytearray(make.compress(kind, TEXT[:20_000]))
    for place in data.draw(st.lists(st.integers(0, len(packed) - 1), min_size=1, max_size=4)):
        packed[place] ^= data.draw(st.integers(1, 255))
    reading = make.read(io.BytesIO(bytes(packed)), name=f"app.log{make.suffixes[kind]}")
    assert reading.rejects or b"".join(reading.files.values()) == TEXT[:20_000]


def test_a_wrong_sum_costs_no_line(make):
    packed = bytearray(gzip.compress(TEXT, mtime=0))
    packed[-6] ^= 1
    reading = make.read(io.BytesIO(bytes(packed)))
    assert reading.files == {"stream": TEXT}
    assert reading.reasons == ["corrupt"]
    assert reading.collection.rejects[0].position == len(TEXT)


def test_a_damaged_bzip2_block_leaves_the_blocks_before_it(make):
    text = TEXT * 8
    packed = bytearray(bz2.compress(text, 1))
    packed[-3000] ^= 0xFF
    reading = make.read(io.BytesIO(bytes(packed)))
    salvaged = reading.files["stream"]
    assert text.startswith(salvaged)
    assert len(salvaged) > 500_000
    assert reading.reasons == ["corrupt"]


def test_a_damaged_zstd_block_leaves_the_blocks_before_it(make):
    text = TEXT * 8
    packed = bytearray(zstandard.ZstdCompressor(level=1, write_checksum=True).compress(text))
    packed[-200:-190] = b"\xff" * 10
    reading = make.read(io.BytesIO(bytes(packed)))
    assert reading.reasons == ["corrupt"]
    assert len(reading.files["stream"]) > 0


@pytest.mark.parametrize("kind", KINDS)
def test_members_behind_a_damaged_one_are_found(kind, make):
    first = bytearray(make.compress(kind, TEXT))
    middle = len(first) // 2
    first[middle : middle + 40] = b"\xff" * 40
    packed = bytes(first) + make.compress(kind, b"behind the damage\n")
    reading = make.read(io.BytesIO(packed))
    assert reading.files["stream"].endswith(b"behind the damage\n")
    assert reading.reasons[0] == "corrupt"


@pytest.mark.parametrize("kind", KINDS)
def test_bytes_behind_the_end_are_told(kind, make):
    reading = make.read(io.BytesIO(make.compress(kind, b"one\n") + b"what is this?"))
    assert reading.files == {"stream": b"one\n"}
    assert reading.reasons == ["corrupt"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_name_alone_makes_no_packed_file(kind, make):
    reading = make.read(io.BytesIO(b"just text\n"), name=f"app.log{make.suffixes[kind]}")
    assert list(reading.files.values()) == [b"just text\n"]
    assert reading.rejects == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_name_decides_where_the_bytes_are_neither_text_nor_known(kind, make):
    packed = b"\x00\x01\x02\x03" * 200 + make.compress(kind, b"one\n")
    reading = make.read(io.BytesIO(packed), name=f"app.log{make.suffixes[kind]}")
    assert list(reading.files.values()) == [b"one\n"]
    assert reading.reasons == ["corrupt"]


def test_an_empty_packed_file_is_no_reject(make):
    for kind in KINDS:
        reading = make.read(io.BytesIO(make.compress(kind, b"")))
        assert (reading.files, reading.rejects) == ({}, [])


def test_zstd_frames_of_every_shape_are_read(make):
    for options in (
        {"level": 19},
        {"level": 1, "write_content_size": False},
        {"level": 3, "write_checksum": True, "write_content_size": False},
    ):
        for text in (
            b"",
            b"x" * 5,
            b"\n" * 500_000,
            TEXT,
            random.Random(3).randbytes(300).hex().encode(),
        ):
            packed = zstandard.ZstdCompressor(**options).compress(text)
            reading = make.read(io.BytesIO(packed))
            assert b"".join(reading.files.values()) == text
            assert reading.rejects == []


def test_zstd_frames_that_hold_no_data_are_skipped(make):
    skipped = b"\x50\x2a\x4d\x18" + (5).to_bytes(4, "little") + b"notes"
    packed = skipped + make.compress("zstd", b"one\n") + skipped
    assert make.read(io.BytesIO(packed)).files == {"stream": b"one\n"}
    cut = make.read(io.BytesIO(packed[:-2]))
    assert cut.files == {"stream": b"one\n"}
    assert cut.reasons == ["truncated"]


def test_a_zstd_block_of_an_unknown_kind_is_corrupt(make):
    packed = bytearray(zstandard.ZstdCompressor(write_content_size=False).compress(b"one\n"))
    packed[6] |= 0b110
    assert make.read(io.BytesIO(bytes(packed))).reasons == ["corrupt"]


def test_a_decoder_that_asks_for_too_much_memory_is_a_bomb(make):
    limits = Limits(window_bytes=1 << 20)
    zstd = zstandard.ZstdCompressor(
        compression_params=zstandard.ZstdCompressionParameters(window_log=24),
    )
    stream = zstd.compressobj()
    packed = stream.compress(TEXT * 20) + stream.flush()
    assert make.read(io.BytesIO(packed), limits=limits).reasons == ["bomb"]
    assert make.read(io.BytesIO(lzma.compress(TEXT, preset=9)), limits=limits).reasons == ["bomb"]


@pytest.mark.parametrize(
    ("kind", "times", "most"),
    [
        ("gzip", 150, 6 << 20),
        ("bzip2", 25, 4 << 20),
        ("xz", 60, 8 << 20),
        ("zstd", 150, 12 << 20),
    ],
)
def test_unpacking_takes_no_more_memory_for_a_larger_file(kind, times, most, make):
    packed = make.compress(kind, TEXT * times)
    limits = Limits(block_bytes=1 << 16)
    tracemalloc.start()
    try:
        collection = make.open(io.BytesIO(packed), limits=limits)
        for file in collection.files():
            for _ in file.blocks():
                pass
        assert tracemalloc.get_traced_memory()[1] < most
    finally:
        tracemalloc.stop()


def test_members_with_wrong_sums_are_all_read(make):
    packed = gzip.compress(b"one\n", mtime=0)
    reading = make.read(io.BytesIO((packed[:-8] + bytes(8)) * 3000))
    assert reading.files == {"stream": b"one\n" * 3000}
    assert len(reading.rejects) == 3000
