"""Writes a fleet as a support team would find it: folders, bundles, tables, tickets."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from caseline.errors import InputError
from caseline.records.answers import plain
from caseline.testing.fleet.bundles import Bundle, Courier, Parcel, ReliableCourier
from caseline.testing.fleet.plan import DAY, Plan, moment

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl

    from caseline.testing.fleet.files import LogFile
    from caseline.testing.fleet.simulation import Simulation
    from caseline.testing.fleet.traffic import Traffic

_COURIER, _DELAY = 106, 108
_TIME = "%Y-%m-%dT%H:%M:%S%.6fZ"
_TABLES = (
    "customers",
    "environments",
    "tenancies",
    "spans",
    "changes",
    "tickets",
    "messages",
    "articles",
)
_ZIP_EACH = 4


def write_fleet(simulation: Simulation, plan: Plan, traffic: Traffic, folder: str | Path) -> Path:
    """Write *simulation* into *folder*; see ``Simulation.write``."""
    root = Path(folder)
    if root.exists() and any(root.iterdir()):
        raise InputError(f"{root} is not empty; give a new folder")
    root.mkdir(parents=True, exist_ok=True)
    _write_tables(simulation, root)
    _write_tickets(simulation, root)
    courier = _courier(plan, simulation.seed)
    parcels = [
        _put(root, parcel).to_dict()
        for period in _periods(plan)
        for parcel in _deliver(plan, traffic, (period, courier, root))
    ]
    parcels += [_put(root, parcel).to_dict() for parcel in plan.posted]
    _write_truth(simulation, parcels, root)
    return root


def list_parcels(plan: Plan, traffic: Traffic, seed: int) -> Iterator[Parcel]:
    """Yield the parcels of all periods, in order."""
    courier = _courier(plan, seed)
    for period in _periods(plan):
        yield from _deliver(plan, traffic, (period, courier, None))
    yield from plan.posted


def _courier(plan: Plan, seed: int) -> Courier:
    if plan.courier is None:
        return ReliableCourier()
    return plan.courier(np.random.default_rng([seed, _COURIER]))


def _periods(plan: Plan) -> list[range]:
    days, step = plan.settings.days, plan.settings.bundle_days
    return [range(first, min(first + step, days)) for first in range(0, days, step)]


def _deliver(
    plan: Plan, traffic: Traffic, how: tuple[range, Courier, Path | None]
) -> Iterator[Parcel]:
    """Yield the parcels of a period; write pushed logs if there is a root."""
    period, courier, root = how
    for group in range(len(traffic.groups)):
        held: dict[int, list[bytes]] = {}
        for day in period:
            for file, _, data in traffic.day(day, group):
                held.setdefault(file, []).append(data)
        bundled = {f: held[f] for f in sorted(held) if _telemetry(plan, traffic, f) == "bundle"}
        if root is not None:
            for file in sorted(held.keys() - bundled.keys()):
                _push(plan, root, traffic.files[file], b"".join(held[file]))
        for bundle in _bundles(plan, traffic, bundled, period):
            yield from courier.deliver(bundle)


def _telemetry(plan: Plan, traffic: Traffic, file: int) -> str:
    return plan.environments[traffic.files[file].environment].telemetry


def _push(plan: Plan, root: Path, log: LogFile, data: bytes) -> None:
    place = plan.environments[log.environment].environment_id
    target = root / "push" / place / log.host / f"{log.service}.log"
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("ab") as out:
        out.write(data)


def _bundles(
    plan: Plan, traffic: Traffic, held: dict[int, list[bytes]], period: range
) -> Iterator[Bundle]:
    by_host: dict[tuple[int, str], list[int]] = {}
    for file in held:
        log = traffic.files[file]
        by_host.setdefault((log.environment, log.host), []).append(file)
    collected_at = moment(plan.start + period.stop * DAY)
    rng = np.random.default_rng([traffic.seed, _DELAY, period.start])
    delays = plan.settings.reporting_delay_hours * rng.lognormal(0, 0.8, len(traffic.files))
    day = moment(plan.start + (period.stop - 1) * DAY).date().isoformat()
    for (number, host), files in by_host.items():
        environment = plan.environments[number]
        placement = traffic.files[files[0]].placement
        yield Bundle(
            environment_id=environment.environment_id,
            host=host,
            timezone=environment.timezone,
            placement=placement,
            collected_at=collected_at,
            received_at=collected_at + timedelta(hours=float(delays[files[0]])),
            name=f"{day}-{host}" if placement else day,
            kind="tar.gz" if number % _ZIP_EACH else "zip",
            members={traffic.files[f].path: b"".join(held[f]) for f in files},
        )


def _put(root: Path, parcel: Parcel) -> Parcel:
    target = root / parcel.path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(parcel.data)
    arrived = parcel.received_at.timestamp()
    os.utime(target, (arrived, arrived))
    return parcel


def _write_tables(simulation: Simulation, root: Path) -> None:
    (root / "tables").mkdir()
    for name in _TABLES:
        frame: pl.DataFrame = getattr(simulation, name)
        frame.write_csv(root / "tables" / f"{name}.csv", datetime_format=_TIME)


def _write_tickets(simulation: Simulation, root: Path) -> None:
    threads: dict[str, list[dict[str, Any]]] = {}
    for message in simulation.messages.to_dicts():
        threads.setdefault(message.pop("ticket_id"), []).append(message)
    rows = [
        {**ticket, "messages": threads.get(ticket["ticket_id"], [])}
        for ticket in simulation.tickets.to_dicts()
    ]
    _write_lines(root / "tickets.jsonl", rows)


def _write_truth(simulation: Simulation, parcels: list[dict[str, Any]], root: Path) -> None:
    (root / "truth").mkdir()
    for name, frame in simulation.truth.frames().items():
        _write_lines(root / "truth" / f"{name}.jsonl", frame.to_dicts())
    _write_lines(root / "truth" / "parcels.jsonl", parcels)
    facts = json.dumps(plain(simulation.truth.facts), indent=1)
    (root / "truth" / "facts.json").write_text(facts + "\n", encoding="utf-8")


def _write_lines(path: Path, rows: list[dict[str, Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as out:
        out.writelines(json.dumps(plain(row), ensure_ascii=False) + "\n" for row in rows)
