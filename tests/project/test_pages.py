"""Examples in pages run."""

from __future__ import annotations

import doctest
import re
import subprocess
import sys

import pytest


def test_page_of_questions_runs_from_top_to_bottom(root, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    found = doctest.testfile(
        str(root / "docs/questions.md"),
        module_relative=False,
        optionflags=doctest.REPORT_ONLY_FIRST_FAILURE,
        encoding="utf-8",
    )

    assert found.attempted > 30
    assert found.failed == 0


@pytest.fixture(scope="module")
def readme(root):
    return (root / "README.md").read_text()


def test_example_of_the_readme_runs_in_ten_lines(readme, tmp_path):
    [example] = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    statements = [line for line in example.splitlines() if line.strip()]

    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", example],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "Impact(" in done.stdout
    assert len(statements) - len(re.findall(r"^(?:from|import|#)", example, re.MULTILINE)) <= 10


def test_commands_of_the_readme_exist(root, readme):
    targets = set(re.findall(r"^(\w+):", (root / "Makefile").read_text(), re.MULTILINE))

    assert set(re.findall(r"`make (\w+)", readme)) <= targets


def test_each_measured_number_has_the_command_that_prints_it(readme):
    table = readme.partition("## Measured")[2].partition("\n## ")[0]
    rows = [line.split("|")[1:-1] for line in table.splitlines() if line.startswith("| ")]

    assert len(rows) > 1
    assert all("make" in row[-1] for row in rows[1:])
