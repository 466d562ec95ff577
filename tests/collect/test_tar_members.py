import io
import tarfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

NAMES = ("a.log", "logs/b.log", "logs/c.log")


@pytest.fixture(scope="module")
def members(make):
    return {
        name: make.lines(40 * (index + 1), word=name.replace("/", ""))
        for index, name in enumerate(NAMES)
    }


def link(name, kind, target="/etc/hosts"):
    info = tarfile.TarInfo(name)
    info.type = kind
    info.linkname = target
    return info


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_each_form_of_tar_is_read(form, make, members):
    long = "/".join(["a-rather-long-folder-name"] * 9) + "/app.log"
    reading = make.read(io.BytesIO(make.tar(members | {long: b"one\n"}, format=form)))
    assert reading.files == members | {long: b"one\n"}
    assert reading.rejects == []


def test_names_longer_than_a_header_are_read_whole(make):
    name = "é" * 300 + ".log"
    for form in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        reading = make.read(io.BytesIO(make.tar({name: b"one\n"}, format=form)))
        assert reading.files == {name: b"one\n"}


def test_undecodable_names_are_written_out(make):
    reading = make.read(io.BytesIO(make.tar({"a\udcff.log": b"one\n"}, format=tarfile.GNU_FORMAT)))
    assert reading.files == {"a\\xff.log": b"one\n"}


@pytest.mark.parametrize("kind", ["gzip", "bzip2", "xz", "zstd"])
def test_a_packed_tar_is_read(kind, make, members, tmp_path):
    path = tmp_path / f"bundle.tar{make.suffixes[kind]}"
    path.write_bytes(make.compress(kind, make.tar(members)))
    reading = make.read(path)
    assert reading.files == members
    assert reading.rejects == []


def test_folders_and_empty_files_are_no_rejects(make):
    folder = tarfile.TarInfo("logs/")
    folder.type = tarfile.DIRTYPE
    reading = make.read(io.BytesIO(make.tar({folder: b"", "logs/a.log": b"", "b.log": b"x\n"})))
    assert reading.files == {"b.log": b"x\n"}
    assert reading.rejects == []


@pytest.mark.parametrize(
    "kind",
    [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE],
)
def test_links_and_devices_are_refused(kind, make):
    reading = make.read(io.BytesIO(make.tar({link("evil.log", kind): b"", "b.log": b"x\n"})))
    assert reading.files == {"b.log": b"x\n"}
    assert reading.rejects == [("unsafe_member", "evil.log")]


@pytest.mark.parametrize(
    "name", ["../evil.log", "logs/../../evil.log", "/var/log/evil.log", "C:\\evil.log", "a\nb.log"]
)
def test_names_that_lead_out_are_refused_and_the_rest_is_read(name, make, tmp_path):
    reading = make.read(io.BytesIO(make.tar({name: b"evil\n", "b.log": b"x\n"})))
    assert reading.files == {"b.log": b"x\n"}
    assert reading.reasons == ["unsafe_path"]
    assert list(tmp_path.iterdir()) == []


def test_names_of_rejects_hold_no_control_characters(make):
    reading = make.read(io.BytesIO(make.tar({"a\x1b[2J\n.log": b"evil\n"})))
    assert reading.rejects == [("unsafe_path", "a?[2J?.log")]


def test_sparse_members_are_not_guessed_at(make):
    reading = make.read(
        io.BytesIO(make.tar({link("s.log", tarfile.GNUTYPE_SPARSE): b"", "b.log": b"x\n"}))
    )
    assert reading.files == {"b.log": b"x\n"}
    assert reading.rejects == [("unsupported", "s.log")]


def check_prefix(reading, members):
    """All but the last file are whole, the last is a prefix, in the archive's order."""
    names = list(reading.files)
    assert names == list(members)[: len(names)]
    for name in names[:-1]:
        assert reading.files[name] == members[name]
    for name in names[-1:]:
        assert members[name].startswith(reading.files[name])


@given(share=st.floats(0, 1, exclude_max=True))
@settings(deadline=None)
def test_a_tar_cut_anywhere_gives_a_prefix(share, make, members):
    packed = make.tar(members)
    reading = make.read(io.BytesIO(packed[: int(len(packed) * share)]), name="bundle.tar")
    check_prefix(reading, members)


@pytest.mark.parametrize("kind", ["gzip", "bzip2", "xz", "zstd"])
@given(share=st.floats(0, 1, exclude_max=True))
@settings(max_examples=20, deadline=None)
def test_a_packed_tar_cut_anywhere_gives_a_prefix(kind, share, make, members):
    packed = make.compress(kind, make.tar(members))
    cut = packed[: int(len(packed) * share)]
    reading = make.read(io.BytesIO(cut), name=f"bundle.tar{make.suffixes[kind]}")
    check_prefix(reading, members)
    assert reading.reasons == (["truncated"] if cut else [])


@given(data=st.data())
@settings(deadline=None)
def test_changed_bytes_anywhere_never_raise(data, make, members):
    packed = bytearray(make.tar(members))
    for place in data.draw(st.lists(st.integers(0, len(packed) - 1), min_size=1, max_size=6)):
        packed[place] ^= data.draw(st.integers(1, 255))
    make.read(io.BytesIO(bytes(packed)), name="bundle.tar")


def test_a_cut_inside_a_member_is_told_with_its_name_and_place(make, members):
    packed = make.tar(members)
    reading = make.read(io.BytesIO(packed[: 512 + 100]))
    (reject,) = reading.collection.rejects
    assert (reject.reason, reject.name, reject.position) == ("truncated", "a.log", 100)
    assert reading.files["a.log"] == members["a.log"][:100]


def test_a_cut_between_members_is_told(make, members):
    packed = make.tar(members)
    place = packed.index(b"logs/c.log")
    reading = make.read(io.BytesIO(packed[:place]), name="bundle.tar")
    assert reading.files == {name: members[name] for name in NAMES[:2]}
    assert reading.rejects == [("truncated", "bundle.tar")]


def test_a_damaged_header_costs_its_member_only(make, members):
    packed = bytearray(make.tar(members))
    place = packed.index(b"logs/b.log")
    packed[place : place + 100] = b"?" * 100
    reading = make.read(io.BytesIO(bytes(packed)), name="bundle.tar")
    assert reading.files == {name: members[name] for name in (NAMES[0], NAMES[2])}
    (reject,) = reading.collection.rejects
    assert (reject.reason, reject.name, reject.position) == ("corrupt", "bundle.tar", place)


def test_a_damaged_first_header_is_passed_over(make, members):
    packed = b"\x00\xff\x03" * 100 + make.tar(members)[300:]
    reading = make.read(io.BytesIO(packed), name="bundle.tar")
    assert reading.files == {name: members[name] for name in NAMES[1:]}


def test_missing_bytes_in_the_middle_cost_what_stood_there(make, members):
    packed = make.tar(members | {"z.log": b"x\n"})
    place = packed.index(b"logs/b.log") + 600
    reading = make.read(io.BytesIO(packed[:place] + packed[place + 777 :]), name="bundle.tar")
    assert reading.files["a.log"] == members["a.log"]
    assert reading.files["z.log"] == b"x\n"
    assert "corrupt" in reading.reasons


def test_archives_one_after_another_are_read(make, members):
    packed = make.tar(members) + make.tar({"d.log": b"later\n"})
    reading = make.read(io.BytesIO(packed))
    assert reading.files == members | {"d.log": b"later\n"}
    assert reading.rejects == []


def test_damage_in_the_packing_costs_what_cannot_be_found(make, members):
    first = bytearray(make.compress("gzip", make.tar(members)))
    middle = len(first) // 2
    first[middle : middle + 30] = bytes(30)
    packed = bytes(first) + make.compress("gzip", make.tar({"d.log": b"later\n"}))
    reading = make.read(io.BytesIO(packed), name="bundle.tar.gz")
    assert reading.files["d.log"] == b"later\n"
    assert "corrupt" in reading.reasons


def test_a_huge_size_in_a_header_is_only_believed_as_far_as_bytes_come(make):
    info = tarfile.TarInfo("a.log")
    info.size = 1 << 60
    packed = info.tobuf(tarfile.GNU_FORMAT) + b"one\n" * 300
    reading = make.read(io.BytesIO(packed))
    assert reading.files == {"a.log": b"one\n" * 300}
    assert reading.rejects == [("truncated", "a.log")]


def test_a_pax_size_counts(make):
    info = tarfile.TarInfo("a.log")
    info.size = 4
    info.pax_headers = {"size": "4", "comment": "x" * 2000}
    packed = make.tar({info: b"one\n", "b.log": b"two\n"}, format=tarfile.PAX_FORMAT)
    assert make.read(io.BytesIO(packed)).files == {"a.log": b"one\n", "b.log": b"two\n"}
