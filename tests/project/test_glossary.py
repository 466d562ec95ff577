"""The glossary has each word that answers use."""

from __future__ import annotations

import ast
import re

import pytest

from caseline.fleet.clock_rows import CORRECTED
from caseline.normalize.occurred import QUALITIES

REASON = re.compile(r"[a-z]+(_[a-z]+)*\Z")


@pytest.fixture(scope="module")
def sections(root):
    page = (root / "docs" / "glossary.md").read_text()
    parts = re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", page, re.DOTALL | re.MULTILINE)
    return {
        heading: re.findall(r"^\| [`*]+(.+?)[`*]+ \|", body, re.MULTILINE)
        for heading, body in parts
    }


def reasons_in(path):
    """Yield what a file gives as the reason of a reject, wherever it names one."""
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Call(func=ast.Name(id="Damage") | ast.Attribute(attr="add"), args=[first, *_]):
                yield from strings([first])
            case ast.keyword(arg="reason", value=value):
                yield from strings([value])
            case ast.Assign(targets=[ast.Tuple(elts=[ast.Name(id="refusal"), *_])], value=value):
                yield from strings(getattr(value, "elts", [])[:1])
            case ast.FunctionDef(name="_judged"):
                yield from judged(node)
            case ast.comprehension(target=ast.Tuple(elts=[ast.Name(id="reason"), *_]), iter=pairs):
                yield from strings(pair.elts[0] for pair in pairs.elts)


def judged(function):
    """Yield the reasons among what a judge of headers returns: a reason, then a detail."""
    for node in ast.walk(function):
        if isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple):
            yield from strings(node.value.elts[-2:-1])


def strings(nodes):
    for node in nodes:
        if isinstance(node, ast.IfExp):
            yield from strings([node.body, node.orelse])
        elif isinstance(node, ast.Constant) and REASON.match(str(node.value)):
            yield node.value


def test_reasons_of_rejects_are_those_of_the_code(root, sections):
    rooms = [root / "src/caseline" / room for room in ("collect", "normalize", "fleet")]
    used = {reason for room in rooms for path in room.rglob("*.py") for reason in reasons_in(path)}

    assert set(sections["Reasons of rejects"]) == used


def test_qualities_of_times_are_those_of_the_code(sections):
    assert set(sections["How sure a time is: `time_quality`"]) == {*QUALITIES, CORRECTED}


def test_words_stand_once(sections):
    words = [word for heading in sections for word in sections[heading]]

    assert sorted({word for word in words if words.count(word) > 1}) == []


@pytest.mark.parametrize("status", ["hit", "clear", "unknown", "at_risk"])
def test_statuses_of_an_impact_are_told(sections, status):
    assert status in sections["Statuses of an impact"]
