"""The tickets of the simulated year: some fifty a day, most about what the logs say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from year_fleet import DAYS, day_of, draw, moments, power_law

if TYPE_CHECKING:
    from simulated_year import Year

TICKETS = 20_000
"""In the whole year."""
_DAY = 86_400 * 10**6
_OPENINGS = ("Since this morning", "After the update", "For two of our users", "Every night")
_OTHERS = (
    "How do we change the invoice address?",
    "The page stays white after the login",
    "Please raise our quota",
    "The export button is gone",
)
_ABOUT_LOGS = 0.7
_WIDE = 100
"""Tickets tell of one of the most frequent signatures: they are everywhere."""


def tickets_of(year: Year, *, first: int, last: int) -> pl.DataFrame:
    """Return the tickets opened on the days from *first* up to *last*."""
    rng = np.random.default_rng([year.seed, 8])
    opened = np.sort(rng.integers(0, DAYS * _DAY, TICKETS))
    customer = draw(rng, power_law(year.customers, 0.5), TICKETS)
    signature = rng.integers(0, min(_WIDE, year.signatures), TICKETS)
    about = rng.random(TICKETS) < _ABOUT_LOGS
    lasted = rng.exponential(3 * _DAY, TICKETS).astype(np.int64)
    some = np.flatnonzero((opened >= first * _DAY) & (opened < last * _DAY))
    own = np.flatnonzero(year.fleet.owner >= 0)
    place_of = own[np.searchsorted(year.fleet.owner[own], np.arange(year.customers))]
    frame = pl.DataFrame(
        {
            "ticket_id": [f"t-{n:05}" for n in some.tolist()],
            "customer_id": pl.Series(year.fleet.customer_ids).gather(customer[some]),
            "environment_id": pl.Series(year.fleet.environment_ids).gather(
                place_of[customer[some]]
            ),
            "opened_at": moments(opened[some]),
            "resolved_at": moments((opened + lasted)[some]),
            "words": pl.Series(year.kinds.prefixes).gather(signature[some]),
            "about": about[some],
            "opening": pl.Series(_OPENINGS).gather(some % len(_OPENINGS)),
            "other": pl.Series(_OTHERS).gather(some % len(_OTHERS)),
        }
    )
    solved = pl.col("resolved_at") < day_of(last)
    words = pl.col("words").str.replace(r", case.*", "")
    told = pl.when("about")
    return frame.select(
        "ticket_id", "customer_id", "environment_id", "opened_at",
        resolved_at=pl.when(solved).then("resolved_at"),
        status=pl.when(solved).then(pl.lit("resolved")).otherwise(pl.lit("open")),
        subject=told.then(words).otherwise("other"),
        description=told.then(pl.col("opening") + ", our " + words + "; please help.")
        .otherwise("other"),
    )  # fmt: skip
