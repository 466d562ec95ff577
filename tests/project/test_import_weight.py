"""Importing Caseline is light: what is heavy comes with its first use."""

from __future__ import annotations

import subprocess
import sys

HEAVY = {"cryptography", "duckdb", "numpy", "pandas", "polars", "pyarrow", "scipy", "zstandard"}


def modules_after(statement):
    code = f"{statement}\nimport sys\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return {name.partition(".")[0] for name in done.stdout.split()}


def test_import_brings_in_nothing_heavy():
    assert modules_after("import caseline") & HEAVY == set()


def test_clock_errors_and_records_are_light():
    assert modules_after("from caseline import SystemClock, Window") & HEAVY == set()
