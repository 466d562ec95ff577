"""How well the last days are told before all is received.

Fleets of S12 (logs after hours, days, or once a week; errors sooner than usage) are asked
as of many moments; what each day came to in the end is known afterwards. The method's
constants were chosen by theory and looked at on seed 1; these are other seeds.
"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from fleet_feed import signature_of
from harness import Row, Setting, entry
from late_feed import fed_late

from caseline.testing.fleet import simulate

if TYPE_CHECKING:
    from collections.abc import Iterator

_SEEDS = range(11, 15)
_SIZE: dict[str, Any] = {"customers": 80, "days": 70, "events_per_day": 100}
_MOMENTS, _EVERY_HOURS, _DAYS = 20, 31, 10
_COMPLETE, _WEEK, _MONTH = 0.98, 7, 28


@entry("trend-nowcast")
def measure_nowcast(_: Setting) -> Iterator[Row]:
    """Replay what was known at many moments against what came in the end."""
    found = [_replay(seed) for seed in _SEEDS]
    name = f"now-cast of days not complete ({len(found)} seeds)"

    def row(what: str, key: str, *baselines: tuple[str, str]) -> Iterator[Row]:
        for label, other in baselines or (("", ""),):
            yield Row(
                name=f"{name}: {what}",
                figures=[scores[key] for scores in found],
                unit="share",
                better="higher" if key.startswith("inside") else "lower",
                baseline=label,
                baseline_figures=[scores[other] for scores in found] if other else (),
            )

    yield from row("90 % interval holds the final count of events", "inside")
    yield from row("90 % interval holds the final customer-days", "inside logs")
    yield from row(
        "error of events, relative to the mean day", "error",
        ("as reported", "reported error"), ("last complete week", "week error"),
    )  # fmt: skip
    yield from row(
        "error of customer-days, relative", "logs error", ("as reported", "logs reported error")
    )
    yield from row(
        "rate of the last days off by", "rate error", ("as reported", "rate reported error")
    )


def _replay(seed: int) -> dict[str, float]:
    fleet = simulate("S12", seed=seed, **_SIZE)
    end, name = fleet.settings.end, signature_of(0)
    got: dict[str, list[float]] = defaultdict(list)
    with (
        tempfile.TemporaryDirectory() as folder,
        fed_late(fleet, Path(folder) / "ws", now=end + timedelta(days=40)) as ws,
    ):
        final = {row.day: row for row in ws.trends.series(name)}
        for k in range(_MOMENTS):
            now = end - timedelta(hours=_EVERY_HOURS * k - 3)
            window = (now - timedelta(days=_MONTH), now)
            rows = list(ws.trends.series(name, window=window, as_of=now))
            whole = [
                r.events or 0 for r in rows[1:] if min(r.reported, r.logs_reported) > _COMPLETE
            ]
            week = float(np.mean(whole[-_WEEK:]))
            for row in rows[-_DAYS:]:
                if row.day in final and final[row.day].exposure:
                    _score(got, row, final[row.day], week)
    return {key: float(np.mean(values)) for key, values in got.items()}


def _score(got: dict[str, list[float]], row: Any, final: Any, week: float) -> None:
    events, usual = final.events or 0, max(week, 1.0)
    if row.reported < _COMPLETE:
        got["inside"].append(row.expected_low <= events <= row.expected_high)
        got["error"].append(abs(row.expected - events) / usual)
        got["reported error"].append(abs((row.events or 0) - events) / usual)
        got["week error"].append(abs(week - events) / usual)
    if row.logs_reported < _COMPLETE and row.exposure:
        low, high = row.exposure / row.logs_high, row.exposure / row.logs_low
        got["inside logs"].append(np.floor(low) <= final.exposure <= np.ceil(high))
        logs = row.exposure / row.logs_reported
        got["logs error"].append(abs(logs - final.exposure) / final.exposure)
        got["logs reported error"].append(1 - row.exposure / final.exposure)
        true = events / final.exposure
        got["rate error"].append(abs(row.expected_rate - true) / max(true, 0.01))
        got["rate reported error"].append(abs(row.rate - true) / max(true, 0.01))
