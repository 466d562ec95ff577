from __future__ import annotations

import re

import polars as pl
import pytest

from caseline.privacy.checks import CHECKS
from caseline.privacy.decoding import DECODERS
from caseline.privacy.finding import DIGITS, Finder
from caseline.privacy.pseudonyms import KINDS
from caseline.privacy.rules import shipped_rules

SAMPLES = [
    pytest.param(sample.text, sample.hits, id=f"{rule.name}-{number}")
    for rule in shipped_rules()
    for number, sample in enumerate(rule.samples)
]


@pytest.fixture(scope="module")
def finder():
    return Finder(shipped_rules())


@pytest.mark.parametrize(("text", "hits"), SAMPLES)
def test_a_sample_is_hit_as_its_rule_says(finder, text, hits):
    raw = text.encode()
    assert [raw[hit.start : hit.end].decode() for hit in finder.hits(raw)] == list(hits)


@pytest.mark.parametrize(("text", "hits"), SAMPLES)
def test_a_sample_is_hit_by_its_shape_too(finder, text, hits):
    raw = text.encode()
    (slots,) = finder.slots([raw.translate(DIGITS)])
    found = [
        raw[slot.start + hit.start : slot.start + hit.end].decode()
        for slot in slots
        for hit in finder.look(slot.meaning, raw[slot.start : slot.end])
    ]
    assert found == list(hits)


@pytest.mark.parametrize("rule", shipped_rules(), ids=lambda rule: rule.name)
def test_a_gate_holds_wherever_its_pattern_does(rule):
    for sample in rule.samples:
        shape = sample.text.encode().translate(DIGITS)
        text = shape.lower() if rule.fold else shape
        if rule.pattern.search(text):
            assert re.search(rule.gate.encode(), shape)
            assert pl.Series([shape.decode()]).str.contains(rule.gate).all()


@pytest.mark.parametrize("rule", shipped_rules(), ids=lambda rule: rule.name)
def test_a_rule_has_samples_a_kind_and_a_check_that_exist(rule):
    assert rule.samples
    assert rule.kind in (*KINDS, "encoded")
    assert rule.check in (None, *CHECKS, *DECODERS)
    assert (rule.kind == "encoded") == (rule.check in DECODERS)
