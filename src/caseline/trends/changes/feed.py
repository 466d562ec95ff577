"""Whether a day's logs are like those of other days: else nothing is concluded from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_WEEK = 7


class Feed:
    """Remembers how many customers had logs, and says when a day is out of line.

    Args:
        settings: The table ``feed`` of ``changes.toml``.

    >>> feed = Feed({"bounds": [0.75, 1.33], "days": 14, "weeks": 4, "least_days": 5})
    >>> [feed.doubt(40) for _ in range(6)][-1], feed.doubt(20)
    (None, 'customers with logs changed from 40 to 20')
    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._settings = settings
        self._seen: list[float] = []

    def doubt(self, exposure: float) -> str | None:
        """Add a day with so many customers with logs; return why it cannot be used."""
        recent = [e for e in self._seen[-self._settings["days"] :] if e > 0]
        weeks = self._settings["weeks"] * _WEEK
        alike = [e for e in self._seen[-_WEEK : -weeks - 1 : -_WEEK] if e > 0]
        self._seen.append(exposure)
        del self._seen[: -weeks - 1]
        if exposure <= 0:
            return "no logs"
        if len(recent) < self._settings["least_days"]:
            return None
        usual = [float(np.median(recent))] + ([float(np.median(alike))] if alike else [])
        low, high = self._settings["bounds"]
        if any(low <= exposure / u <= high for u in usual):
            return None
        return f"customers with logs changed from {usual[0]:.0f} to {exposure:.0f}"
