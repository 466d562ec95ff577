"""What a release brought and mended, who runs it; or what all versions of a period did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from caseline.records.reports import Section
from caseline.trends.reports.voice import between, many, ratio, sentence

if TYPE_CHECKING:
    from caseline.trends.reports.material import Material
    from caseline.trends.reports.uptake import Uptake
    from caseline.trends.reports.voice import Voice

_FINDINGS = ("persistent", "transient", "improved")
_SAYS = {
    "persistent": "made worse, lastingly",
    "transient": "worse in the first days only: noise of the upgrade",
    "improved": "mended or made better",
    "undetermined": "cannot be told yet",
    "none": "no large change",
}
_COLUMNS = ("what it did", "error", "ratio", "90 %", "false discovery rate", "customers")
_WEEK = 7
_MONTH = 28


def of_release(material: Material) -> pl.DataFrame:
    """Return the rows of the versions' table that are about the release."""
    return material.versions.filter(
        pl.col("component") == pl.lit(material.period.product, pl.String),
        pl.col("value") == pl.lit(material.period.release, pl.String),
        pl.col("kind") == "version",
    )


def version_sections(material: Material, voice: Voice) -> list[Section]:
    """Return what the release did and who runs it; without a release, what all values did."""
    uptake = material.uptake
    if material.period.release is None:
        found = [_all_values(material, voice)]
        return [*found, _who_runs(material, uptake, voice)] if uptake else found
    found = [_brought(material, voice)]
    if uptake is not None:
        found.append(_adoption(material, uptake, voice))
    return found


def _brought(material: Material, voice: Voice) -> Section:
    period, rows = material.period, of_release(material)
    title = f"What {period.release} brought and mended"
    before = f" against {voice.value(period.product, period.before)}" if period.before else ""
    counts = {v: rows.filter(pl.col("verdict") == v).height for v in _SAYS}
    if rows.is_empty():
        none = (
            "Nothing can be told: no customer with logs before and after its own upgrade has had "
            "an error often enough to compare."
        )
        return Section(title=title, sentences=(none,))
    how = f"Each customer before and after its own upgrade{before}, beside others on the same days"
    told = [
        f"{how}: {many(rows.height, 'error')} compared.",
        (
            f"Worse lastingly: {counts['persistent']}; in the first days only: "
            f"{counts['transient']}; better: {counts['improved']}; a large change would have been "
            f"seen: {counts['none']}; too little is known: {counts['undetermined']}."
        ),
    ]
    shown = rows.filter(pl.col("verdict").is_in(_FINDINGS))
    told += [_why(voice, row) for row in shown.head(voice.settings.told_rows).to_dicts()]
    return Section(
        title=title,
        sentences=tuple(filter(None, told)),
        columns=_COLUMNS,
        rows=_table(shown, voice, named=False),
    )


def _why(voice: Voice, row: dict[str, Any]) -> str:
    reasons = voice.reasons(row["reasons"])
    return f"{voice.name(row['signature_id'])}: {'; '.join(reasons)}." if reasons else ""


def _table(rows: pl.DataFrame, voice: Voice, *, named: bool) -> tuple[tuple[Any, ...], ...]:
    return tuple(
        (
            *((voice.value(row["component"], row["value"]),) if named else ()),
            _SAYS[row["verdict"]],
            voice.name(row["signature_id"]),
            ratio(row["ratio"]),
            between(row["low"], row["high"]),
            row["q_value"],
            voice.count(row["customers"]),
        )
        for row in rows.head(voice.settings.shown_rows).to_dicts()
    )


def _all_values(material: Material, voice: Voice) -> Section:
    title = "What versions, plug-ins and settings did"
    rows = material.versions
    if rows.is_empty():
        none = "Nothing can be told: nothing changed where logs are there before and after."
        return Section(title=title, sentences=(none,))
    shown = rows.filter(pl.col("verdict").is_in(_FINDINGS))
    open_ones = rows.filter(pl.col("verdict") == "undetermined").height
    told = [
        (
            f"{many(rows.height, 'pair')} of an error and a change compared, each customer with "
            f"itself: {many(shown.height, 'finding')}, {open_ones} cannot be told yet."
        )
    ]
    if shown.height > voice.settings.shown_rows:
        told.append(f"{shown.height - voice.settings.shown_rows} more findings are not shown here.")
    return Section(
        title=title,
        sentences=tuple(told),
        columns=("version or setting", *_COLUMNS),
        rows=_table(shown, voice, named=True),
    )


def _who_runs(material: Material, uptake: Uptake, voice: Voice) -> Section:
    product = material.period.product
    known = any(component == product for component, _ in voice.common)
    named = product if voice.internal or known else "the product"
    rows = tuple(
        (
            version
            if voice.internal or (product, version) in voice.common
            else "a version that few customers run",
            voice.count(number),
            None if first is None else f"{first:%Y-%m-%d}",
        )
        for version, number, first in uptake.latest.head(voice.settings.shown_rows).iter_rows()
    )
    return Section(
        title="Who runs what",
        sentences=(f"Versions of {named} at the end of the period.",),
        columns=("version", "customers", "first ran"),
        rows=rows,
    )


def _adoption(material: Material, uptake: Uptake, voice: Voice) -> Section:
    period, daily = material.period, uptake.daily
    known, running = int(daily["known"][-1]), int(daily["running"][-1])
    share = voice.share(running, known)
    runs = f"{voice.of_all(running, known)} run it at the end of the period"
    told = [sentence(f"{runs}, {share}." if share else f"{runs}.")]
    if period.released is not None:
        told.insert(0, f"It first ran on {period.released:%Y-%m-%d}.")
    if daily.height > _MONTH:
        more = running - int(daily["running"][-1 - _MONTH])
        told.append(f"In the last four weeks {voice.count(max(more, 0))} took it up.")
    rest = uptake.latest.filter(pl.col("version") != period.release).head(voice.settings.told_rows)
    told += [
        sentence(f"{voice.count(number)} run {voice.value(period.product, version)}.")
        for version, number in rest.select("version", "customers").iter_rows()
    ]
    if not running:
        told.append("Nobody is known to run it then: what it does cannot be seen.")
    rows = tuple(
        (f"{day:%Y-%m-%d}", voice.count(n), voice.share(n, m))
        for day, m, n in _weekly(daily).iter_rows()
    )
    return Section(
        title=f"Who runs {period.release}",
        sentences=tuple(told),
        columns=("day", "running it", "share"),
        rows=rows,
    )


def _weekly(daily: pl.DataFrame) -> pl.DataFrame:
    """Return one day in seven, the last one with them, so that a page holds them."""
    step = _WEEK * max(1, daily.height // (26 * _WEEK))
    rows = daily.select("day", "known", "running")
    return rows.reverse().gather_every(step).reverse()
