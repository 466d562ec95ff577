import io
import struct
import zipfile
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caseline.collect.limits import Limits

NAMES = ("a.log", "logs/b.log", "logs/c.log")
METHODS = [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]


@pytest.fixture(scope="module")
def members(make):
    return {
        name: make.lines(40 * (index + 1), word=name.replace("/", ""))
        for index, name in enumerate(NAMES)
    }


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("stream", [False, True])
def test_each_method_is_read_from_files_and_pipes(method, stream, make, members):
    reading = make.read(io.BytesIO(make.zip(members, method=method, stream=stream)))
    assert reading.files == members
    assert reading.rejects == []


def handmade(name, packed, *, method, data, flags=0, sizes=True):
    """Return a member as a tool would write it that the standard library is not."""
    crc = zlib.crc32(data) if sizes else 0
    lengths = (len(packed), len(data)) if sizes else (0, 0)
    header = struct.pack(
        "<4s5H3L2H", b"PK\x03\x04", 63, flags, method, 0, 0, crc, *lengths, len(name), 0
    )
    return header + name.encode() + packed


END = b"PK\x05\x06" + bytes(18)


@pytest.mark.parametrize(("method", "kind"), [(93, "zstd"), (95, "xz"), (12, "bzip2")])
def test_methods_of_newer_tools_are_read(method, kind, make):
    data = make.lines(50)
    packed = handmade("a.log", make.compress(kind, data), method=method, data=data) + END
    reading = make.read(io.BytesIO(packed))
    assert reading.files == {"a.log": data}
    assert reading.rejects == []


def test_an_lzma_header_that_no_coder_takes_is_told(make):
    packed = b"\x09\x04\x05\x00\xe0" + struct.pack("<L", 1 << 16) + bytes(20)
    reading = make.read(io.BytesIO(handmade("a.log", packed, method=14, data=b"one\n") + END))
    assert [reason for reason, _ in reading.rejects] == ["corrupt"]


@pytest.mark.parametrize("method", [1, 9, 98])
def test_a_method_that_cannot_be_read_is_told(method, make):
    packed = handmade("a.log", b"1234", method=method, data=b"one\n") + make.zip({"b.log": b"x\n"})
    reading = make.read(io.BytesIO(packed))
    assert reading.files == {"b.log": b"x\n"}
    assert reading.rejects == [("unsupported", "a.log")]


@pytest.mark.parametrize("trailed", [0, 8])
def test_encrypted_members_are_told_and_the_rest_is_read(trailed, make):
    packed = handmade("a.log", b"\x99" * 40, method=8, data=b"one\n", flags=1 | trailed)
    reading = make.read(io.BytesIO(packed + make.zip({"b.log": b"x\n"})))
    assert reading.files == {"b.log": b"x\n"}
    assert reading.rejects == [("encrypted", "a.log")]


def test_sizes_beyond_32_bits_are_read(make):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive, archive.open("a.log", "w", force_zip64=True) as file:
        file.write(b"one\n")
    reading = make.read(io.BytesIO(out.getvalue()))
    assert reading.files == {"a.log": b"one\n"}
    assert reading.rejects == []


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_sizes_beyond_32_bits_behind_the_data_are_read(method, make):
    data = make.lines(30)
    packer = zlib.compressobj(wbits=-15)
    packed = data if method == 0 else packer.compress(data) + packer.flush()
    trailer = struct.pack("<4sL2Q", b"PK\x07\x08", zlib.crc32(data), len(packed), len(data))
    member = handmade("a.log", packed, method=method, data=data, flags=8, sizes=False)
    reading = make.read(io.BytesIO(member + trailer + make.zip({"b.log": b"x\n"})))
    assert reading.files == {"a.log": data, "b.log": b"x\n"}
    assert reading.rejects == []


def test_stored_data_may_hold_what_looks_like_its_end(make):
    data = (b"PK\x07\x08" + b"x" * 20 + b"\n") * 4000 + b"PK\x03\x04 not a header\n"
    packed = make.zip({"a.log": data, "b.log": b"x\n"}, method=zipfile.ZIP_STORED, stream=True)
    reading = make.read(io.BytesIO(packed), limits=Limits(line_bytes=10_000))
    assert reading.files["b.log"] == b"x\n"
    assert reading.files.get("a.log", data) == data


def test_an_empty_archive_is_no_reject(make):
    reading = make.read(io.BytesIO(make.zip({})))
    assert (reading.files, reading.rejects) == ({}, [])


def test_folders_are_no_rejects(make):
    reading = make.read(io.BytesIO(make.zip({"logs/": b"", "logs/a.log": b"one\n"})))
    assert reading.files == {"logs/a.log": b"one\n"}
    assert reading.rejects == []


@pytest.mark.parametrize("name", ["../evil.log", "/var/evil.log", "..\\evil.log", "C:/evil.log"])
def test_names_that_lead_out_are_refused_and_the_rest_is_read(name, make):
    reading = make.read(io.BytesIO(make.zip({name: b"evil\n", "b.log": b"x\n"})))
    assert reading.files == {"b.log": b"x\n"}
    assert reading.reasons == ["unsafe_path"]


def test_backslashes_part_folders(make):
    packed = make.zip({"logs/a.log": b"one\n"}).replace(b"logs/a.log", b"logs\\a.log")
    assert make.read(io.BytesIO(packed)).files == {"logs/a.log": b"one\n"}


def test_names_that_are_no_utf8_are_read(make):
    packed = make.zip({"XXX.log": b"one\n"}).replace(b"XXX.log", b"\x82\x82\x82.log")
    assert make.read(io.BytesIO(packed)).files == {"ééé.log": b"one\n"}


def test_symbolic_links_are_refused(make, tmp_path):
    path = tmp_path / "bundle.zip"
    info = zipfile.ZipInfo("evil.log")
    info.create_system = 3
    info.external_attr = 0o120777 << 16
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.log", b"one\n")
        archive.writestr(info, "/etc/passwd")
        archive.writestr("b.log", b"x\n")
    reading = make.read(path)
    assert reading.files == {"a.log": b"one\n", "b.log": b"x\n"}
    assert reading.rejects == [("unsafe_member", "evil.log")]


def test_symbolic_links_are_known_behind_a_prefix_and_a_comment(make):
    out = io.BytesIO()
    info = zipfile.ZipInfo("evil.log")
    info.create_system = 3
    info.external_attr = 0o120777 << 16
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(info, "/etc/passwd")
        archive.comment = b"made by hand" * 50
    packed = b"\x7fMZ\0\1\2\3" * 90 + out.getvalue()
    reading = make.read(io.BytesIO(packed), name="bundle.zip")
    assert reading.files == {}
    assert ("unsafe_member", "evil.log") in reading.rejects


def test_symbolic_links_are_known_in_a_directory_of_64_bits(make):
    info = zipfile.ZipInfo("evil.log")
    info.create_system = 3
    info.external_attr = 0o120777 << 16
    packed = make.zip({info: b"/etc/passwd", "b.log": b"x\n"})
    end = packed.index(b"PK\x05\x06")
    size, offset = struct.unpack_from("<LL", packed, end + 12)
    record = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 2, 2, size, offset)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, end, 1)
    final = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    reading = make.read(io.BytesIO(packed[:end] + record + locator + final))
    assert reading.files == {"b.log": b"x\n"}
    assert reading.rejects == [("unsafe_member", "evil.log")]
    broken = make.read(io.BytesIO(packed[:end] + locator + final))
    assert broken.files["b.log"] == b"x\n"


def check_prefix(reading, members):
    names = list(reading.files)
    assert names == list(members)[: len(names)]
    for name in names[:-1]:
        assert reading.files[name] == members[name]
    for name in names[-1:]:
        assert members[name].startswith(reading.files[name])


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("method", METHODS)
@given(share=st.floats(0, 1, exclude_max=True))
@settings(max_examples=20, deadline=None)
def test_a_zip_cut_anywhere_gives_a_prefix(method, stream, share, make, members):
    packed = make.zip(members, method=method, stream=stream)
    cut = packed[: int(len(packed) * share)]
    check_prefix(make.read(io.BytesIO(cut), name="bundle.zip"), members)


def test_a_cut_at_each_byte_of_what_follows_stored_data_gives_the_data(make):
    packed = make.zip({"a.log": b"one\ntwo\n"}, method=zipfile.ZIP_STORED, stream=True)
    end = packed.index(b"PK\x07\x08")
    for cut in range(end, end + 17):
        reading = make.read(io.BytesIO(packed[:cut]))
        assert reading.files == {"a.log": b"one\ntwo\n"}
        assert reading.reasons == ["truncated"]


@given(data=st.data(), stream=st.booleans(), method=st.sampled_from(METHODS))
@settings(deadline=None)
def test_changed_bytes_anywhere_never_raise(data, stream, method, make, members):
    packed = bytearray(make.zip(members, method=method, stream=stream))
    for place in data.draw(st.lists(st.integers(0, len(packed) - 1), min_size=1, max_size=6)):
        packed[place] ^= data.draw(st.integers(1, 255))
    make.read(io.BytesIO(bytes(packed)), name="bundle.zip")


@pytest.mark.parametrize("stream", [False, True])
def test_without_its_directory_all_members_are_read(stream, make, members):
    packed = make.zip(members, stream=stream)
    cut = packed[: packed.index(b"PK\x01\x02")]
    reading = make.read(io.BytesIO(cut), name="bundle.zip")
    assert reading.files == members
    assert reading.rejects == [("truncated", "bundle.zip")]


@pytest.mark.parametrize("stream", [False, True])
def test_a_damaged_member_costs_no_other(stream, make, members):
    packed = bytearray(make.zip(members, stream=stream))
    place = packed.index(b"logs/b.log") + 60
    packed[place : place + 20] = b"\xff" * 20
    reading = make.read(io.BytesIO(bytes(packed)))
    assert reading.files["a.log"] == members["a.log"]
    assert reading.files["logs/c.log"] == members["logs/c.log"]
    assert ("corrupt", "logs/b.log") in reading.rejects


def test_a_wrong_sum_is_told_and_costs_no_line(make, members):
    packed = bytearray(make.zip(members))
    packed[14] ^= 1
    reading = make.read(io.BytesIO(bytes(packed)))
    assert reading.files == members
    (reject,) = reading.collection.rejects
    assert (reject.reason, reject.name, reject.position) == (
        "corrupt",
        "a.log",
        len(members["a.log"]),
    )


def test_a_damaged_header_costs_its_member_only(make, members):
    packed = bytearray(make.zip(members))
    place = packed.index(b"logs/b.log") - 30
    packed[place : place + 4] = b"????"
    reading = make.read(io.BytesIO(bytes(packed)), name="bundle.zip")
    assert reading.files == {name: members[name] for name in (NAMES[0], NAMES[2])}
    assert reading.rejects == [("corrupt", "bundle.zip")]


def test_archives_in_archives_are_read_with_their_whole_path(make):
    inner = make.zip({"c.log": b"inner\n"})
    middle = make.compress("gzip", make.tar({"in/inner.zip": inner, "b.log": b"middle\n"}))
    outer = make.zip({"middle.tgz": middle, "a.log": b"outer\n"})
    reading = make.read(io.BytesIO(outer))
    assert reading.files == {
        "middle.tgz/in/inner.zip/c.log": b"inner\n",
        "middle.tgz/b.log": b"middle\n",
        "a.log": b"outer\n",
    }
    assert reading.rejects == []


@given(share=st.floats(0, 1, exclude_max=True))
@settings(max_examples=30, deadline=None)
def test_nested_archives_cut_anywhere_never_raise(share, make, members):
    inner = make.compress("gzip", make.tar(members))
    packed = make.zip({"bundle.tgz": inner, "z.log": b"x\n"}, method=zipfile.ZIP_STORED)
    reading = make.read(io.BytesIO(packed[: int(len(packed) * share)]), name="outer.zip")
    for name, text in reading.files.items():
        assert (members | {"z.log": b"x\n"})[name.removeprefix("bundle.tgz/")].startswith(text)


def test_a_damaged_inner_archive_costs_no_outer_member(make, members):
    inner = bytearray(make.compress("gzip", make.tar(members)))
    inner[len(inner) // 2 :] = b""
    reading = make.read(io.BytesIO(make.zip({"bundle.tgz": bytes(inner), "z.log": b"x\n"})))
    assert reading.files["z.log"] == b"x\n"
    assert reading.reasons == ["truncated"]
