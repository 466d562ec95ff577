"""A written fleet is what a support team would find."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from datetime import datetime

import polars as pl
import pytest

from caseline.errors import InputError
from caseline.testing.fleet import simulate


@pytest.fixture(scope="module")
def fleet():
    return simulate("incident", seed=3, customers=30, days=8, events_per_day=1000)


@pytest.fixture(scope="module")
def folder(fleet, tmp_path_factory):
    return fleet.write(tmp_path_factory.mktemp("fleet") / "support")


def test_tables_come_back_as_they_were(fleet, folder):
    for name in ("customers", "environments", "tenancies", "spans", "changes", "tickets"):
        frame = getattr(fleet, name)
        times = [c for c, t in frame.schema.items() if t == pl.Datetime("us", "UTC")]
        read = pl.read_csv(
            folder / "tables" / f"{name}.csv",
            schema_overrides={c: pl.String for c in frame.columns if frame.schema[c] != pl.Float64},
        ).with_columns(pl.col(times).str.to_datetime("%Y-%m-%dT%H:%M:%S%.fZ", time_zone="UTC"))
        assert read.equals(frame)


def test_tickets_carry_their_threads(fleet, folder):
    rows = [json.loads(line) for line in (folder / "tickets.jsonl").read_text().splitlines()]
    assert len(rows) == fleet.tickets.height
    assert sum(len(r["messages"]) for r in rows) == fleet.messages.height
    assert rows[0]["messages"][0]["body"] == rows[0]["description"]


def test_pushed_and_bundled_logs_lie_apart_by_telemetry(fleet, folder):
    modes = dict(fleet.environments.select("environment_id", "telemetry").iter_rows())
    assert {modes[p.name] for p in (folder / "push").iterdir()} == {"push"}
    assert {modes[p.name] for p in (folder / "bundles").iterdir()} == {"bundle"}


def test_pushed_logs_are_the_streams_one_after_another(fleet, folder):
    whole = {}
    for place, name, chunks in fleet.streams():
        host, file = name.split("/")
        key = f"{place}/{host}/{file.rsplit('-', 3)[0]}.log"
        whole[key] = whole.get(key, b"") + b"".join(chunks)
    for path in (folder / "push").rglob("*.log"):
        assert path.read_bytes() == whole[path.relative_to(folder / "push").as_posix()]


def manifest(parcel):
    if parcel.path.endswith(".zip"):
        with zipfile.ZipFile(io.BytesIO(parcel.data)) as archive:
            return json.loads(archive.read("manifest.json"))
    with tarfile.open(fileobj=io.BytesIO(parcel.data)) as archive:
        return json.loads(archive.extractfile("manifest.json").read())


def test_every_bundle_says_where_and_when_it_was_collected(fleet):
    zones = dict(fleet.environments.select("environment_id", "timezone").iter_rows())
    hosts = set(fleet.truth.files["host"])
    parcels = list(fleet.parcels())
    assert parcels
    for parcel in parcels:
        said = manifest(parcel)
        assert parcel.path.split("/")[1] == said["environment_id"] == parcel.environment_id
        assert said["timezone"] == zones[said["environment_id"]]
        assert said["host"] in hosts
        collected_at = datetime.fromisoformat(said["collected_at"])
        assert collected_at < parcel.received_at
        assert collected_at <= fleet.settings.end


def test_a_bundle_in_the_folder_has_the_time_of_its_arrival(fleet, folder):
    for parcel in fleet.parcels():
        arrived = (folder / parcel.path).stat().st_mtime
        assert abs(arrived - parcel.received_at.timestamp()) < 1


def test_truth_is_kept_apart(folder):
    names = {p.name for p in (folder / "truth").iterdir()}
    assert {"issues.jsonl", "impact.jsonl", "tickets.jsonl", "parcels.jsonl", "facts.json"} <= names
    first = json.loads((folder / "truth" / "impact.jsonl").read_text().splitlines()[0])
    assert datetime.fromisoformat(first["first_hit"]).utcoffset() is not None


def test_a_folder_that_is_not_empty_is_refused(fleet, tmp_path):
    (tmp_path / "here").write_text("x")
    with pytest.raises(InputError, match="is not empty; give a new folder"):
        fleet.write(tmp_path)
