"""S15: bundles arrive cut, spoilt, booby-trapped, incomplete, or from somebody else.

Trap: a crash; a bundle thrown away for one bad byte; silence read as health; another
customer's lines mixed in.
Right answer: every readable line saved, coverage reported, unsafe members refused,
the foreign bundle (its manifest names another environment than its folder) quarantined.
``Parcel`` says for each arrival how many lines can be saved and how many members
must be refused.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from caseline.testing.fleet import damage
from caseline.testing.fleet.bundles import Bundle, Parcel, intact
from caseline.testing.fleet.scenario import Scenario

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np

    from caseline.testing.fleet.plan import Plan

_WAYS = (
    damage.truncate,
    damage.spoil_encoding,
    damage.insert_nuls,
    damage.halve_json,
    damage.add_bomb,
    damage.escape_folder,
    damage.lose_file,
)
_EACH = 2
_BOMBS = 2


class CarelessCourier:
    """Damages every second bundle, each time in another way.

    Args:
        rng: Draws where lines are spoilt.
    """

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._count = 0
        self._bombs = 0
        self._other: Bundle | None = None

    def deliver(self, bundle: Bundle) -> Iterator[Parcel]:
        """Yield *bundle*, damaged or not."""
        number, self._count = self._count, self._count + 1
        if number % _EACH:
            if self._other is None or self._other.environment_id == bundle.environment_id:
                self._other = bundle
            yield intact(bundle)
            return
        way = number // _EACH % (len(_WAYS) + 1)
        if way == len(_WAYS):
            yield from self._mix_up(bundle)
        else:
            yield self._hurt(bundle, way)

    def _hurt(self, bundle: Bundle, way: int) -> Parcel:
        hurt = _WAYS[way]
        self._bombs += hurt is damage.add_bomb
        if hurt is damage.add_bomb and self._bombs > _BOMBS:
            return intact(bundle)
        if hurt is damage.halve_json and not _has_json(bundle):
            return intact(bundle)
        return hurt(bundle, self._rng)

    def _mix_up(self, bundle: Bundle) -> Iterator[Parcel]:
        """Yield *bundle*, and another customer's bundle in its folder."""
        yield intact(bundle)
        if self._other is not None:
            path = f"bundles/{bundle.environment_id}/{bundle.name}-more.{self._other.kind}"
            foreign = intact(self._other, path=path, damage="foreign")
            yield replace(
                foreign,
                readable_lines=0,
                refused_members=len(self._other.contents()),
                notes={"delivered_as": bundle.environment_id},
            )


def send_carelessly(plan: Plan, _rng: np.random.Generator) -> None:
    """Let a careless courier carry the bundles."""
    plan.courier = CarelessCourier


def _has_json(bundle: Bundle) -> bool:
    return any(data.startswith(b"{") for data in bundle.members.values())


SCENARIO = Scenario(
    name="S15",
    title="cut, spoilt, booby-trapped, incomplete and foreign bundles",
    trap="crash; bundle lost; silence read as health; data mixed up",
    answer="readable lines saved, coverage reported, unsafe members refused, foreign quarantined",
    injections=(send_carelessly,),
    knobs={"push_share": 0.2, "none_share": 0.0, "missing_share": 0.0},
)
