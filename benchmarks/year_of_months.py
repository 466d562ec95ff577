"""Makes a year of one filled month: eleven copies before it, their sums and sets moved back.

``python benchmarks/year_of_months.py DIR`` after ``--only year --days 365 --stops 31 --keep
DIR``, stopped once the month is there; then ``--only questions --keep DIR``. A year appended
event by event takes hours; what a question costs over a year is seen on this one. Events of
the copies keep their moments: questions that read events ask the last month, the true one.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from time import perf_counter

import duckdb

_MONTHS = 11
_MOVED = ("hours", "days", "months", "reach", "covered_days", "coverage", "traces")
_COLUMNS = (
    "SELECT column_name, data_type FROM duckdb_columns() "
    "WHERE database_name = 'm' AND table_name = $table"
)


def main(folder: Path) -> None:
    """Copy the only month of the workspace in *folder* eleven times."""
    events = folder / "support" / "events"
    (source,) = events.glob("*.duckdb")
    year, month = (int(part) for part in source.stem.split("-"))
    for back in range(1, _MONTHS + 1):
        started = perf_counter()
        first = year * 12 + month - 1 - back
        target = events / f"{first // 12}-{first % 12 + 1:02}.duckdb"
        shutil.copyfile(source, target)
        move(target, back)
        print(f"{target.name} {perf_counter() - started:.0f} s")


def move(file: Path, back: int) -> None:
    """Move all sums and sets in *file* so many months *back*."""
    with duckdb.connect(config={"threads": 1}) as hub:
        hub.execute(f"ATTACH '{file}' AS m (STORAGE_VERSION 'v1.5.0')")
        for table in _MOVED:
            columns = hub.execute(_COLUMNS, {"table": table}).fetchall()
            moved = ", ".join(
                f"CAST({name} - INTERVAL {back} MONTH AS {kind}) AS {name}"
                for name, kind in columns
                if kind in ("DATE", "TIMESTAMP")
            )
            hub.execute(
                f"CREATE OR REPLACE TABLE m.{table} AS SELECT * REPLACE ({moved}) FROM m.{table}"
            )
        hub.execute("CHECKPOINT m")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
