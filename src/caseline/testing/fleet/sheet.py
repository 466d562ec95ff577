"""The lines of one format in the making: one column for each piece of the line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from caseline.testing.fleet.plan import DAY
from caseline.testing.fleet.typecase import date_texts, local, offset_texts
from caseline.testing.fleet.values import join, pick

if TYPE_CHECKING:
    from collections.abc import Callable

    from caseline.testing.fleet.typecase import Typecase

Piece = pl.Series | str
_PIECE = re.compile(r"\{(\w+)\}")
_SECOND = 1_000_000
_MIX = 0x1C3A_5F70_9B2D_E486
_DATES = {
    "date": "%Y-%m-%d",
    "monthday": "%b %e",
    "apache": "%d/%b/%Y",
    "klogdate": "%m%d",
}


class Sheet:
    """Lines of one format.

    Args:
        typecase: The ready-made texts.
        rows: Columns file, tenancy, template, at, chain; every file of one format.
        values: A column for each place of the templates (see ``fill_places``).
        rng: Draws what the format needs besides: threads, addresses.
    """

    def __init__(
        self,
        typecase: Typecase,
        rows: pl.DataFrame,
        values: list[pl.Series],
        rng: np.random.Generator,
    ) -> None:
        self._case = typecase
        self._rng = rng
        self._values = values
        self.file = rows["file"].to_numpy()
        self._tenancy = rows["tenancy"].to_numpy()
        self._template = rows["template"].to_numpy()
        self._chain = rows["chain"].to_numpy()
        self._form = typecase.form(int(self.file[0]))
        self._escape = str(self._form.get("escape", "none"))
        self._level = typecase.book.levels[self._template]
        at = rows["at"].to_numpy() + typecase.skew[self.file]
        self._quarters = typecase.zones.quarters(typecase.zone[self.file], at)
        self._shown = local(at, self._quarters) if self._form["clock_zone"] == "local" else at
        self._part = self._shown % _SECOND
        self._makers = self._list_makers()

    def lines(self) -> pl.Series:
        """Return the lines, without their newline."""
        parts: list[Piece] = []
        split = _PIECE.split(str(self._form["line"]))
        for literal, name in zip(split[::2], [*split[1::2], ""], strict=True):
            parts += [literal] if literal else []
            parts += self._piece(name) if name else []
        return join(*parts)

    def _list_makers(self) -> dict[str, Callable[[], Piece]]:
        case, n = self._case, len(self.file)
        return {
            "clock": lambda: pick(case.clock, self._shown % DAY // _SECOND),
            "milli": lambda: pick(case.milli, self._part // 1000),
            "zone": lambda: pick(offset_texts(":"), self._quarters + 64),
            "zone4": lambda: pick(offset_texts(""), self._quarters + 64),
            "level": lambda: pick(self._form["levels"], self._level),
            "number": lambda: pick(self._form["numbers"], self._level),
            "thread": lambda: pick(case.threads, self._rng.integers(0, len(case.threads), n)),
            "logger": lambda: pick(case.book.loggers, self._template),
            "host": lambda: pick(case.hosts, self.file),
            "service": lambda: pick(case.services, self.file),
            "pid": lambda: pick(case.pids, self.file),
            "ip": lambda: case.values.draw("ip", n, self._rng),
            "user": lambda: case.values.draw("user", n, self._rng),
            "trace_id": self._trace_id,
            "tenant": self._tenant,
            "trace": lambda: pick(case.book.traces(self._escape), self._template),
            "tag": self._tag,
        }

    def _piece(self, name: str) -> list[Piece]:
        if name == "message":
            return self._message()
        if name in _DATES:
            return [self._date(_DATES[name])]
        if name in ("micro", "tick"):
            return self._fraction(name)
        return [self._makers[name]()]

    def _date(self, pattern: str) -> Piece:
        day = self._shown // DAY
        first, last = int(day.min()), int(day.max())
        texts = date_texts(first, last, pattern)
        return texts[0] if first == last else pick(texts, day - first)

    def _fraction(self, name: str) -> list[Piece]:
        milli = self._case.milli
        rest = pick(milli, self._part % 1000)
        return [pick(milli, self._part // 1000), rest if name == "micro" else rest.str.slice(0, 1)]

    def _tenant(self) -> Piece:
        case = self._case
        count = len(case.plan.tenancies) + 1
        pair = self.file.astype(np.int64) * count + self._tenancy + 1
        distinct, which = np.unique(pair, return_inverse=True)
        labels = [case.tenant_label(int(p) // count, int(p) % count - 1) for p in distinct]
        return labels[0] if len(set(labels)) == 1 else pick(labels, which)

    def _trace_id(self) -> Piece:
        drawn = self._case.values.draw("hex32", len(self.file), self._rng)
        chained = np.flatnonzero(self._chain >= 0)
        if not len(chained):
            return drawn
        ids = [f"{int(number):016x}{int(number) ^ _MIX:016x}" for number in self._chain[chained]]
        return drawn.scatter(chained, pl.Series(ids))

    def _tag(self) -> Piece:
        case = self._case
        written = join(
            pick(case.services, self.file),
            "[",
            pick(case.pids, self.file),
            "]: ",
            pick(self._form["levels"], self._level),
        )
        bare = case.book.is_repeat[self._template]
        return written.set(pl.Series(bare), "") if bare.any() else written

    def _message(self) -> list[Piece]:
        """Return fixed parts and values in turn: as many as the longest message needs."""
        book = self._case.book
        most = int(book.counts[self._template].max())
        literals = book.literals(self._escape)
        parts: list[Piece] = [pick(literals[0], self._template)]
        for position in range(most):
            parts += [self._values[position], pick(literals[position + 1], self._template)]
        return parts


def fill_places(
    typecase: Typecase, template: np.ndarray, rng: np.random.Generator
) -> list[pl.Series]:
    """Return a column of values for each place of each line's template, "" where none.

    Values are drawn type by type for all lines and places at once, then handed out.

    Args:
        typecase: The ready-made texts.
        template: Template numbers, shape (n,).
        rng: Draws the values.
    """
    book = typecase.book
    most = int(book.counts[template].max())
    if not most:
        return []
    flat = np.ascontiguousarray(book.places[template, :most].T).ravel()
    order = np.argsort(flat, kind="stable")
    counts = np.bincount(flat, minlength=len(book.place_types))
    drawn = [
        typecase.values.draw(book.place_types[code], int(counts[code]), rng)
        for code in np.flatnonzero(counts[1:]) + 1
    ]
    pool = pl.concat([pl.Series([""]), *drawn])
    index = np.zeros(len(flat), dtype=np.int64)
    index[order[counts[0] :]] = np.arange(1, len(flat) - counts[0] + 1)
    return [pick(pool, part) for part in index.reshape(most, -1)]
