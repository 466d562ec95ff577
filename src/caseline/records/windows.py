"""A window of time: half-open, aware, in UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from caseline.clock import in_utc
from caseline.errors import InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The moments from *start* up to, not including, *end*."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        object.__setattr__(self, "start", in_utc(self.start, "window start"))
        object.__setattr__(self, "end", in_utc(self.end, "window end"))
        if self.start >= self.end:
            raise InputError(
                f"window starts {self.start.isoformat()} and ends {self.end.isoformat()}; "
                "it must end after it starts"
            )

    @classmethod
    def of(
        cls,
        window: Window | timedelta | tuple[datetime, datetime] | None,
        *,
        as_of: datetime,
        default: timedelta | None = None,
    ) -> Window:
        """Return the window that a caller means.

        Args:
            window: A Window, a pair of aware datetimes, a timedelta back from
                *as_of*, or None for *default* back from *as_of*.
            as_of: The moment to count back from.
            default: The length when *window* is None; without it None is refused.

        Raises:
            InputError: naive datetimes, an empty window, or another type.

        >>> from datetime import UTC
        >>> noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
        >>> Window.of(timedelta(days=1), as_of=noon, default=timedelta(days=7)).start.isoformat()
        '2026-02-28T12:00:00+00:00'
        """
        if isinstance(window, Window):
            return window
        span = default if window is None else window
        if isinstance(span, timedelta):
            if span <= timedelta(0):
                raise InputError(f"window is {span}; give a positive timedelta")
            return cls(start=as_of - span, end=as_of)
        if isinstance(span, tuple) and len(span) == 2:  # noqa: PLR2004 - a pair
            return cls(start=span[0], end=span[1])
        raise InputError(
            f"window is a {type(span).__name__}; give a timedelta or a pair of aware datetimes"
        )

    @property
    def length(self) -> timedelta:
        """How long the window is."""
        return self.end - self.start
