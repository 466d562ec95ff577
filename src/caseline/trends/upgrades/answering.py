"""From the question to the table: what each version, plug-in, setting and flag does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from caseline.records.answers import Table
from caseline.store.kinship import read_kin
from caseline.trends.upgrades.comparing import compare_part, tell_late
from caseline.trends.upgrades.judging import FINDINGS, judged, measured, reasons_of
from caseline.trends.upgrades.lines import judge_lines
from caseline.trends.upgrades.reading import read_watched
from caseline.trends.upgrades.rivals import rivals_of
from caseline.trends.upgrades.settings import upgrade_settings
from caseline.versions import Branches

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from caseline.protocols import Engine
    from caseline.records.windows import Window
    from caseline.trends.upgrades.comparing import Compared
    from caseline.trends.upgrades.designs import Hits, Units
    from caseline.trends.upgrades.settings import UpgradeSettings
    from caseline.trends.upgrades.states import Part

COLUMNS: dict[str, Any] = {
    "signature_id": pl.String, "component": pl.String, "value": pl.String, "kind": pl.String,
    "ratio": pl.Float64, "low": pl.Float64, "high": pl.Float64, "q_value": pl.Float64,
    "customers": pl.Int64, "verdict": pl.String, "first_bad": pl.String, "events": pl.Int64,
    "days_before": pl.Int64, "days_after": pl.Int64, "rate_before": pl.Float64,
    "rate_after": pl.Float64, "first_days_ratio": pl.Float64, "later_ratio": pl.Float64,
    "reasons": pl.List(pl.String),
}  # fmt: skip
_ORDER = ("persistent", "improved", "transient", "undetermined", "none")


def judge_versions(  # noqa: PLR0913 - the parts of the question
    engine: Engine,
    signature: str | None,
    *,
    window: Window | None,
    reported: pl.DataFrame | None,
    now: datetime,
    as_of: datetime | None,
    branches: Mapping[str, Mapping[str, str | None]] | None = None,
) -> Table:
    """Return what each value of each component does to *signature*, or to all.

    *branches* are the cuts of components' lines, where they are not what the custom says.
    """
    settings = upgrade_settings()
    graphs = {component: Branches(cuts=cuts) for component, cuts in (branches or {}).items()}
    kin = read_kin(engine, as_of=as_of)
    asked = None if signature is None else [signature]
    watched = read_watched(
        engine, asked, window=window, kin=kin, reported=reported, now=now,
        as_of=as_of, settings=settings,
    )  # fmt: skip
    names = watched.signatures or ([] if signature is None else [kin.head(signature)])
    rows, compared = judge_parts(
        watched.parts, watched.units, watched.hits, names, settings,
        every=signature is not None, branches=graphs,
    )  # fmt: skip
    notes = [
        (
            "each customer before and after its own change, beside others on the same days; "
            "a customer-day counts once, however many events it has"
        ),
        (
            f"ratios with {settings.level:.0%} intervals; false findings held to "
            f"{settings.q:.0%} of all findings of this table"
        ),
    ]
    if not compared:
        notes.append("nothing changed anywhere while logs were there: nothing to compare")
    if watched.left_out:
        notes.append(f"{watched.left_out} days that are not over or not complete are left out")
    notes += kin.notes(names if signature is not None else [])
    return Table("versions", rows, as_of=now, notes=notes)


def judge_parts(  # noqa: PLR0913 - what ran, what was seen, and how to judge
    parts: Sequence[Part],
    units: Units,
    hits: Hits,
    signatures: Sequence[str],
    settings: UpgradeSettings,
    *,
    every: bool,
    branches: Mapping[str, Branches] | None = None,
) -> tuple[pl.DataFrame, list[Compared]]:
    """Return the rows of the table, and the comparisons behind them.

    Args:
        parts: What ran where.
        units: The customers' places.
        hits: Customer-days with signatures.
        signatures: Their names.
        settings: What is enough, what is a finding.
        every: Keep rows that could not be tested as well.
        branches: The lines of components.
    """
    if hits.signatures < len(signatures):  # asked for, and never seen
        hits = _none_of(hits, len(signatures))
    compared = [c for part in parts for c in compare_part(part, units, hits, settings)]
    rows = measured(compared, signatures)
    if not every and not rows.is_empty():
        rows = rows.filter(pl.col("first_p").is_not_null() | pl.col("later_p").is_not_null())
    if rows.is_empty():
        return pl.DataFrame(schema=COLUMNS), compared
    found = judged(rows, settings).to_dicts()
    _see_what_fades(found, compared, units, hits, settings)
    _weigh_rivals(found, compared, units, hits, settings)
    _name_lines(found, compared, units, hits, settings, branches=branches or {})
    return _as_table(found, settings), compared


def _none_of(hits: Hits, count: int) -> Hits:
    return type(hits)(
        signature=hits.signature, unit=hits.unit, day=hits.day, events=hits.events,
        signatures=count,
    )  # fmt: skip


def _findings(found: Sequence[dict[str, Any]]) -> dict[int, list[dict[str, Any]]]:
    by_signature: dict[int, list[dict[str, Any]]] = {}
    for row in found:
        if row["verdict"] in FINDINGS:
            by_signature.setdefault(row["signature"], []).append(row)
    return by_signature


def _see_what_fades(
    found: Sequence[dict[str, Any]],
    compared: Sequence[Compared],
    units: Units,
    hits: Hits,
    settings: UpgradeSettings,
) -> None:
    """Call transient what is surely lower again once some days have passed."""
    for row in found:
        row["more"], row["first_bad"] = [], None
        if row["verdict"] != "persistent":
            continue
        late = tell_late(compared[row["comparison"]], row["signature"], units, hits, settings)
        if late.signature.size and late.p[0] > settings.rival and late.high[0] < row["low"]:
            row["verdict"] = "transient"
            ends = f"{late.low[0]:.2g} to {late.high[0]:.2g}"
            row["more"].append(f"no longer up {settings.late} days after: ratio {ends}")


def _weigh_rivals(
    found: Sequence[dict[str, Any]],
    compared: Sequence[Compared],
    units: Units,
    hits: Hits,
    settings: UpgradeSettings,
) -> None:
    """Let findings that a stronger one explains say so, and those that none can separate."""
    for signature, rows in _findings(found).items():
        ordered = sorted(rows, key=lambda row: (row[f"{row['phase']}_p"], row["comparison"]))
        ranked = [(row["comparison"], row["phase"]) for row in ordered]
        rivals = rivals_of(ranked, compared, signature, units, hits, settings)
        of = {row["comparison"]: row for row in ordered}
        for position, rival in rivals.items():
            weak, strong = of[position], of[rival.stronger]
            name, own = (f"{r['component']} {r['value']}" for r in (strong, weak))
            if rival.explains:
                weak["verdict"] = "none"
                weak["more"].append(f"explained by {name}: without it there is no change")
            else:
                weak["more"].append(f"cannot separate from {name}: they came together")
                strong["more"].append(f"cannot separate from {own}: they came together")


def _name_lines(
    found: Sequence[dict[str, Any]],
    compared: Sequence[Compared],
    units: Units,
    hits: Hits,
    settings: UpgradeSettings,
    *,
    branches: Mapping[str, Branches],
) -> None:
    """Let findings about versions name the first bad version of their component."""
    known: dict[tuple[int, str], Any] = {}
    for row in found:
        if row["kind"] != "version" or row["verdict"] not in ("persistent", "improved"):
            continue
        key = (row["signature"], row["component"])
        if key not in known:
            known[key] = judge_lines(
                compared[row["comparison"]], row["signature"], units, hits, settings,
                branches=branches.get(row["component"]),
            )  # fmt: skip
        lines = known[key]
        if lines is not None:
            row["first_bad"] = lines.first_bad
            row["more"].append(lines.words)


def _as_table(found: Sequence[dict[str, Any]], settings: UpgradeSettings) -> pl.DataFrame:
    rows = [
        row
        | {
            "reasons": reasons_of(row, settings) + row["more"],
            "days_after": row["days_first"] + row["days_later"],
            "rate_before": _rate(row, "before"),
            "rate_after": _rate(row, "later"),
            "first_days_ratio": row["first_ratio"],
        }
        for row in found
    ]
    frame = pl.DataFrame(rows, schema_overrides=COLUMNS, infer_schema_length=None)
    rank = pl.col("verdict").replace_strict({v: n for n, v in enumerate(_ORDER)})
    order = [rank, pl.col("q_value").fill_null(2.0), "signature_id", "component", "value"]
    return frame.sort(order).select(*COLUMNS)


def _rate(row: dict[str, Any], phase: str) -> float | None:
    days = row[f"days_{phase}"]
    return float(np.divide(row[f"hits_{phase}"], days)) if days else None
