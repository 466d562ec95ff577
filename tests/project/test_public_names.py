"""`caseline.__all__` is the promise."""

from __future__ import annotations

import ast
import inspect

import pytest

import caseline


def test_public_names_are_sorted():
    assert caseline.__all__ == sorted(caseline.__all__)


@pytest.mark.parametrize("name", caseline.__all__)
def test_public_name_is_there_and_documented(name):
    thing = getattr(caseline, name)

    assert inspect.getdoc(thing), f"{name} has no docstring"


def test_type_checkers_see_the_same_names_as_users(root):
    tree = ast.parse((root / "src/caseline/__init__.py").read_text())
    seen = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("caseline")
        for alias in node.names
    }

    assert seen == set(caseline.__all__)


def test_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no_such_thing"):
        _ = caseline.no_such_thing


def test_types_of_the_public_face_are_checked_as_users_call_it(root):
    called = (root / "tests/typing/api.py").read_text()
    missing = [name for name in caseline.__all__ if f"caseline.{name}" not in called]

    assert missing == []
