"""What confirmed and rejected links teach: the words of tickets whose cause is known.

The feedback of those who solved a case is the strongest evidence there is: a new ticket in
the words of old ones has their cause, or one that is worded like it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from caseline.impact.causes.complaints import unquoted
from caseline.text import Likeness

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from numpy.typing import NDArray

    from caseline.protocols import Engine

_TABLES = (
    "links", "link_decisions", "tickets", "signature_aliases", "alias_history",
    "issue_signatures", "signatures",
)  # fmt: skip
_NEAR = 0.1
"""Below this a linked signature's tickets say too little to be asked what is worded like it."""
_MANY = 15
"""Links from which a cause is as well known as it can be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """A person's word on the cause of a ticket.

    Args:
        signature_id: The cause; None if it is no signature.
        confirmed: Whether it is the cause; False if it is not.
    """

    ticket_id: str
    customer_id: str
    opened_at: datetime
    signature_id: str | None
    confirmed: bool
    by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lore:
    """What people decided so far.

    Args:
        decided: By the opening of the tickets.
        texts: What each of those tickets says.
        templates: Of the signatures that are the cause of some ticket.
    """

    decided: tuple[Decided, ...] = ()
    texts: Mapping[str, str]
    templates: Mapping[str, str]

    def of(self, ticket_id: str) -> tuple[Decided, ...]:
        """Return what was decided about one ticket."""
        return tuple(d for d in self.decided if d.ticket_id == ticket_id)

    def without(self, ticket_id: str, *, before: datetime | None = None) -> Lore:
        """Return what was decided about other tickets, of those opened *before* a moment."""
        kept = tuple(
            d
            for d in self.decided
            if d.ticket_id != ticket_id and (before is None or d.opened_at < before)
        )
        return Lore(decided=kept, texts=self.texts, templates=self.templates)

    def said_of(self, *, confirmed: bool) -> dict[str, list[str]]:
        """Return for each signature what the tickets say that have, or have not, its cause."""
        found: dict[str, list[str]] = {}
        for one in self.decided:
            if one.signature_id is not None and one.confirmed == confirmed:
                found.setdefault(one.signature_id, []).append(self.texts.get(one.ticket_id, ""))
        return found


NO_LORE = Lore(texts={}, templates={})


def read_lore(engine: Engine, *, as_of: datetime | None) -> Lore:
    """Return what people decided about causes, as *engine*'s viewer may know it."""
    if as_of is not None:
        return _read(engine, as_of)
    return engine.remember("lore of causes", _TABLES, lambda: _read(engine, None))


def _read(engine: Engine, as_of: datetime | None) -> Lore:
    rows = engine.ask("cause_links", as_of=as_of, ticket_id=None)
    if rows.is_empty():
        return NO_LORE
    tickets = rows["ticket_id"].unique().to_list()
    said = engine.ask("ticket_texts", as_of=as_of, ticket_ids=tickets)
    causes = rows["signature_id"].drop_nulls().unique().to_list()
    known = engine.ask("signature_texts", as_of=as_of, signature_ids=causes)
    decided = [
        Decided(
            confirmed=row.pop("state") == "confirmed",
            by=row.pop("decided_by"),
            **{name: row[name] for name in _NAMES},
        )
        for row in rows.to_dicts()
    ]
    return Lore(
        decided=tuple(decided),
        texts={name: unquoted(text) for name, text in said.select("ticket_id", "text").rows()},
        templates=dict(known.select("signature_id", "template").rows()),
    )


_NAMES = ("ticket_id", "customer_id", "opened_at", "signature_id")


def recall_features(
    frame: pl.DataFrame, lore: Lore, text: str, *, usual: Sequence[str]
) -> pl.DataFrame:
    """Add recalled, known, refused.

    ``recalled`` is how alike the ticket and the tickets of a known cause are, times how
    alike the wording of that cause and of the signature is (1 for itself); ``known`` how
    often the signature was a cause before, ``refused`` how alike the ticket and those
    are that it was found not to be the cause of.

    Args:
        frame: signature_id, template.
        lore: What people decided about other tickets.
        text: What the ticket says.
        usual: What tickets usually say.
    """
    ids = frame["signature_id"].to_list()
    confirmed, rejected = (lore.said_of(confirmed=c) for c in (True, False))
    near = _likeness(confirmed, text, usual)
    against = _likeness(rejected, text, usual)
    recalled = np.array([near.get(name, 0.0) for name in ids])
    recalled = np.maximum(recalled, _worded_alike(frame, lore, near))
    counts = np.array([len(confirmed.get(name, ())) for name in ids], dtype=np.float64)
    return frame.with_columns(
        pl.Series("recalled", recalled, dtype=pl.Float64),
        pl.Series("known", np.minimum(np.log1p(counts) / np.log1p(_MANY), 1.0)),
        pl.Series("refused", [against.get(name, 0.0) for name in ids], dtype=pl.Float64),
    )


def _likeness(
    said: Mapping[str, Sequence[str]], text: str, usual: Sequence[str]
) -> dict[str, float]:
    """Return how alike *text* and the tickets of each signature are."""
    if not said:
        return {}
    names = sorted(said)
    documents = ["\n".join(said[name]) for name in names]
    found: NDArray[np.float64] = Likeness(documents, usual=usual).to(text)
    return dict(zip(names, found.tolist(), strict=True))


def _worded_alike(frame: pl.DataFrame, lore: Lore, near: Mapping[str, float]) -> Any:
    """Return what the known causes near the ticket say of signatures worded like them."""
    templates = frame["template"].fill_null("").to_list()
    best = np.zeros(len(templates))
    causes = [name for name, alike in near.items() if alike >= _NEAR and name in lore.templates]
    if not causes or not templates:
        return best
    wording = Likeness(templates)
    for name in causes:
        # Squared: a word in common is no kinship.
        best = np.maximum(best, near[name] * wording.to(lore.templates[name]) ** 2)
    return best
