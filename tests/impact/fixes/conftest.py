"""What ran where, in days since the start; written as the fleet's tables hold it."""

from __future__ import annotations

import polars as pl
import pytest

TIME = pl.Datetime("us", "UTC")


@pytest.fixture
def spans(fleet):
    def write(*, component="server", **places):
        rows = [
            (place, component, value, "version", *(None if d is None else fleet.at(days=d)
                                                   for d in ends))
            for place, ran in places.items()
            for value, *ends in ran
        ]  # fmt: skip
        schema = dict.fromkeys(("environment_id", "component", "value", "kind"), pl.String)
        schema |= {"valid_from": TIME, "valid_to": TIME}
        fleet.store.save("spans", pl.DataFrame(rows, schema=schema, orient="row"))

    return write


@pytest.fixture
def change(fleet):
    def write(name, value, scope, starts, ends=None, component="server"):
        row = {
            "change_id": name, "kind": "release", "component": component, "value": value,
            "scope": scope, "starts_at": fleet.at(days=starts),
            "ends_at": None if ends is None else fleet.at(days=ends),
        }  # fmt: skip
        fleet.store.save("changes", pl.DataFrame([row], schema_overrides={"ends_at": TIME}))

    return write


@pytest.fixture
def struck(fleet):
    def write(customer, version, *days, signature="s-lock"):
        moments = (fleet.at(days=d, hours=9) for d in days)
        fleet.add(fleet.errors(customer, *moments, version=version, signature_id=signature))

    return write
