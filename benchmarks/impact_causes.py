"""How well causes of tickets are found: drawn tickets, simulated fleets, a real system's faults.

Seeds that are judged are none of those that the weights were learned from (`cause_weights`).
Baselines stand beside: the same candidates ranked by words alone, or by counts alone.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from cause_fleets import opened, true_causes
from drawn_tickets import BURSTS, CANDIDATES, NOISE, Drawn, draw_tickets
from harness import Row, Setting, entry
from nezha_faults import evidence_of, rank_of, read_day

from caseline.impact.causes.candidates import weigh
from caseline.impact.causes.choice import shipped_weights
from caseline.impact.causes.fitting import calibration_error
from caseline.impact.causes.recall import NO_LORE
from caseline.impact.causes.settings import FEATURES, cause_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

SEEDS = range(20)
TICKETS = 20
FLEET_SEEDS = (1, 2)
_FIRST = (1, 3, 5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One ticket, answered.

    Args:
        rank: Of the true cause; None if there is none in the logs.
        none: The probability given to "not in the logs".
        best: The probability of the first signature, and whether it is the cause.
    """

    rank: int | None
    none: float
    best: tuple[float, bool]


@entry("causes-drawn")
def measure_drawn(_setting: Setting) -> Iterator[Row]:
    """Judge 20 seeds of drawn tickets; then the same ones with links of earlier tickets."""
    label = f"{CANDIDATES} candidates, {BURSTS} bursts, noise {NOISE}"
    answers: dict[str, list[list[Judged]]] = defaultdict(list)
    kinds: dict[str, list[Judged]] = defaultdict(list)
    taken: list[float] = []
    for seed in SEEDS:
        drawn = draw_tickets(np.random.default_rng(seed), TICKETS)
        start = perf_counter()
        frames = [weigh(ticket.evidence) for ticket in drawn]
        taken.append((perf_counter() - start) / TICKETS * 1000)
        for name, score in _SCORES.items():
            answers[name].append([judge(t, f, score) for t, f in zip(drawn, frames, strict=True)])
        for ticket, answer in zip(drawn, answers["all"][-1], strict=True):
            kind = "silent" if ticket.silent else "chained" if ticket.chained else "plain"
            kinds[kind].append(answer)
    for baseline in ("words only", "counts only"):
        yield from _ranking(f"causes, {label}", answers["all"], answers[baseline], baseline)
    for kind, found in sorted(kinds.items()):
        yield from _ranking(f"causes, {kind}", [found], None, "")
    yield from _certainty("causes, drawn", [a for seed in answers["all"] for a in seed])
    yield Row(name="weighing one ticket", figures=taken, unit="ms", better="lower")


@entry("causes-links")
def measure_links(_setting: Setting) -> Iterator[Row]:
    """Judge drawn tickets with links of earlier tickets, beside the same ones without."""
    with_links, without = [], []
    for seed in SEEDS:
        drawn = draw_tickets(np.random.default_rng(500 + seed), TICKETS // 2, linked=1.0)
        with_links.append([judge(t, weigh(t.evidence), _all) for t in drawn])
        bare = [replace(t, evidence=replace(t.evidence, lore=NO_LORE)) for t in drawn]
        without.append([judge(t, weigh(t.evidence), _all) for t in bare])
    yield from _ranking("causes, with links of earlier tickets", with_links, without, "no links")


@entry("causes-fleets")
def measure_fleets(_setting: Setting) -> Iterator[Row]:
    """Judge tickets of simulated fleets, asked through the public face."""
    answers, taken = [], []
    for seed in FLEET_SEEDS:
        with opened("incident", seed=seed, customers=24) as (ws, fleet):
            found = []
            for row in true_causes(ws, fleet).iter_rows(named=True):
                start = perf_counter()
                causes = ws.impact.causes(row["ticket_id"], limit=1_000)
                taken.append((perf_counter() - start) * 1000)
                if causes.verdict.startswith("cannot tell"):
                    continue
                right = row["right"] if row["visible"] else []
                at = [n for n, c in enumerate(causes, 1) if c.signature_id in right]
                rank = min(at, default=len(causes) + 1) if right else None
                best = (causes[0].probability, rank == 1) if len(causes) else (0.0, False)
                found.append(Judged(rank=rank, none=causes.none, best=best))
            answers.append(found)
    yield from _ranking("causes, simulated incident", answers, None, "")
    yield from _certainty("causes, simulated incident", [a for seed in answers for a in seed])
    yield Row(name="causes of a ticket, small fleet", figures=taken, unit="ms", better="lower")


@entry("causes-nezha")
def measure_nezha(setting: Setting) -> Iterator[Row]:
    """Rank the service of each injected fault of a real system by its most unusual line.

    Nobody wrote a ticket: there are no words to compare, and lines are ranked as in
    ``impact.context``, the most unusual first, both tails, by what order says besides.
    Nothing was learned from it. What a fault is compared with (all lines of earlier that
    day) and what stands for a service (its most unusual line) was chosen on the first
    half of the faults, the second half judges; while choosing, the figures of both were
    seen. The weights of causes, which expect a ticket, stand beside.
    """
    day = read_day(setting.folder("nezha"))
    own, weighed, raw = [], [], []
    for fault in day.faults:
        frame = weigh(evidence_of(day, fault))
        own.append(rank_of(fault.service, _of_services(frame, _unusual(frame))))
        weighed.append(rank_of(fault.service, _of_services(frame, _all(frame))))
        raw.append(rank_of(fault.service, _of_services(frame, frame["seen"].to_numpy(), add=True)))
    middle = len(own) // 2
    for part, low, high in (
        ("first half", 0, middle), ("second half", middle, len(own)), ("all", 0, len(own)),
    ):  # fmt: skip
        for first in _FIRST:
            yield Row(
                name=f"service of a fault, {part}",
                figures=[_among(own[low:high], first)],
                unit=f"AS@{first}",
                baseline="raw counts",
                baseline_figures=[_among(raw[low:high], first)],
            )
    for first in _FIRST:
        name = "service of a fault, all, by the weights of causes"
        yield Row(name=name, figures=[_among(weighed, first)], unit=f"AS@{first}")


def _of_services(
    frame: pl.DataFrame, scores: NDArray[np.float64], *, add: bool = False
) -> dict[str, float]:
    """Return for each service its best score, or the sum."""
    found: dict[str, float] = {}
    for name, score in zip(frame["signature_id"], scores.tolist(), strict=True):
        service = name.split(" ", 1)[0]
        known = found.get(service)
        joined = score if known is None else known + score if add else max(known, score)
        found[service] = joined
    return found


def _among(ranks: Sequence[int], first: int) -> float:
    return float(np.mean(np.array(ranks) <= first))


def _all(frame: pl.DataFrame) -> NDArray[np.float64]:
    return shipped_weights().scores(frame.select(FEATURES).to_numpy())


def _unusual(frame: pl.DataFrame) -> NDArray[np.float64]:
    odd = pl.max_horizontal("surprise", "missing") + pl.col("upstream") - pl.col("downstream")
    return frame.select(odd).to_series().to_numpy()


def _words(frame: pl.DataFrame) -> NDArray[np.float64]:
    return (frame["words"] + frame["grams"]).to_numpy()


def _counts(frame: pl.DataFrame) -> NDArray[np.float64]:
    return frame["seen"].to_numpy()


_SCORES: dict[str, Callable[[pl.DataFrame], NDArray[np.float64]]] = {
    "all": _all, "words only": _words, "counts only": _counts,
}  # fmt: skip


def judge(
    ticket: Drawn, frame: pl.DataFrame, score: Callable[[pl.DataFrame], NDArray[np.float64]]
) -> Judged:
    """Return how a ticket was answered; equals are ranked as if in the middle."""
    scores, ids = score(frame), frame["signature_id"].to_list()
    chances, none = shipped_weights().chances(frame.select(FEATURES).to_numpy())
    first = int(chances.argmax()) if len(chances) else -1
    best = (float(chances[first]), ids[first] == ticket.right) if len(chances) else (0.0, False)
    rank = None
    if ticket.right is not None:
        rank = len(ids) + 1
        if ticket.right in ids:
            own = scores[ids.index(ticket.right)]
            rank = int((scores > own).sum() + ((scores == own).sum() + 1) / 2)
    return Judged(rank=rank, none=none, best=best)


def _ranking(
    name: str, found: Sequence[Sequence[Judged]], other: Sequence[Sequence[Judged]] | None,
    baseline: str,
) -> Iterator[Row]:  # fmt: skip
    for unit, measure in (("MRR", _reciprocal), ("top-5", _top_five)):
        yield Row(
            name=name,
            figures=[measure(seed) for seed in found],
            unit=unit,
            baseline=baseline,
            baseline_figures=[measure(seed) for seed in other] if other else (),
        )


def _reciprocal(found: Sequence[Judged]) -> float:
    return float(np.mean([1 / a.rank for a in found if a.rank is not None]))


def _top_five(found: Sequence[Judged]) -> float:
    return float(np.mean([a.rank <= 5 for a in found if a.rank is not None]))  # noqa: PLR2004 - the first five


def _certainty(name: str, found: Sequence[Judged]) -> Iterator[Row]:
    """Yield how true the probabilities are, and what "not in the logs" is worth."""
    stated = [*(a.best[0] for a in found), *(a.none for a in found)]
    so = [*(a.best[1] for a in found), *(a.rank is None for a in found)]
    yield Row(name=name, figures=[calibration_error(stated, so)], unit="ECE", better="lower")
    said = [a.none >= cause_settings().none_from for a in found]
    true = sum(s and a.rank is None for s, a in zip(said, found, strict=True))
    for unit, whole in (("precision", sum(said)), ("recall", sum(a.rank is None for a in found))):
        yield Row(name=f"{name}: not in the logs", figures=[true / max(whole, 1)], unit=unit)
