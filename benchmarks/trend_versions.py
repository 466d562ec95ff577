"""Which version is blamed for what: on drawn fleets, and on simulated ones (S5, S11).

False findings are judged on fleets where nothing has an effect and on fleets with planted
effects; beside them a Poisson ratio of events with and without the value, and one of
customer-days before and after each customer's change, without others to compare with.
Both are held to the same rate of false discoveries. Seeds from 100 on; the settings were
chosen on seeds below.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
from fleet_filling import filled
from harness import Row, Setting, entry
from scipy.special import ndtr
from version_fleets import draw_fleet

from caseline.estimation.discoveries import q_values
from caseline.testing.fleet import simulate
from caseline.trends.upgrades.answering import judge_parts
from caseline.trends.upgrades.judging import FINDINGS
from caseline.trends.upgrades.settings import upgrade_settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from version_fleets import Drawn

    from caseline.testing.fleet import Simulation
    from caseline.trends.upgrades.comparing import Compared

_NULL, _PLANTED, _SIMULATED = range(100, 108), range(200, 206), range(100, 103)
_PLANS = (("persistent", 3.0), ("persistent", 2.0), ("transient", 10.0), ("improved", 3.0))
_LEVEL = 0.05
Found = list[dict[str, Any]]


@entry("trend-versions")
def versions(_: Setting) -> Iterable[Row]:
    """Yield false findings, power, verdicts, coverage of intervals and time."""
    null = [_asked(draw_fleet(seed, customers=150, signatures=80)) for seed in _NULL]
    plan = [kind for kind in _PLANS for _ in range(4)]
    planted = [
        _asked(draw_fleet(seed, customers=150, signatures=80, planted=plan)) for seed in _PLANTED
    ]
    yield from _false_findings(null, planted)
    yield from _power(planted)
    yield Row(
        name="one table (80 signatures, 26 values, 150 customers, 90 days)",
        figures=[1000 * seconds for *_, seconds, _ in null],
        unit="ms",
        better="lower",
        baseline="Poisson ratio of events",
        baseline_figures=[1000 * naive["events"][1] for *_, naive in null],
    )
    yield from _simulated()


Asked = tuple["Drawn", Found, float, dict[str, tuple[list[tuple[int, str]], float]]]


def _asked(drawn: Drawn) -> Asked:
    began = perf_counter()
    names = [str(n) for n in range(drawn.hits.signatures)]
    settings = upgrade_settings()
    frame, compared = judge_parts(
        drawn.parts, drawn.units, drawn.hits, names, settings, every=False
    )
    seconds = perf_counter() - began
    naive = {"events": _naive_events(drawn), "before and after": _naive_days(compared)}
    return drawn, frame.to_dicts(), seconds, naive


def _naive_events(drawn: Drawn) -> tuple[list[tuple[int, str]], float]:
    """Return what a Poisson ratio of events with and without each value finds, and seconds."""
    began = perf_counter()
    hits, units = drawn.hits, drawn.units
    pairs, chances = [], []
    for part in drawn.parts:
        codes = part.codes[units.place]
        for code, value in enumerate(part.values):
            on = codes == code
            days = float((on & units.observed).sum()), float((~on & units.observed).sum())
            mine = on[hits.unit, hits.day]
            counts = [
                np.bincount(hits.signature[m], weights=hits.events[m], minlength=hits.signatures)
                for m in (mine, ~mine)
            ]
            chances.append(_poisson_chance(counts[0], counts[1], days))
            pairs += [(s, f"{part.component} {value}") for s in range(hits.signatures)]
    return _taken(pairs, np.concatenate(chances)), perf_counter() - began


def _naive_days(compared: list[Compared]) -> tuple[list[tuple[int, str]], float]:
    """Return what customer-days before and after find with nothing to compare them with."""
    began = perf_counter()
    pairs, chances = [], []
    for c in compared:
        days = float(c.days[2]), float(c.days[0])
        chances.append(_poisson_chance(c.hits[:, 2], c.hits[:, 0], days))
        pairs += [(s, f"{c.part.component} {c.value}") for s in range(c.hits.shape[0])]
    return _taken(pairs, np.concatenate(chances)), perf_counter() - began


def _poisson_chance(one: np.ndarray, other: np.ndarray, days: tuple[float, float]) -> np.ndarray:
    if min(days) <= 0:
        return np.ones(one.size)
    gap = np.log((one + 0.5) / days[0]) - np.log((other + 0.5) / days[1])
    z = np.abs(gap) / np.sqrt(1 / (one + 0.5) + 1 / (other + 0.5))
    chance: np.ndarray = 2 * ndtr(-z)
    return chance


def _taken(pairs: list[tuple[int, str]], chances: np.ndarray) -> list[tuple[int, str]]:
    return [pairs[n] for n in np.flatnonzero(q_values(chances) <= _LEVEL)]


def _findings(found: Found) -> list[tuple[int, str]]:
    return [
        (int(row["signature_id"]), f"{row['component']} {row['value']}")
        for row in found
        if row["verdict"] in FINDINGS
    ]


def _share_false(drawn: Drawn, pairs: list[tuple[int, str]]) -> float:
    """Return the share of findings about signatures that nothing was planted in."""
    return float(np.mean([s not in drawn.planted for s, _ in pairs])) if pairs else 0.0


def _false_findings(null: list[Asked], planted: list[Asked]) -> Iterator[Row]:
    for name, fleets in (("nothing happens", null), ("planted effects", planted)):
        own = [_share_false(d, _findings(found)) for d, found, *_ in fleets]
        for other in ("events", "before and after"):
            yield Row(
                name=f"share of false findings at q = .05, {name} ({len(fleets)} fleets)",
                figures=[float(np.mean(own))],
                unit="share",
                better="lower",
                baseline=f"Poisson ratio of {other}",
                baseline_figures=[
                    float(np.mean([_share_false(d, naive[other][0]) for d, *_, naive in fleets]))
                ],
            )


def _power(planted: list[Asked]) -> Iterator[Row]:
    for kind, ratio in _PLANS:
        told, right, covered, planned_in = [], [], [], []
        for drawn, found, *_ in planted:
            rows = {(int(r["signature_id"]), r["component"], r["value"]): r for r in found}
            for signature, (component, value, planned, by) in drawn.planted.items():
                if (planned, by) != (kind, ratio):
                    continue
                row = rows.get((signature, component, value))
                told.append(row is not None and row["verdict"] in FINDINGS)
                if row is not None and row["verdict"] in FINDINGS:
                    right.append(row["verdict"] == kind)
                if row is not None and kind != "transient":
                    truth = 1 / ratio if kind == "improved" else ratio
                    covered.append(row["low"] <= drawn.real[signature] <= row["high"])
                    planned_in.append(row["low"] <= truth <= row["high"])
        name = f"{kind}, ratio {ratio:.0f}"
        yield Row(name=f"{name}: found", figures=[float(np.mean(told))], unit="share")
        if right:
            yield Row(name=f"{name}: verdict right", figures=[float(np.mean(right))], unit="share")
        if covered:
            yield Row(
                name=f"{name}: 90 % interval covers the ratio of customer-days ({len(covered)})",
                figures=[float(np.mean(covered))], unit="share",
                baseline="the ratio asked for, though no chance can pass 1",
                baseline_figures=[float(np.mean(planned_in))],
            )  # fmt: skip
    first = [
        row["first_bad"] == drawn.planted[int(row["signature_id"])][1]
        for drawn, found, *_ in planted
        for row in found
        if row["verdict"] == "persistent" and row["component"] == "platform"
        if drawn.planted.get(int(row["signature_id"]), ("", "", "", 0))[2] == "persistent"
    ]
    if first:
        yield Row(name="first bad version right", figures=[float(np.mean(first))], unit="share")


def _simulated() -> Iterator[Row]:
    """Yield what the public face says of S5's two errors, and of S11's none."""
    right: dict[str, list[float]] = {"transient": [], "persistent": []}
    wrong: list[float] = []
    for seed in _SIMULATED:
        fleet = simulate("S5", seed=seed, customers=80, days=40, events_per_day=3000)
        with tempfile.TemporaryDirectory() as folder, filled(fleet, Path(folder)) as ws:
            planned = fleet.truth.facts["upgrade_noise"]
            rows = {
                (row.signature_id, row.value): row.verdict
                for row in ws.trends.versions()
                if row.component == "platform"
            }
            for kind, verdicts in right.items():
                names = _signatures_of(fleet, planned[kind])
                told = {rows.get((name, planned["version"])) for name in names}
                verdicts.append(float(kind in told and not (told & set(FINDINGS)) - {kind}))
        null = simulate("S11", seed=seed, customers=80, days=40, events_per_day=3000)
        with tempfile.TemporaryDirectory() as folder, filled(null, Path(folder)) as ws:
            wrong.append(float(any(row.verdict in FINDINGS for row in ws.trends.versions())))
    for kind, verdicts in right.items():
        yield Row(name=f"S5: the {kind} error is", figures=[float(np.mean(verdicts))], unit="share")
    yield Row(
        name=f"S11: fleets with any finding, of {len(wrong)}", figures=[float(np.mean(wrong))],
        unit="share", better="lower",
    )  # fmt: skip


def _signatures_of(fleet: Simulation, family: str) -> list[str]:
    """Return the templates of the issues of *family*."""
    issues = fleet.truth.issues.filter(fleet.truth.issues["family"] == family)
    own = fleet.truth.templates.join(issues, on="issue_id", how="semi")
    return [str(name) for name in own["template_id"]]
