"""From signatures that stand out to issues, each kept under an id of its content."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

from caseline.estimation.exposure import other_stages
from caseline.impact.cascades import with_order
from caseline.impact.detection import detection_settings, stand_out
from caseline.impact.history import History, read_history, start_of
from caseline.impact.settings import shipped_settings
from caseline.impact.together import Trace, group_together
from caseline.records.windows import Window

if TYPE_CHECKING:
    from caseline.protocols import Engine

_TIME = pl.Datetime("us", "UTC")
COLUMNS: dict[str, pl.DataType | type[pl.DataType]] = {
    "issue_id": pl.String,
    "signature_ids": pl.List(pl.String),
    "detected_at": _TIME,
    "customers": pl.Int64,
    "kind": pl.String,
    "severity": pl.Int64,
    "template": pl.String,
    "since": _TIME,
    "observed": pl.Float64,
    "expected": pl.Float64,
    "q_value": pl.Float64,
    "events": pl.Int64,
    "reasons": pl.List(pl.String),
}
_STATUS = {"new": "new", "jump": "escalating"}


def detect_issues(
    engine: Engine, *, since: datetime, now: datetime, as_of: datetime | None
) -> tuple[pl.DataFrame, pl.DataFrame, tuple[str, ...]]:
    """Return the newly detected issues (see ``COLUMNS``), their cascades, and what to know.

    They are saved if the workspace can be written to.
    """
    settings = detection_settings()
    history = read_history(
        engine, since=since, now=now, as_of=as_of, baseline_days=settings["baseline_days"]
    )
    findings = stand_out(history, since=since)
    ids = findings.frame["signature_id"].to_list()
    texts = engine.ask("signature_texts", as_of=as_of, signature_ids=ids)
    hits = _first_hits(engine, ids, history, as_of)
    rows = [
        _issue(group, findings.frame, hits, texts)
        for kind in ("new", "jump")
        for group in _grouped(findings.frame.filter(pl.col("kind") == kind), hits, texts)
    ]
    known = engine.ask("known_issues", as_of=as_of).with_columns(
        pl.col("signature_id").replace(history.kin.heads)
    )
    kept = [
        row | _identity(row, known, texts, now=now)
        for row in rows
        if row["kind"] == "jump" or _wide_or_severe(row)
    ]
    window = Window(start=start_of(history.days[1]), end=start_of(history.days[2]))
    kept, cascades = with_order(engine, kept, hits, window=window, as_of=as_of)
    frame = pl.DataFrame(kept, schema=COLUMNS).sort(
        ["kind", "customers", "severity", "issue_id"],
        descending=[True, True, True, False],
        nulls_last=True,
    )
    if engine.writable and frame.height:
        _save(engine, frame)
    told = [name for names in frame["signature_ids"] for name in names]
    return frame, cascades, (*findings.notes, *history.kin.notes(told))


def _first_hits(
    engine: Engine, ids: list[str], history: History, as_of: datetime | None
) -> pl.DataFrame:
    """Return signature_id, unit, events, first, last, gap, members: each unit of the window."""
    window = Window(start=start_of(history.days[1]), end=start_of(history.days[2]))
    hits = engine.ask(
        "first_hits",
        window=window,
        as_of=as_of,
        signature_ids=ids,
        first_day=window.start,
        last_day=window.end,
        other_stages=list(other_stages()),
        **history.kin.lists(),
    )
    groups = (
        engine.ask("share_group_members", as_of=as_of)
        .group_by("share_group")
        .agg(pl.col("customer_id").sort().alias("sharers"))
    )
    first, last = (pl.col(f"{end}_at").dt.epoch("us") / 3_600_000_000 for end in ("first", "last"))
    many = pl.col("events") > 1
    once = window.end.timestamp() / 3600 - first
    own = pl.concat_list("customer_id")
    return hits.join(groups, on="share_group", how="left").select(
        "signature_id",
        "unit",
        "events",
        first.alias("first"),
        last.alias("last"),
        pl.when(many).then((last - first) / (pl.col("events") - 1)).otherwise(once).alias("gap"),
        pl.when(pl.col("customer_id").is_not_null())
        .then(own)
        .otherwise("sharers")
        .alias("members"),
        pl.col("customer_id").is_not_null().alias("named"),
    )


def _grouped(found: pl.DataFrame, hits: pl.DataFrame, texts: pl.DataFrame) -> list[list[str]]:
    widest = hits.group_by("signature_id").agg(pl.len().alias("units"))
    order = (
        found.join(widest, on="signature_id")
        .join(texts.select("signature_id", "template"), on="signature_id")
        .sort(
            ["units", "severity", "signature_id"], descending=[True, True, False], nulls_last=True
        )
    )
    traces = {
        row["signature_id"]: Trace.of(
            hits.filter(pl.col("signature_id") == row["signature_id"]),
            row["template"],
            since=row["since"].timestamp() / 3600,
        )
        for row in order.iter_rows(named=True)
    }
    return group_together(traces, list(traces), detection_settings()["together"])


def _issue(
    group: list[str], found: pl.DataFrame, hits: pl.DataFrame, texts: pl.DataFrame
) -> dict[str, Any]:
    """Return the row of the issue made of the signatures in *group*, but for its identity."""
    mine = found.filter(pl.col("signature_id").is_in(group)).sort("first_seen", "signature_id")
    where = hits.filter(pl.col("signature_id").is_in(group))
    best = mine.sort("q_value", "signature_id").row(0, named=True)
    shown = mine.sort(["severity", "observed"], descending=True, nulls_last=True)["signature_id"][0]
    row = {
        "signature_ids": mine["signature_id"].to_list(),
        "customers": _customers(where),
        "kind": best["kind"],
        "severity": mine["severity"].max(),
        "template": texts.filter(pl.col("signature_id") == shown)["template"].item(),
        "since": mine["since"].min(),
        "observed": best["observed"],
        "expected": best["expected"],
        "q_value": best["q_value"],
        "events": int(where["events"].sum()),
    }
    return row | {"reasons": _reasons(row)}


def _customers(hits: pl.DataFrame) -> int:
    """Return how many customers are struck, or at the least how many places."""
    members = _unexplained(hits)["members"].list.explode().drop_nulls().n_unique()
    return members or hits["unit"].n_unique()


def _unexplained(hits: pl.DataFrame) -> pl.DataFrame:
    """Return *hits* without the groups whose lines those that name members explain."""
    own = hits.filter("named").select(
        "signature_id", pl.col("unit").alias("members"), pl.col("events").alias("told")
    )
    told = (
        hits.filter(~pl.col("named"))
        .explode("members")
        .join(own, on=["signature_id", "members"])
        .group_by("signature_id", "unit")
        .agg(pl.col("told").sum())
    )
    enough = pl.col("told") >= shipped_settings().explained_from * pl.col("events")
    explained = hits.filter(~pl.col("named")).join(told, on=["signature_id", "unit"])
    return hits.join(explained.filter(enough), on=["signature_id", "unit"], how="anti")


def _reasons(row: dict[str, Any]) -> list[str]:
    day = row["since"].date().isoformat()
    seen = f"{row['observed']:.0f} customer-days"
    told = (
        f"first seen in production on {day}; {seen} since"
        if row["kind"] == "new"
        else f"{seen} from {day} on, where {row['expected']:.1f} were to be expected"
    )
    reasons = [told, f"{row['events']} events at {row['customers']} customers in the window"]
    if len(row["signature_ids"]) > 1:
        reasons.append(f"{len(row['signature_ids'])} signatures started together at its customers")
    return reasons


def _wide_or_severe(row: dict[str, Any]) -> bool:
    rules = detection_settings()["new"]
    severe = (row["severity"] or 0) >= rules["severe_from"]
    return bool(
        row["customers"] >= rules["least_customers"]
        or (severe and row["events"] >= rules["severe_events"])
    )


def _identity(
    row: dict[str, Any], known: pl.DataFrame, texts: pl.DataFrame, *, now: datetime
) -> dict[str, Any]:
    """Return issue_id and detected_at: those of the known issue that it is, or its own."""
    near = timedelta(days=detection_settings()["together"]["same_issue_days"])
    same = known.filter(
        pl.col("signature_id").is_in(row["signature_ids"]),
        pl.col("kind") == row["kind"],
        (pl.col("since") - row["since"]).abs() <= near,
    )
    if same.height:
        first = same.row(0, named=True)
        return {"issue_id": first["issue_id"], "detected_at": first["detected_at"]}
    earliest = row["signature_ids"][0]
    scheme = texts.filter(pl.col("signature_id") == earliest)["scheme"].item()
    content = json.dumps([scheme, row["kind"], earliest, row["since"].date().isoformat()])
    digest = hashlib.blake2b(content.encode(), digest_size=8).hexdigest()
    return {"issue_id": f"i-{digest}", "detected_at": now}


def _save(engine: Engine, frame: pl.DataFrame) -> None:
    evidence = [json.dumps(reasons) for reasons in frame["reasons"].to_list()]
    issues = frame.select(
        "issue_id",
        "kind",
        pl.col("kind").replace_strict(_STATUS).alias("status"),
        pl.col("template").alias("title"),
        "detected_at",
        "since",
        pl.col("expected").alias("baseline"),
        "observed",
        pl.Series("evidence", evidence, dtype=pl.String),
    )
    members = frame.select("issue_id", pl.col("signature_ids").alias("signature_id"))
    with engine.transaction():
        engine.save("issues", issues)
        engine.save("issue_signatures", members.explode("signature_id").unique())
