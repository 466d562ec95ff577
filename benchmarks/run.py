"""Run the benchmarks and print their table: ``make bench``, or one by one.

``python benchmarks/run.py --only ingest --rounds 5``; ``--list`` names them;
``--events 1000000`` makes the store that questions are put to smaller, ``--lines`` the
logs that are ingested; ``--json``. ``--only year --keep DIR`` leaves the store in a folder,
``--only questions --keep DIR`` puts the questions to it again.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from harness import ENTRIES, Row, Setting, as_json, as_table, machine, run_entry

if TYPE_CHECKING:
    from collections.abc import Sequence

MODULES = (
    "simulator_speed",
    "signature_accuracy",
    "written_styles",
    "signature_left_out",
    "ingest_speed",
    "year_scale",
    "question_latency",
    "freshness",
    "impact_causes",
    "impact_vectors",
    "impact_ledger",
    "impact_incidents",
    "trend_series",
    "trend_changes",
    "trend_onsets",
    "trend_versions",
    "trend_versions_many",
    "trend_late",
    "trend_fixed",
    "trend_costs",
)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return the options."""
    usual = Setting()
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--only", action="append", metavar="NAME", help="run this entry only")
    parser.add_argument("--rounds", type=int, default=usual.rounds)
    parser.add_argument("--events", type=int, default=usual.events)
    parser.add_argument("--days", type=int, default=usual.days)
    parser.add_argument("--stops", type=int, nargs="*", default=usual.stops, metavar="DAY")
    parser.add_argument("--batch", type=int, default=usual.batch)
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep the simulated store there")
    parser.add_argument("--lines", type=int, default=usual.lines)
    parser.add_argument("--json", action="store_true", help="print JSON, not a table")
    parser.add_argument("--list", action="store_true", help="print the entries' names")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what was asked for; return 1 if an entry of that name does not exist."""
    options = parse(arguments)
    for module in MODULES:
        importlib.import_module(module)
    if options.list:
        print(*ENTRIES, sep="\n")
        return 0
    wanted = options.only or list(ENTRIES)
    unknown = [name for name in wanted if name not in ENTRIES]
    if unknown:
        print(f"no benchmark {unknown[0]!r}; there are {', '.join(ENTRIES)}", file=sys.stderr)
        return 1
    setting = Setting(
        rounds=options.rounds,
        events=options.events,
        days=options.days,
        stops=tuple(options.stops),
        batch=options.batch,
        keep=options.keep,
        lines=options.lines,
    )
    rows, skipped = run_all(wanted, setting)
    if options.json:
        print(as_json(rows, skipped))
        return 0
    print(f"\n{machine()}; median of the rounds and their range; ratio above 1 is better\n")
    print(as_table(rows))
    for name, reason in skipped.items():
        print(f"skipped {name}: {reason}")
    return 0


def run_all(names: Sequence[str], setting: Setting) -> tuple[list[Row], dict[str, str]]:
    """Return the rows of all entries of *names*, and why some were skipped."""
    rows: list[Row] = []
    skipped: dict[str, str] = {}
    for name in names:
        print(f"{name} …", file=sys.stderr)
        found, reason = run_entry(ENTRIES[name], setting)
        rows += found
        if reason:
            skipped[name] = reason
    return rows, skipped


if __name__ == "__main__":
    sys.exit(main())
