import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caseline.collect.limits import Limits
from caseline.collect.manifests import Manifest, read_manifest

FULL = {
    "environment_id": "acme-prod",
    "host": "node-1",
    "placement": "cell-3",
    "timezone": "Europe/Madrid",
    "collected_at": "2026-03-01T10:00:00+01:00",
}


def bundle(manifest, files, *, folder=""):
    data = manifest if isinstance(manifest, bytes) else json.dumps(manifest).encode()
    return {f"{folder}manifest.json": data} | files


@pytest.fixture(params=["tar", "tar.gz", "zip", "folder"])
def packed(request, make, tmp_path):
    """Return a function that puts members into a container of each kind."""

    def pack(members):
        if request.param == "folder":
            for name, data in members.items():
                path = tmp_path / "bundle" / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
            return tmp_path / "bundle"
        path = tmp_path / f"bundle.{request.param}"
        data = make.zip(members) if request.param == "zip" else make.tar(members)
        path.write_bytes(make.compress("gzip", data) if request.param == "tar.gz" else data)
        return path

    return pack


@pytest.mark.parametrize("folder", ["", "bundle-7/"])
@pytest.mark.parametrize("last", [False, True])
def test_the_manifest_tells_where_lines_come_from(folder, last, packed, make):
    members = bundle(FULL, {f"{folder}app.log": b"one\n"}, folder=folder)
    if last:
        members = dict(reversed(members.items()))
    reading = make.read(packed(members))
    (source,) = {block.source for block in reading.blocks}
    assert source.environment_id == reading.collection.environment_id == "acme-prod"
    assert (source.host, source.placement, source.timezone) == (
        "node-1",
        "cell-3",
        "Europe/Madrid",
    )
    assert reading.collection.manifest.collected_at.isoformat() == "2026-03-01T09:00:00+00:00"
    assert reading.files == {f"{folder}app.log": b"one\n"}
    assert reading.rejects == []


def test_without_a_manifest_the_caller_tells(packed, make):
    reading = make.read(packed({"app.log": b"one\n"}), environment_id="acme-test")
    (block,) = reading.blocks
    assert block.source.environment_id == reading.collection.environment_id == "acme-test"
    assert reading.collection.manifest == Manifest()


def test_without_both_the_environment_is_unknown(packed, make):
    reading = make.read(packed({"app.log": b"one\n"}))
    assert reading.collection.environment_id is None
    assert reading.blocks[0].source.environment_id is None


def test_a_bundle_of_another_environment_is_counted_and_not_read(packed, make):
    members = bundle(FULL, {"a.log": b"one\ntwo", "b.log": b"three\n", "c.log": b""})
    reading = make.read(packed(members), environment_id="zeta-prod")
    assert reading.files == {}
    assert reading.collection.foreign
    assert reading.rejects == [("foreign_environment", "a.log"), ("foreign_environment", "b.log")]
    assert [reject.lines for reject in reading.collection.rejects] == [2, 1]


def test_a_bundle_of_the_same_environment_is_read(packed, make):
    reading = make.read(packed(bundle(FULL, {"a.log": b"one\n"})), environment_id="acme-prod")
    assert reading.files == {"a.log": b"one\n"}
    assert not reading.collection.foreign


@pytest.mark.parametrize(
    "data", [b"{", b"", b"\xff\xfe\x00", b"[1, 2]", b'"text"', b"null", b"[" * 9999]
)
def test_a_manifest_that_is_no_object_is_told_and_left_out(data, packed, make):
    reading = make.read(packed(bundle(data, {"a.log": b"one\n"})), environment_id="e-1")
    assert reading.files == {"a.log": b"one\n"}
    assert reading.rejects == [("bad_manifest", "manifest.json")]


def test_a_manifest_that_is_too_long_is_told(packed, make):
    limits = Limits(manifest_bytes=100)
    members = bundle(FULL | {"notes": "x" * 200}, {"a.log": b"one\n"})
    reading = make.read(packed(members), limits=limits)
    assert reading.reasons == ["bad_manifest"]
    assert reading.files == {"a.log": b"one\n"}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("environment_id", 7),
        ("environment_id", ""),
        ("environment_id", "a\nb"),
        ("host", ["node-1"]),
        ("placement", {}),
        ("timezone", "Mars/Olympus"),
        ("timezone", "../../etc/passwd"),
        ("timezone", True),
        ("collected_at", "yesterday"),
        ("collected_at", "2026-03-01T10:00:00"),
        ("collected_at", 1772355600),
        ("hosts", "node-1"),
        ("hosts", [1]),
    ],
)
def test_a_wrong_value_is_told_and_the_others_count(key, value):
    told = []
    manifest = read_manifest(json.dumps(FULL | {key: value}).encode(), told.append)
    expected = read_manifest(
        json.dumps({k: v for k, v in FULL.items() if k != key}).encode(), told.append
    )
    assert manifest == expected
    assert len(told) == 1
    assert told[0].startswith(key)


def test_the_older_key_for_the_environment_counts():
    assert read_manifest(b'{"environment": "e-1"}', print).environment_id == "e-1"
    both = b'{"environment": "e-1", "environment_id": "e-2"}'
    assert read_manifest(both, print).environment_id == "e-2"


def test_unknown_keys_and_a_byte_order_mark_do_no_harm():
    told = []
    read_manifest(b'\xef\xbb\xbf{"version": 3, "files": []}', told.append)
    assert told == []


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda v: st.lists(v) | st.dictionaries(st.sampled_from([*FULL, "hosts", "x"]), v),
    )
)
def test_any_json_is_a_manifest_or_a_complaint(value):
    told = []
    manifest = read_manifest(json.dumps(value).encode(), told.append)
    assert isinstance(manifest, Manifest)


def test_a_host_is_told_by_its_folder_only_if_the_manifest_lists_it(make):
    files = {"node-1/var/log/app.log": b"one\n", "node-9/var/log/app.log": b"two\n"}
    manifest = {"hosts": ["node-1", "node-2"]}
    reading = make.read(io.BytesIO(make.tar(bundle(manifest, files))))
    assert {block.source.name: block.source.host for block in reading.blocks} == {
        "node-1/var/log/app.log": "node-1",
        "node-9/var/log/app.log": None,
    }


def test_a_second_manifest_is_told(packed, make):
    members = bundle(FULL, {"a.log": b"one\n", "other/manifest.json": b'{"host": "x"}'})
    reading = make.read(packed(members))
    assert reading.rejects == [("bad_manifest", "other/manifest.json")]
    assert reading.blocks[0].source.host == "node-1"


def test_each_bundle_in_a_folder_has_its_own_manifest(make, tmp_path):
    for name in ("acme-prod", "zeta-prod"):
        manifest = {"environment_id": name, "host": f"{name}-1"}
        data = make.tar(bundle(manifest, {"a.log": name.encode() + b"\n"}))
        (tmp_path / f"{name}.tar").write_bytes(data)
    reading = make.read(tmp_path, environment_id="acme-prod")
    assert reading.files == {"acme-prod.tar/a.log": b"acme-prod\n"}
    assert reading.blocks[0].source.host == "acme-prod-1"
    assert reading.rejects == [("foreign_environment", "zeta-prod.tar/a.log")]


class Pipe(io.RawIOBase):
    """Bytes that can be read once."""

    def __init__(self, data):
        self._data = io.BytesIO(data)

    def readable(self):
        return True

    def readinto(self, buffer):
        return self._data.readinto(buffer)


def test_the_first_thing_in_a_pipe_may_be_the_manifest(make):
    data = make.tar(bundle(FULL, {"a.log": b"one\n"}))
    reading = make.read(Pipe(data))
    assert reading.files == {"a.log": b"one\n"}
    assert reading.blocks[0].source.environment_id == "acme-prod"
    foreign = make.read(Pipe(data), environment_id="zeta-prod")
    assert foreign.reasons == ["foreign_environment"]


def test_a_manifest_behind_the_first_file_of_a_pipe_is_told(make):
    members = dict(reversed(bundle(FULL, {"a.log": b"one\n"}).items()))
    reading = make.read(Pipe(make.tar(members)))
    assert reading.files == {"a.log": b"one\n"}
    assert reading.rejects == [("bad_manifest", "manifest.json")]
