"""Bundles arrive as the scenario says, and the truth about them holds."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import zipfile
import zlib

import pytest

from caseline.testing.fleet import simulate
from caseline.testing.fleet.damage import salvageable_lines


def members(parcel):
    """Return the members of an archive by a reader of its own."""
    if parcel.path.endswith(".zip"):
        with zipfile.ZipFile(io.BytesIO(parcel.data)) as archive:
            return {
                i.filename: archive.read(i) for i in archive.infolist() if i.file_size < 1 << 27
            }
    with tarfile.open(fileobj=io.BytesIO(parcel.data)) as archive:
        return {e.name: archive.extractfile(e).read() for e in archive.getmembers()}


def logs(parcel):
    held = {}
    for name, data in members(parcel).items():
        if name != "manifest.json":
            held[name] = gzip.decompress(data) if name.endswith(".gz") else data
    return held


class TestRepeatedBundles:
    @pytest.fixture(scope="class")
    @classmethod
    def fleet(cls):
        return simulate("S14", seed=1, customers=40, days=9, events_per_day=2000, bundle_days=3)

    @pytest.fixture(scope="class")
    @classmethod
    def parcels(cls, fleet):
        return list(fleet.parcels())

    def test_every_habit_occurs(self, parcels):
        assert {p.damage for p in parcels} == {
            "none",
            "duplicated",
            "overlapping",
            "renamed",
            "rotated",
            "pushed",
        }

    def test_distinct_lines_are_the_lines_that_were_written_once(self, fleet, parcels):
        bundled = {p.environment_id for p in parcels}
        truth = {}
        for place, name, chunks in fleet.streams():
            if place in bundled:
                key = place, name.split("/")[0]
                truth.setdefault(key, []).extend(b"".join(chunks).split(b"\n")[:-1])
        arrived = set()
        for parcel in parcels:
            if parcel.path.startswith("bundles/"):
                for data in logs(parcel).values():
                    arrived.update(data.split(b"\n"))
        arrived.discard(b"")
        assert arrived == {line for lines in truth.values() for line in lines}

    def test_more_lines_arrive_than_were_written(self, parcels):
        assert sum(p.readable_lines for p in parcels) > 1.2 * sum(
            p.notes.get("unique_lines", p.readable_lines) for p in parcels
        )

    def test_unique_lines_of_the_parcels_are_what_was_written(self, fleet, parcels):
        bundled = {p.environment_id for p in parcels}
        lines = sum(
            b"".join(chunks).count(b"\n")
            for place, _, chunks in fleet.streams()
            if place in bundled
        )
        assert sum(p.notes.get("unique_lines", p.readable_lines) for p in parcels) == lines

    def test_a_duplicate_has_the_same_bytes_under_another_name(self, parcels):
        copies = [i for i, p in enumerate(parcels) if p.damage == "duplicated"]
        assert copies
        for i in copies:
            assert parcels[i].data == parcels[i - 1].data
            assert parcels[i].path != parcels[i - 1].path

    def test_an_overlap_holds_the_log_of_the_bundle_before(self, parcels):
        overlapping = next(p for p in parcels if p.damage == "overlapping")
        names = set(logs(overlapping))
        assert "logs/api.log" in names
        assert "logs/api.log.1" in names


class TestDamagedBundles:
    @pytest.fixture(scope="class")
    @classmethod
    def parcels(cls):
        fleet = simulate("S15", seed=1, customers=40, days=4, events_per_day=2000, bundle_days=2)
        return list(fleet.parcels())

    def one(self, parcels, damage):
        return next(p for p in parcels if p.damage == damage)

    def test_every_kind_of_damage_occurs(self, parcels):
        assert {p.damage for p in parcels} == {
            "none",
            "truncated",
            "bad_utf8",
            "nul_block",
            "half_json",
            "bomb",
            "traversal",
            "missing_file",
            "foreign",
        }

    def test_a_cut_archive_cannot_be_read_whole_and_says_what_can(self, parcels):
        cut = self.one(parcels, "truncated")
        with pytest.raises((EOFError, tarfile.ReadError)):
            members(cut)
        plain = zlib.decompressobj(31).decompress(cut.data)
        start = plain.index(b"logs/")
        assert 0 < cut.readable_lines <= plain[start:].count(b"\n")
        assert cut.lost_lines > 0
        assert salvageable_lines(cut.data) == cut.readable_lines

    def test_spoilt_lines_are_no_utf8_and_keep_their_count(self, parcels):
        spoilt = self.one(parcels, "bad_utf8")
        data = b"".join(logs(spoilt).values())
        with pytest.raises(UnicodeDecodeError):
            data.decode()
        assert data.count(b"\n") == spoilt.readable_lines

    def test_nul_blocks_lie_between_lines(self, parcels):
        nul = self.one(parcels, "nul_block")
        data = next(iter(logs(nul).values()))
        assert data[data.index(b"\0") - 1 : data.index(b"\0")] == b"\n"
        assert data.count(b"\0") == 4096

    def test_half_a_record_is_lost(self, parcels):
        half = self.one(parcels, "half_json")
        broken = [d for d in logs(half).values() if d.startswith(b"{") and not d.endswith(b"}\n")]
        assert len(broken) == half.lost_lines > 0
        for data in broken:
            with pytest.raises(json.JSONDecodeError):
                json.loads(data.split(b"\n")[-1])

    def test_a_bomb_is_small_outside_and_large_inside(self, parcels):
        bomb = self.one(parcels, "bomb")
        with zipfile.ZipFile(io.BytesIO(bomb.data)) as archive:
            large = max(i.file_size for i in archive.infolist())
        assert large == 256 << 20
        assert len(bomb.data) < 2_000_000
        assert bomb.refused_members == 1

    def test_escaping_members_point_outside(self, parcels):
        escape = self.one(parcels, "traversal")
        outside = [n for n in members(escape) if n.startswith(("/", ".."))]
        assert len(outside) == escape.refused_members == 2

    def test_a_missing_file_is_named_by_the_manifest(self, parcels):
        missing = self.one(parcels, "missing_file")
        held = members(missing)
        named = json.loads(held["manifest.json"])["files"]
        assert set(named) - set(held) == {missing.notes["missing"]}

    def test_a_foreign_bundle_names_another_environment_than_its_folder(self, parcels):
        foreign = self.one(parcels, "foreign")
        said = json.loads(members(foreign)["manifest.json"])["environment_id"]
        assert said == foreign.environment_id
        assert foreign.path.split("/")[1] == foreign.notes["delivered_as"] != said
