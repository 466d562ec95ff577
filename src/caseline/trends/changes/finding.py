"""Which signatures changed: read, watched, judged, and told with their evidence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from caseline.trends.changes.judging import Change, joined, judged
from caseline.trends.changes.quiet import raised_limits
from caseline.trends.changes.reading import Watched, read_watched
from caseline.trends.changes.telling import FRAME, frame_of
from caseline.trends.changes.watching import Watch
from caseline.trends.changes.witnesses import Witnesses, carried_by_several, read_witnesses
from caseline.trends.settings import read_weights

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from numpy.typing import NDArray

    from caseline.protocols import Engine
    from caseline.records.windows import Window
    from caseline.trends.changes.episodes import Episode

    Bits = NDArray[np.bool_]

_RISING = ("emerging", "escalating", "pulse")
_LEFT = {
    "alone": "rises left out because one customer alone carries them: {}",
    "sampled": "falls left out because a version logs only a sample: {}",
    "silent": "falls left out because the customers who had them are silent: {}",
}
_HEARD = 0.5
"""A share of the days heard before, below which nothing seen says nothing."""
_MOST_DAYS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The changes and what a reader must know of them: see ``Trends.changes``."""

    frame: pl.DataFrame
    notes: list[str]


def find_changes(
    engine: Engine,
    window: Window,
    *,
    now: datetime,
    as_of: datetime | None,
    reported: pl.DataFrame | None = None,
) -> Found:
    """Return the changes of *window*, as known at *now*.

    Args:
        engine: Where the rollups are.
        window: Changes that began, ended or were noticed in it are told.
        now: The present.
        as_of: Hide what was received later.
        reported: day, reported: for the last days, the share of their logs that is there.
    """
    settings = read_weights("changes")
    rules = settings["history"]
    watched = read_watched(engine, now=now, as_of=as_of, days=rules["days"])
    least = settings["baseline"]["least_days"]
    if watched.days <= least:
        notes = [f"{watched.days} days of logs: nothing to compare with before day {least + 1}"]
        return Found(frame=pl.DataFrame(schema=FRAME), notes=notes)
    told = _told(watched, reported, rules["told_from"])
    watch = _watch(watched, settings, told)
    limited, quiet = raised_limits(watched, watch, settings)
    if limited is not settings:
        watch = _watch(watched, limited, told)
    changes = _recent(watch.settle(), watched, window, settings)
    seen = read_witnesses(engine, watched, changes, as_of=as_of, settings=settings)
    sampled = _sampled(engine, watched, changes, as_of)
    kept, left = _sifted(changes, seen, sampled, settings)
    notes = [*_of_history(watched, settings), quiet, *_of_feed(watch, watched, window), *left]
    return Found(frame=frame_of(engine, watched, kept, as_of=as_of), notes=notes)


def _watch(watched: Watched, settings: Mapping[str, Any], told: Bits) -> Watch:
    first = watched.daily.first.weekday()
    return Watch.over(watched.daily.counts.T, watched.exposure, first, settings, told=told)


def _told(watched: Watched, reported: pl.DataFrame | None, least: float) -> NDArray[np.bool_]:
    """Return of which days enough is there to say that less came; the last one is not over."""
    told = np.ones(watched.days, dtype=bool)
    if reported is not None:
        late = reported.filter(pl.col("reported") < least)["day"]
        index = (late - watched.daily.first).dt.total_days().to_numpy()
        told[index[(index >= 0) & (index < watched.days)]] = False
    if not watched.over:
        told[-1] = False
    return told


def _recent(
    episodes: list[Episode], watched: Watched, window: Window, settings: Mapping[str, Any]
) -> list[Change]:
    """Return what *episodes* are, as far as they fall into *window*."""
    low, high = watched.index(window.start), watched.index(window.end)
    touched = {e.signature for e in episodes if _last_day(e, watched.days) >= low}
    first_seen = watched.daily.signatures["first_seen"]
    by_signature: dict[int, list[Change]] = {}
    for episode in episodes:
        if episode.signature in touched and episode.onset <= high:
            by_signature.setdefault(episode.signature, []).extend(
                judged(
                    episode,
                    born=watched.index(first_seen[episode.signature]),
                    present=watched.days,
                    settings=settings,
                )
            )
    return [
        change
        for changes in by_signature.values()
        for change in joined(changes)
        if change.since <= high and change.last_day >= low
    ]


def _last_day(episode: Episode, present: int) -> int:
    """Return the last day on which *episode* was news."""
    if episode.lasting:
        return episode.seen.first + episode.seen.counts.size - 1
    return present if episode.until is None else episode.until


def _sampled(
    engine: Engine, watched: Watched, changes: list[Change], as_of: datetime | None
) -> list[bool]:
    """Return of which changed signatures versions log only a sample: they fell for that."""
    names = watched.daily.signatures["signature_id"]
    kin = watched.daily.kin
    heads = [names[c.signature] for c in changes]
    ids = kin.together(heads)
    found = engine.ask("sampled_signatures", as_of=as_of, signature_ids=ids)
    thinned = {kin.head(name) for name in found["from_id"]}
    return [head in thinned for head in heads]


def _sifted(
    changes: list[Change],
    seen: list[Witnesses],
    sampled: list[bool],
    settings: Mapping[str, Any],
) -> tuple[list[tuple[Change, Witnesses]], list[str]]:
    """Return the changes that hold, and how many do not, and why."""
    left = dict.fromkeys(_LEFT, 0)
    kept = []
    for change, witnesses, thinned in zip(changes, seen, sampled, strict=True):
        rising = change.kind in _RISING
        if rising and not carried_by_several(change, witnesses, settings):
            left["alone"] += 1
        elif not rising and thinned:
            left["sampled"] += 1
        elif not rising and _unheard(change, witnesses):
            left["silent"] += 1
        else:
            kept.append((change, witnesses))
    return kept, [_LEFT[why].format(number) for why, number in left.items() if number]


def _unheard(change: Change, seen: Witnesses) -> bool:
    """Return whether fewer may have come only because those who had it are heard less."""
    return seen.heard < _HEARD or change.ratio_high >= seen.heard


def _of_history(watched: Watched, settings: Mapping[str, Any]) -> list[str]:
    budget = settings["budget"]["episodes"]
    found = [
        f"watched: {watched.days} days of logs up to {watched.day(watched.days - 1).date()}",
        f"budget: {budget:g} false changes of a signature in a year",
    ]
    if watched.days < settings["history"]["learned_days"]:
        found.append("so few days say little about weekdays: changes are less sure")
    return found


def _of_feed(watch: Watch, watched: Watched, window: Window) -> list[str]:
    """Return the days of *window* from which nothing was concluded."""
    low, high = watched.index(window.start), watched.index(window.end)
    days = [(day, why) for day, why in watch.frozen if low <= day <= high]
    told = [f"{watched.day(day).date()}: {why}" for day, why in days[-_MOST_DAYS:]]
    more = len(days) - len(told)
    return ([f"nothing concluded from {len(days)} days"] if more else []) + [
        f"nothing concluded from {line}" for line in told
    ]
