from __future__ import annotations

from datetime import timedelta

import pytest

from caseline.errors import InputError
from caseline.trends.face import Trends


@pytest.fixture
def grown(fleet):
    """Four customers with logs on days 0 to 3; s-lock grows from one to three of them."""
    fleet.customers(4)
    fleet.talk(range(1, 5), range(4))
    fleet.add(fleet.errors("c1", fleet.at(days=1, hours=2), fleet.at(days=1, hours=3)))
    fleet.add(
        [row for c in ("c1", "c2", "c3") for row in fleet.errors(c, fleet.at(days=2, hours=5))]
    )
    fleet.add(fleet.errors("c4", fleet.at(days=2, hours=5), stage="staging"))
    return fleet


def compared(fleet, **options):
    return Trends(fleet.store, fleet.clock).compare(**options)


def row_of(table, signature="s-lock"):
    return next(row for row in table if row.signature_id == signature)


def test_events_customers_and_customer_days_of_two_windows(grown):
    table = compared(grown, window=(grown.at(days=2), grown.at(days=4)))
    row = row_of(table)
    assert (row.events, row.events_before) == (3, 2)
    assert (row.customers, row.customers_before) == (3, 1)
    assert (row.hit_days, row.hit_days_before) == (3, 1)
    assert row.ratio == pytest.approx(3.0)
    assert row.low < 3 < row.high
    assert "customer-days with logs: 8, and 8 before" in table.notes


def test_a_window_without_logs_before_it_has_no_ratio(grown):
    row = row_of(compared(grown, window=(grown.at(days=0), grown.at(days=4))))
    assert (row.events, row.events_before, row.ratio, row.low, row.high) == (5, 0, None, None, None)


def test_the_most_surely_changed_comes_first(grown):
    twice = [grown.at(days=3, hours=hour) for hour in (1, 9)]
    for customer in ("c1", "c2", "c3", "c4"):
        grown.add(grown.errors(customer, *twice, signature_id="s-new"))
    names = [
        row.signature_id for row in compared(grown, window=(grown.at(days=2), grown.at(days=4)))
    ]
    assert names.index("s-new") < names.index("s-lock")


def test_a_window_below_an_hour_is_refused(grown):
    with pytest.raises(InputError, match="give an hour at least"):
        compared(grown, window=timedelta(minutes=59))
