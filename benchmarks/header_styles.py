"""Headers that nobody has seen: made at random, put before messages, and so known exactly.

A style is columns in some order (time, level, host, service, thread, number), each in a
dress of its own, with separators that stay the same for the file.
"""

from __future__ import annotations

import random
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

START = datetime(2026, 6, 1, 9, 30, tzinfo=UTC)
TIMES = (
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%SZ",
    "%Y/%m/%d#%H:%M:%S",
    "%Y%m%d-%H%M%S",
    "%Y.%m.%d %Hh%Mm%Ss",
    "%d-%b-%Y %H.%M.%S",
    "%d.%m.%Y %H:%M:%S",
    "%b %d %H:%M:%S",
    "%Y-%m-%d@%H:%M:%S",
    "%Y-%m-%d][%H:%M:%S",
    "%s",
)
LEVELS = (
    ("INFO", "WARN", "ERROR", "DEBUG"),
    ("inf", "wrn", "err", "dbg"),
    ("I", "W", "E", "D"),
    ("Info", "Warning", "Error", "Debug"),
)
HOSTS = (("node-1", "node-2", "node-3"), ("web1", "web2", "db1"), ("10.0.0.7", "10.0.0.12"))
SERVICES = (
    ("orders", "billing", "stock", "mail"),
    ("shop.Orders", "shop.cart.Items", "core.Mail"),
    ("order-api", "stock-db", "mail-out"),
)
THREADS = (("main", "exec-1", "exec-12"), ("pool 1", "pool 12", "main"), ("t-1", "t-2"))
DRESSES = ("{}", "{}", "[{}]", "<{}>", "({})", "!{}!", "{{{}}}", "core~{}", "@{}")
BETWEEN = (" ", " ", " ", " | ", "|", "#", ";", " ; ", " - ", "\t", "~~")
LAST = (": ", " > ", " - ", " >> ", " | ", "| ", " :: ")


@dataclass(frozen=True)
class Style:
    """One header: its columns as functions of line number and message, and what joins them."""

    kinds: tuple[str, ...]
    columns: tuple[Callable[[int, str], str], ...]
    between: str
    last: str

    def lines(self, messages: Sequence[str]) -> list[str]:
        """Return the *messages*, each with a header."""
        return [
            self.between.join(column(i, text) for column in self.columns) + self.last + text
            for i, text in enumerate(messages)
        ]


def make_style(seed: int) -> Style:
    """Return the style of number *seed*."""
    rng = random.Random(seed)
    kinds = ["time", "level"] if rng.randrange(5) else [rng.choice(["time", "level"])]
    kinds += rng.sample(["host", "service", "thread", "number"], rng.randint(0, 3))
    rng.shuffle(kinds)
    between = rng.choice(BETWEEN)
    dressed = between in (" ", "~~")
    columns = tuple(_column(kind, rng, dressed=dressed) for kind in kinds)
    last = between if between.strip() and rng.randrange(2) else rng.choice(LAST)
    return Style(tuple(kinds), columns, between, last)


def _column(kind: str, rng: random.Random, *, dressed: bool) -> Callable[[int, str], str]:
    dress = rng.choice(DRESSES) if dressed else "{}"
    if kind in ("time", "thread") and dress in ("{}", "core~{}", "@{}", "!{}!"):
        dress = "[{}]" if kind == "thread" and dressed else "{}"
    if kind == "time":
        written = rng.choice(TIMES)
        return lambda i, _: dress.format(_written(written, i))
    if kind == "number":
        width, step = rng.choice((0, 6)), rng.randint(1, 40)
        return lambda i, _: dress.format(f"{i * step:0{width}d}")
    values = rng.choice(
        {"level": LEVELS, "host": HOSTS, "service": SERVICES, "thread": THREADS}[kind]
    )
    if kind == "level":
        width = rng.choice((0, 5))
        pick = random.Random(rng.random())
        return lambda _i, _t: dress.format(f"{pick.choice(values):{width}}")
    if kind == "service":  # says what it has to say: message and service depend on one another
        return lambda _, text: dress.format(values[zlib.crc32(text[:6].encode()) % len(values)])
    pick = random.Random(rng.random())
    return lambda _i, _t: dress.format(pick.choice(values))


def _written(style: str, i: int) -> str:
    at = START + timedelta(seconds=i * 7)
    return str(int(at.timestamp())) if style == "%s" else at.strftime(style)


def make_messages(count: int, seed: int) -> list[str]:
    """Return messages as a shop's services write them, with values in them."""
    rng = random.Random(seed)
    texts = (
        "order {n} accepted in {m} ms",
        "order {n} refused, reason {w}",
        "connection to {w} lost after {m} ms",
        "cache miss for key {w}:{n}",
        "retry {m} of job {w}",
        "cannot open /var/lib/{w}/{n}",
        "user logged in from 192.0.2.{m}",
        "worker started",
        "flush took {m}.{n} ms, queue {w}",
        "GET /items/{n} -> 200 ({m} ms)",
        "{n} rows read",
        "no answer, giving up",
    )
    words = ("alpha", "beta", "gamma", "delta", "epsilon", "zeta")
    return [
        rng.choice(texts).format(
            n=rng.randrange(9_000), m=rng.randrange(1, 99), w=rng.choice(words)
        )
        for _ in range(count)
    ]
