"""Faster ways to the answers of some questions; each question's SQL stays their judge.

A way looks at one asking, and declines (None) where it does not hold.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from caseline.store import newest, schema, top
from caseline.store.values import bound

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl

    from caseline.store.asking import Asking

FASTER: dict[str, Callable[[Asking], pl.DataFrame | None]] = {
    "top_signatures": top.top_signatures,
    "top_signatures_ever": top.top_signatures_ever,
    "events": newest.events,
    "events_with_text": newest.events_with_text,
}
"""The faster way of each question that has one."""


def faster_answer(asking: Asking, question: str) -> pl.DataFrame | None:
    """Return the answer to *question* by its faster way; None if it has none that holds.

    Raises:
        InputError: a value that the question needs is missing.
    """
    faster = FASTER.get(question)
    if faster is None:
        return None
    bound(schema.question_text(question), asking.values)
    return faster(asking)
