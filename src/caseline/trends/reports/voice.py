"""How things are said to an audience: all of it, or so that no customer can be told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from caseline.records.reports import rounded
from caseline.store.shared_words import tells_anything

if TYPE_CHECKING:
    from collections.abc import Mapping

    from caseline.trends.reports.settings import ReportSettings

_UNSAID = "a message whose words few customers have"
_MOST = 1000
_FEW = "a value that few customers run"


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """What may be said.

    Args:
        internal: All of it.
        titles: The words of signatures and issues, as they may be said, by id.
        common: (component, value) of what so many customers run that it may be said.
        settings: Where few begins.
    """

    internal: bool
    titles: Mapping[str, str]
    common: frozenset[tuple[str, str]]
    settings: ReportSettings

    @classmethod
    def of(
        cls,
        templates: pl.DataFrame,
        spans: pl.DataFrame,
        tenancies: pl.DataFrame,
        *,
        internal: bool,
        settings: ReportSettings,
    ) -> Voice:
        """Return the voice for an audience.

        Args:
            templates: id, template, shared.
            spans: environment_id, component, value: all of them, plug-ins and settings too.
            tenancies: customer_id, environment_id.
            internal: Whether all may be said.
            settings: From how many customers on something is common.
        """
        column = "template" if internal else "shared"
        titles = dict(templates.select("id", column).iter_rows())
        if not internal:
            titles = {i: t if tells_anything(t) else _UNSAID for i, t in titles.items()}
        held = spans.select("environment_id", "component", "value").unique().join(
            tenancies.select("customer_id", "environment_id").unique(), on="environment_id"
        )  # fmt: skip
        counted = held.group_by("component", "value").agg(pl.col("customer_id").n_unique())
        enough = counted.filter(pl.col("customer_id") >= settings.common_from)
        pairs = frozenset(enough.select("component", "value").rows())
        return cls(internal=internal, titles=titles, common=pairs, settings=settings)

    def count(self, number: float, what: str = "customers") -> str:
        """Return so many customers or tickets, rough where no customer may be told."""
        if not self.internal:
            return f"{rounded(number, common_from=self.settings.common_from)} {what}"
        whole = f"{number:.0f}" if abs(number - round(number)) < 1e-9 else f"{number:.1f}"  # noqa: PLR2004
        return f"{whole} {what[:-1] if whole == '1' and what.endswith('s') else what}"

    def number(self, number: float) -> str:
        """Return how many, without saying of what."""
        return self.count(number, "").strip()

    def share(self, part: float, whole: float) -> str | None:
        """Return a share of customers; None where it is of nobody, or of few that may be told."""
        if not whole or (not self.internal and part < self.settings.common_from):
            return None
        return f"{part / whole:.0%}"

    def of_all(self, number: float, whole: float, what: str = "customers") -> str:
        """Return so many of so many."""
        if self.internal:
            return f"{number:.0f} of {self.count(whole, what)}"
        k = self.settings.common_from
        few, of = rounded(number, common_from=k), rounded(whole, common_from=k)
        return f"{few} of {of} {what}"

    def title(self, wanted: str) -> str:
        """Return the words of a signature or issue, not too many."""
        text = " ".join(self.titles.get(wanted, "").split())
        longest = self.settings.title_length
        return text if len(text) <= longest else f"{text[: longest - 1].rstrip()}…"

    def name(self, wanted: str) -> str:
        """Return a signature's words and its id."""
        words = self.title(wanted)
        if not words or words == _UNSAID:
            return f"{wanted} ({words})" if words else wanted
        return f"“{words}” ({wanted})"

    def value(self, component: Any, value: Any) -> str:
        """Return a version, plug-in or setting."""
        if self.internal or (component, value) in self.common:
            return f"{component} {value}"
        return _FEW

    def reasons(self, told: Any) -> tuple[str, ...]:
        """Return reasons as they were given; to others than the house none, they may name."""
        return tuple(told) if self.internal and told is not None else ()


def hours(number: float | None) -> str:
    """Return hours in as many digits as they deserve.

    >>> hours(0.04), hours(3.14159), hours(1234.5)
    ('0.0', '3.1', '1234')
    """
    if number is None:
        return "?"
    return f"{number:.1f}" if abs(number) < 100 else f"{number:.0f}"  # noqa: PLR2004


def many(number: int, what: str) -> str:
    """Return so many of something, as one says it.

    >>> many(1, "error"), many(2, "error")
    ('1 error', '2 errors')
    """
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def sentence(text: str) -> str:
    """Return *text* with a capital at its beginning.

    >>> sentence("fewer than 5 customers do.")
    'Fewer than 5 customers do.'
    """
    return text[:1].upper() + text[1:]


def ratio(value: Any) -> str:
    """Return a ratio of rates in the digits it deserves.

    >>> ratio(337.2), ratio(0.00255), ratio(7.1e6), ratio(None)
    ('340', '0.0026', 'over 1000', '?')
    """
    if value is None:
        return "?"
    return f"{float(f'{value:.2g}'):g}" if abs(value) < _MOST else f"over {_MOST}"


def between(low: Any, high: Any) -> str:
    """Return an interval of ratios.

    >>> between(1.2345, 3), between(None, 2.0)
    ('1.2 to 3', '? to 2')
    """
    return f"{ratio(low)} to {ratio(high)}"


def days_between(low: Any, high: Any) -> str:
    """Return an interval of days, or the one day that it is.

    >>> from datetime import date
    >>> days_between(date(2026, 3, 1), date(2026, 3, 2))
    '2026-03-01 to 2026-03-02'
    """
    first, last = f"{low:%Y-%m-%d}", f"{high:%Y-%m-%d}"
    return first if first == last else f"{first} to {last}"
