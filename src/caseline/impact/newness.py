"""Which signatures are new, and not just rare ones that chance put into the window."""

from __future__ import annotations

import numpy as np
import polars as pl


def with_chance(totals: pl.DataFrame, *, share: float) -> pl.DataFrame:
    """Add q to *totals*: the share of false findings if all as striking are called new.

    A rare signature that came on n customer-days in all comes on all of them within
    the window with probability share^n. Summed over all signatures of its class that
    came at least so often and with at least so many events, this is how many chance
    would show; how many there are is known.

    Args:
        totals: class, customer_days and events (in past and window together), born
            (whether the first is in the window): one row for each signature.
        share: Of all customer-days with logs, those in the window.

    Returns:
        *totals* with q, null where it was not born in the window.

    >>> frame = pl.DataFrame(
    ...     {"class": [1, 1, 1], "customer_days": [40, 3, 1], "events": [90, 9, 1],
    ...      "born": [False, True, True]}
    ... )
    >>> with_chance(frame, share=0.1)["q"].round(4).to_list()
    [None, 0.001, 0.0505]
    """
    kind, days, events = (totals[name].to_numpy() for name in _STRIKING)
    born = totals["born"].to_numpy()
    by_chance = share ** days.astype(np.float64)
    q = np.full(born.shape, np.nan)
    for i in np.flatnonzero(born):
        as_striking = (kind == kind[i]) & (days >= days[i]) & (events >= events[i])
        q[i] = min(1.0, by_chance[as_striking].sum() / (born & as_striking).sum())
    return totals.with_columns(pl.Series("q", q).fill_nan(None))


_STRIKING = ("class", "customer_days", "events")
