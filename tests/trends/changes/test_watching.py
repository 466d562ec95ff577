"""Rates that rise or fall, told from counts."""

import numpy as np
import pytest
from scipy.stats import nbinom

from caseline.trends.changes.dating import date_onset
from caseline.trends.changes.feed import Feed
from caseline.trends.changes.judging import joined, judged
from caseline.trends.changes.scores import log_ratios, mixed
from caseline.trends.changes.watching import Watch
from caseline.trends.settings import read_weights

SETTINGS = read_weights("changes")


def quiet(rng, days=150, rates=(0.2, 1.0, 4.0, 20.0), customers=300):
    exposure = np.full(days, float(customers))
    return rng.poisson(np.tile(rates, (days, 1))).astype(float), exposure


def watched(counts, exposure, *, told=None):
    watch = Watch(counts[:28], exposure[:28], 0, SETTINGS)
    watch.run(counts, exposure, told=told)
    return watch


def kinds(watch, signature, born=0):
    found = [
        change
        for episode in watch.settle()
        if episode.signature == signature
        for change in judged(episode, born=born, present=watch.baseline.days, settings=SETTINGS)
    ]
    return joined(found)


def test_quiet_series_are_left_alone():
    counts, exposure = quiet(np.random.default_rng(1), rates=(0.1, 0.5, 2.0, 10.0, 50.0) * 4)
    assert len(watched(counts, exposure).episodes) <= 2


def test_a_step_is_escalating_and_dated():
    counts, exposure = quiet(np.random.default_rng(2))
    counts[110:, 2] = np.random.default_rng(3).poisson(16, 40)
    (found,) = kinds(watched(counts, exposure), 2)
    assert found.kind == "escalating"
    assert found.low <= 110 <= found.high
    assert found.alarm <= 113
    assert found.ratio == pytest.approx(4, rel=0.3)
    assert found.ratio_low < 4 < found.ratio_high
    assert found.until is None


def test_what_was_never_seen_emerges():
    counts, exposure = quiet(np.random.default_rng(4))
    counts[:120, 1] = 0
    counts[120:, 1] = np.random.default_rng(5).poisson(4, 30)
    (found,) = kinds(watched(counts, exposure), 1, born=120)
    assert (found.kind, found.until) == ("emerging", None)
    assert found.low <= 120 <= found.high


def test_one_day_that_stands_out_is_a_pulse():
    counts, exposure = quiet(np.random.default_rng(6))
    counts[130, 3] = 90
    (found,) = kinds(watched(counts, exposure), 3)
    assert (found.kind, found.since, found.until) == ("pulse", 130, 131)


def test_what_goes_down_resolves_and_what_stays_away_is_gone():
    counts, exposure = quiet(np.random.default_rng(7))
    counts[115:, 2] = np.random.default_rng(8).poisson(1, 35)
    counts[115:, 3] = 0
    watch = watched(counts, exposure)
    assert [c.kind for c in kinds(watch, 2)] == ["resolving"]
    assert [c.kind for c in kinds(watch, 3)] == ["gone"]


def test_a_dip_that_is_over_is_no_end():
    counts, exposure = quiet(np.random.default_rng(9))
    counts[110:116, 3] = 0
    assert kinds(watched(counts, exposure), 3) == []


def test_a_long_rise_that_ends_also_resolves():
    counts, exposure = quiet(np.random.default_rng(10))
    counts[110:130, 2] = np.random.default_rng(11).poisson(24, 20)
    assert [c.kind for c in kinds(watched(counts, exposure), 2)] == ["escalating", "resolving"]


def test_a_ramp_is_one_rise():
    counts, exposure = quiet(np.random.default_rng(12), days=180)
    climbed = 1 + 5 * np.clip((np.arange(180) - 100) / 40, 0, 1)
    counts[:, 2] = np.random.default_rng(13).poisson(4 * climbed)
    (found,) = kinds(watched(counts, exposure), 2)
    assert found.kind == "escalating"
    assert found.ramp > 0.5


def test_weekdays_month_ends_and_growth_are_no_change():
    rng = np.random.default_rng(14)
    days = np.arange(200)
    exposure = np.round(300 * (1 + 0.4 * days / 200))
    course = np.where(days % 7 >= 5, 0.4, 1.0) * np.where(days % 30 >= 28, 1.7, 1.0)
    rates = rng.uniform(0.5, 20, 25)
    counts = rng.poisson(np.outer(course * exposure / 300, rates)).astype(float)
    assert len(watched(counts, exposure).episodes) <= 2


def test_days_with_another_feed_are_left_out_and_said():
    rng = np.random.default_rng(15)
    counts, exposure = quiet(rng, rates=(6.0,) * 12)
    exposure[120:122] = 100
    exposure[130] = 0
    counts[130] = 0
    counts[140] *= 4  # all of it came twice over
    watch = watched(counts, exposure)
    assert [day for day, _ in watch.frozen] == [120, 121, 130, 140]
    assert watch.frozen[0][1] == "customers with logs changed from 300 to 100"
    assert watch.frozen[2][1] == "no logs"
    assert "all signatures together" in watch.frozen[3][1]
    assert watch.episodes == []


def test_a_feed_that_stays_changed_is_the_usual_one_after_a_week():
    feed = Feed(SETTINGS["feed"])
    doubts = [feed.doubt(e) for e in [100.0] * 20 + [50.0] * 20]
    assert doubts[20] is not None
    assert doubts[-1] is None


def test_days_not_yet_told_say_nothing_of_less():
    counts, exposure = quiet(np.random.default_rng(16))
    counts[140:, 3] = 0
    told = np.arange(150) < 140
    assert watched(counts, exposure, told=told).episodes == []
    assert [e.rising for e in watched(counts, exposure).episodes] == [False]


def test_a_day_more_is_the_same_as_all_days_at_once():
    counts, exposure = quiet(np.random.default_rng(17), days=420)
    counts[300:, 1] *= 5
    whole, daily = watched(counts, exposure), watched(counts[:200], exposure[:200])
    for day in range(200, 420):
        daily.step(counts[day], float(exposure[day]))
    assert [(e.signature, e.onset, e.alarm, e.until) for e in daily.episodes] == [
        (e.signature, e.onset, e.alarm, e.until) for e in whole.episodes
    ]


def test_the_sums_of_the_last_days_are_those_of_all_days():
    """The baseline's stretches, against a slow sum over days that are all kept."""
    counts, exposure = quiet(np.random.default_rng(18), days=700)
    watch = watched(counts, exposure)
    base = watch.baseline
    assert base.first > 0, "the older days were forgotten"
    rows = slice(700 - 14 - 112, 700 - 14)
    faced = base.faced[rows.start - base.first : rows.stop - base.first].sum(axis=0)
    expected = base.expect(counts[-1], 300.0, 700 % 7, np.ones(4, bool))
    assert expected.rates == pytest.approx((counts[rows].sum(axis=0) + 0.5) / faced, rel=0.02)


def test_ratios_are_those_of_the_distributions():
    y, mean, size, ratio = 7, 2.5, 3.0, 4.0

    def density(m):
        return nbinom.logpmf(y, size, size / (size + m))

    assert log_ratios(y, mean, size, ratio) == pytest.approx(density(ratio * mean) - density(mean))


def test_the_mixture_is_a_mean_of_likelihoods():
    sums = np.array([[1.0, 0.0], [3.0, 0.0]])
    assert mixed(sums) == pytest.approx(np.log((np.exp([1.0, 0]) + np.exp([3.0, 0])) / 2))


def test_the_interval_of_the_onset_holds_it_as_often_as_it_says():
    rng = np.random.default_rng(19)
    held = 0
    for _ in range(200):
        onset = int(rng.integers(15, 35))
        means = np.full(50, 2.0)
        counts = rng.poisson(np.where(np.arange(50) >= onset, 6.0, 2.0)).astype(float)
        found = date_onset(counts, means, np.full(50, 1e6), ratios=np.array([2.0, 3, 5]))
        held += found.low <= onset <= found.high
    assert held >= 0.86 * 200


def test_thousands_of_rare_signatures_do_not_make_days_look_too_quiet():
    """Their rates are kept above zero by half a count each, which must not add up."""
    rng = np.random.default_rng(21)
    counts, exposure = rng.poisson(0.01, (150, 2000)).astype(float), np.full(150, 300.0)
    counts[120:, 0] = rng.poisson(3, 30)
    watch = watched(counts, exposure)
    assert watch.frozen == []
    assert 0 in [e.signature for e in watch.episodes if 120 <= e.alarm <= 123]
    assert len(watch.episodes) < 0.1 * 2000 * 150 / 365


def test_a_slow_and_partial_fall_is_told():
    """As when customers take up a fix one by one, and some never do."""
    rng = np.random.default_rng(22)
    counts = rng.poisson(30, (170, 12)).astype(float)
    counts[100:, 0] = rng.poisson(30 * np.clip(1 - np.arange(70) / 100, 0.65, 1))
    (found,) = kinds(watched(counts, np.full(170, 300.0)), 0)
    assert found.kind == "resolving"
    assert found.ratio_high < 1


def test_a_young_history_needs_more_to_tell_of_a_change():
    """The same rise and the same rate before, seen for three weeks or for sixteen."""
    alarms = []
    for before in (35, 150):
        counts = np.tile([0.0, 1, 0, 0, 1, 0, 0], (30 * 7, 1)).reshape(-1)[: before + 21]
        counts[before:] = np.tile([1, 2, 0, 1, 1, 2, 1], 3)
        watch = watched(np.tile(counts, (10, 1)).T * ([1] + [0] * 9), np.full(before + 21, 300.0))
        alarms.append([e.alarm - before for e in watch.episodes if e.rising][:1])
    young, old = alarms
    assert old
    assert not young or young[0] > old[0]


def test_short_floats_do_for_the_sums():
    """Over sizes and means as they come, a day's term is off by a ten-thousandth at most."""
    rng = np.random.default_rng(23)
    means, sizes = 10 ** rng.uniform(-3, 2, 500), 10 ** rng.uniform(-1, 2.6, 500)
    counts, ratios = rng.poisson(means * 2), np.array([[0.02], [0.7], [2.0], [40.0]])
    short = log_ratios(counts, means, sizes, ratios, digits=np.float32)
    assert short.dtype == np.float32
    assert short == pytest.approx(log_ratios(counts, means, sizes, ratios), abs=3e-4, rel=1e-4)
