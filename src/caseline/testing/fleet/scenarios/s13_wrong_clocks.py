"""S13: clocks that are off, zones that are wrong, years that are not written.

Some environments have two hosts that tell of the same calls: the cause on one, the
effect on the other a moment later. One of the two shows a wrong time: hours behind, in
another zone for some days, without daylight saving, minutes ahead, drifting, or set anew
in between. Others are sound, but late: a backlog after an outage, a slow way, long
silences, batches at night. Old syslog without years goes over New Year and 29 February.

Trap: effects before causes; events in the future; what is late is taken for skew.
Right answer: order restored, each host's skew within its interval, the sound left alone,
and what nobody can tell marked. ``facts["clocks"]`` has the hosts, ``facts["calls"]`` the
true moments; what arrives besides the ordinary bundles says its case in ``damage``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from caseline.errors import InputError
from caseline.testing.fleet.bundles import Bundle, Parcel, intact
from caseline.testing.fleet.calls import Call, Fault, Machine, draw_calls, write_calls
from caseline.testing.fleet.plan import moment
from caseline.testing.fleet.scenario import Scenario

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np

    from caseline.testing.fleet.plan import Plan

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_EACH_SECONDS = 45.0
_PUSH = timedelta(minutes=30)
_PUSHED_HOURS = 4.0
_NEW_YORK, _BERLIN = "America/New_York", "Europe/Berlin"
_DAYLIGHT = datetime(2026, 3, 8, 7, tzinfo=UTC)
_LEAST_DAYS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """One environment with two hosts.

    Args:
        forms: How the cause's and the effect's host write.
        faults: Of the cause's host; times from the start of its stretch.
        kind: What is to be found; empty where nothing is wrong.
        bundled: In daily bundles, or by push.
        begins: When it starts, counted from the history's start.
        days: For bundles: how many.
        zone: Of the environment.
        delay: How late it comes: short, long, backlog; bundles at night, or packed unknown
            hours later.
        each_seconds: Mean time from call to call.
    """

    name: str
    forms: tuple[str, str]
    faults: tuple[tuple[timedelta, Fault], ...] = ()
    kind: str = ""
    bundled: bool = False
    begins: timedelta = _DAY
    days: int = 1
    zone: str = _BERLIN
    delay: str = "short"
    each_seconds: float = _EACH_SECONDS


def _from(after: timedelta, **fault: float) -> tuple[timedelta, Fault]:
    return after, Fault(since=datetime(1970, 1, 1, tzinfo=UTC), **fault)  # type: ignore[arg-type]


_CASES = (
    _Case(
        name="slow",
        forms=("json", "json"),
        faults=(_from(-_DAY, seconds=-10_800),),
        kind="wrong_zone",
    ),
    _Case(
        name="ahead",
        forms=("json", "local"),
        faults=(_from(-_DAY, seconds=2_417),),
        kind="skew",
    ),
    _Case(
        name="zone",
        forms=("plain", "json"),
        faults=(_from(12 * _HOUR, seconds=10_800), _from(60 * _HOUR)),
        kind="wrong_zone",
        bundled=True,
        days=4,
        each_seconds=300,
    ),
    _Case(
        name="daylight",
        forms=("local", "json"),
        faults=(_from(-_DAY, standard_time=True),),
        kind="wrong_zone",
        zone=_NEW_YORK,
        begins=_DAYLIGHT - datetime(2026, 3, 2, tzinfo=UTC) - 2 * _HOUR,
    ),
    _Case(
        name="drift",
        forms=("json", "json"),
        faults=(_from(-_DAY, seconds=-60, drift_per_day=-150),),
        kind="drift",
        bundled=True,
        days=3,
        each_seconds=20,
    ),
    _Case(
        name="stepped",
        forms=("json", "local"),
        faults=(_from(2 * _HOUR, seconds=-700),),
        kind="skew",
    ),
    _Case(
        name="untold",
        forms=("plain", "json"),
        faults=(_from(-_DAY, seconds=-7_200),),
        kind="unsure",
        bundled=True,
        each_seconds=300,
        delay="unknown",
    ),
    _Case(name="backlog", forms=("local", "json"), delay="backlog"),
    _Case(name="slow_way", forms=("json", "local"), delay="long"),
    _Case(name="idle", forms=("local", "json"), each_seconds=2_000),
    _Case(name="night", forms=("plain", "json"), bundled=True, days=3, delay="night"),
)


def set_clocks_wrong(plan: Plan, rng: np.random.Generator) -> None:
    """Give environments two hosts each, and wrong clocks to some of these."""
    if plan.settings.days < _LEAST_DAYS:
        raise InputError(f"days is {plan.settings.days}; S13 needs at least {_LEAST_DAYS}")
    homes = plan.production(kind="single_tenant")
    if len(homes) < len(_CASES) + 1:
        raise InputError(f"{len(homes)} single-tenant customers; S13 needs {len(_CASES) + 1}")
    facts: list[dict[str, object]] = []
    calls: list[dict[str, object]] = []
    for case, home in zip(_CASES, homes, strict=False):
        plan.environments[home].timezone = case.zone
        _play(plan, home, case, rng, (facts, calls))
    _send_old_syslog(plan, homes[len(_CASES)], facts)
    plan.posted.sort(key=lambda parcel: parcel.received_at)
    plan.facts |= {"clocks": facts, "calls": calls}


@dataclass(slots=True, kw_only=True)
class _Play:
    """One case in the making: its place, its hosts, its chance."""

    environment_id: str
    case: _Case
    start: datetime
    causing: Machine
    answering: Machine
    rng: np.random.Generator


def _play(
    plan: Plan,
    home: int,
    case: _Case,
    rng: np.random.Generator,
    told: tuple[list[dict[str, object]], list[dict[str, object]]],
) -> None:
    place = plan.environments[home].environment_id
    start = moment(plan.start) + case.begins
    faults = tuple(replace(fault, since=start + after) for after, fault in case.faults)
    play = _Play(
        environment_id=place,
        case=case,
        start=start,
        causing=Machine(host=f"{place}-db1", form=case.forms[0], zone=case.zone, faults=faults),
        answering=Machine(host=f"{place}-web1", form=case.forms[1], zone=case.zone),
        rng=rng,
    )
    arrivals = _bundled(play) if case.bundled else _pushed(play)
    for calls, parcel in arrivals:
        plan.posted.append(parcel)
        told[1].extend(_call_fact(call, play) for call in calls)
    told[0].append(_clock_fact(play))


def _clock_fact(play: _Play) -> dict[str, object]:
    faults = play.causing.faults
    return {
        "environment_id": play.environment_id,
        "case": play.case.name,
        "host": play.causing.host,
        "right_host": play.answering.host,
        "kind": play.case.kind,
        "zoned": play.causing.form == "json",
        "faults": [
            {
                "since": max(fault.since, play.start).isoformat(),
                "seconds": play.causing.error_at(max(fault.since, play.start)),
                "drift_per_day": fault.drift_per_day,
                "standard_time": fault.standard_time,
            }
            for fault in faults
        ],
    }


def _call_fact(call: Call, play: _Play) -> dict[str, object]:
    return {
        "environment_id": play.environment_id,
        "trace_id": call.trace_id,
        "cause_at": call.cause_at.isoformat(),
        "effect_at": call.effect_at.isoformat(),
        "error_seconds": play.causing.error_at(call.cause_at),
    }


def _pushed(play: _Play) -> Iterator[tuple[list[Call], Parcel]]:
    """Yield batches by push, of the answering host and then of the causing one."""
    calls = draw_calls(
        play.rng, start=play.start, hours=_PUSHED_HOURS, each_seconds=play.case.each_seconds
    )
    count = round(_PUSHED_HOURS * _HOUR / _PUSH)
    restored = play.start + 4 * _HOUR
    for number in range(count):
        low, high = play.start + number * _PUSH, play.start + (number + 1) * _PUSH
        some = [call for call in calls if low <= call.cause_at < high]
        at = high + timedelta(seconds=3.0 + play.rng.random() * 5)
        if play.case.delay == "long":
            at += _HOUR * float(2 * play.rng.lognormal(0, 0.6))
        later = at + timedelta(seconds=20)
        if play.case.delay == "backlog" and _HOUR < later - play.start < 4 * _HOUR:
            later = restored + timedelta(seconds=4 * number)
        if some:
            yield some, _posted(play, play.answering, some, at, cause=False)
            yield [], _posted(play, play.causing, some, later, cause=True)


def _posted(
    play: _Play, machine: Machine, calls: list[Call], at: datetime, *, cause: bool
) -> Parcel:
    data = write_calls(calls, machine, cause=cause)
    return Parcel(
        path=f"push/{play.environment_id}/{machine.host}/calls-{at:%Y-%m-%dT%H-%M-%S}.log",
        received_at=at,
        data=data,
        environment_id=play.environment_id,
        damage=play.case.name,
        readable_lines=data.count(b"\n"),
        notes={"host": machine.host},
    )


def _bundled(play: _Play) -> Iterator[tuple[list[Call], Parcel]]:
    """Yield a bundle a day of each host, of the answering one first."""
    case = play.case
    for day in range(case.days):
        start = play.start + day * _DAY
        hours = 24.0
        taken = start + _DAY
        if case.delay == "night":
            start, hours, taken = start + _HOUR, 2.0, start + 6 * _HOUR
        calls = draw_calls(play.rng, start=start, hours=hours, each_seconds=case.each_seconds)
        at = taken + _HOUR * float(1 + play.rng.random())
        if case.delay == "unknown":
            taken = at = at + 30 * _HOUR
        for machine, cause in ((play.answering, False), (play.causing, True)):
            data = write_calls(calls, machine, cause=cause)
            members = {"logs/calls.log": data}
            parcel = _bundle(play.environment_id, machine, members, (taken, at), case.name)
            yield [] if cause else calls, parcel


def _bundle(
    place: str,
    machine: Machine,
    members: dict[str, bytes],
    times: tuple[datetime, datetime],
    case: str,
) -> Parcel:
    bundle = Bundle(
        environment_id=place,
        host=machine.host,
        timezone=machine.zone,
        placement="",
        collected_at=times[0],
        received_at=times[1],
        name=f"{times[0]:%Y-%m-%d}-{machine.host}",
        kind="tar.gz",
        members=members,
    )
    return replace(intact(bundle, damage=case), notes={"host": machine.host})


def _send_old_syslog(plan: Plan, home: int, facts: list[dict[str, object]]) -> None:
    """Send a bundle of old syslog without years, over New Year and of 29 February."""
    environment = plan.environments[home]
    place, taken = environment.environment_id, moment(plan.start) + _DAY
    machine = Machine(host=f"{place}-old1", form="yearless", zone=environment.timezone)
    spans = {
        "logs/turn.log": datetime(taken.year - 1, 12, 31, 12, tzinfo=UTC),
        "logs/leap.log": datetime(2024, 2, 29, 6, tzinfo=UTC),
    }
    members = {}
    for name, start in spans.items():
        calls = [
            Call(trace_id=f"{n:032x}", cause_at=at, effect_at=at)
            for n, at in enumerate(start + timedelta(minutes=10 * k) for k in range(144))
        ]
        members[name] = write_calls(calls[: 48 if "leap" in name else 144], machine, cause=True)
    times = (taken, taken + _HOUR)
    plan.posted.append(_bundle(place, machine, members, times, "yearless"))
    facts.append(
        {
            "environment_id": place,
            "case": "yearless",
            "host": machine.host,
            "right_host": machine.host,
            "kind": "",
            "zoned": False,
            "faults": [],
            "starts": {name: start.isoformat() for name, start in spans.items()},
        }
    )


SCENARIO = Scenario(
    name="S13",
    title="clocks hours off, wrong zones, daylight saving, years that are not written",
    trap="effect before cause; events in the future; lateness taken for skew",
    answer="order restored; skew per host estimated; doubtful events marked",
    injections=(set_clocks_wrong,),
    knobs={"clock_skew_share": 0.0, "share_multi_tenant": 0.2},
)
