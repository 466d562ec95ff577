"""When the records of one file happened: years and zones not written, times carried on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from caseline.clock import is_zone
from caseline.errors import InputError
from caseline.normalize.timestamps import PARTS, calendar_dates, days_of, read_parts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from caseline.normalize.timestamps import Parts, TimeLayout
    from caseline.records.batches import Source

    Ints = NDArray[np.int64]
    Flags = NDArray[np.bool_]

QUALITIES = ("exact", "assumed_zone", "assumed_year", "carried", "none", "doubtful")
"""How sure the time that a line tells is; one that was put right says ``corrected``."""
EXACT, ASSUMED_ZONE, ASSUMED_YEAR, CARRIED, NONE, DOUBTFUL = range(6)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = 1_000_000
_QUARTER = 900 * _SECOND
_DAY = 86_400 * _SECOND
_ROLLOVER_DAYS = 182
_BACK_STEP_DAYS = 363
_MAX_ROLLOVERS = 3
_FOLD_JUMP = 1_800 * _SECOND
_FOLD_REACH = 3 * 3_600 * _SECOND
_SHORT_YEAR_PIVOT = 70
_LIKELY = 0.99  # an order is likely if it makes dates of so many as the best one does
_EARLIEST = (datetime(1990, 1, 1, tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)


class _Civil(NamedTuple):
    """Dates and times of day as written, row by row."""

    year: Ints
    month: Ints
    day: Ints
    of_day: Ints  # microseconds
    shift: Ints  # microseconds east of UTC
    local: Flags  # no zone written
    yearless: Flags


class _Dated(NamedTuple):
    """Rows whose times have one layout, and the parts of their times."""

    rows: Ints
    layout: TimeLayout
    parts: Parts


class FileClock:
    """Reads the times of one file's records, in order.

    Args:
        source: Its zone stands for one that is not written, its ``received_at`` bounds
            a year that is not written.

    Raises:
        InputError: the source's timezone is no IANA zone.
    """

    def __init__(self, source: Source) -> None:
        self._zone = _zone_of(source.timezone)
        self._received = (source.received_at - _EPOCH) // timedelta(microseconds=1)
        self._year = source.received_at.astimezone(UTC).year
        self._order_votes: dict[tuple[str, ...], Ints] = {}
        self._fold: int | None = None
        self._last: tuple[int, int, bool] | None = None  # its quality, its zone: carried on

    def read(
        self,
        data: NDArray[np.uint8],
        starts: Ints,
        time_ids: NDArray[np.int32],
        layouts: Sequence[TimeLayout],
    ) -> tuple[Ints, NDArray[np.uint8], Flags]:
        """Return for each record: microseconds since 1970, the index into QUALITIES, zoned.

        A time is zoned if the line itself says its zone.

        Args:
            data: The bytes that hold the times.
            starts: First byte of each record's time; any number where it has none.
            time_ids: Index into *layouts*, or -1.
            layouts: Where the digits of each kind of time stand.
        """
        micros = np.zeros(len(starts), dtype=np.int64)
        quality = np.full(len(starts), NONE, dtype=np.uint8)
        zoned = np.zeros(len(starts), dtype=bool)
        dated: list[_Dated] = []
        for time_id in np.flatnonzero(np.bincount(time_ids + 1)).tolist():
            if not time_id or not layouts[time_id - 1].absolute:
                continue
            layout = layouts[time_id - 1]
            rows = np.flatnonzero(time_ids == time_id - 1)
            parts = read_parts(data, starts[rows], layout)
            zoned[rows] = layout.epoch or layout.zone is not None or bool(layout.region)
            if layout.epoch:
                micros[rows] = _epoch_micros(parts)
                quality[rows] = EXACT
            else:
                dated.append(_Dated(rows, layout, parts))
        if dated:
            self._enter_dated(dated, micros, quality)
        return self._settle(micros, quality, zoned)

    def _enter_dated(self, dated: list[_Dated], micros: Ints, quality: NDArray[np.uint8]) -> None:
        for orders in {d.layout.orders for d in dated if d.layout.orders}:
            self._order([d for d in dated if d.layout.orders == orders], orders)
        rows, civil = _in_file_order(dated)
        year = civil.year
        if civil.yearless.any():
            year = np.where(civil.yearless, self._assumed_years(civil), year)
        days, valid = days_of(year, civil.month, civil.day)
        valid &= civil.of_day >= 0
        written = days * _DAY + civil.of_day - civil.shift
        found = self._in_utc(written, civil.local & valid)
        for d in dated:
            if d.layout.region:
                at = np.searchsorted(rows, d.rows)
                found[at] = _in_region(written[at], d.layout.region)
        code = np.full(len(rows), EXACT, dtype=np.uint8)
        if self._zone is None:
            code[civil.local] = ASSUMED_ZONE
        code[civil.yearless] = ASSUMED_YEAR
        code[~valid] = NONE
        micros[rows] = found
        quality[rows] = code

    def _order(self, dated: list[_Dated], orders: tuple[str, ...]) -> None:
        """Decide which part of a date is the day, by the dates so far; enter it in place."""
        parts = np.concatenate([d.parts for d in dated], axis=1)
        latest = self._received // _DAY + 1
        votes = self._order_votes.setdefault(orders, np.zeros(len(orders), dtype=np.int64))
        distance = []
        for i, order in enumerate(orders):
            year, month, day = _in_order(parts, order)
            days, valid = days_of(year, month, day)
            votes[i] += int((valid & (days <= latest)).sum())
            distance.append(abs(self._year - int(np.median(year))))
        likely = [i for i in range(len(orders)) if votes[i] >= _LIKELY * votes.max()]
        best = min(likely, key=lambda i: (distance[i], i))
        for d in dated:
            d.parts[:3] = np.stack(_in_order(d.parts, orders[best]))

    def _assumed_years(self, civil: _Civil) -> Ints:
        """Return for each yearless row the latest year that is not in the future.

        Where the file passes from December to January, what stands before is of the
        year before.
        """
        year = np.full(len(civil.month), self._year, dtype=np.int64)
        rows = np.flatnonzero(civil.yearless)
        if not len(rows):
            return year
        month, day, of_day = civil.month[rows], civil.day[rows], civil.of_day[rows]
        years = self._latest_years(month, day, of_day)
        of_year = days_of(np.full(len(rows), 2024), month, day)[0]
        steps = np.diff(of_year)
        turns = (steps < -_ROLLOVER_DAYS).astype(np.int64) - (steps > _BACK_STEP_DAYS)
        if 0 < np.abs(turns).sum() <= _MAX_ROLLOVERS:
            turned = np.concatenate([[0], np.cumsum(turns)])
            years = np.minimum(years, years[-1] + turned - turned[-1])
        year[rows] = _leap_years(years, month, day)
        return year

    def _latest_years(self, month: Ints, day: Ints, of_day: Ints) -> Ints:
        years = np.full(len(month), self._year + 1, dtype=np.int64)
        for _ in range(2):
            moment = days_of(years, month, np.minimum(day, 28))[0] + np.maximum(day - 28, 0)
            years -= moment * _DAY + of_day > self._received + _DAY
        return years

    def _in_utc(self, written: Ints, local: Flags) -> Ints:
        """Take the source's zone off the times that were written without one."""
        if self._zone is None or not local.any():
            return written
        found = written.copy()
        quarters, inverse = np.unique(written[local] // _QUARTER, return_inverse=True)
        early = _offsets(quarters, self._zone, fold=0)[inverse]
        late = _offsets(quarters, self._zone, fold=1)[inverse]
        moments = written[local] - early
        found[local] = moments + np.where(self._second_pass(moments, early > late), early - late, 0)
        return found

    def _second_pass(self, moments: Ints, twice: Flags) -> Flags:
        """Return which of the hours that a clock shows twice are shown for the second time.

        The first time until the file's times jump back by half an hour or more.
        """
        if not twice.any():
            return twice
        if self._fold is not None and np.abs(moments[twice] - self._fold).min() > _FOLD_REACH:
            self._fold = None
        before = np.maximum.accumulate(moments)
        jumped = np.flatnonzero(twice[1:] & (moments[1:] < before[:-1] - _FOLD_JUMP)) + 1
        if self._fold is None and len(jumped):
            self._fold = int(moments[jumped[0]])
            late = np.arange(len(moments)) >= jumped[0]
        else:
            late = np.full(len(moments), self._fold is not None)
        if self._fold is None:
            return np.zeros(len(moments), dtype=bool)
        found: Flags = twice & late & (np.abs(moments - self._fold) < _FOLD_REACH)
        return found

    def _settle(
        self, micros: Ints, quality: NDArray[np.uint8], zoned: Flags
    ) -> tuple[Ints, NDArray[np.uint8], Flags]:
        """Carry times on to records without one; mark those that cannot be right."""
        own = quality != NONE
        odd = own & ((micros < _EARLIEST) | (micros > self._received + 2 * _DAY))
        quality[odd] = DOUBTFUL
        if own.all():
            self._keep_last(micros, quality, zoned)
            return micros, quality, zoned
        index = np.maximum.accumulate(np.where(own, np.arange(len(micros)), -1))
        carried = ~own & (index >= 0)
        micros[carried] = micros[index[carried]]
        zoned[carried] = zoned[index[carried]]
        quality[carried] = _carried(quality[index[carried]])
        if self._last is not None:
            before = index < 0
            micros[before], quality[before], zoned[before] = self._last
        if own.any():
            self._keep_last(micros, quality, zoned)
        return micros, quality, zoned

    def _keep_last(self, micros: Ints, quality: NDArray[np.uint8], zoned: Flags) -> None:
        if len(micros):
            self._last = int(micros[-1]), int(_carried(quality[-1:])[0]), bool(zoned[-1])


def _carried(quality: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the quality of times that are carried on from those of *quality*."""
    found: NDArray[np.uint8] = np.where(quality == DOUBTFUL, DOUBTFUL, CARRIED).astype(np.uint8)
    return found


def _zone_of(name: str | None) -> ZoneInfo | None:
    if name is None:
        return None
    if not is_zone(name):
        raise InputError(f"timezone is {name!r}; give an IANA zone, for example UTC")
    return ZoneInfo(name)


def _offsets(quarters: Ints, zone: ZoneInfo, *, fold: int) -> Ints:
    """Return microseconds east of UTC at each distinct quarter of an hour, local time."""
    found = []
    for quarter in quarters.tolist():
        moment = _EPOCH.replace(tzinfo=None) + timedelta(microseconds=quarter * _QUARTER)
        offset = moment.replace(tzinfo=zone, fold=fold).utcoffset() or timedelta(0)
        found.append(offset // timedelta(microseconds=1))
    return np.array(found, dtype=np.int64)


def _in_region(written: Ints, region: str) -> Ints:
    """Take the offset of the zone that is written as a region off."""
    quarters, inverse = np.unique(written // _QUARTER, return_inverse=True)
    found: Ints = written - _offsets(quarters, ZoneInfo(region), fold=0)[inverse]
    return found


def _epoch_micros(parts: Parts) -> Ints:
    high, low = parts[PARTS.index("e_high")], parts[PARTS.index("e_low")]
    seconds = high.astype(np.int64) * 100_000 + low.astype(np.int64)
    micros: Ints = seconds * _SECOND + parts[PARTS.index("us")].astype(np.int64)
    return micros


def _in_order(parts: Parts, order: str) -> tuple[Ints, Ints, Ints]:
    """Return year, month, day from the parts a, b, c (or Y, where it was written)."""
    places = {part: parts[PARTS.index(name)] for part, name in zip(order, "abc", strict=True)}
    year = parts[0] if "Y" in order else _full_year(places["y"])
    return year.astype(np.int64), places["m"].astype(np.int64), places["d"].astype(np.int64)


def _in_file_order(dated: list[_Dated]) -> tuple[Ints, _Civil]:
    """Return all rows, ascending, and their dates."""
    columns = [_columns(d.layout, d.parts) for d in dated]
    if len(dated) == 1:
        return dated[0].rows, _Civil(*columns[0])
    rows = np.concatenate([d.rows for d in dated])
    order = np.argsort(rows, kind="stable")
    return rows[order], _Civil(
        *(np.concatenate(same)[order] for same in zip(*columns, strict=True))
    )


def _full_year(short: Parts) -> Parts:
    return short + np.where(short < _SHORT_YEAR_PIVOT, np.int32(2_000), np.int32(1_900))


def _columns(layout: TimeLayout, parts: Parts) -> tuple[NDArray[Any], ...]:
    """Return the fields of _Civil for rows of one layout."""
    count = parts.shape[1]
    year = parts[0]
    if layout.short_year and not layout.orders:
        year = _full_year(year)
    month = np.full(count, layout.month) if layout.month else parts[1].astype(np.int64)
    day = parts[2].astype(np.int64)
    if layout.calendar:
        year, month, day = calendar_dates(year.astype(np.int64), month, day, layout.calendar)
    hour, minute, second = parts[3], parts[4], parts[5]
    if layout.half_day:
        hour = hour % 12 + (12 if layout.half_day == "P" else 0)
    seconds = hour * 3_600 + minute * 60 + second
    of_day = seconds.astype(np.int64) * _SECOND + parts[6].astype(np.int64)
    unreal = (hour > 23) | (minute > 59) | (second > 60)  # noqa: PLR2004 - a clock's face
    unreal &= seconds != _DAY // _SECOND  # 24:00:00 ends a day
    of_day[unreal] = -1
    minutes = layout.zone or 0
    shift = np.full(count, minutes * 60 * _SECOND)
    if layout.zone_sign:
        shift = (layout.zone_sign * parts[7]).astype(np.int64) * (60 * _SECOND)
    return (
        year.astype(np.int64),
        month,
        day,
        of_day,
        shift,
        np.full(count, layout.zone is None and not layout.region),
        np.full(count, layout.yearless),
    )


def _leap_years(years: Ints, month: Ints, day: Ints) -> Ints:
    """Take 29 February back to the last year that had one."""
    leap_day = (month == 2) & (day == 29)  # noqa: PLR2004 - 29 February
    for _ in range(8):
        wrong = leap_day & ~days_of(years, month, day)[1]
        if not wrong.any():
            break
        years = years - wrong
    return years
