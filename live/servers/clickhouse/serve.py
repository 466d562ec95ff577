"""ClickHouse's HTTP interface in front of chDB, as far as clickhouse-connect uses it.

No package of a current ClickHouse server is to be had from Debian or PyPI. This has the
same engine behind the same protocol, so that the way over HTTP is run for real: login,
settings in the URL, compressed bodies, codes of errors. It is no server for anything else.
"""

from __future__ import annotations

import base64
import re
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import chdb
import lz4.frame

USER, PASSWORD = "caseline", "let-me-in"
OF_TRANSPORT = {
    "client_protocol_version", "compress", "database", "default_format", "enable_http_compression",
    "http_headers_progress_interval_ms", "query", "query_id", "role",
    "send_progress_in_http_headers", "session_id", "session_timeout", "wait_end_of_query",
}  # fmt: skip
FORMAT = re.compile(rb"\s+FORMAT\s+(\w+)\s*;?\s*$")
CODE = re.compile(r"Code: (\d+)")


class Engine:
    """The one engine of this process: one statement at a time."""

    def __init__(self, folder: str) -> None:
        self._engine = chdb.connect(folder)
        self._lock = threading.Lock()

    def run(self, sql: bytes, settings: dict[str, str], data: bytes | None) -> bytes:
        """Return what *sql* answers in its own format; *data* is what it inserts."""
        with self._lock, tempfile.NamedTemporaryFile() as file:
            for name, value in settings.items():
                self._engine.query(f"SET {name} = '{value}'")
            if data is not None:
                file.write(data)
                file.flush()
                sql = FORMAT.sub(rb" FROM INFILE '" + file.name.encode() + rb"' FORMAT \1", sql)
            told = FORMAT.search(sql)
            kind = told[1].decode() if told else "TabSeparated"
            return bytes(self._engine.query(sql.decode(), kind).bytes())


class Handler(BaseHTTPRequestHandler):
    """Takes a statement, gives the answer."""

    protocol_version = "HTTP/1.1"
    engine: Engine

    def do_GET(self) -> None:
        """Say that it is there."""
        self._say(200, b"Ok.\n")

    def do_POST(self) -> None:
        """Run a statement."""
        body = self._body()
        given = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        login = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if self.headers.get("Authorization") != f"Basic {login}":
            self._refuse(403, "Code: 516. DB::Exception: Authentication failed")
            return
        inserts = given.get("query", "").encode()
        settings = {name: value for name, value in given.items() if name not in OF_TRANSPORT}
        try:
            answer = self.engine.run(inserts or body, settings, body if inserts else None)
        except Exception as error:  # noqa: BLE001 - whatever the engine says is told on
            self._refuse(500, str(error))
            return
        self._say(200, answer)

    def _body(self) -> bytes:
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        return lz4.frame.decompress(body) if self.headers.get("Content-Encoding") == "lz4" else body

    def _refuse(self, status: int, why: str) -> None:
        code = CODE.search(why)
        self._say(status, why.encode(), code[1] if code else "1002")

    def _say(self, status: int, body: bytes, code: str | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if code is not None:
            self.send_header("X-ClickHouse-Exception-Code", code)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    Handler.engine = Engine(str(folder / "engine"))
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    (folder / "port").write_text(str(server.server_port))
    server.serve_forever()
