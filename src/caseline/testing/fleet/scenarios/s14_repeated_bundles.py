"""S14: the same lines arrive twice and more, in bundles and by push; syslog folds repeats.

Bundles are duplicated under another name, overlap with the one before (its logs come
again as ``api.log.1``), are packed again with other paths, hold compressed rotations,
or are pushed as well. At some places syslog writes "last message repeated 50 times".

Trap: lines are counted as often as they arrive; a folded line is counted once.
Right answer: counts equal the unique truth within 1 %; repeats weigh what they stand for.
"""

from __future__ import annotations

import gzip
from dataclasses import replace
from typing import TYPE_CHECKING

from caseline.testing.fleet.bundles import Bundle, Parcel, intact
from caseline.testing.fleet.plan import draw_some
from caseline.testing.fleet.scenario import Scenario

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np

    from caseline.testing.fleet.plan import Plan

REPEATS = 50
_FOLDING = 6
_HABITS = ("intact", "duplicated", "overlapping", "renamed", "rotated", "pushed")


class RepeatingCourier:
    """Hands bundles over more than once; each host has its own bad habit.

    Args:
        rng: Decides which host has which habit first.
    """

    def __init__(self, rng: np.random.Generator) -> None:
        self._shift = int(rng.integers(len(_HABITS)))
        self._habits: dict[str, str] = {}
        self._before: dict[str, Bundle] = {}

    def deliver(self, bundle: Bundle) -> Iterator[Parcel]:
        """Yield *bundle*, and what comes besides by the habit of its host."""
        turn = (len(self._habits) + self._shift) % len(_HABITS)
        habit = self._habits.setdefault(bundle.host, _HABITS[turn])
        before = self._before.get(bundle.host)
        self._before[bundle.host] = bundle
        match habit:
            case "overlapping" if before is not None:
                yield _told(_overlapping(bundle, before), habit, bundle.lines)
            case "rotated":
                yield _told(_rotated(bundle), habit, bundle.lines)
            case "duplicated":
                yield intact(bundle)
                copy = f"bundles/{bundle.environment_id}/copy-of-{bundle.name}.{bundle.kind}"
                yield _told(bundle, habit, 0, path=copy)
            case "renamed":
                yield intact(bundle)
                yield _told(_renamed(bundle), habit, 0)
            case "pushed":
                yield intact(bundle)
                yield from _pushed(bundle)
            case _:
                yield intact(bundle)


def fold_repeats(plan: Plan, rng: np.random.Generator) -> None:
    """Let syslog at some places fold a line that repeats, and repeat the deliveries."""
    homes = [
        i for i in plan.production(kind="single_tenant") if plan.environments[i].telemetry != "none"
    ]
    places = draw_some(rng, homes, _FOLDING / len(homes))
    for i in places:
        plan.formats[i, "scheduler"] = "syslog_rfc3164"
    segments = plan.segments_of(places, start=plan.start, end=plan.end, per_day=6)
    plan.add_issue("repeat_link_flap", segments, repeats=REPEATS)
    plan.courier = RepeatingCourier
    plan.facts["repeats"] = {"family": "repeat_link_flap", "count": REPEATS}


def _told(bundle: Bundle, habit: str, unique: int, *, path: str | None = None) -> Parcel:
    parcel = intact(bundle, path=path, damage=habit)
    return replace(parcel, notes={"unique_lines": unique})


def _overlapping(bundle: Bundle, before: Bundle) -> Bundle:
    earlier = {f"{path}.1": data for path, data in before.members.items()}
    return replace(bundle, members={**earlier, **bundle.members})


def _rotated(bundle: Bundle) -> Bundle:
    """Return *bundle* with the older half of each log compressed beside the newer."""
    members = {}
    for path, data in bundle.members.items():
        cut = data.find(b"\n", len(data) // 2) + 1
        members[path] = data[cut:]
        members[f"{path}.2.gz"] = gzip.compress(data[:cut], 5, mtime=0)
    return replace(bundle, members=members)


def _renamed(bundle: Bundle) -> Bundle:
    members = {
        "upload/" + path.replace("logs/", "").replace(".log", "-log.txt"): data
        for path, data in bundle.members.items()
    }
    kind = "zip" if bundle.kind == "tar.gz" else "tar.gz"
    return replace(bundle, members=members, kind=kind, name=f"{bundle.name}-again")


def _pushed(bundle: Bundle) -> Iterator[Parcel]:
    for path, data in bundle.members.items():
        name = f"{bundle.name}-{path.removeprefix('logs/')}"
        yield Parcel(
            path=f"push/{bundle.environment_id}/{bundle.host}/{name}",
            received_at=bundle.received_at,
            data=data,
            environment_id=bundle.environment_id,
            damage="pushed",
            readable_lines=data.count(b"\n"),
            notes={"unique_lines": 0},
        )


SCENARIO = Scenario(
    name="S14",
    title="duplicated, overlapping, renamed, rotated bundles, the same lines by push",
    trap="double counts",
    answer="counts equal the unique truth within 1 %; repeats weighted",
    injections=(fold_repeats,),
    knobs={"push_share": 0.3, "none_share": 0.0, "missing_share": 0.0},
)
