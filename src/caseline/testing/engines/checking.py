"""Whether an engine answers as another one does, question by question."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
from polars.testing import assert_frame_equal

from caseline.testing.engines.asked import ASKED, NOW_ONLY, PAST, Asked

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from caseline.protocols import Engine
    from caseline.store.embedded import EmbeddedStore

    Ways = Iterable[tuple[frozenset[str] | None, datetime | None]]

VIEWER = frozenset({"c2", "c'4"})
"""Somebody who sees two customers."""
OWNER = ((None, None),)
"""One way to ask: with everyone's eyes, now."""
QUICK = (*OWNER, (VIEWER, PAST))
"""Two ways: besides, with a viewer's eyes in the past."""
THOROUGH = (*QUICK, (VIEWER, None), (None, PAST))
"""All four ways."""


def check_engine(
    engine: Engine, oracle: Engine, asked: Iterable[Asked] = ASKED, *, ways: Ways = THOROUGH
) -> int:
    """Compare all answers of *engine* with those of *oracle*; return how many there were.

    Columns, types and rows are equal; sums of fractions to 12 digits.

    Args:
        engine: The one on trial.
        oracle: The one that is right, with the same data: the embedded store.
        asked: Which questions.
        ways: With whose eyes, as of which moment.

    Raises:
        AssertionError: an answer differs; it names the question.
    """
    count = 0
    for one in asked:
        for viewer, as_of in ways:
            if as_of is None or one.question not in NOW_ONLY:
                _check(_eyes(engine, viewer), _eyes(oracle, viewer), one, as_of)
                count += 1
    return count


def _eyes(engine: Engine, viewer: frozenset[str] | None) -> Engine:
    return engine if viewer is None else engine.scoped(viewer)


def _check(engine: Engine, oracle: Engine, one: Asked, as_of: datetime | None) -> None:
    got, right = (
        _sorted(each.ask(one.question, window=one.window, as_of=as_of, **one.values))
        for each in (engine, oracle)
    )
    try:
        assert_frame_equal(got, right, rel_tol=1e-12)
    except AssertionError as error:
        told = f"{one.question} for {engine.scope} as of {as_of}"
        raise AssertionError(f"{told}: {error}\n{got}\n{right}") from None


def drop_from_oracle(store: EmbeddedStore, customer_id: str) -> None:
    """Delete from *store*, behind its back, what ``drop_customer`` of an engine takes out."""
    whose = {"customer": customer_id}
    hub = store.hub
    for partition in store.partitions.touched_by(None):
        for table in ("events", "hours", "days", "months"):
            hub.execute(f"DELETE FROM {partition}.{table} WHERE customer_id = $customer", whose)  # noqa: S608
    of_tickets = "(SELECT ticket_id FROM catalog.tickets WHERE customer_id = $customer)"
    hub.execute(f"DELETE FROM catalog.messages WHERE ticket_id IN {of_tickets}", whose)  # noqa: S608
    for table in ("share_groups", "vocabulary", "tenancies", "tickets", "customers"):
        hub.execute(f"DELETE FROM catalog.{table} WHERE customer_id = $customer", whose)  # noqa: S608


def _sorted(frame: pl.DataFrame) -> pl.DataFrame:
    """Return *frame* in an order that its rows alone decide: ties of a question are free."""
    plain = [n for n, t in frame.schema.items() if not t.is_nested() and t != pl.Binary]
    return frame.sort(plain, nulls_last=True, maintain_order=True) if plain else frame
