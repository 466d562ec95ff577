"""Values that came together: which of them explains what the other seems to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from caseline.trends.upgrades.comparing import tell
from caseline.trends.upgrades.designs import design_of
from caseline.trends.upgrades.switches import FIRST, LATER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from caseline.trends.upgrades.comparing import Compared
    from caseline.trends.upgrades.designs import Hits, Units
    from caseline.trends.upgrades.settings import UpgradeSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Rival:
    """What a stronger finding means for a weaker one.

    Args:
        stronger: Position of the stronger one.
        explains: True if the weaker one shows nothing where it came without the other, or
            hardly came without it while the other shows as much alone; False if they
            cannot be separated.
    """

    stronger: int
    explains: bool


def rivals_of(
    ranked: Sequence[tuple[int, str]],
    compared: Sequence[Compared],
    signature: int,
    units: Units,
    hits: Hits,
    settings: UpgradeSettings,
) -> dict[int, Rival]:
    """Return for findings of one *signature* which stronger one may be behind them.

    Args:
        ranked: Position in *compared* and phase (``first``, ``later``), the surest first.
        compared: All comparisons.
        signature: Its number.
        units: The customers' places.
        hits: Of all signatures.
        settings: What is alike, and what is a rival's doing.
    """
    own = hits.of(np.array([signature]))
    found: dict[int, Rival] = {}
    for n, (position, phase) in enumerate(ranked):
        weak = compared[position]
        for other, how in ranked[:n]:
            strong = compared[other]
            if other in found or strong.part.component == weak.part.component:
                continue
            together = came_together(weak, strong, settings)
            if not together.any():
                continue
            what = (signature, units, own)
            if together.mean() >= settings.alike:
                free = ~came_together(strong, weak, settings)
                explains = _stands(strong, free, how, what, settings)
            elif not _stands(weak, ~together, phase, what, settings):
                explains = True
            else:
                continue
            found[position] = Rival(stronger=other, explains=explains)
            break
    return found


def came_together(one: Compared, other: Compared, settings: UpgradeSettings) -> NDArray[np.bool_]:
    """Return at which places of *one* the *other* value came within the days compared."""
    days = np.full(one.part.codes.shape[0], np.iinfo(np.int64).max // 2)
    days[other.switches.place] = other.switches.day
    near: NDArray[np.bool_] = (
        np.abs(days[one.switches.place] - one.switches.day) <= settings.after // 2
    )
    return near


def _stands(
    weak: Compared,
    alone: NDArray[np.bool_],
    phase: str,
    what: tuple[int, Units, Hits],
    settings: UpgradeSettings,
) -> bool:
    """Return whether the finding is there at the places that had only this change."""
    if not alone.any():
        return False
    signature, units, own = what
    if weak.clumping is None:
        return True
    design = design_of(
        units, weak.runs, weak.switches.only(alone), weak.removed[alone],
        phase=LATER if phase == "later" else FIRST,
    )  # fmt: skip
    told = tell(own, design, weak.clumping.of(np.array([signature])), settings)
    return bool(told.signature.size) and float(told.p[0]) <= settings.rival
