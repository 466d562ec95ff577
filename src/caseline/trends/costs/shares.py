"""Which share of a ticket is whose: by its links, which together take at most all of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from caseline.errors import InputError
from caseline.records.tables import Column, TableSchema
from caseline.store.intake import read_table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

PROPOSALS = TableSchema(
    name="links",
    key=("ticket_id", "id"),
    columns=(
        Column(name="ticket_id", required=True),
        Column(name="id", required=True),
        Column(name="confidence", kind="number", required=True),
    ),
)
CAUSES: dict[str, pl.DataType | type[pl.DataType]] = {
    "ticket_id": pl.String,
    "kind": pl.String,
    "id": pl.String,
    "state": pl.String,
    "confidence": pl.Float64,
}


def read_proposals(links: Any, issues: set[str]) -> pl.DataFrame:
    """Return the links a caller brings along as proposed causes: see ``CAUSES``.

    Raises:
        InputError: a row that is no link, or a confidence outside 0 to 1.
        TableError: a column is missing.

    >>> rows = [{"ticket_id": "T-1", "id": "i-1", "confidence": 0.4}]
    >>> read_proposals(rows, {"i-1"})["kind"].to_list()
    ['issue']
    """
    taken = read_table(links, PROPOSALS)
    if taken.refused.height:
        row, reason = taken.refused.row(0)
        raise InputError(f"links: row {row} is refused: {reason}")
    outside = taken.frame.filter(~pl.col("confidence").is_between(0, 1))
    if outside.height:
        raise InputError(f"links: a confidence is {outside['confidence'][0]}; give 0 to 1")
    issue = pl.col("id").is_in(sorted(issues))
    return taken.frame.select(
        "ticket_id",
        pl.when(issue).then(pl.lit("issue")).otherwise(pl.lit("signature")).alias("kind"),
        "id",
        pl.lit("proposed").alias("state"),
        "confidence",
    ).cast(CAUSES)  # type: ignore[arg-type]


def share_out(causes: pl.DataFrame, *, unsaid: float) -> pl.DataFrame:
    """Return what share of a ticket each of its causes takes.

    Confirmed causes share the whole ticket in equal parts, and nothing is left for others.
    Without any, each proposed one takes its confidence; where these sum to more than 1,
    they are scaled to 1. Rejected ones take nothing. Of a pair told several times the
    decision counts, else the highest confidence.

    Args:
        causes: See ``CAUSES``.
        unsaid: The confidence of a proposal that has none.

    Returns:
        ticket_id, kind, id, share (above 0, at most 1 in sum for a ticket), sure (True if
        confirmed).

    >>> rows = {"ticket_id": ["T"] * 2, "kind": ["issue"] * 2, "id": ["i-1", "i-2"],
    ...         "state": ["proposed"] * 2, "confidence": [0.9, 0.6]}
    >>> share_out(pl.DataFrame(rows), unsaid=0.5)["share"].round(2).to_list()
    [0.6, 0.4]
    """
    pair = ["ticket_id", "kind", "id"]
    told = causes.group_by(pair).agg(
        (pl.col("state") == "confirmed").any().alias("sure"),
        (pl.col("state") == "rejected").any().alias("no"),
        pl.col("confidence").fill_null(unsaid).clip(0.0, 1.0).max(),
    )
    kept = told.filter(pl.col("sure") | ~pl.col("no"))
    decided = pl.col("sure").any().over("ticket_id")
    weight = pl.when(decided).then(pl.col("sure").cast(pl.Float64)).otherwise("confidence")
    shared = kept.with_columns(weight.alias("weight"))
    total = pl.col("weight").sum().over("ticket_id").clip(lower_bound=1.0)
    return (
        shared.with_columns((pl.col("weight") / total).alias("share"))
        .filter(pl.col("share") > 0)
        .select(*pair, "share", "sure")
        .sort(pair)
    )


def by_signature(
    shares: pl.DataFrame, members: pl.DataFrame, heads: Mapping[str, str]
) -> pl.DataFrame:
    """Return *shares* by signature: an issue's in equal parts to its signatures.

    Args:
        shares: See ``share_out``.
        members: issue_id, signature_id.
        heads: For a signature with kin the one that all are counted as.
    """
    own = shares.filter(pl.col("kind") == "signature")
    parts = members.with_columns(pl.col("signature_id").replace(dict(heads))).unique()
    sized = parts.with_columns((1 / pl.len().over("issue_id")).alias("part"))
    issues = shares.filter(pl.col("kind") == "issue").join(
        sized, left_on="id", right_on="issue_id", how="left"
    )
    found = issues.filter(pl.col("signature_id").is_not_null()).with_columns(
        pl.lit("signature").alias("kind"),
        pl.col("signature_id").alias("id"),
        (pl.col("share") * pl.col("part")).alias("share"),
    )
    bare = issues.filter(pl.col("signature_id").is_null())
    named = own.with_columns(pl.col("id").replace(dict(heads)))
    return _summed([named, found, bare], shares.columns)


def by_issue(shares: pl.DataFrame, members: pl.DataFrame, heads: Mapping[str, str]) -> pl.DataFrame:
    """Return *shares* by issue: a signature's in equal parts to the issues it is part of."""
    parts = members.with_columns(pl.col("signature_id").replace(dict(heads))).unique()
    sized = parts.with_columns((1 / pl.len().over("signature_id")).alias("part"))
    own = shares.filter(pl.col("kind") == "issue")
    signatures = (
        shares.filter(pl.col("kind") == "signature")
        .with_columns(pl.col("id").replace(dict(heads)))
        .join(sized, left_on="id", right_on="signature_id", how="left")
    )
    found = signatures.filter(pl.col("issue_id").is_not_null()).with_columns(
        pl.lit("issue").alias("kind"),
        pl.col("issue_id").alias("id"),
        (pl.col("share") * pl.col("part")).alias("share"),
    )
    bare = signatures.filter(pl.col("issue_id").is_null())
    return _summed([own, found, bare], shares.columns)


def _summed(parts: list[pl.DataFrame], columns: list[str]) -> pl.DataFrame:
    whole = pl.concat([part.select(columns) for part in parts])
    return (
        whole.group_by("ticket_id", "kind", "id")
        .agg(pl.col("share").sum(), pl.col("sure").all())
        .sort("ticket_id", "kind", "id")
    )
