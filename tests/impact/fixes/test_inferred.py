from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caseline.impact.fixes.judging import Silence, judge_by_logs
from caseline.impact.fixes.settings import fix_settings


def table(days, hits):
    """Return exposed and struck days of {version: {environment: days}}."""
    schema = {"environment_id": pl.String, "version": pl.String, "days": pl.Int64}
    frames = [
        pl.DataFrame(
            [(e, v, n) for v, places in told.items() for e, n in places.items()],
            schema=schema,
            orient="row",
        )
        for told in (days, hits)
    ]
    return frames[0], frames[1]


def verdicts(days, hits):
    judged = judge_by_logs(*table(days, hits), fix_settings())
    return dict(judged.select("version", "verdict").iter_rows())


MANY = {f"e{i}": 30 for i in range(20)}
HALF = {f"e{i}": 15 for i in range(20)}


def test_a_version_without_the_error_is_fixed_if_it_ran_long_enough():
    told = verdicts({"8.0.0": MANY, "8.1.0": MANY}, {"8.0.0": HALF})
    assert told == {"8.0.0": "affected", "8.1.0": "fixed"}


def test_quiet_alone_is_not_fixed():
    rare = {f"e{i}": 1 for i in range(0, 20, 5)}
    told = verdicts({"8.0.0": MANY, "8.1.0": {"e1": 2, "e2": 1}}, {"8.0.0": rare})
    assert told["8.1.0"] == "unknown"


def test_quiet_where_it_never_came_says_little():
    elsewhere = {f"x{i}": 30 for i in range(3)}
    own = {"e1": 29}
    told = verdicts({"8.0.0": MANY, "8.1.0": elsewhere}, {"8.0.0": own})
    assert told["8.1.0"] == "unknown"


def test_quiet_where_it_always_came_says_much():
    told = verdicts({"8.0.0": MANY, "8.1.0": {"e1": 20}}, {"8.0.0": {"e1": 29}})
    assert told["8.1.0"] == "fixed"


def test_a_backport_is_found_in_its_line():
    days = dict.fromkeys(("7.4.0", "7.4.1", "8.0.0", "8.0.1", "8.1.0"), MANY)
    told = verdicts(days, {"7.4.0": HALF, "7.4.1": HALF, "8.0.0": HALF})
    assert told == {"7.4.0": "affected", "7.4.1": "affected", "8.0.0": "affected",
                    "8.0.1": "fixed", "8.1.0": "fixed"}  # fmt: skip


def test_versions_of_a_line_are_watched_together():
    few = {f"e{i}": 1 for i in range(20)}
    rate = {f"e{i}": 6 for i in range(20)}
    alone = verdicts({"8.0.0": MANY, "8.1.0": {"e1": 5}}, {"8.0.0": rate})
    both = verdicts({"8.0.0": MANY, "8.1.0": few, "8.1.1": few}, {"8.0.0": rate})
    assert alone["8.1.0"] == "unknown"
    assert (both["8.1.0"], both["8.1.1"]) == ("fixed", "fixed")


def test_what_came_before_the_error_is_not_affected():
    told = verdicts(dict.fromkeys(("7.4.0", "8.0.0", "8.0.1"), MANY), {"8.0.1": HALF})
    assert told == {"7.4.0": "unaffected", "8.0.0": "unaffected", "8.0.1": "affected"}


def test_what_stands_between_affected_versions_is_affected():
    days = {"8.0.0": MANY, "8.0.1": {"e1": 1}, "8.0.2": MANY}
    assert verdicts(days, {"8.0.0": HALF, "8.0.2": HALF})["8.0.1"] == "affected"


def test_what_cannot_be_compared_is_affected_only_if_it_shows_it():
    told = verdicts({"main": MANY, "edge": MANY, "8.0.0": MANY}, {"main": HALF, "8.0.0": HALF})
    assert told == {"main": "affected", "edge": "unknown", "8.0.0": "affected"}


def test_an_unknown_version_says_nothing_of_other_places():
    told = verdicts({"unknown": MANY, "8.0.0": MANY}, {"unknown": HALF, "8.0.0": HALF})
    assert told == {"unknown": "unknown", "8.0.0": "affected"}


def test_nothing_seen_nothing_told():
    assert verdicts({}, {}) == {}
    assert verdicts({"8.0.0": {"e1": 3}}, {})["8.0.0"] == "unknown"


counts = st.lists(st.tuples(st.integers(1, 40), st.integers(0, 40)), min_size=1, max_size=6)


@given(counts, st.lists(st.integers(0, 30), min_size=1, max_size=6))
def test_silence_is_the_product_over_days(pairs, quiet):
    """The beta-binomial, said as the chain of one day after the other."""
    own = pl.DataFrame(
        [(f"e{i}", n, min(n, h)) for i, (n, h) in enumerate(pairs)],
        schema=["environment_id", "days", "hits"],
        orient="row",
    )
    rate = Silence(own, fix_settings())
    slow = 0.0
    for i, days in enumerate(quiet):
        seen, hits = (pairs[i][0], min(pairs[i])) if i < len(pairs) else (0, 0)
        a = rate.share * rate.strength + hits
        b = (1 - rate.share) * rate.strength + seen - hits
        slow += sum(math.log((b + d) / (a + b + d)) for d in range(days))
    asked = pl.DataFrame({"environment_id": [f"e{i}" for i in range(len(quiet))], "days": quiet})
    assert rate.by_chance(asked) == pytest.approx(math.exp(slow), rel=1e-6, abs=1e-12)


def test_fixed_is_right_as_often_as_it_says():
    """Draw fleets: some versions are fixed, others were quiet by chance."""
    rng = np.random.default_rng(5)
    fixed, said, probability = [], [], []
    for _ in range(400):
        share = rng.beta(0.4, 3.0, 12)
        is_fixed = rng.random() < 0.5
        days = rng.integers(5, 30, 12)
        later = rng.integers(0, 12, 12)
        hits = rng.binomial(days, share)
        after = rng.binomial(later, 0 if is_fixed else share)
        if after.sum() or not hits.sum():
            continue
        names = [f"e{i}" for i in range(12)]
        exposed, struck = table(
            {"8.0.0": dict(zip(names, days.tolist(), strict=True)),
             "8.1.0": dict(zip(names, later.tolist(), strict=True))},
            {"8.0.0": {e: int(h) for e, h in zip(names, hits, strict=True) if h}},
        )  # fmt: skip
        row = judge_by_logs(exposed, struck, fix_settings()).row(1, named=True)
        fixed.append(is_fixed)
        said.append(row["verdict"] == "fixed")
        probability.append(1 - row["probability"])
    told = np.array(fixed)[np.array(said)]
    assert told.mean() >= 0.95
    assert np.mean(said) > 0.5


def test_the_whole_way_from_logs_to_states(fleet, spans, struck):
    fleet.customers(6)
    fleet.talk(range(1, 7), range(28))
    spans(
        **{f"e{i}": [("8.0.0", 0, 14), ("8.0.1", 14, None)] for i in range(1, 6)},
        e6=[("8.0.0", 0, None)],
    )
    for i in range(1, 7):
        struck(f"c{i}", "8.0.0", *range(0, 14, 2))
    answer = fleet.impact.fix_state("s-lock")
    assert (answer.source, answer.component) == ("inferred", "server")
    assert answer.counts == {"vulnerable": 1, "upgrading": 0, "unknown": 0, "protected": 5}
    [old, new] = answer.versions
    assert (old.verdict, new.verdict) == ("affected", "fixed")
    assert 0 < new.probability < 0.05
    assert "(inferred)" in new.why
    assert answer.notes == ("nobody recorded a fix: versions of server are judged by their logs",)


def test_a_planned_version_that_nobody_ran_is_unknown(fleet, spans, struck, change):
    fleet.customers(1)
    fleet.talk(range(1, 2), range(5))
    spans(e1=[("8.0.0", 0, None)])
    struck("c1", "8.0.0", 1, 2)
    change("C1", "8.1.0", "e1", 31)
    answer = fleet.impact.fix_state("s-lock")
    assert [row.state for row in answer] == ["vulnerable"]
    assert answer.versions[1].why == "8.1.0 has not run anywhere yet"


def test_without_versions_all_is_unknown(fleet):
    fleet.customers(2)
    fleet.talk(range(1, 3), range(2), signature="s-lock")
    answer = fleet.impact.fix_state("s-lock")
    assert answer.counts["unknown"] == 2
    assert answer.notes == ("no version of anything is known to run anywhere",)
