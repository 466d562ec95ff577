"""What is known of hosts' clocks: what they showed, and what was concluded."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

Clock = tuple[str | None, bool]
"""A host's clock: the host, and whether its lines say their zone themselves.

Both kinds of lines of a host come from one machine, but a zone that is not written may
be taken wrongly, and that concerns the one kind only.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Showing:
    """What one clock showed in a batch; all times in seconds since 1970.

    Args:
        oldest: Its earliest time.
        newest: Its latest, of the last run of its files.
        records: How many of its lines state a time.
        received: When the batch arrived.
        taken: When it was taken from its machine, or *received*.
    """

    clock: Clock
    oldest: float
    newest: float
    records: int
    received: float
    taken: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What a clock showed beside another one, in the order of the clock's files.

    Args:
        run: Which run of its files: they begin anew where times step back; shape (n,).
        at: What the clock showed, seconds, shape (n,).
        difference: That minus what the other showed for the same trace, seconds.
    """

    clock: Clock
    other: Clock
    run: NDArray[np.int64]
    at: Floats
    difference: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockError:
    """How far a clock was off over a stretch of what it showed.

    Args:
        kind: wrong_zone, skew, drift, stepped; unsure where nobody can tell.
        run: Which run of its files it holds in; None for all.
        offset: Shown minus true, seconds; at *middle* if it drifts.
        low: Lower end of its interval.
        high: Upper end.
        slope: Drift, seconds a second.
        starts: What the clock showed where the stretch begins; -inf where unknown.
        ends: And where it ends.
        pairs: Traces shared with clocks that show the time.
        readings: Collections it was told from.
        applied: Whether events are put right by it.
    """

    clock: Clock
    kind: str
    offset: float
    low: float
    high: float
    slope: float = 0.0
    middle: float = 0.0
    run: int | None = None
    starts: float = field(default=float("-inf"))
    ends: float = field(default=float("inf"))
    pairs: int = 0
    readings: int = 0
    applied: bool = False
