"""Each sample of tests/golden/traces gets its template, whatever stands around it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from caseline.signatures.traces import describe, read_trace, read_trace_rules

FOLDER = Path(__file__).parent.parent / "golden" / "traces"


def samples():
    for path in sorted(FOLDER.glob("*.txt")):
        for entry in path.read_text("utf-8").removeprefix("== ").split("\n== "):
            name, template, trace = entry.split("\n", 2)
            yield pytest.param(
                trace.rstrip("\n"), template.removeprefix("> "), id=f"{path.stem}: {name}"
            )


SAMPLES = list(samples())


def told(text):
    return describe(read_trace(text, read_trace_rules()))


@pytest.mark.parametrize(("trace", "template"), SAMPLES)
def test_sample_gets_its_template(trace, template):
    assert told(trace) == template


@pytest.mark.parametrize(("trace", "template"), SAMPLES)
def test_digits_do_not_tell(trace, template):
    assert told(re.sub("[1-9]", "0", trace)) == re.sub("[1-9]", "0", template)


@pytest.mark.parametrize(("trace", "template"), SAMPLES)
def test_message_before_it_does_not_tell(trace, template):
    assert told(f"order 7 failed with status 500 for acme\n{trace}") == template


@pytest.mark.parametrize(("trace", "template"), SAMPLES)
def test_carriage_returns_do_not_tell(trace, template):
    assert told(trace.replace("\n", "\r\n")) == template
