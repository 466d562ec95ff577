"""Times out of digits: once the shape of a line is known, its digits stand at fixed places.

A layout says where, relative to the time's first byte. All rows of one layout are read
digit by digit: a gather of bytes, times what the digit is worth.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from caseline.clock import is_zone

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from caseline.normalize.formatbook import TimeKind

    Ints = NDArray[np.int64]
    Parts = NDArray[np.int32]

PARTS = ("Y", "m", "d", "H", "M", "S", "us", "zone", "e_high", "e_low", "a", "b", "c")
_COLUMN = {part: column for column, part in enumerate(PARTS)}
_MONTHS = {
    name: number
    for number, name in enumerate(
        (b"jan", b"feb", b"mar", b"apr", b"may", b"jun",
         b"jul", b"aug", b"sep", b"oct", b"nov", b"dec"), 1
    )
} | {b"mai": 5}  # fmt: skip
# Minutes east of UTC; where a name means several zones, the one most logs mean.
_ZONE_MINUTES = {
    "Z": 0, "UTC": 0, "GMT": 0, "WET": 0, "CET": 60, "BST": 60, "CEST": 120, "EET": 120,
    "EEST": 180, "MSK": 180, "IST": 330, "SGT": 480, "JST": 540, "AEST": 600, "AEDT": 660,
    "EST": -300, "EDT": -240, "CST": -360, "CDT": -300, "MST": -420, "MDT": -360,
    "PST": -480, "PDT": -420,
}  # fmt: skip
_SECONDS_DIGITS = 10
_SHARED = {"y": "Y", "W": "m", "D": "d", "j": "d"}  # parts that stand in another's row
_MINUS = "\N{MINUS SIGN}".encode()
_REGION = re.compile(rb"[A-Z][A-Za-z]+(?:/[A-Z][\w+-]*)+")
_FIRST_YEAR, _LAST_YEAR = 1900, 2199


class Place(NamedTuple):
    """One digit: bytes from the time's start, row of the part in PARTS, worth of a 1."""

    offset: int
    part: int
    worth: int


class TimeLayout(NamedTuple):
    """Where the digits of a time stand; the same for all lines of a shape.

    Args:
        places: Where each digit stands, which part it is of, and what a 1 there is worth.
        month: The month a name says, or 0.
        zone: Minutes east of UTC written as a name; None if no zone is written.
        zone_sign: +1 or -1 if the zone is written in digits, else 0.
        half_day: "A", "P" or "" for AM, PM, neither.
        region: The zone a name such as Europe/Berlin says, where no offset is written.
        calendar: "week" if month and day are a week and its day, "year" if the day is
            one of the year, else "".
        orders: Orders the date's parts a, b, c may have.
        absolute: False for a time of day without a date.
    """

    places: tuple[Place, ...]
    month: int = 0
    zone: int | None = None
    zone_sign: int = 0
    half_day: str = ""
    region: str = ""
    calendar: str = ""
    orders: tuple[str, ...] = ()
    yearless: bool = False
    short_year: bool = False
    epoch: bool = False
    absolute: bool = True


def layout_of(kind: TimeKind, match: re.Match[bytes]) -> TimeLayout:
    """Return the layout of a time of *kind* that *match* found in a shape."""
    base = match.start()
    groups = {
        name: (match.start(name) - base, match[name])
        for name in match.re.groupindex
        if match[name] is not None
    }
    places: list[Place] = []
    if "f" in groups and len(groups.get("e", (0, b""))[1]) > _SECONDS_DIGITS:
        start, text = groups.pop("f")  # of milliseconds
        places += _fraction(start, min(len(text), 3), scale=1_000)
    for name, (start, text) in groups.items():
        places += _places(name, start, len(text))
    zone, sign, region = None, 0, ""
    if groups.get("z", (0, b""))[1]:
        zone, sign, region = _zone(*groups["z"], places)
    has_year = any(name in groups for name in ("Y", "y", "c"))
    return TimeLayout(
        places=tuple(places),
        month=_MONTHS[groups["B"][1].lower()] if "B" in groups else 0,
        zone=zone,
        zone_sign=sign,
        region=region,
        calendar="week" if "W" in groups else "year" if "j" in groups else "",
        half_day=groups["p"][1][:1].upper().decode() if "p" in groups else "",
        orders=kind.orders,
        yearless=not has_year and "d" in groups,
        short_year="y" in groups or "c" in groups,
        epoch="e" in groups,
        absolute=not groups.keys().isdisjoint(("e", "d", "a", "D", "j")),
    )


def _places(name: str, start: int, length: int) -> list[Place]:
    """Return where the digits of one group stand and what they are worth."""
    if name == "f":
        return _fraction(start, min(length, 6))
    if name == "ms":
        return _number(start, length, "us", scale=1_000)
    if name == "e":
        seconds = _number(start, 5, "e_high") + _number(start + 5, 5, "e_low")
        return seconds + _fraction(start + 10, min(length - 10, 6))
    if name in ("B", "p", "z"):
        return []
    return _number(start, length, _SHARED.get(name, name))


def _fraction(start: int, length: int, *, scale: int = 1) -> list[Place]:
    return [Place(start + i, _COLUMN["us"], 10 ** (5 - i) // scale) for i in range(length)]


def _number(start: int, length: int, part: str, *, scale: int = 1) -> list[Place]:
    column = _COLUMN[part]
    return [Place(start + i, column, scale * 10 ** (length - 1 - i)) for i in range(length)]


def _zone(start: int, text: bytes, places: list[Place]) -> tuple[int | None, int, str]:
    """Return (minutes of a named zone or 0, sign of one in digits, region); enter its digits."""
    name = text.strip(b" ()").decode("ascii", "replace")
    if name.upper() in _ZONE_MINUTES:
        return _ZONE_MINUTES[name.upper()], 0, ""
    offset = text.partition(b"[")[0] or text
    digits = [start + i for i, char in enumerate(offset) if char == ord("0")]
    region = _REGION.search(text)
    if region is not None and (not digits or offset is text):
        known = region[0].decode()
        return (None, 0, known) if is_zone(known) else (None, 0, "")
    worth = (60, 10, 1) if len(digits) % 2 else (600, 60, 10, 1)
    places += [Place(at, _COLUMN["zone"], w) for at, w in zip(digits, worth, strict=False)]
    return 0, -1 if b"-" in offset or _MINUS in offset else 1, ""


def read_parts(data: NDArray[np.uint8], starts: Ints, layout: TimeLayout) -> Parts:
    """Return the parts of the times at *starts* in *data*: (13, rows) int32, see PARTS."""
    parts = np.zeros((len(PARTS), len(starts)), dtype=np.int32)
    for offset, column, worth in layout.places:
        digit = data[offset:][starts] - np.uint8(48)
        parts[column] += digit * np.int32(worth)
    return parts


def days_of(year: Ints, month: Ints, day: Ints) -> tuple[Ints, NDArray[np.bool_]]:
    """Return days since 1970-01-01 and whether there is such a date; 0 where not.

    >>> days_of(np.array([2026, 2026]), np.array([1, 2]), np.array([1, 30]))[0].tolist()
    [20454, 0]
    """
    slot = (year - _FIRST_YEAR) * 12 + month - 1
    valid = (month >= 1) & (month <= 12) & (slot >= 0) & (slot < len(_LENGTHS))  # noqa: PLR2004 - months
    if not valid.all():
        slot = np.where(valid, slot, 0)
    valid &= (day >= 1) & (day <= _LENGTHS[slot])
    days = _MONTH_STARTS[slot] + day - 1
    return (days if valid.all() else np.where(valid, days, 0)), valid


def calendar_dates(year: Ints, month: Ints, day: Ints, calendar: str) -> tuple[Ints, Ints, Ints]:
    """Return year, month, day of a week's day or a day of the year; month 0 where none.

    Args:
        year: The year; of weeks, the one their Thursday lies in.
        month: The week, 1 to 53; unused for days of the year.
        day: The day of the week, 1 is Monday, or of the year.
        calendar: "week" or "year".

    >>> [int(part[0]) for part in calendar_dates(*map(np.atleast_1d, (2026, 23, 1)), "week")]
    [2026, 6, 1]
    """
    one = np.ones(len(year), dtype=np.int64)
    start, known = days_of(year, one, one)
    after, _ = days_of(np.minimum(year + 1, _LAST_YEAR), one, one)
    if calendar == "week":
        first = _first_monday(start)
        days = first + (month - 1) * 7 + day - 1
        known &= (month >= 1) & (day >= 1) & (day <= 7)  # noqa: PLR2004 - days of a week
        known &= days < _first_monday(after)
    else:
        days = start + day - 1
        known &= (day >= 1) & (days < after)
    dates = np.where(known, days, 0).astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    years = months.astype("datetime64[Y]").astype(np.int64) + 1970
    of_year = months.astype(np.int64) % 12 + 1
    day_of_month = (dates - months.astype("datetime64[D]")).astype(np.int64) + 1
    return years, np.where(known, of_year, 0), day_of_month


def _first_monday(new_year: Ints) -> Ints:
    """Return the Monday of the week that holds 4 January (ISO 8601)."""
    fourth = new_year + 3
    return fourth - (fourth + 3) % 7  # 1970-01-01 was a Thursday


def _month_starts() -> tuple[Ints, Ints]:
    """Return the day each month starts and its length, from 1900 on."""
    edges = np.arange(f"{_FIRST_YEAR}-01", f"{_LAST_YEAR + 1}-02", dtype="datetime64[M]")
    days = edges.astype("datetime64[D]").astype(np.int64)
    return days[:-1], np.diff(days)


_MONTH_STARTS, _LENGTHS = _month_starts()
