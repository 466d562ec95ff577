"""What carries an issue, and who is next: exactness over drawn fleets, beside Fisher lift.

``impact-vectors`` draws fleets as tables; ``impact-scenarios`` asks the public face of
simulated ones (S1, S2, S4, S6, S7) over seeds.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from drawn_fleets import AHEAD, draw
from fleet_filling import filled
from harness import Row, Setting, entry
from scipy.stats import fisher_exact

from caseline.impact.spreading.deciding import CANNOT_SEPARATE, LIKELY, Decision
from caseline.impact.spreading.next_hit import who_is_next
from caseline.impact.spreading.settings import spread_settings
from caseline.impact.spreading.weighing import weighed
from caseline.testing.fleet import simulate

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from drawn_fleets import Drawn
    from harness import Direction

    import caseline
    from caseline.impact.spreading.answers import Spread
    from caseline.impact.spreading.exposures import Vector
    from caseline.impact.spreading.ranking import Ranking
    from caseline.testing.fleet import Simulation

SEEDS = range(1000, 1156)
SCENARIO_SEEDS = range(100, 120)
_LEVEL = 0.05
_ISSUE = "planted"


@entry("impact-vectors")
def vectors(_: Setting) -> Iterable[Row]:
    """Yield how often the true vector is found at 5 and 12 hits, and how often a wrong one."""
    for hits in (5, 12):
        drawn = [d for seed in SEEDS if (d := draw(seed, hits=hits)) is not None]
        nothing = [d for seed in SEEDS[::3] if (d := draw(seed, hits=hits, null=True)) is not None]
        yield from _judged(drawn, nothing, hits)


def _judged(drawn: list[Drawn], nothing: list[Drawn], hits: int) -> Iterable[Row]:
    settings = spread_settings()
    exact, top, wrong, open_, lift, lift_wrong = ([] for _ in range(6))
    times, ours, oracles = [], [], []
    for d in drawn:
        began = perf_counter()
        ranking, decision = weighed(d.ground, settings)
        times.append(1000 * (perf_counter() - began))
        first = (ranking.exposures.vectors[0], *ranking.exposures.also[0])
        top.append(d.truth in first)
        exact.append(decision.verdict == LIKELY and d.truth in first)
        wrong.append(decision.verdict == LIKELY and d.truth not in first)
        open_.append(decision.verdict == CANNOT_SEPARATE and _among(d.truth, decision, ranking))
        found = _fisher(d)
        lift.append(found is not None and d.truth == found)
        lift_wrong.append(found is not None and d.truth != found)
        heard = d.ground.risk.ever(d.ground.risk.observed)
        if (d.next_hit & heard).any():
            ours.append(_caught(d.next_hit & heard, _ahead(d, ranking)))
            oracles.append(_caught(d.next_hit & heard, d.chance * heard))
    false = [weighed(d.ground, settings)[1].verdict == LIKELY for d in nothing]
    name = f"vector at {hits} hits"
    yield _share(f"{name}: said and exact ({len(drawn)} fleets)", exact, lift)
    yield _share(f"{name}: the most probable is exact", top, lift)
    yield _share(f"{name}: said and wrong", wrong, lift_wrong, better="lower")
    yield _share(f"{name}: 'cannot separate', the true one among them", open_, [])
    yield _share(
        f"{name}: said where nothing carries it ({len(nothing)})", false, [], better="lower"
    )
    yield Row(name=f"{name}: one decision", figures=times, unit="ms", better="lower")
    yield Row(
        name=f"at risk at {hits} hits: share of the next hits of {AHEAD} days among as many named",
        figures=[float(np.mean(ours))],
        unit="share",
        baseline="an oracle that knows the rule",
        baseline_figures=[float(np.mean(oracles))],
    )


def _share(name: str, found: list[bool], other: list[bool], *, better: Direction = "higher") -> Row:
    return Row(
        name=name,
        figures=[float(np.mean(found))],
        unit="share",
        better=better,
        baseline="Fisher lift" if other else "",
        baseline_figures=[float(np.mean(other))] if other else (),
    )


def _among(truth: Vector | None, decision: Decision, ranking: Ranking) -> bool:
    twins = dict(zip(ranking.exposures.vectors, ranking.exposures.also, strict=True))
    return any(truth == v or truth in twins.get(v, []) for v in decision.vectors)


def _fisher(d: Drawn) -> Vector | None:
    """Return what Fisher's test at the snapshot finds, corrected for the number of tests."""
    ground = d.ground
    hit = ground.risk.ever(ground.risk.hits > 0)
    now = round(d.now.timestamp() * 1e6)
    best: tuple[float, Vector | None] = (1.0, None)
    for vector in ground.vectors:
        has = ground.entered(vector, now=now) <= now
        table = [[int((hit & has).sum()), int((~hit & has).sum())],
                 [int((hit & ~has).sum()), int((~hit & ~has).sum())]]  # fmt: skip
        p = float(fisher_exact(table, alternative="greater").pvalue)
        best = min(best, (p, vector), key=lambda pair: pair[0])
    return best[1] if best[0] * len(ground.vectors) <= _LEVEL else None


def _ahead(d: Drawn, ranking: Ranking) -> np.ndarray:
    """Return our probability for each place; 0 for those not named."""
    named = who_is_next(d.ground, ranking.chances, frozenset(), spread_settings(), now=d.now)
    chances = dict(named.select("customer_id", "probability").iter_rows())
    return np.array([chances.get(c, 0.0) for c in d.ground.risk.units["customer_id"]])


def _caught(next_hit: np.ndarray, score: np.ndarray) -> float:
    """Return the share of the next hits among as many places of the highest score."""
    count = int(next_hit.sum())
    order = np.argsort(-(score + 1e-9 * np.random.default_rng(1).random(score.size)), kind="stable")
    return float(next_hit[order[:count]].mean())


@entry("impact-scenarios")
def scenarios(_: Setting) -> Iterable[Row]:
    """Yield how often S1, S2, S4, S6 and S7 get their right answer, over seeds."""
    for name, checks in _CHECKS.items():
        told: dict[str, list[float]] = {}
        for fleet, ws in _fed(name):
            for what, value in checks(fleet, ws).items():
                told.setdefault(what, []).append(value)
        for what, values in told.items():
            yield Row(
                name=f"{name}: {what} ({len(values)} seeds)",
                figures=[float(np.mean(values))],
                unit="share",
            )


def _fed(name: str) -> Iterator[tuple[Simulation, caseline.Workspace]]:
    for seed in SCENARIO_SEEDS:
        fleet = simulate(name, seed=seed, customers=80, days=24, events_per_day=100,
                         everyday_issues=0)  # fmt: skip
        with tempfile.TemporaryDirectory() as folder, filled(fleet, Path(folder)) as ws:
            _note_issue(ws, fleet)
            yield fleet, ws


def _note_issue(ws: caseline.Workspace, fleet: Simulation) -> None:
    """Let the planted issue be one of the workspace's: its lines are of several signatures."""
    row = fleet.truth.issues.row(0, named=True)
    issue = {"issue_id": _ISSUE, "kind": "new", "status": "new", "title": row["family"]}
    times = dict.fromkeys(("detected_at", "since"), row["onset"])
    ws._store.save("issues", pl.DataFrame([issue | times]))
    members = [{"issue_id": _ISSUE, "signature_id": s} for s in row["template_ids"]]
    ws._store.save("issue_signatures", pl.DataFrame(members))


def _first(spread: Spread) -> tuple[str, str, str]:
    row = spread.vectors[0]
    return row.kind, row.attribute, row.value


def _s1(fleet: Simulation, ws: caseline.Workspace) -> dict[str, float]:
    facts = fleet.truth.facts["bad_release"]
    spread = ws.impact.spread(_ISSUE)
    row = spread.vectors[0]
    coming = set(facts["next_wave"]["customers"])
    head = [r.customer_id in coming for r in spread.at_risk][: len(coming)]
    return {
        "the release is said": spread.verdict == LIKELY
        and _first(spread) == ("version", "platform", facts["version"]),
        "90 % interval of the ratio covers": row.low <= facts["rate_ratio"] <= row.high,
        "next wave at the head of at risk": float(np.mean(head)) if head else 0.0,
    }


def _s2(fleet: Simulation, ws: caseline.Workspace) -> dict[str, float]:
    spread = ws.impact.spread(_ISSUE)
    guilty = tuple(fleet.truth.facts["two_rollouts"]["guilty"])
    innocent = tuple(fleet.truth.facts["two_rollouts"]["innocent"])
    return {
        "the guilty rollout is said": spread.verdict == LIKELY and _first(spread) == guilty,
        "the innocent one is said": spread.verdict == LIKELY and _first(spread) == innocent,
    }


def _s4(fleet: Simulation, ws: caseline.Workspace) -> dict[str, float]:
    spread = ws.impact.spread(_ISSUE)
    facts = fleet.truth.facts["certificates"]
    ahead = {r.customer_id for r in spread.at_risk if r.planned_at is not None}
    near = {
        n["customer_id"]
        for n in facts["next"]
        if n["at"] < fleet.settings.end.timestamp() + 7 * 86400
    }
    return {
        "the date is said": spread.verdict == LIKELY
        and _first(spread)[:2] == ("date", facts["component"]),
        "sites of the next week named": len(near & ahead) / max(1, len(near)),
    }


def _s6(_: Simulation, ws: caseline.Workspace) -> dict[str, float]:
    blame = ws.impact.spread(_ISSUE).blame
    return {"the customer's own plug-in is blamed": blame.owner == "customer"}


def _s7(fleet: Simulation, ws: caseline.Workspace) -> dict[str, float]:
    spread = ws.impact.spread(_ISSUE)
    facts = fleet.truth.facts["interaction"]
    named = {r.customer_id for r in spread.at_risk}
    return {
        "the interaction is said": spread.blame.owner == "interaction",
        "who has it planned is named": len(named & set(facts["at_risk"])) / len(facts["at_risk"]),
        "nobody who has one of the two is named": not named
        & (set(facts["plugin_only"]) | set(facts["version_only"])),
    }


_CHECKS = {"S1": _s1, "S2": _s2, "S4": _s4, "S6": _s6, "S7": _s7}
