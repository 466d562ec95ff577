"""Each dependency has its reason in docs/dependencies.md."""

from __future__ import annotations

import re
import tomllib

import pytest


@pytest.fixture(scope="module")
def project(root):
    return tomllib.loads((root / "pyproject.toml").read_text())


@pytest.fixture(scope="module")
def page(root):
    """Name of each dependency on the page → its reason, by heading."""
    sections = {}
    text = (root / "docs" / "dependencies.md").read_text()
    for heading, body in re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE):
        sections[heading] = dict(re.findall(r"^\| `([\w-]+)` \| (.+?) \|$", body, re.MULTILINE))
    return sections


def names_of(requirements):
    return {re.match(r"[\w-]+", r).group() for r in requirements if isinstance(r, str)}


def test_runtime_dependencies_have_their_reasons(project, page):
    assert set(page["To run"]) == names_of(project["project"]["dependencies"])


def test_extras_have_their_reasons(project, page):
    extras = project["project"]["optional-dependencies"].values()
    told = set(page["To open a cluster"]) | set(page["To draw reports"])
    assert told == {name for extra in extras for name in names_of(extra)}


@pytest.mark.parametrize(
    ("group", "heading"),
    [
        ("test", "To test"),
        ("lint", "To check"),
        ("bench", "To compare"),
        ("live", "To test with servers"),
    ],
)
def test_development_dependencies_have_their_reasons(project, page, group, heading):
    assert set(page[heading]) == names_of(project["dependency-groups"][group])


def test_each_reason_is_a_sentence(page):
    short = [
        name for reasons in page.values() for name, reason in reasons.items() if len(reason) < 20
    ]

    assert short == []


def test_each_runtime_dependency_is_used_by_the_code(root, project):
    imported = "\n".join(path.read_text() for path in (root / "src").rglob("*.py"))
    modules = {"tzdata": "zoneinfo"}
    unused = [
        name
        for name in names_of(project["project"]["dependencies"])
        if modules.get(name, name.replace("-", "_")) not in imported
    ]

    assert unused == []
