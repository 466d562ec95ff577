"""Events on Spark: Parquet by month in a shared folder, questions over Spark Connect."""

from __future__ import annotations

import hashlib
import secrets
import socket
import threading
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.parquet as pq

from caseline.errors import MissingExtraError, SourceError, WorkspaceError
from caseline.store.cluster.manifests import Manifest, SharedFolder
from caseline.store.cluster.warehouse import TABLES, Health, OutdatedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlglot import exp

    from caseline.store.cluster.warehouse import Months

_SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.parquet.compression.codec": "zstd",
}
_VIEWS_KEPT = 200
_PORT = 15002
_WAIT_SECONDS = 10
_GONE = ("FILE_NOT_EXIST", "FileNotFoundException", "PATH_NOT_FOUND")
"""What Spark says of a file that a view names and that is not there any more."""


class SparkWarehouse:
    """Tables of Parquet files in *folder*, read and written by a Spark cluster.

    The client writes the rows of a batch, which it holds, and names them in the month's
    manifest by one rename; workers read, merge and erase. So the folder has to be there
    under the same path for the client and for all workers, and a rename in it has to be
    atomic, as on any POSIX file system and on NFS.

    Args:
        remote: Where the Connect server is: ``sc://host:port``.
        folder: The shared folder; its parent must exist.

    Raises:
        MissingExtraError: the extra is not installed.
        SourceError: the folder's parent does not exist here.
        WorkspaceError: the server does not answer.
    """

    dialect = "spark"

    def __init__(self, remote: str, folder: Path) -> None:
        if not folder.parent.is_dir():
            raise SourceError(f"{folder.parent} does not exist here; mount the shared folder first")
        self._remote = remote
        self._folder = SharedFolder(folder)
        self._lock = threading.RLock()
        self._seen: dict[str, Manifest] = {}
        self._views: set[str] = set()
        self._schemas = _spark_sql().table_schemas()
        self._spark = _connected(remote)

    def prepare(self) -> None:
        """Make the folder."""
        self._folder.root.mkdir(exist_ok=True)

    def look(self) -> None:
        """Read the manifests."""
        self._seen = {month: self._folder.read(month) for month in self._folder.months()}

    def months(self) -> list[str]:
        """Return the months that hold anything."""
        return sorted(self._seen)

    def relation(self, table: str, months: Months | None) -> str:
        """Return the name of a view of the folders that count."""
        paths = [
            self._folder.path(month, folder)
            for month in self.months()
            if months is None or months[0] <= month <= months[1]
            for folder in self._seen[month].folders.get(table, ())
        ]
        told = hashlib.blake2b("\0".join(paths).encode(), digest_size=8).hexdigest()
        name = f"caseline_{table}_{told}"
        with self._lock:
            if name not in self._views:
                self._make_view(name, table, paths)
        return name

    def _make_view(self, name: str, table: str, paths: list[str]) -> None:
        if len(self._views) >= _VIEWS_KEPT:
            for old in self._views:
                self._spark.catalog.dropTempView(old)
            self._views.clear()
        schema = self._schemas[table]
        if paths:
            frame = self._spark.read.schema(schema).parquet(*paths)
        else:
            columns = dict(column.split(" ", 1) for column in schema.split(", "))
            frame = self._spark.sql(_none(columns))
        frame.createOrReplaceTempView(name)
        self._views.add(name)

    def rewrite(self, tree: exp.Expr) -> exp.Expr:
        """Return *tree* with what Spark says otherwise."""
        rewritten: exp.Expr = _spark_sql().rewritten(tree)
        return rewritten

    def run(self, sql: str) -> pa.Table:
        """Return the answer to one statement."""
        try:
            answer: pa.Table = self._spark.sql(sql).toArrow()
        except Exception as error:
            if any(told in str(error) for told in _GONE):
                self._forget_views()
                raise OutdatedError("files were replaced while they were read") from None
            raise
        return answer

    def _forget_views(self) -> None:
        with self._lock:
            self._views.clear()

    def write(self, month: str, tables: Mapping[str, pa.Table], write_id: str) -> None:
        """Write the rows, which are here already, then name their folders in the manifest."""
        made = _new_folders(tables, write_id)
        for table, folder in made.items():
            path = Path(self._folder.path(month, folder))
            path.mkdir(parents=True)
            pq.write_table(_signed(tables[table]), path / "part-0.parquet", compression="zstd")
        self._folder.settle(month, made.values())
        self._commit(month, self._folder.read(month).added(write_id, made))

    def replace(self, month: str, queries: Mapping[str, str]) -> None:
        """Have workers write the answers, name their folders, delete all others."""
        made = _new_folders(queries, "merged")
        for table, folder in made.items():
            frame = self._spark.sql(queries[table])
            frame = frame if table == "events" else frame.coalesce(1)
            frame.write.parquet(self._folder.path(month, folder))
        self._commit(month, self._folder.read(month).replaced(made))
        self._folder.sweep(month)

    def _commit(self, month: str, manifest: Manifest) -> None:
        self._folder.commit(month, manifest)
        self._seen = {**self._seen, month: manifest}

    def offer(self, name: str, rows: pa.Table) -> str:
        """Make a view of a table of the catalog."""
        view = f"caseline_catalog_{name}"
        given = _signed(rows)
        if given.num_rows:
            frame = self._spark.createDataFrame(given)
        else:  # of rows that are not there it cannot tell the types
            frame = self._spark.sql(_none(_columns(given.schema)))
        frame.createOrReplaceTempView(view)
        return view

    def health(self) -> Health:
        """Say whether the Connect server answers."""
        try:
            _knock(self._remote)
            version = self._spark.version
            self.run("SELECT 1 AS one")
        except Exception as error:  # noqa: BLE001 - whatever it is, it is not healthy
            return Health(ok=False, detail=type(error).__name__)
        return Health(ok=True, version=f"Spark {version}")

    def close(self) -> None:
        """End the session; the server forgets its views."""
        self._spark.stop()


def _new_folders(tables: Iterable[str], write_id: str) -> dict[str, str]:
    """Return a folder for each table, that nobody ever used: a try given up may still write."""
    once = secrets.token_hex(6)
    asked = set(tables)
    return {table: f"{table}/{write_id}-{once}" for table in TABLES if table in asked}


def _signed(rows: pa.Table) -> pa.Table:
    """Return *rows* as Spark takes them: no unsigned numbers, times that say they are UTC."""
    fields = [pa.field(f.name, _type(f.type)) for f in rows.schema]
    return rows.cast(pa.schema(fields))


def _type(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return pa.list_(_type(kind.value_type))
    if pa.types.is_timestamp(kind):
        return pa.timestamp("us", "UTC")
    return _SIGNED.get(kind, kind)


_SIGNED: dict[pa.DataType, pa.DataType] = {
    pa.uint8(): pa.int16(),
    pa.uint16(): pa.int64(),
    pa.uint32(): pa.int64(),
    pa.uint64(): pa.int64(),
    pa.large_string(): pa.string(),
    pa.string_view(): pa.string(),
    pa.large_binary(): pa.binary(),
    pa.binary_view(): pa.binary(),
}


def _columns(schema: pa.Schema) -> dict[str, str]:
    """Return the columns of *schema*, which ``_signed`` made, with Spark's types."""
    return {field.name: _spark_type(field.type) for field in schema}


def _none(columns: Mapping[str, str]) -> str:
    """Return a statement with these columns and no row; the client parses no types itself."""
    told = ", ".join(f"CAST(NULL AS {kind}) AS `{name}`" for name, kind in columns.items())
    return f"SELECT {told} WHERE false"


def _spark_type(kind: pa.DataType) -> str:
    if pa.types.is_list(kind):
        return f"ARRAY<{_spark_type(kind.value_type)}>"
    return _SPARK_TYPES[kind]


_SPARK_TYPES: dict[pa.DataType, str] = {
    pa.string(): "STRING",
    pa.binary(): "BINARY",
    pa.bool_(): "BOOLEAN",
    pa.int16(): "SMALLINT",
    pa.int32(): "INT",
    pa.int64(): "BIGINT",
    pa.float64(): "DOUBLE",
    pa.date32(): "DATE",
    pa.timestamp("us", "UTC"): "TIMESTAMP",
}


def _connected(remote: str) -> Any:
    try:
        with warnings.catch_warnings():  # about pandas, of which nothing is asked here
            warnings.simplefilter("ignore", FutureWarning)
            from pyspark.sql.connect.session import SparkSession  # noqa: PLC0415 - an extra
    except ImportError:
        raise MissingExtraError("Spark needs its extra: pip install 'caseline[spark]'") from None
    _knock(remote)
    try:
        session = SparkSession.builder.remote(remote).create()
        for name, value in _SETTINGS.items():
            session.conf.set(name, value)
    except Exception as error:  # noqa: BLE001 - the client's own tree of errors is wide
        raise WorkspaceError(
            f"no Spark Connect server answers at {remote} ({type(error).__name__}); "
            "start it, or mend the URL"
        ) from None
    return session


def _knock(remote: str) -> None:
    """Find out at once whether anybody listens: the client itself tries for minutes."""
    place = urlsplit(remote)
    try:
        socket.create_connection((place.hostname or "", place.port or _PORT), _WAIT_SECONDS).close()
    except OSError as error:
        raise WorkspaceError(
            f"no Spark Connect server answers at {remote} ({type(error).__name__}); "
            "start it, or mend the URL"
        ) from None


def _spark_sql() -> Any:
    try:
        from caseline.store.cluster import spark_sql  # noqa: PLC0415 - needs SQLGlot
    except ImportError:
        raise MissingExtraError("Spark needs its extra: pip install 'caseline[spark]'") from None
    return spark_sql
