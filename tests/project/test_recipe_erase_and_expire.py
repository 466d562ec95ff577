"""The page on erasing is true: its examples run."""

from __future__ import annotations

import doctest


def test_page_on_erasing_runs_from_top_to_bottom(root, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    found = doctest.testfile(
        str(root / "docs/recipes/erase-and-expire.md"), module_relative=False, encoding="utf-8"
    )

    assert found.attempted > 10
    assert found.failed == 0
