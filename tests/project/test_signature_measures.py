"""What measures signatures: other orders, fresh digits, drain3's settings, left-out systems."""

from __future__ import annotations

import re
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

from drain_baseline import drain_scores, read_settings
from signature_left_out import (
    GRID,
    Judged,
    drawn,
    judge,
    leave_one_out,
    one_changed,
    prepared,
    shipped_value,
    with_changes,
)
from signature_variants import doubled, refreshed, shuffled

from caseline.signatures.rulebook import read_rules

MESSAGES = ["IPv4 port 80 up", "IPv4 port 443 up", "Phase 2 done", "odd 7"]
LABELS = ["IPv4 port <*> up", "IPv4 port <*> up", "Phase 2 done", "another <*>"]


def test_shuffled_lines_keep_their_labels():
    messages, labels = shuffled(MESSAGES * 5, LABELS * 5, seed=1)

    assert messages != MESSAGES * 5
    assert Counter(zip(messages, labels, strict=True)) == Counter(
        zip(MESSAGES * 5, LABELS * 5, strict=True)
    )


def test_doubled_lines_stand_together():
    assert doubled(["a", "b"], ["x", "y"]) == (["a", "a", "b", "b"], ["x", "x", "y", "y"])


def test_fresh_digits_stand_in_variables_only():
    messages, labels = refreshed(MESSAGES, LABELS)

    assert messages[:4] == MESSAGES
    assert labels == LABELS * 2
    assert re.fullmatch(r"IPv4 port [1-9]{2} up", messages[4])
    assert messages[4] != MESSAGES[0]
    assert messages[6:] == MESSAGES[2:], "constant, and a line that its label does not fit"


def test_settings_of_drain_are_those_they_say():
    example, published = read_settings()

    assert example.similarity == 0.4
    assert len(example.masks) == 7
    assert all(one.masks == () or one.masks[0][1] == "*" for one in published.values())


def test_example_masks_count_as_variables():
    example, _ = read_settings()
    scores = drain_scores(["from 10.0.0.1 on"] * 2, ["from <*> on"] * 2, example)

    assert scores.pa == 1.0


def test_numbers_of_the_rules_can_be_changed_one_by_one():
    rules = read_rules()
    changed = with_changes(rules, {"limits.plain": 9, "tokens.most_variants": 3})

    assert (changed.limits.plain, changed.tokens.most_variants) == (9, 3)
    assert changed.limits.first == rules.limits.first
    assert read_rules() == rules


@pytest.mark.parametrize("path", ["limits.nothing", "nothing.plain", "scheme.x"])
def test_number_that_no_rule_has_is_refused(path):
    with pytest.raises(KeyError):
        with_changes(read_rules(), {path: 1})


def test_grid_names_numbers_of_the_rules():
    rules = read_rules()

    assert all(shipped_value(rules, path) is not None for path in GRID)
    assert {path for one in one_changed(rules) for path in one} == set(GRID)


def test_changed_number_changes_what_is_found():
    messages = [f"user {name} left" for name in ("ann", "bo", "cy")]
    system = prepared("made", messages, ["user <*> left"] * 3)
    rules = read_rules()

    assert judge(system, rules).ga == 1.0
    assert judge(system, with_changes(rules, {"limits.plain": 9})).ga == 0.0


def test_system_held_out_is_judged_by_the_best_of_the_others():
    """Two candidates, three systems. Without the first: .5 + .9 < .8 + .8; and so on."""
    data = [prepared(name, ["x"], ["x"]) for name in "abc"]
    found = [Judged({}, [1.0, 0.5, 0.9]), Judged({}, [0.2, 0.8, 0.8])]
    held = leave_one_out(data, Judged({}, [0.7, 0.7, 0.7]), found)

    assert [(one.name, one.chosen, one.shipped) for one in held] == [
        ("a", 0.2, 0.7),
        ("b", 0.5, 0.7),
        ("c", 0.9, 0.7),
    ]


def test_equal_candidates_count_with_their_mean():
    data = [prepared(name, ["x"], ["x"]) for name in "ab"]
    found = [Judged({}, [1.0, 0.5]), Judged({}, [0.0, 0.5])]

    assert leave_one_out(data, found[0], found)[0].chosen == 0.5


def test_draws_are_of_the_grid_and_the_same_for_a_seed():
    first = drawn(np.random.default_rng(1))

    assert first == drawn(np.random.default_rng(1))
    assert all(value in GRID[path] for path, value in first.items())
