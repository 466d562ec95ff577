"""Calls between two hosts, told by both with one trace id, as hosts with wrong clocks write them.

The cause is logged on one host, the effect on the other a moment later. Each host has
its own clock and its own way of writing: with a zone, without one, without a year.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

_DELAY_SECONDS = 0.4
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_CAUSES = (
    "connection to the store lost",
    "lock on the ledger not granted",
    "disk of the index full",
)
_EFFECTS = ("answer withheld", "checkout refused", "page shown without prices")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is wrong with a clock from one moment on.

    Args:
        since: True moment from which it holds.
        seconds: What it shows beyond the truth.
        drift_per_day: By how much that grows, in seconds a day.
        standard_time: It does not know of daylight saving.
    """

    since: datetime
    seconds: float = 0.0
    drift_per_day: float = 0.0
    standard_time: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A host: how it writes, and what its clock did.

    Args:
        form: ``json`` (UTC, says so), ``local`` (JSON in local time without a zone),
            ``plain`` (text, the same time, no host), ``yearless``.
        zone: The zone of its environment.
        faults: By time; none before the first.
    """

    host: str
    form: str
    zone: str
    faults: tuple[Fault, ...] = field(default=())

    def error_at(self, moment: datetime) -> float:
        """Return what its clock shows beyond the truth, in seconds."""
        past = [fault for fault in self.faults if fault.since <= moment]
        if not past:
            return 0.0
        fault = past[-1]
        if fault.standard_time:
            saving = moment.astimezone(ZoneInfo(self.zone)).dst() or timedelta(0)
            return -saving.total_seconds()
        return fault.seconds + fault.drift_per_day * ((moment - fault.since) / timedelta(days=1))

    def line(self, moment: datetime, *, text: str, trace_id: str, level: str) -> str:
        """Return the line that it writes at the true *moment*, without its newline."""
        shown = moment + timedelta(seconds=self.error_at(moment))
        if self.form == "json":
            stamp = shown.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "Z"
            return self._json(stamp, text, trace_id, level)
        local = shown.astimezone(ZoneInfo(self.zone))
        if any(fault.standard_time for fault in self.faults):
            local = moment.astimezone(timezone(_standard(self.zone, moment)))
        if self.form == "yearless":
            stamp = f"{_MONTHS[local.month - 1]} {local.day:2d} {local:%H:%M:%S}"
            return f"{stamp} {self.host} shop[71]: {level.lower()}: {text} request_id={trace_id}"
        stamp = f"{local:%Y-%m-%d %H:%M:%S},{local.microsecond // 1000:03d}"
        if self.form == "local":
            return self._json(stamp.replace(",", "."), text, trace_id, level)
        return f"{stamp} {level} [pool-1] shop.Calls - {text} request_id={trace_id}"

    def _json(self, stamp: str, text: str, trace_id: str, level: str) -> str:
        return json.dumps(
            {
                "timestamp": stamp,
                "severityText": level,
                "body": text,
                "traceId": trace_id,
                "resource": {"service.name": "shop", "host.name": self.host},
            }
        )


def _standard(zone: str, moment: datetime) -> timedelta:
    """Return how far *zone* is ahead of UTC without its daylight saving."""
    local = moment.astimezone(ZoneInfo(zone))
    return (local.utcoffset() or timedelta(0)) - (local.dst() or timedelta(0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call: when its cause and its effect truly happened."""

    trace_id: str
    cause_at: datetime
    effect_at: datetime


def draw_calls(
    rng: np.random.Generator, *, start: datetime, hours: float, each_seconds: float
) -> list[Call]:
    """Return calls from *start* on, one every *each_seconds* in the mean."""
    count = max(1, round(hours * 3_600 / each_seconds))
    at = sorted(float(x) for x in rng.random(count) * hours * 3_600)
    delays = rng.exponential(_DELAY_SECONDS, count) + 0.02
    calls = []
    for seconds, delay in zip(at, delays.tolist(), strict=True):
        cause = start + timedelta(seconds=seconds)
        calls.append(
            Call(
                trace_id=rng.bytes(16).hex(),
                cause_at=cause,
                effect_at=cause + timedelta(seconds=delay),
            )
        )
    return calls


def write_calls(calls: Sequence[Call], machine: Machine, *, cause: bool) -> bytes:
    """Return what *machine* logs of *calls*: their causes, or their effects, in true order."""
    texts = _CAUSES if cause else _EFFECTS
    moments = [(c.cause_at if cause else c.effect_at, n, c) for n, c in enumerate(calls)]
    lines = [
        machine.line(
            at,
            text=texts[n % len(texts)],
            trace_id=call.trace_id,
            level="ERROR" if cause else "WARN",
        )
        for at, n, call in sorted(moments, key=lambda m: m[:2])
    ]
    return "".join(f"{line}\n" for line in lines).encode()
