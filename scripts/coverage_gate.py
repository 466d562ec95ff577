"""Say which rooms of the house are tested too little.

Run: ``python scripts/coverage_gate.py build/coverage.json``. The floors stand in
``[tool.caseline.coverage]`` of pyproject.toml; a room without its own has ``each``.
"""

from __future__ import annotations

import json
import sys
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


def read_floors(project: Path = ROOT / "pyproject.toml") -> dict[str, float]:
    """Return the least per cent for each room, and ``each`` for those not named."""
    floors: dict[str, float] = tomllib.loads(project.read_text())["tool"]["caseline"]["coverage"]
    return floors


def sum_rooms(report: dict[str, Any]) -> dict[str, float]:
    """Return the per cent of lines and branches reached, for each room.

    Args:
        report: What ``coverage json`` writes.
    """
    reached: Counter[str] = Counter()
    present: Counter[str] = Counter()
    for name, file in report["files"].items():
        room = _room_of(name)
        summary = file["summary"]
        reached[room] += summary["covered_lines"] + summary.get("covered_branches", 0)
        present[room] += summary["num_statements"] + summary.get("num_branches", 0)
    return {
        room: 100 * reached[room] / total if total else 100.0
        for room, total in sorted(present.items())
    }


def find_shortfalls(shares: dict[str, float], floors: dict[str, float]) -> list[str]:
    """Return one sentence for each room below its floor."""
    return [
        f"{room}: {share:.1f} % reached, {floors.get(room, floors['each']):.0f} % wanted"
        for room, share in shares.items()
        if share < floors.get(room, floors["each"])
    ]


def _room_of(name: str) -> str:
    parts = Path(name).parts
    inside = parts[parts.index("caseline") + 1 :]
    return inside[0].removesuffix(".py")


def main(path: str) -> int:
    """Print each room's share; return 1 if one is below its floor."""
    shares = sum_rooms(json.loads(Path(path).read_text()))
    print("  ".join(f"{room} {share:.0f}" for room, share in shares.items()))
    shortfalls = find_shortfalls(shares, read_floors())
    for sentence in shortfalls:
        print(f"too little tested: {sentence}", file=sys.stderr)
    return 1 if shortfalls else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
