"""A newer scheme takes over: its signatures find the groups that an older one made.

Events keep the ids that they were stored with. Texts of each old group are read by the
new rules once: where they all come to one signature, the old id is read as that one; where
they come to several, these are its parts by lineage. Which texts are read is decided by
the texts alone, so that the order of ingests does not matter; a group of more distinct
texts than are read may have a part that is found to be new later.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import polars as pl

from caseline.signatures.aliases import SCHEME
from caseline.signatures.catalog import signatures_frame
from caseline.signatures.mining import shapes_of
from caseline.signatures.splits import KIND
from caseline.signatures.tracing import link_schemes

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from caseline.protocols import Engine
    from caseline.signatures.book import SignatureBook

_TEXTS = 200
"""Distinct texts of each old group that are read by the new rules."""


def adopt_older(engine: Engine, book: SignatureBook, *, now: datetime) -> int:
    """Link the groups of older schemes with those of the book's; return how many there were.

    A second time there are none. All of it is saved as one change, or nothing.
    """
    groups = _older_groups(book)
    if not groups:
        return 0
    templates = sorted(name for members in groups.values() for name in members)
    texts = engine.ask("template_samples", signature_ids=templates, limit=_TEXTS)
    rows, shapes = shapes_of(texts["text"])
    signed = book.sign(texts["text"], rows, shapes)
    found: dict[str, set[str]] = defaultdict(set)
    ids = signed.signature_ids.gather(signed.rows)
    for template, name in zip(texts["template_id"], ids, strict=True):
        found[template].add(book.canonical(name))
    parts: list[tuple[str, str]] = []
    for head, members in groups.items():
        new = sorted({book.canonical(n) for member in members for n in found[member]})
        parts += _linked(book, head, new, now)
    with engine.transaction():
        engine.save("signatures", signatures_frame(signed.minted))
        engine.remove("shapes", engine.ask("all_shapes").select("shape"))
        engine.save("shapes", book.take_shapes())
        for table, decided in book.take_decisions(now).items():
            engine.save(table, decided)
        link_schemes(engine, parts, now=now)
        engine.save("meta", pl.DataFrame([{"name": "scheme", "value": book.scheme}]))
    return len(groups)


def _older_groups(book: SignatureBook) -> dict[str, list[str]]:
    """Return the groups that rules of older schemes made, by the widest template of each."""
    groups: dict[str, list[str]] = defaultdict(list)
    for one in book.older:
        if one.kind != KIND:
            groups[book.aliases.by_rule(one.signature_id)].append(one.signature_id)
    return {head: sorted(groups[head]) for head in sorted(groups)}


def _linked(
    book: SignatureBook, head: str, new: Iterable[str], now: datetime
) -> list[tuple[str, str]]:
    """Read the old group *head* as its one new signature, or return its several parts."""
    ends = list(new)
    row = book.aliases.row(head)
    if row is not None and row.by_person:
        if row.merged_into != head:  # what a person merged stays so under the new ids
            book.aliases.merge(ends, row.merged_into, reason="scheme", author=SCHEME, at=now)
        return []
    if len(ends) != 1:
        return [(head, end) for end in ends]
    book.aliases.merge([head], ends[0], reason="scheme", author=SCHEME, at=now)
    book.follow_splits(head, ends[0])
    return []
