"""Scores the order of priorities, and intervals of what fixes avoid, on drawn fleets."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from cost_fleets import HORIZON, at, draw_costs, loaded
from harness import Row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cost_fleets import Drawn
    from numpy.typing import NDArray

    import caseline

    Floats = NDArray[np.float64]

_SEEDS, _LATER_SEEDS = range(100, 105), range(106, 107)
_RANKS, _TOP, _ASKED, _SHIPS_ON, _BACK = 20, 10, 12, 14.0, -42.0
_LEAST_HOURS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """A fleet's answer and its truth: the rows of priorities, with truth and worth.

    ``oracle`` is the order of one who knows the true cause of each ticket of the past.
    """

    rows: pl.DataFrame
    worth: Floats
    oracle: NDArray[np.int64]
    ms: float


def drawn_rows() -> Iterator[Row]:
    """Yield the order beside others, coverage, bias and time."""
    found = [_scored(seed) for seed in _SEEDS]
    size = f"{len(_SEEDS)} drawn fleets"
    others = ("events", "customers", "ratio", "hours")
    for name, score in (
        (f"NDCG@{_RANKS}", _ndcg),
        (f"true top {_TOP} among the first {_TOP}", _top),
        (f"hours of the true top {_TOP} held by the first {_TOP}", _held),
    ):
        for other in others:
            yield Row(
                name=f"{name}, {size}",
                figures=[score(f.worth, _order(f.rows, "avoidable_hours")) for f in found],
                unit="share",
                baseline=f"by {'growth' if other == 'ratio' else other}",
                baseline_figures=[score(f.worth, _order(f.rows, other)) for f in found],
            )
        yield Row(
            name=f"{name}, {size}",
            figures=[score(f.worth, _order(f.rows, "avoidable_hours")) for f in found],
            unit="share",
            baseline="all true causes known",
            baseline_figures=[score(f.worth, f.oracle) for f in found],
        )
    every = pl.concat([f.rows for f in found]).filter(pl.col("avoidable_hours") >= _LEAST_HOURS)
    for label, rows in (("all", every), *(_by_kind(every))):
        yield Row(
            name=f"90 % interval of avoidable hours holds the truth, {label} ({rows.height})",
            figures=[_share(rows)],
            unit="share",
        )
    yield Row(
        name="true to forecast hours, sum", figures=[_bias(f.rows) for f in found], unit="times"
    )
    yield Row(
        name="priorities (240 signatures, 150 customers, 84 days)",
        figures=[f.ms for f in found], unit="ms", better="lower",
    )  # fmt: skip
    yield from _shipping()


def _share(rows: pl.DataFrame) -> float:
    return float((rows["truth"].is_between(rows["low"] - 1e-9, rows["high"] + 1e-9)).mean())  # type: ignore[arg-type]


def _bias(rows: pl.DataFrame) -> float:
    return float(rows["truth"].sum()) / float(rows["avoidable_hours"].sum())


def _by_kind(rows: pl.DataFrame) -> list[tuple[str, pl.DataFrame]]:
    return [(str(key[0]), part) for key, part in sorted(rows.group_by("kind_of"))]


def _scored(seed: int) -> Scored:
    drawn = draw_costs(seed)
    with tempfile.TemporaryDirectory() as folder:
        ws, links = loaded(drawn, Path(folder), seed)
        ws.trends.priorities(links=links)
        began = perf_counter()
        frame = ws.trends.priorities(links=links, limit=10_000).to_frame()
        ms = 1000 * (perf_counter() - began)
        ratios = _ratios(ws)
        ws.close()
    frame = frame.join(ratios, on="id", how="left")
    number = frame["id"].str.slice(2).cast(pl.Int64)
    n = number.to_numpy()
    avoided, spent = drawn.avoided()["hours"].to_numpy(), drawn.spent()
    truth = np.where((frame["action"] == "adopt").to_numpy(), spent[n], avoided[n])
    rows = frame.drop("reasons").with_columns(
        number.alias("n"), pl.Series("truth", truth),
        pl.Series("kind_of", [drawn.kinds[i] for i in n]),
    )  # fmt: skip
    return Scored(rows=rows, worth=drawn.worth(), oracle=_oracle(drawn), ms=ms)


def _oracle(drawn: Drawn) -> NDArray[np.int64]:
    """Return the signatures by the hours of the tickets that they really caused so far."""
    past = drawn.tickets.filter(pl.col("day") < 0)
    spent = np.bincount(past["signature"], past["hours"], len(drawn.kinds))
    return np.argsort(-spent, kind="stable")


def _ratios(ws: caseline.Workspace) -> pl.DataFrame:
    """Return id, ratio: customer-days of the last four weeks to those of the four before."""
    frame = ws.trends.compare(window=(at(-28), at(0))).to_frame()
    return frame.select(pl.col("signature_id").alias("id"), "ratio")


def _order(rows: pl.DataFrame, by: str) -> NDArray[np.int64]:
    ordered = rows.sort([by, "n"], descending=[True, False], nulls_last=True)
    return ordered["n"].to_numpy()


def _ndcg(worth: Floats, order: NDArray[np.int64]) -> float:
    discount = 1 / np.log2(np.arange(2, _RANKS + 2))
    gains = worth[order[:_RANKS]]
    best = np.sort(worth)[::-1][:_RANKS]
    return float((gains * discount[: gains.size]).sum() / (best * discount).sum())


def _top(worth: Floats, order: NDArray[np.int64]) -> float:
    true = set(np.argsort(-worth, kind="stable")[:_TOP].tolist())
    return len(true & set(order[:_TOP].tolist())) / _TOP


def _held(worth: Floats, order: NDArray[np.int64]) -> float:
    return float(worth[order[:_TOP]].sum() / np.sort(worth)[::-1][:_TOP].sum())


def _shipping() -> Iterator[Row]:
    """Yield how often intervals hold what a fix avoids that ships later, or had shipped."""
    ahead: dict[str, list[bool]] = {"hours": [], "tickets": [], "customer_days": []}
    back: list[bool] = []
    for seed in _LATER_SEEDS:
        drawn = draw_costs(seed, ships_on=_SHIPS_ON)
        true = drawn.avoided(_SHIPS_ON, _SHIPS_ON + HORIZON)
        with tempfile.TemporaryDirectory() as folder:
            ws, links = loaded(drawn, Path(folder), seed)
            for name in ws.trends.priorities(links=links).to_frame()["id"].head(_ASKED):
                row = true.row(int(name[2:]), named=True)
                told = ws.trends.counterfactual(name, fixed_on=at(_SHIPS_ON), links=links)
                if drawn.fixed_in[int(name[2:])] >= 0:
                    continue
                ahead["hours"].append(told.low <= row["hours"] <= (told.high or 0.0))
                for kind, key in (("tickets", "tickets"), ("customer_days", "days")):
                    _, low, high = getattr(told, kind)
                    ahead[kind].append(low <= row[key] <= high)
                past = ws.trends.counterfactual(name, fixed_on=at(_BACK), links=links)
                truth = _had_it_shipped(drawn, int(name[2:]))
                back.append(past.low - 1e-6 <= truth <= (past.high or 0.0) + 1e-6)
            ws.close()
    for kind, held in ahead.items():
        label = kind.replace("_", "-")
        yield Row(
            name=f"fix ships in {_SHIPS_ON:.0f} days: 90 % interval of {label} ({len(held)})",
            figures=[float(np.mean(held))], unit="share",
        )  # fmt: skip
    yield Row(
        name=f"had it shipped {-_BACK:.0f} days ago: 90 % interval of hours ({len(back)})",
        figures=[float(np.mean(back))],
        unit="share",
    )


def _had_it_shipped(drawn: Drawn, n: int) -> float:
    """Return the hours of tickets since then that came after each place's next upgrade."""
    firsts = [min((d for d, _ in ups if d > _BACK), default=np.inf) for ups in drawn.upgrades]
    runs = np.array(firsts)[drawn.place]
    mine = drawn.tickets.filter((pl.col("signature") == n) & pl.col("day").is_between(_BACK, -1))
    late = mine["day"].to_numpy() + 0.5 >= runs[mine["customer"].to_numpy()]
    return float(mine["hours"].to_numpy()[late].sum())
