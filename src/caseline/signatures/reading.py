"""Reads the book of signatures from a store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from caseline.signatures.book import SignatureBook
from caseline.signatures.schemes import adopt_older

if TYPE_CHECKING:
    from datetime import datetime

    from caseline.protocols import Engine
    from caseline.signatures.rulebook import Rulebook


def read_book(engine: Engine, rules: Rulebook | None) -> SignatureBook:
    """Return the book as *engine* has it now, read by *rules* (None: those that ship)."""
    linked = engine.ask("linked_scheme")["scheme"]
    book = SignatureBook.load(
        signatures=engine.ask("all_signatures"),
        shapes=engine.ask("all_shapes"),
        aliases=engine.ask("all_aliases"),
        splits=engine.ask("all_splits"),
        linked_scheme=None if linked.is_empty() else str(linked[0]),
        rules=rules,
    )
    book.know_words(engine.ask("all_vocabulary"))
    return book


def current_book(engine: Engine, rules: Rulebook | None, *, now: datetime) -> SignatureBook:
    """Return the book as *engine* has it; what older rules made is linked first."""
    book = read_book(engine, rules)
    if engine.writable:
        adopt_older(engine, book, now=now)
    return book
