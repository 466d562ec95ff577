"""The catalog in PostgreSQL: for a workspace that several machines read."""

from __future__ import annotations

import re
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import polars as pl

from caseline.errors import (
    InputError,
    MissingExtraError,
    ReadOnlyError,
    WorkspaceError,
    WorkspaceLockedError,
)
from caseline.store.cluster.columns import (
    CatalogColumn,
    as_stored,
    checked_key,
    declared_columns,
)
from caseline.store.schema import KEYS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import psycopg

_TYPES = {
    "VARCHAR": 'text COLLATE "C"',
    "VARCHAR[]": 'text[] COLLATE "C"',
    "TIMESTAMP": "timestamp",
    "DOUBLE": "double precision",
    "BIGINT": "bigint",
    "INTEGER": "integer",
    "UINTEGER[]": "bigint[]",
    "BOOLEAN": "boolean",
    "BLOB": "bytea",
}
_VERSIONS = "caseline_versions"
_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_MANY = 1000
"""Rows given at once from which on the server had better know how many there are."""
_NUL, _ESCAPE = "\x00", "\ue000"
"""The server's text holds no NUL: it is kept as the escape and a 0, the escape as it and an e."""


class PostgresCatalog:
    """The tables of a workspace's catalog, in one schema of a PostgreSQL database.

    One session writes: it holds an advisory lock as long as it is connected, and what
    it reads is what was committed, as for everyone else.

    Args:
        url: ``postgresql://user:password@host:port/database``; ``?schema=`` names the
            schema (default ``caseline``), so that a database may hold several workspaces.
        read_only: Take no lock and write nothing.

    Raises:
        WorkspaceLockedError: another session writes to it.
        WorkspaceError: the server does not answer or lets nobody in, or (with
            *read_only*) there is no workspace yet.
        MissingExtraError: psycopg is not installed.
    """

    def __init__(self, url: str, *, read_only: bool = False) -> None:
        self.read_only = read_only
        self._plain_url, self._schema = _split_schema(url)
        self._place = _place(self._plain_url, self._schema)
        self._guard = threading.RLock()
        self._in_transaction = False
        self._reader = self._connect()
        try:
            self._writer = self._reader if read_only else self._connect()
            if read_only:
                self._refuse_absent()
            else:
                self._lock()
                self._make_tables()
        except BaseException:
            self.close()
            raise

    def __repr__(self) -> str:
        """Return where it is, without user or password."""
        return f"PostgresCatalog({self._place})"

    def close(self) -> None:
        """Let the lock go and leave the server."""
        self._reader.close()
        if hasattr(self, "_writer"):
            self._writer.close()

    # reading --------------------------------------------------------------------

    def read(self, table: str) -> pl.DataFrame:
        """Return all rows of *table* as they are committed; its times are naive UTC.

        Raises:
            InputError: the catalog has no such table.
            WorkspaceError: the server is gone.
        """
        columns = _columns_of(table)
        names = ", ".join(f'"{column.name}"' for column in columns)
        with self._told():
            cursor = self._reader.cursor(binary=True)
            rows = cursor.execute(f"SELECT {names} FROM {self._schema}.{table}").fetchall()
        frame = pl.DataFrame(
            rows, schema={column.name: column.dtype for column in columns}, orient="row"
        )
        return _each_text(frame, columns, _with_nul)

    def versions(self) -> dict[str, int]:
        """Return how often each table was changed, for those that were; committed changes."""
        with self._told():
            rows = self._reader.execute(
                f"SELECT name, version FROM {self._schema}.{_VERSIONS}"
            ).fetchall()
        return dict(rows)

    # writing --------------------------------------------------------------------

    def save(self, table: str, rows: pl.DataFrame) -> int:
        """Write *rows* into *table*, replacing those with equal keys; return their number.

        All of them are written, or none. Columns that *rows* lack become NULL. A missing
        value in a key equals a missing value.

        Raises:
            InputError: no such table or column, or a value that must be there is missing.
            ReadOnlyError: opened read-only.
            WorkspaceError: the server is gone.
        """
        key = checked_key(table, rows.columns)
        if rows.is_empty():
            return 0
        _refuse_missing(table, rows)
        names = ", ".join(f'"{name}"' for name in rows.columns)
        with self.transaction(), self._told():
            self._give(table, rows)
            self._delete(table, rows, key)
            self._writer.execute(
                f"INSERT INTO {self._schema}.{table} ({names}) SELECT {names} FROM given_{table}"
            )
        return rows.height

    def remove(self, table: str, rows: pl.DataFrame) -> int:
        """Remove from *table* the rows whose keys stand in *rows*; return how many there were.

        Raises:
            InputError: no such table or column.
            ReadOnlyError: opened read-only.
            WorkspaceError: the server is gone.
        """
        key = checked_key(table, rows.columns)
        if rows.is_empty():
            return 0
        keys = rows.select(key)
        with self.transaction(), self._told():
            self._give(table, keys)
            return self._delete(table, keys, key)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make what happens inside one change: all of it, or none.

        Raises:
            ReadOnlyError: opened read-only.
        """
        if self.read_only:
            raise ReadOnlyError(f"{self._place} was opened read-only; open it without read_only")
        with self._guard:
            if self._in_transaction:
                yield
                return
            self._in_transaction = True
            try:
                with self._told(), self._writer.transaction():
                    yield
            finally:
                self._in_transaction = False

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Keep all others from writing events while inside.

        The lock of the session does it; what is made sure of here is that the session,
        and with it the lock, still lives.

        Raises:
            WorkspaceError: the server is gone, and so may be the lock.
        """
        with self._guard:
            with self._told():
                self._writer.execute("SELECT 1")
            yield

    def _give(self, table: str, rows: pl.DataFrame) -> None:
        """Put *rows* where statements of this transaction read them: ``given_`` *table*."""
        columns = _columns_of(table)
        ddl = ", ".join(f'"{c.name}" {_TYPES[c.declared]}' for c in columns)
        given = f"given_{table}"
        self._writer.execute(f"CREATE TEMP TABLE IF NOT EXISTS {given} ({ddl})")
        self._writer.execute(f"TRUNCATE {given}")
        stored = _each_text(as_stored(table, rows), columns, _without_nul)
        names = ", ".join(f'"{name}"' for name in stored.columns)
        with (
            self._writer.cursor() as cursor,
            cursor.copy(f"COPY {given} ({names}) FROM STDIN") as copy,
        ):
            for row in stored.iter_rows():
                copy.write_row(row)
        if rows.height >= _MANY:
            self._writer.execute(f"ANALYZE {given}")
        self._writer.execute(
            f"INSERT INTO {self._schema}.{_VERSIONS} AS v (name, version) VALUES (%s, 1) "
            "ON CONFLICT (name) DO UPDATE SET version = v.version + 1",
            [table],
        )

    def _delete(self, table: str, rows: pl.DataFrame, key: Sequence[str]) -> int:
        """Delete from *table* what has the keys given; return how many rows it were.

        The server joins fast on ``=`` only, so that keys are taken apart by which of
        their columns are missing.
        """
        removed = 0
        columns = ", ".join(f'"{name}"' for name in key)
        for missing in rows.select(pl.col(key).is_null()).unique().iter_rows(named=True):
            held = " AND ".join(
                f'"{name}" IS {"" if missing[name] else "NOT "}NULL' for name in key
            )
            same = " AND ".join(
                f't."{name}" IS NULL' if missing[name] else f't."{name}" = g."{name}"'
                for name in key
            )
            removed += self._writer.execute(
                f"DELETE FROM {self._schema}.{table} t USING "
                f"(SELECT DISTINCT {columns} FROM given_{table} WHERE {held}) g WHERE {same}"
            ).rowcount
        return removed

    # the server -----------------------------------------------------------------

    def _connect(self) -> psycopg.Connection[Any]:
        try:
            import psycopg  # noqa: PLC0415 - an extra
        except ImportError:
            raise MissingExtraError(
                "a catalog in PostgreSQL needs psycopg: pip install 'caseline[postgres]'"
            ) from None
        try:
            return psycopg.connect(
                self._plain_url, autocommit=True, fallback_application_name="caseline"
            )
        except psycopg.Error as error:
            raise WorkspaceError(
                f"{self._place} cannot be reached ({_reason(error)}); "
                "look whether the server runs and lets this user in"
            ) from None

    def _lock(self) -> None:
        """Take the right to write, which lasts as long as the session."""
        key = self._value("SELECT hashtextextended(%s, 0)", [f"caseline/{self._schema}"])
        if self._value("SELECT pg_try_advisory_lock(%s)", [key]):
            return
        holder = self._value(
            "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1 "
            "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
            "AND (classid::bigint << 32) | objid::bigint = %s",
            [key],
        )
        raise WorkspaceLockedError(
            f"{self._place} is open for writing in another session (the server's process "
            f"{holder}); close it there, or work in that process: one process writes to a "
            "workspace"
        )

    def _make_tables(self) -> None:
        with self.transaction():
            self._writer.execute("SET LOCAL client_min_messages = warning")
            self._writer.execute(f"CREATE SCHEMA IF NOT EXISTS {self._schema}")
            self._writer.execute(
                f"CREATE TABLE IF NOT EXISTS {self._schema}.{_VERSIONS} "
                "(name text PRIMARY KEY, version bigint NOT NULL)"
            )
            for table, columns in declared_columns().items():
                ddl = ", ".join(map(_ddl_of, columns))
                first = KEYS[table][0]
                place = f"{self._schema}.{table}"
                self._writer.execute(f"CREATE TABLE IF NOT EXISTS {place} ({ddl})")
                self._writer.execute(
                    f'CREATE INDEX IF NOT EXISTS {table}_key ON {place} USING hash ("{first}")'
                )

    def _refuse_absent(self) -> None:
        found = self._reader.execute(
            "SELECT to_regclass(%s)", [f"{self._schema}.{_VERSIONS}"]
        ).fetchone()
        if found is None or found[0] is None:
            raise WorkspaceError(f"{self._place} has no workspace yet; open it for writing first")
        self._reader.execute("SET default_transaction_read_only = on")

    def _value(self, sql: str, values: Sequence[object]) -> Any:
        row = self._writer.execute(sql, values).fetchone()
        return row[0] if row else None

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Say in our own words that the server is gone."""
        import psycopg  # noqa: PLC0415 - an extra; it is here, or nothing was opened

        try:
            yield
        except (psycopg.OperationalError, psycopg.InterfaceError) as error:
            raise WorkspaceError(
                f"{self._place} does not answer any more ({_reason(error)}); what was "
                "committed is safe: open the workspace again"
            ) from None


def _columns_of(table: str) -> tuple[CatalogColumn, ...]:
    tables = declared_columns()
    if table not in tables:
        raise InputError.unknown("catalog table", table, tables)
    return tables[table]


def _ddl_of(column: CatalogColumn) -> str:
    return f'"{column.name}" {_TYPES[column.declared]}{" NOT NULL" if column.required else ""}'


def _refuse_missing(table: str, rows: pl.DataFrame) -> None:
    for column in declared_columns()[table]:
        if column.required and (
            column.name not in rows.columns or rows[column.name].null_count() > 0
        ):
            raise InputError(f"rows for {table} need a value of {column.name!r} each")


def _each_text(frame: pl.DataFrame, columns: Sequence[CatalogColumn], change: Any) -> pl.DataFrame:
    """Return *frame* with *change* made to its texts and lists of texts."""
    changed = []
    for column in columns:
        if column.name in frame.columns and column.declared == "VARCHAR":
            changed.append(change(pl.col(column.name)))
        if column.name in frame.columns and column.declared == "VARCHAR[]":
            changed.append(pl.col(column.name).list.eval(change(pl.element())))
    return frame.with_columns(changed)


def _without_nul(text: pl.Expr) -> pl.Expr:
    escaped = text.str.replace_all(_ESCAPE, f"{_ESCAPE}e", literal=True)
    return escaped.str.replace_all(_NUL, f"{_ESCAPE}0", literal=True)


def _with_nul(text: pl.Expr) -> pl.Expr:
    shown = text.str.replace_all(f"{_ESCAPE}0", _NUL, literal=True)
    return shown.str.replace_all(f"{_ESCAPE}e", _ESCAPE, literal=True)


def _split_schema(url: str) -> tuple[str, str]:
    """Return *url* as the server's library takes it, and the schema it names."""
    parts = urlsplit(url)
    given = parse_qsl(parts.query, keep_blank_values=True)
    schema = dict(given).get("schema", "caseline")
    if not _NAME.fullmatch(schema):
        raise InputError(f"schema {schema!r}: give small letters, digits and _ only")
    rest = urlencode([pair for pair in given if pair[0] != "schema"])
    return parts._replace(query=rest).geturl(), schema


def _place(url: str, schema: str) -> str:
    """Return what errors call the catalog: nothing of its user and password."""
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    return f"catalog {schema!r} at {parts.hostname or 'localhost'}{port}{parts.path}"


def _reason(error: Exception) -> str:
    """Return the kind of *error*, and the server's code for it: its text may hold values."""
    code = getattr(error, "sqlstate", None)
    return f"{type(error).__name__} {code}" if code else type(error).__name__
