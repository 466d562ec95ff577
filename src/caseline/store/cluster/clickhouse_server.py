"""A ClickHouse server, or the same engine in the process: statements in, tables out."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from caseline.errors import InputError, MissingExtraError, WorkspaceError
from caseline.store.cluster import clickhouse_sql

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa
    from clickhouse_connect.driver.client import Client

UNKNOWN_TABLE = 60
"""The server's number for: there is no such table."""
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_CODE = re.compile(r"[Cc]ode:? (\d+)")
_WAIT_SECONDS = 3600
"""For one statement: replacing a large month takes its time."""


class RefusedError(WorkspaceError):
    """The server did not do what it was asked.

    Args:
        message: In our words; the server's may hold values.
        code: Its number for what was wrong, if it told one.
    """

    def __init__(self, message: str, code: int | None) -> None:
        super().__init__(message)
        self.code = code


class Server:
    """Runs statements in one database.

    Args:
        client: Of clickhouse-connect.
        database: One workspace's own; ``prepare`` of the warehouse makes it.

    Raises:
        InputError: a *database* that is no plain name.
    """

    def __init__(self, client: Client, database: str) -> None:
        if not _NAME.fullmatch(database):
            raise InputError(f"database {database!r}: give letters, digits and _ only")
        self._client = client
        self.database = database

    def answer(self, sql: str) -> pa.Table:
        """Return the answer to *sql*."""
        with self._told():
            answer: pa.Table = self._client.query_arrow(sql)
        return answer

    def value(self, sql: str) -> Any:
        """Return the one value that *sql* asks for; None if there is none."""
        found = self.answer(sql)
        return found.column(0)[0].as_py() if found.num_rows else None

    def do(self, sql: str) -> None:
        """Run *sql*, which has no answer."""
        with self._told():
            self._client.command(sql)

    def insert(self, table: str, rows: pa.Table) -> None:
        """Add *rows* to *table* of the database."""
        with self._told():
            self._client.insert_arrow(table, rows, database=self.database)

    def close(self) -> None:
        """Let go of connections."""
        self._client.close()

    @contextmanager
    def _told(self) -> Iterator[None]:
        from clickhouse_connect.driver.exceptions import (  # noqa: PLC0415 - an extra
            ClickHouseError,
        )

        try:
            yield
        except ClickHouseError as error:
            found = _CODE.search(str(error))
            said = f"error {found[1]}" if found else type(error).__name__
            raise RefusedError(
                f"ClickHouse did not do it for database {self.database!r} ({said}); look "
                "whether the server runs, and into its log",
                int(found[1]) if found else None,
            ) from None


def connect_clickhouse(url: str) -> Server:
    """Return the server at *url*.

    Args:
        url: ``clickhouse://user:password@host:port/database``, ``clickhouses://`` for TLS;
            or ``chdb:///folder?database=name`` for the same engine in this process (in
            memory without a folder).

    Raises:
        MissingExtraError: clickhouse-connect is not installed.
        WorkspaceError: the server does not answer, or lets nobody in.
    """
    try:
        import clickhouse_connect  # noqa: PLC0415 - an extra
        from clickhouse_connect.driver.exceptions import ClickHouseError  # noqa: PLC0415
    except ImportError:
        raise MissingExtraError(
            "ClickHouse needs its extra: pip install 'caseline[clickhouse]'"
        ) from None
    parts = urlsplit(url)
    options: dict[str, Any] = {"settings": dict(clickhouse_sql.SETTINGS)}
    if parts.scheme == "chdb":
        options |= {"interface": "chdb", "path": parts.path or ":memory:"}
        database = dict(parse_qsl(parts.query)).get("database", "caseline")
    else:
        database = parts.path.strip("/") or "caseline"
        options |= {
            "host": parts.hostname or "localhost",
            "port": parts.port,
            "username": unquote(parts.username or ""),
            "password": unquote(parts.password or ""),
            "secure": parts.scheme == "clickhouses",
            "send_receive_timeout": _WAIT_SECONDS,
            "autogenerate_session_id": False,
        }
    try:
        client = clickhouse_connect.get_client(**options)
    except ClickHouseError as error:
        raise WorkspaceError(
            f"ClickHouse at {parts.hostname or parts.path} cannot be reached "
            f"({type(error).__name__}); look whether the server runs and lets this user in"
        ) from None
    return Server(client, database)
