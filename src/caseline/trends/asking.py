"""What all questions about trends are asked with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from caseline.clock import in_utc
from caseline.errors import NotFoundError

if TYPE_CHECKING:
    from datetime import datetime

    from caseline.clock import Clock
    from caseline.protocols import Engine


class Asking:
    """Whoever asks about trends.

    Args:
        engine: Where events and tables are.
        clock: Tells the present, for a question without ``as_of``.
    """

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def _now(self, as_of: datetime | None) -> datetime:
        return self._clock.now() if as_of is None else in_utc(as_of, "as_of")

    def _signature(self, wanted: str, as_of: datetime | None) -> str:
        found = self._engine.ask("signature_known", as_of=as_of, signature_id=wanted)
        if found.is_empty():
            ids = self._engine.ask("known_ids", as_of=as_of)
            known = ids.filter(pl.col("kind") == "signature")["id"].to_list()
            raise NotFoundError.of("signature", wanted, known)
        return str(found["signature_id"][0])
