from __future__ import annotations

import numpy as np
import pytest

from caseline.trends.upgrades.newcomers import _log_rank


def plain(first, seen, on):
    """Return the log-rank sums, day by day and place by place."""
    hit = expected = variance = 0.0
    for day in range(seen.shape[1]):
        risk = [p for p in range(len(first)) if seen[p, day] and first[p] >= day]
        struck = [p for p in risk if first[p] == day]
        if not struck:
            continue
        share = sum(on[p, day] for p in risk) / len(risk)
        hit += sum(on[p, day] for p in struck)
        expected += len(struck) * share
        left = (len(risk) - len(struck)) / max(1, len(risk) - 1)
        variance += len(struck) * share * (1 - share) * left
    return hit, expected, variance


@pytest.mark.parametrize("seed", range(5))
def test_the_log_rank_sums_are_those_counted_by_hand(seed):
    rng = np.random.default_rng(seed)
    seen = rng.random((15, 12)) < 0.8
    on = seen & (rng.random((15, 12)) < 0.4)
    first = np.array([
        rng.choice(np.flatnonzero(row)) if rng.random() < 0.6 else 12 for row in seen
    ])  # fmt: skip
    assert _log_rank(first, seen, on)[:3] == pytest.approx(plain(first, seen, on))


def test_an_error_that_comes_to_all_upgraded_on_one_day_is_found(fleets, judge):
    drawn = fleets(np.random.default_rng(6), customers=60, one_day=40.4)
    hits = drawn.hits(np.where(drawn.since >= 0, 2.0, 0.0))
    frame = judge(drawn, hits)
    assert frame["verdict"][0] == "persistent"
    assert frame["low"][0] > 1


def test_first_bad_version_is_named_among_several(fleets, judge):
    rng = np.random.default_rng(12)
    drawn = fleets(rng, customers=150)
    rows = []
    for name, day in zip(drawn.names, drawn.days, strict=True):
        begin = None if day is None else fleets.moment(day - 22)
        later = None if day is None else fleets.moment(day)
        rows.append((name, "app", "8.0.0", "version", None, begin))
        if begin:
            rows.append((name, "app", "8.0.1", "version", begin, later))
            rows.append((name, "app", "8.1.0", "version", later, None))
    drawn.run(rows)
    frame = judge(drawn, drawn.hits(np.where(drawn.since >= 0, 4.0, 1.0) * 2))
    row = frame.row(0, named=True)
    assert (row["value"], row["verdict"], row["first_bad"]) == ("8.1.0", "persistent", "8.1.0")
    assert any(reason.startswith("bad from 8.1.0 on") for reason in row["reasons"])
