"""Who is not hit, but is likely to be: the place where a forecast meets the verdicts."""

from __future__ import annotations

import polars as pl


def with_risks(judged: pl.DataFrame, risks: pl.DataFrame) -> pl.DataFrame:
    """Return *judged* with clear customers that a forecast names as ``at_risk``.

    Hit customers stay hit. Of unknown ones nobody can tell that they are not hit: they
    stay unknown, and are told the reason as well.

    Args:
        judged: The verdicts: see ``judge``.
        risks: customer_id, reason: who may be next, and why; several rows are told in
            their order.

    >>> rows = {"customer_id": ["a", "b"], "status": ["clear", "hit"], "reasons": [["x"], ["y"]]}
    >>> risk = pl.DataFrame({"customer_id": ["a", "b"], "reason": ["its upgrade is planned"] * 2})
    >>> with_risks(pl.DataFrame(rows), risk).rows()
    [('a', 'at_risk', ['x', 'its upgrade is planned']), ('b', 'hit', ['y'])]
    """
    told = risks.group_by("customer_id", maintain_order=True).agg(pl.col("reason"))
    named = pl.col("reason").is_not_null()
    open_ = named & (pl.col("status") != "hit")
    return (
        judged.join(told, on="customer_id", how="left", maintain_order="left")
        .with_columns(
            pl.when(named & (pl.col("status") == "clear"))
            .then(pl.lit("at_risk"))
            .otherwise("status")
            .alias("status"),
            pl.when(open_)
            .then(pl.concat_list("reasons", pl.col("reason").fill_null([])))
            .otherwise("reasons")
            .alias("reasons"),
        )
        .drop("reason")
    )
