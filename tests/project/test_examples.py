"""Whatever users call is shown in an example that runs.

A function's example stands in its docstring. A method of an open workspace needs logs
to say something: it is shown in docs/questions.md, which is run from top to bottom.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil

import pytest

import caseline
from caseline import estimation
from caseline.testing import fleet as simulated

NEEDS_NO_EXAMPLE = {
    "Clock": "a protocol: ManualClock shows it",
    "SystemClock": "tells another time at each run",
}


@pytest.fixture(scope="module")
def pages(root):
    names = ["docs/questions.md", "README.md"]
    names += sorted(str(page) for page in (root / "docs/recipes").glob("*.md"))
    return "\n".join((root / name).read_text() for name in names)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    with caseline.open(tmp_path_factory.mktemp("house") / "support") as opened:
        yield opened


def shows_itself(thing):
    if ">>>" in (inspect.getdoc(thing) or ""):
        return True
    members = vars(thing).values() if inspect.isclass(thing) else ()
    return any(">>>" in (inspect.getdoc(getattr(m, "__func__", m)) or "") for m in members)


def public(names):
    return [name for name in names if not name.startswith("_")]


def test_public_names_are_shown(pages):
    bare = [
        name
        for name in caseline.__all__
        if not name.endswith("Error")  # shown where they are raised
        and name not in NEEDS_NO_EXAMPLE
        and name not in pages
        and not shows_itself(getattr(caseline, name))
    ]

    assert bare == []


@pytest.mark.parametrize(
    "capability", ["fleet", "signatures", "impact", "trends", "tickets", "privacy"]
)
def test_methods_of_an_open_workspace_are_shown(workspace, capability, pages):
    face = getattr(workspace, capability)
    plumbing = {
        "fleet": {"attributor", "forget", "host_clocks", "known_customers"},
        "signatures": {"note_ingest"},
    }.get(capability, set())
    methods = [n for n in public(dir(type(face))) if callable(getattr(face, n))]
    bare = [name for name in methods if f"ws.{capability}.{name}(" not in pages]

    assert set(bare) <= plumbing


def test_methods_of_the_workspace_itself_are_shown(pages):
    methods = [n for n in public(vars(caseline.Workspace)) if n != "privacy"]

    assert [name for name in methods if f".{name}(" not in pages] == []


def test_functions_of_shared_rooms_show_themselves():
    names = [f"caseline.estimation.{m.name}" for m in pkgutil.iter_modules(estimation.__path__)]
    bare = [
        f"{name}.{function.__name__}"
        for name in [*names, "caseline.text", "caseline.clock", "caseline.versions"]
        for function in vars(importlib.import_module(name)).values()
        if inspect.isfunction(function)
        and function.__module__ == name
        and not function.__name__.startswith("_")
        and not shows_itself(function)
    ]

    assert bare == []


def test_names_of_the_simulator_show_themselves():
    shown_by_simulate = {"Settings", "Simulation", "Truth"}
    bare = [n for n in simulated.__all__ if not shows_itself(getattr(simulated, n))]

    assert set(bare) <= shown_by_simulate
