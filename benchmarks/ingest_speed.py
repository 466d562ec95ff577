"""How fast lines become stored events, beside drain3's mining alone on the same lines.

Each round is a process of its own that is held on one core, so that no round profits
from what another has learnt. drain3 gets messages whose header is off already, in
memory; Caseline reads files and does everything, up to the commit.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from harness import Row, Setting, entry, timed
from normalize_speed import make_log

if TYPE_CHECKING:
    from collections.abc import Iterator

_CUSTOMERS, _DAYS = 8, 4
_DIGITS_TO_0 = bytes.maketrans(b"123456789", b"000000000")


@entry("ingest")
def measure_ingest(setting: Setting) -> Iterator[Row]:
    """Ingest logs of few shapes and of many, a simulated fleet's, and public ones."""
    with tempfile.TemporaryDirectory() as scratch:
        for name, distinct in (("few", 0.0), ("many", 0.2)):
            folder = Path(scratch) / name
            folder.mkdir()
            (folder / "app.log").write_bytes(make_log(setting.lines, distinct=distinct))
            yield compare(f"ingest, {name} shapes", folder, setting)
        fleet = Path(scratch) / "fleet"
        write_fleet_logs(fleet, lines=setting.lines)
        yield compare("ingest, a simulated fleet", fleet, setting)
        public = Path(scratch) / "public"
        public.mkdir()
        for path in sorted(setting.folder("loghub2k").glob("*/*.log")):
            shutil.copy(path, public)
        yield compare("ingest, LogHub-2k", public, setting)


def compare(name: str, folder: Path, setting: Setting) -> Row:
    """Return the row of the files in *folder*, with drain3's in the same run."""
    rates = [in_process("ingest", folder) for _ in range(setting.rounds)]
    return Row(
        name=f"{name} ({shape_share(folder):.0%} distinct), one core",
        figures=rates,
        unit="lines/s",
        baseline="drain3, mining alone",
        baseline_figures=[in_process("drain3", folder)],
    )


def write_fleet_logs(folder: Path, *, lines: int) -> None:
    """Write about so many simulated lines, one file for each service, host and day."""
    from caseline.testing.fleet import simulate  # noqa: PLC0415 - rounds import by themselves

    fleet = simulate("S11", customers=_CUSTOMERS, days=_DAYS, events_per_day=lines // _DAYS)
    for environment, name, chunks in fleet.streams():
        path = folder / environment / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            file.writelines(chunks)


def shape_share(folder: Path) -> float:
    """Return distinct shapes among all lines of *folder*, as a share."""
    shapes: set[bytes] = set()
    lines = 0
    for path in list_logs(folder):
        found = path.read_bytes().translate(_DIGITS_TO_0).splitlines()
        lines += len(found)
        shapes.update(found)
    return len(shapes) / lines


def in_process(what: str, folder: Path) -> float:
    """Return lines a second of one round, in a new process on one core."""
    done = subprocess.run(
        [sys.executable, __file__, what, str(folder)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "POLARS_MAX_THREADS": "1"},
    )
    if done.returncode:
        raise RuntimeError(f"{what} failed: {done.stderr.strip().splitlines()[-1]}")
    return float(done.stdout)


def ingest(folder: Path) -> float:
    """Return lines a second from the files of *folder* to a workspace on disk."""
    import caseline  # noqa: PLC0415 - after the process is held on one core

    lines = sum(path.read_bytes().count(b"\n") for path in list_logs(folder))
    with tempfile.TemporaryDirectory() as support, caseline.open(support) as ws:
        ws.fleet.load(
            customers=[{"customer_id": "c-1"}],
            environments=[{"environment_id": "e-1", "kind": "single_tenant"}],
            tenancies=[{"customer_id": "c-1", "environment_id": "e-1"}],
        )
        return lines / timed(lambda: ws.ingest(folder, environment="e-1"))


def mine_with_drain3(folder: Path) -> float:
    """Return messages a second of drain3 with its defaults, messages in memory."""
    from drain3 import TemplateMiner  # noqa: PLC0415 - the baseline's process only

    from caseline.normalize.headers import split_headers  # noqa: PLC0415

    lines = [line for path in list_logs(folder) for line in path.read_bytes().splitlines()]
    messages = split_headers(lines)
    miner = TemplateMiner()

    def mine() -> None:
        for message in messages:
            miner.add_log_message(message)

    return len(messages) / timed(mine)


def list_logs(folder: Path) -> list[Path]:
    """Return the log files of *folder*, in order."""
    return sorted(folder.glob("**/*.log"))


def main(what: str, folder: str) -> None:
    """Print the rate of one round, held on one core where the system can."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    print({"ingest": ingest, "drain3": mine_with_drain3}[what](Path(folder)))


if __name__ == "__main__":
    main(*sys.argv[1:])
