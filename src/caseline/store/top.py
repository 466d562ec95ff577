"""The signatures that hit most customers, from bitmaps of whole months."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from caseline.store import reach

if TYPE_CHECKING:
    from caseline.store.asking import Asking
    from caseline.store.sight import Sight


def top_signatures(asking: Asking) -> pl.DataFrame | None:
    """Return the signatures of a window from bitmaps of whole months and what is beside them."""
    if not _by_reach(asking.sight) or asking.values["month_start"] >= asking.values["month_end"]:
        return None
    whole = asking.answer("embedded/signature_reach")
    edges = asking.answer("embedded/top_edges").with_columns(pl.lit(None, pl.Date).alias("month"))
    beside = reach.reach_of(edges, asking.numbers).drop("month")
    return _ranked(asking, pl.concat([whole, beside.select(whole.columns)]))


def top_signatures_ever(asking: Asking) -> pl.DataFrame | None:
    """Return the signatures of all that is stored from bitmaps."""
    if not _by_reach(asking.sight):
        return None
    ever = {"month_start": "0001-01-01", "month_end": "9999-12-31"}
    return _ranked(asking, asking.answer("embedded/signature_reach", **ever))


def _by_reach(sight: Sight) -> bool:
    """Return whether the bitmaps say what this asking may see: all of it, as it is today."""
    return not (sight.past or sight.scoped or sight.splits or sight.recalled)


def _ranked(asking: Asking, rows: pl.DataFrame) -> pl.DataFrame:
    rows = reach.added(rows, ["signature_id"])
    customers = reach.matrix(rows["customers"])
    either = _with_sharers(asking, customers, reach.matrix(rows["share_groups"]))
    counted = rows.select(
        "signature_id",
        "severity",
        "events",
        pl.Series("customers", reach.sizes(customers)),
        pl.Series("environments", reach.sizes(reach.matrix(rows["environments"]))),
        pl.col("first_at").alias("first_seen"),
        pl.col("last_at").alias("last_seen"),
        pl.Series("customers_possible", reach.sizes(either)),
    )
    by = ["customers", "customers_possible"] if asking.values["by"] == "customers" else []
    order = [*by, "events", "signature_id"]
    down = [True] * (len(order) - 1) + [False]
    best = counted.sort(order, descending=down).head(asking.values["limit"])
    names = asking.answer("embedded/signature_names", signature_ids=best["signature_id"].to_list())
    return best.join(names, on="signature_id", maintain_order="left").select(
        "signature_id", "template", "severity", "events", "customers", "environments",
        "first_seen", "last_seen", "customers_possible", "kind",
    )  # fmt: skip


def _with_sharers(asking: Asking, customers: reach.Bits, groups: reach.Bits) -> reach.Bits:
    """Return *customers* with the members of the share groups in each row."""
    if not groups.any():
        return customers
    members = asking.answer("share_group_members")
    numbers = asking.numbers
    pairs = pl.DataFrame(
        {
            "group": numbers.of("share_group", members["share_group"]),
            "member": numbers.provisional("customer_id", members["customer_id"]),
        }
    ).drop_nulls()
    members_bytes = int(pairs["member"].to_numpy().max(initial=0)) // 8 + 1
    width = max(customers.shape[1], members_bytes)
    either = np.pad(customers, ((0, 0), (0, width - customers.shape[1])))
    for group, some in pairs.group_by("group", maintain_order=True):
        byte, bit = divmod(int(str(group[0])), 8)
        if byte >= groups.shape[1]:
            continue
        mask = np.zeros(width, dtype=np.uint8)
        member = some["member"].to_numpy()
        np.bitwise_or.at(mask, member // 8, np.left_shift(1, member % 8).astype(np.uint8))
        either[(groups[:, byte] >> bit & 1).astype(bool)] |= mask
    return either
