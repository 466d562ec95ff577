"""What grew, came and went, or faded: each since when, since which version, at how many."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

from caseline.records.reports import Section
from caseline.trends.reports.voice import between, days_between, ratio

if TYPE_CHECKING:
    from caseline.trends.reports.material import Material
    from caseline.trends.reports.voice import Voice

GROUPS = (
    ("What grew or is new", ("emerging", "escalating")),
    ("What came and went", ("pulse",)),
    ("What faded or is gone", ("resolving", "gone")),
)
_FALLING = ("resolving", "gone")
_NONE = {
    "What grew or is new": "Nothing grew, and nothing new came, that more than one customer has.",
    "What came and went": "No error flared up for some days only.",
    "What faded or is gone": "No error faded, as far as those who had it are heard.",
}
_COLUMNS = ("kind", "since", "until", "ratio", "customers", "version or change", "error")


def change_sections(material: Material, voice: Voice) -> list[Section]:
    """Return the changes of the period in groups."""
    return [_group(material, voice, title, kinds) for title, kinds in GROUPS]


def _group(material: Material, voice: Voice, title: str, kinds: tuple[str, ...]) -> Section:
    rows = material.changes.filter(pl.col("kind").is_in(kinds)).to_dicts()
    settings = voice.settings
    if not rows:
        why = _NONE[title]
        if not material.heard.covered:
            why = "Nothing can be told: no logs of production are there for these days."
        elif any("nothing to compare with" in note for note in material.changes_notes):
            why = "Nothing can be told: the logs do not go back far enough to compare with."
        return Section(title=title, sentences=(why,))
    sentences = [_told(material, voice, row) for row in rows[: settings.told_rows]]
    if len(rows) > settings.shown_rows:
        sentences.append(f"{len(rows) - settings.shown_rows} more are not shown here.")
    table = tuple(_row(material, voice, row) for row in rows[: settings.shown_rows])
    return Section(title=title, sentences=tuple(sentences), columns=_COLUMNS, rows=table)


def _row(material: Material, voice: Voice, row: dict[str, Any]) -> tuple[Any, ...]:
    return (
        row["kind"],
        days_between(row["since_low"], row["since_high"]),
        "goes on" if row["until"] is None else f"{row['until']:%Y-%m-%d}",
        f"{ratio(row['ratio'])} ({between(row['ratio_low'], row['ratio_high'])})",
        _customers(material, voice, row),
        cause(material, voice, row)[0],
        voice.name(row["signature_id"]),
    )


def _customers(material: Material, voice: Voice, row: dict[str, Any]) -> str:
    if row["kind"] in _FALLING:
        return f"{voice.of_all(row['customers'], row['customers_before'], 'who had it')} still do"
    return voice.of_all(hit(material, row), material.heard.covered)


def hit(material: Material, row: dict[str, Any]) -> int:
    """Return how many customers have had an error of late: since it rose, or in the period."""
    if row["kind"] != "pulse":
        for course in material.courses:
            if course.signature_id == row["signature_id"]:
                return max(int(row["customers"]), len(course.whom))
    return int(row["customers"])


def _told(material: Material, voice: Voice, row: dict[str, Any]) -> str:
    """Return one change in words, with how sure it is."""
    sure = f"90 %: {days_between(row['since_low'], row['since_high'])}"
    limits = between(row["ratio_low"], row["ratio_high"])
    often = f"{ratio(row['ratio'])} times as often (90 %: {limits})"
    began = f"{voice.name(row['signature_id'])} {_VERBS[row['kind']]} since {row['since']:%Y-%m-%d}"
    if row["kind"] in _FALLING:
        still = voice.of_all(row["customers"], row["customers_before"])
        told = f"{began} ({sure}): {often}; {still} who had it before still do"
    else:
        at = voice.of_all(hit(material, row), material.heard.covered)
        told = (
            f"{began} ({sure}): {often}, at {at} with logs; when it came, "
            f"{voice.number(row['new_customers'])} had not had it in the weeks before"
        )
    released = material.period.released
    if released is not None and row["since_high"] < released:
        told += f"; it began before {material.period.release} ran anywhere"
    told += f"; {cause(material, voice, row)[1]}."
    evidence = voice.reasons(row["evidence"])
    return f"{told} Evidence: {'; '.join(evidence)}." if evidence else told


_VERBS = {
    "emerging": "is new",
    "escalating": "escalates",
    "pulse": "flared up",
    "resolving": "fades",
    "gone": "is gone",
}


def cause(material: Material, voice: Voice, row: dict[str, Any]) -> tuple[str, str]:
    """Return since which version, plug-in, setting or other change: in short, and in words."""
    mine = material.versions.filter(pl.col("signature_id") == row["signature_id"])
    falling = row["kind"] in _FALLING
    verdicts = ["improved"] if falling else ["persistent", "transient"]
    found = mine.filter(pl.col("verdict").is_in(verdicts))
    if found.height:
        return _versions(voice, found)
    began = _began_then(material, voice, row)
    if began:
        words = f"{began} began on these days: together in time, no more is known"
        return f"{began}?", words
    if mine.filter(pl.col("verdict") == "undetermined").height:
        return "cannot tell", "too few customers changed anything to tell whether a version did it"
    if mine.height:
        return "none", "no version, plug-in or setting that was tested did it"
    return "not tested", "nothing changed at enough of its customers to test a version for it"


def _versions(voice: Voice, found: pl.DataFrame) -> tuple[str, str]:
    """Return the surest finding, and how many others there are."""
    row = found.row(0, named=True)
    lasting = row["verdict"] == "persistent" and row["first_bad"]
    name = voice.value(row["component"], row["first_bad"] if lasting else row["value"])
    often = f"{ratio(row['ratio'])} times as often ({between(row['low'], row['high'])})"
    at = f"{voice.count(row['customers'])}, false discovery rate {row['q_value']:.2g}"
    words = [f"{row['verdict']} with {name}: {often} after the change as before at {at}"]
    others = found.slice(1).filter(pl.col("value") != row["value"])
    also = [voice.value(c, v) for c, v in others.select("component", "value").head(3).iter_rows()]
    words += [f"also with {' and '.join(dict.fromkeys(also))}"] if also else []
    words += [r for r in voice.reasons(row["reasons"]) if r.startswith("cannot separate")]
    return name, "; ".join(words)


def passing(material: Material, row: dict[str, Any]) -> bool:
    """Return whether a rise is noise of upgrades only."""
    found = material.versions.filter(pl.col("signature_id") == row["signature_id"])
    verdicts = set(found["verdict"])
    return "transient" in verdicts and "persistent" not in verdicts


def _began_then(material: Material, voice: Voice, row: dict[str, Any]) -> str:
    """Return what was changed in the fleet on the days on which it may have begun."""
    day = timedelta(days=1)
    near = material.coming.filter(
        pl.col("starts_at") >= row["since_low"] - day,
        pl.col("starts_at") < row["since_high"] + day,
    ).sort("starts_at")
    names = []
    for kind, component, value in near.select("kind", "component", "value").iter_rows():
        said = " ".join(part for part in (component, value) if part)
        if voice.internal:
            names.append(" ".join(part for part in (kind, said) if part))
        elif (component, value) in voice.common:
            names.append(said)
    return " and ".join(dict.fromkeys(names))
