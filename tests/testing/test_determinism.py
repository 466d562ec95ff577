"""The same arguments give the same bytes."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys

import pytest

from caseline.testing.fleet import simulate

SCRIPT = """
import hashlib
from caseline.testing.fleet import simulate
fleet = simulate("S14", seed=3, customers=24, days=3, events_per_day=400)
digest = hashlib.sha256()
for place, name, chunks in fleet.streams():
    digest.update(f"{place} {name}".encode())
    for chunk in chunks:
        digest.update(chunk)
for parcel in fleet.parcels():
    digest.update(parcel.path.encode() + parcel.data)
for name in ("customers", "environments", "tenancies", "spans", "changes", "tickets", "messages"):
    digest.update(getattr(fleet, name).write_csv().encode())
digest.update(fleet.truth.impact.write_ndjson().encode())
print(digest.hexdigest())
"""


def digest_under(hash_seed):
    env = {**os.environ, "PYTHONHASHSEED": hash_seed}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=env, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def digest(fleet):
    sha = hashlib.sha256()
    for place, name, chunks in fleet.streams():
        sha.update(f"{place} {name}".encode())
        for chunk in chunks:
            sha.update(chunk)
    return sha.hexdigest()


def small(**knobs):
    options = {"seed": 7, "customers": 20, "days": 3, "events_per_day": 300} | knobs
    return simulate("incident", **options)


def test_bytes_do_not_depend_on_the_hash_seed():
    assert digest_under("1") == digest_under("4711")


def test_asking_twice_gives_the_same_bytes():
    fleet = small()
    assert digest(fleet) == digest(fleet)


@pytest.mark.parametrize("knob", [{"seed": 8}, {"dispersion": 0.3}, {"customers": 21}])
def test_another_seed_or_knob_gives_other_bytes(knob):
    assert digest(small()) != digest(small(**knob))


def test_a_day_does_not_depend_on_the_days_made_before():
    fleet = small()
    whole = {name: b"".join(chunks) for _, name, chunks in fleet.streams()}
    alone = {
        f"{fleet._traffic.files[file].host}/{fleet._traffic.files[file].service}": data
        for file, _, data in small()._traffic.day(2, 0)
    }
    assert alone
    for name, data in alone.items():
        assert whole[f"{name}-2026-03-04.log"] == data


def test_tickets_do_not_depend_on_whether_logs_were_made_first():
    first, second = small(), small()
    digest(second)
    assert first.tickets.equals(second.tickets)
    assert first.messages.equals(second.messages)
