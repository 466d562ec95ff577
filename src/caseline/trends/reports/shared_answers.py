"""A store that gives the same answer twice without looking twice: while one report is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from datetime import datetime

    import polars as pl

    from caseline.protocols import Engine
    from caseline.records.windows import Window


class _SharedAnswers:
    """Asks each question of another store once; all else is that store's own."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._known: dict[str, pl.DataFrame] = {}

    def ask(
        self,
        question: str,
        *,
        window: Window | None = None,
        as_of: datetime | None = None,
        **parameters: Any,
    ) -> pl.DataFrame:
        """Return the answer, as it was the first time."""
        key = repr((question, window, as_of, sorted(parameters.items())))
        if key not in self._known:
            self._known[key] = self._engine.ask(question, window=window, as_of=as_of, **parameters)
        return self._known[key]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)


def sharing(engine: Engine) -> Engine:
    """Return *engine* so that whoever asks it the same gets the same, as of the first asking.

    For the making of one report only: what comes in meanwhile is not seen.
    """
    return cast("Engine", _SharedAnswers(engine))
