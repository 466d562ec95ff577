"""Other stages warn; a forecast marks who is at risk."""

from __future__ import annotations

import polars as pl

from caseline.impact.ledger.risks import with_risks
from caseline.impact.ledger.stages import by_stage, stage_warnings


def test_a_hit_in_staging_warns_the_same_customer(fleet):
    fleet.customers(4)
    fleet.talk(range(1, 5), range(8))
    fleet.place("stage2", "c2", stage="Staging")
    fleet.add(fleet.errors("c1", *(fleet.at(days=d, hours=h) for d in range(2, 8) for h in (1, 2))))
    fleet.add(fleet.errors("c2", fleet.at(days=3), fleet.at(days=4), environment_id="stage2",
                           stage="Staging"))  # fmt: skip
    impact = fleet.impact.of("s-lock")
    rows = {row.customer_id: row for row in impact.customers}
    assert rows["c2"].status == "at_risk"
    assert rows["c2"].events == 0
    assert (
        "struck in staging: 2 events from 2026-03-05 to 2026-03-06; production may be next"
    ) in rows["c2"].reasons
    assert "hit outside production" in rows["c2"].reasons[-1]
    assert "struck in" not in " ".join(rows["c3"].reasons)


def test_lines_of_nobody_warn_nobody():
    others = pl.DataFrame(
        {
            "customer_id": [None, "c1", "c1"],
            "stage": ["test", "test", "dev"],
            "events": [5, 1, 2],
            "first_at": [None] * 3,
            "last_at": [None] * 3,
        },
        schema_overrides={
            "first_at": pl.Datetime("us", "UTC"),
            "last_at": pl.Datetime("us", "UTC"),
        },
    )
    assert by_stage(others).height == 3
    assert stage_warnings(others)["customer_id"].to_list() == ["c1"]


def test_who_is_unknown_stays_so_but_hears_the_risk():
    judged = pl.DataFrame(
        {"customer_id": ["a", "b"], "status": ["unknown", "clear"], "reasons": [["x"], ["y"]]}
    )
    risk = pl.DataFrame({"customer_id": ["a"], "reason": ["next wave"]})
    assert with_risks(judged, risk).rows() == [
        ("a", "unknown", ["x", "next wave"]), ("b", "clear", ["y"])
    ]  # fmt: skip
