"""Which version is blamed for what: a large table's time, and fleets that hardly upgraded.

False findings where five to ten of sixty customers took each version: seeds from 500 on;
no setting was chosen on fleets like these. What is slow beside the table is to ask for
some of its signatures one by one.
"""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from harness import Row, Setting, entry
from version_fleets import draw_fleet

from caseline.trends.upgrades.answering import judge_parts
from caseline.trends.upgrades.judging import FINDINGS
from caseline.trends.upgrades.settings import upgrade_settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from version_fleets import Drawn

_NULL, _PLANTED = range(500, 512), range(520, 532)
_PLAN = (("persistent", 4.0),) * 8 + (("improved", 4.0),) * 4
_FEW = 0.125
_ALONE = 6


@entry("trend-versions-many")
def versions_many(_: Setting) -> Iterable[Row]:
    """Yield false findings and power with few upgraded customers, and a large table's time."""
    yield from _few_upgraded()
    yield _large()


def _judged(drawn: Drawn, signatures: Sequence[int]) -> pl.DataFrame:
    hits = drawn.hits.of(np.array(signatures))
    names = [str(n) for n in signatures]
    return judge_parts(
        drawn.parts, drawn.units, hits, names, upgrade_settings(), every=False
    )[0]  # fmt: skip


def _few_upgraded() -> Iterator[Row]:
    for name, seeds, plan in (("nothing happens", _NULL, ()), ("planted effects", _PLANTED, _PLAN)):
        shares, found = [], []
        for seed in seeds:
            drawn = draw_fleet(seed, customers=60, signatures=80, upgraded=_FEW, planted=plan)
            rows = _judged(drawn, range(80)).filter(pl.col("verdict").is_in(FINDINGS))
            named = list(zip(rows["signature_id"].cast(pl.Int64), rows["value"], strict=True))
            false = [s not in drawn.planted for s, _ in named]
            shares.append(float(np.mean(false)) if false else 0.0)
            found += [(s, told[1]) in named for s, told in drawn.planted.items()]
        yield Row(
            name=f"7 of 60 took a version, {name}: share of false findings ({len(seeds)} fleets)",
            figures=[float(np.mean(shares))], unit="share", better="lower",
        )  # fmt: skip
        if found:
            yield Row(
                name="7 of 60 took a version, ratio 4: found", figures=[float(np.mean(found))],
                unit="share",
            )  # fmt: skip


def _large() -> Row:
    """Return the time of a large table, and that of its signatures one by one."""
    drawn = draw_fleet(1, customers=500, signatures=500, days=90, planted=_PLAN)
    began = perf_counter()
    _judged(drawn, range(500))
    whole = perf_counter() - began
    began = perf_counter()
    for signature in range(_ALONE):
        _judged(drawn, [signature])
    alone = (perf_counter() - began) / _ALONE * 500
    hits = drawn.hits.unit.size / 1e6
    return Row(
        name=f"one table (500 signatures, 21 values, 500 customers, 90 days, {hits:.1f}M hits)",
        figures=[whole], unit="s", better="lower",
        baseline=f"signature by signature, from {_ALONE} of them", baseline_figures=[alone],
    )  # fmt: skip
