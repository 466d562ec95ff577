"""The page on reports for product management runs."""

from __future__ import annotations

import doctest


def test_page_runs_from_top_to_bottom(root, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    found = doctest.testfile(
        str(root / "docs/recipes/tell-product-management.md"),
        module_relative=False,
        optionflags=doctest.REPORT_ONLY_FIRST_FAILURE,
        encoding="utf-8",
    )

    assert found.attempted > 15
    assert found.failed == 0
