"""The written styles are true to their labels, the same for a seed, and hard in known ways."""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

from written_corpus import (
    LINES,
    MOST_RARE,
    Written,
    kinds_in,
    parse,
    render,
    styles,
    templates_of,
    truth,
    write,
)
from written_styles import Failure, failures, right_shares

STYLES = styles()


@pytest.fixture(scope="module", params=STYLES)
def style(request):
    return write(request.param)


def test_corpus_has_many_styles():
    assert len(STYLES) >= 14


def test_style_has_its_lines_and_enough_templates(style):
    assert len(style.messages) == len(style.lines) == len(style.labels) == LINES
    assert 40 <= len(templates_of(style.name)) <= 150
    assert len(set(style.labels)) == len(templates_of(style.name))


def test_equal_messages_have_one_label(style):
    labels = defaultdict(set)
    for message, label in zip(style.messages, style.labels, strict=True):
        labels[message].add(label)

    assert [message for message, found in labels.items() if len(found) > 1] == []


def test_constants_of_the_label_stand_in_the_message_in_order(style):
    for message, label in zip(style.messages[:200], style.labels, strict=False):
        position = 0
        for constant in label.split("<*>"):
            # A full stop between two variables is left out of the label.
            found = message.find(constant.strip(), position)
            assert found >= position
            position = found + len(constant.strip())


def test_raw_line_holds_its_message(style):
    for message, line in zip(style.messages, style.lines, strict=True):
        held = json.loads(line)["msg"] if style.name == "go_json" else line
        assert message in held


def test_some_templates_are_rare_and_one_is_frequent(style):
    counts = [style.labels.count(label) for label in set(style.labels)]

    assert sum(count <= MOST_RARE for count in counts) >= len(counts) // 6
    assert max(counts) > LINES // 10


@pytest.mark.parametrize("name", STYLES[:3])
def test_same_seed_gives_the_same_lines_and_another_does_not(name):
    first = write(name, lines=300)

    assert write(name, lines=300) == first
    assert write(name, lines=300, seed=12).messages != first.messages


@pytest.mark.parametrize(
    ("template", "label"),
    [
        ("user {user} left", "user <*> left"),
        ("{w}{n} of {ip}.{port}", "<*> of <*>"),
        ("{w}:{n}", "<*>:<*>"),
        (r"\{{n}\} a|b", "{<*>} a|b"),
        ("closed{|, port {port}|, {up|down}}", "closed<*>"),
        ("{n} ", "<*>"),
    ],
)
def test_label_has_a_star_for_each_variable(template, label):
    assert truth(parse(template)) == label


@pytest.mark.parametrize("template", ["{nothing}", "{w", "w}", "{{w}}"])
def test_template_that_cannot_be_read_is_refused(template):
    with pytest.raises((ValueError, TypeError)):
        parse(template)


def test_failures_name_split_and_mixed_labels():
    found = failures(list("aabbc"), list("12334"), {"1": "x", "2": "y", "3": "b", "4": "c"})

    assert found == [Failure("a", {"x": 1, "y": 1}, {})]
    mixed = failures(list("ab"), list("11"), {"1": "<*>"})
    assert mixed == [Failure("a", {"<*>": 1}, {"b": 1}), Failure("b", {"<*>": 1}, {"a": 1})]


def test_choice_stays_in_the_label_that_keeps_it_apart():
    texts = {
        render(parse("link {n} is {up|down {dur}}"), np.random.default_rng(n)) for n in range(20)
    }

    assert {apart for _, apart in texts} == {"link <*> is up", "link <*> is down <*>"}


def test_label_that_keeps_choices_apart_is_part_of_one_label(style):
    labels = defaultdict(set)
    for label, apart in zip(style.labels, style.apart, strict=True):
        labels[apart].add(label)

    assert all(len(found) == 1 for found in labels.values())


@pytest.mark.parametrize(
    ("ids", "shares"),
    [
        ("1112", (1.0, 1.0)),
        ("1132", (0.5, 1.0)),
        ("1332", (0.5, 0.5)),
        ("1122", (0.0, 0.0)),
        ("1111", (0.0, 0.0)),
    ],
)
def test_template_may_be_divided_by_states_only(ids, shares):
    """Label a has the states u (twice) and d; label b has one line."""
    made = Written(
        name="made",
        messages=[],
        lines=[],
        labels=list("aaab"),
        apart=["u", "u", "d", "b"],
    )

    assert right_shares(made, list(ids)) == shares


def test_kinds_are_told_through_choices():
    assert kinds_in(parse("{w} is {up|slow since {dur}}")) == {"w", "choice", "dur"}


def test_level_in_a_header_is_the_templates_own():
    style = write("dotnet_worker", lines=400)
    levels = defaultdict(set)
    for label, line in zip(style.labels, style.lines, strict=True):
        levels[label].add(line.split("]")[0][-3:])

    assert all(len(found) == 1 for found in levels.values())
