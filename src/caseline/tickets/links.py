"""Links: what belongs together, who says so, and what people decided about it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import polars as pl

from caseline.errors import InputError, NotFoundError
from caseline.records.answers import Table, plain
from caseline.records.arguments import checked_id

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from caseline.protocols import Engine

PROPOSED, CONFIRMED, REJECTED = "proposed", "confirmed", "rejected"
_ORDER = ("ticket", "issue", "signature", "change", "environment", "customer")
_KIND = re.compile(r"[a-z][a-z_]{0,39}")
_DECIDED: dict[str, Any] = {
    **dict.fromkeys(("link_id", "state", "author", "reasons"), pl.String),
    "position": pl.Int64,
    "decided_at": pl.Datetime("us", "UTC"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Two things belong together; the same ends and kind are the same link.

    Args:
        left_kind: ``ticket``, ``issue``, ``signature``, ``change``, ``environment`` or
            ``customer``; of two kinds the one named first here stands left.
        left_id: Its id.
        right_kind: As left_kind.
        right_id: Its id.
        kind: Such as ``cause``.
        state: ``proposed``, ``confirmed`` or ``rejected``.
        confidence: From 0 to 1, of whoever proposed it; None if nobody said.
        reasons: One sentence each.
        author: Who proposed it: a person, a rule, a model.
        created_at: When.
        decided_by: Who confirmed or rejected it last, None if nobody did.
        decided_at: When.
    """

    link_id: str
    left_kind: str
    left_id: str
    right_kind: str
    right_id: str
    kind: str
    state: str
    confidence: float | None
    reasons: tuple[str, ...]
    author: str
    created_at: datetime
    decided_by: str | None = None
    decided_at: datetime | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as JSON can hold it."""
        return {name: plain(getattr(self, name)) for name in self.__dataclass_fields__}

    @classmethod
    def from_dict(cls, row: dict[str, Any]) -> Link:
        """Return the link of a row as the store has it."""
        return cls(**{**row, "reasons": tuple(json.loads(row["reasons"] or "[]"))})


End = tuple[str, str]
"""What stands at an end of a link: its kind and its id."""


def link_id(kind: str, left: End, right: End) -> str:
    """Return the id of a link: the same for the same ends and kind.

    >>> link_id("cause", ("ticket", "T-1"), ("signature", "s-1"))[:2]
    'l-'
    """
    told = json.dumps([kind, *left, *right]).encode()
    return f"l-{blake2b(told, digest_size=8).hexdigest()}"


def find_end(engine: Engine, given: Any) -> End:
    """Return what *given* is: an id, or a pair of kind and id where an id is several things.

    Raises:
        NotFoundError: the workspace knows no such id.
        InputError: the id is several things, or no id at all.
    """
    wanted, name = given if isinstance(given, tuple) and len(given) == 2 else (None, given)  # noqa: PLR2004 - a pair
    name = checked_id(name, "end of a link")
    found = engine.ask("id_kinds", ids=[name]).select("kind", "read_as").rows()
    if name in engine.ask("fleet_changes")["change_id"]:
        found.append(("change", name))
    ends: list[End] = [end for end in found if wanted in (None, end[0])]
    if not ends:
        known = engine.ask("known_ids")["id"].to_list()
        raise NotFoundError.of(wanted or "ticket, issue, signature or place", name, known)
    if len(ends) > 1:
        kinds = " and ".join(kind for kind, _ in ends)
        raise InputError(f"{name!r} is {kinds}; give a pair of kind and id")
    return ends[0]


def add_link(
    engine: Engine, ends: tuple[End, End], kind: str, *, told: dict[str, Any], at: datetime
) -> Link:
    """Propose a link, unless it is there: then that one is returned, in whatever state.

    Args:
        engine: Where links are kept.
        ends: What belongs together, in either order if they are of different kinds.
        kind: Of the link.
        told: confidence, reasons, author.
        at: When it is proposed.

    Raises:
        InputError: the ends are one; a kind that is no word; a confidence beyond 0 to 1.
        ReadOnlyError: opened read-only, or asked by a viewer.
    """
    if not _KIND.fullmatch(checked_id(kind, "kind")):
        raise InputError(f"kind is {kind!r}; give a word in lower case, such as 'cause'")
    confidence = told["confidence"]
    if confidence is not None and not 0 <= confidence <= 1:
        raise InputError(f"confidence is {confidence}; give 0 to 1")
    left, right = sorted(ends, key=lambda end: _ORDER.index(end[0]))
    if left == right:
        raise InputError(f"{left[1]!r} cannot be linked to itself")
    name = link_id(kind, left, right)
    row = {
        "link_id": name, "left_kind": left[0], "left_id": left[1], "right_kind": right[0],
        "right_id": right[1], "kind": kind, "confidence": confidence,
        "reasons": json.dumps(list(told["reasons"])), "author": told["author"],
        "state": PROPOSED, "created_at": at,
    }  # fmt: skip
    with engine.transaction():
        held = find_links(engine, link=name)
        if held:
            return held[0]
        engine.save("links", pl.DataFrame([row], schema_overrides={"confidence": pl.Float64}))
    return Link.from_dict(row)


def find_links(
    engine: Engine,
    *,
    link: str | None = None,
    end: str | None = None,
    as_of: datetime | None = None,
) -> list[Link]:
    """Return the links of an *end*, or the one called *link*, or all."""
    found = engine.ask("links_of", as_of=as_of, id=end, link_id=link)
    return [Link.from_dict(row) for row in found.to_dicts()]


def decide_link(
    engine: Engine, link: Any, state: str, *, reasons: Sequence[str], author: str, at: datetime
) -> Link:
    """Put a link into *state*; the decision before it stays on record.

    Raises:
        NotFoundError: there is no such link.
        ReadOnlyError: opened read-only, or asked by a viewer.
    """
    name = link_name(link)
    with engine.transaction():
        held = find_links(engine, link=name)
        if not held:
            known = [one.link_id for one in find_links(engine)]
            raise NotFoundError.of("link", name, known)
        if held[0].state == state:
            return held[0]
        position = engine.ask("link_positions", link_id=name)["position"][0]
        row = {
            "link_id": name, "position": position, "state": state, "author": author,
            "reasons": json.dumps(list(reasons)), "decided_at": at,
        }  # fmt: skip
        engine.save("link_decisions", pl.DataFrame([row], schema=_DECIDED))
    return replace(held[0], state=state, decided_by=author, decided_at=at)


def link_name(link: Any) -> str:
    """Return the id of a link that is given as itself, as a row, or by its id."""
    return checked_id(getattr(link, "link_id", link), "link")


def links_table(links: Sequence[Link], *, as_of: datetime) -> Table:
    """Return *links* as an answer, oldest first."""
    rows = [{n: getattr(link, n) for n in Link.__dataclass_fields__} for link in links]
    schema: dict[str, Any] = dict.fromkeys(Link.__dataclass_fields__, pl.String)
    moment = pl.Datetime("us", "UTC")
    schema |= {"confidence": pl.Float64, "reasons": pl.List(pl.String)}
    schema |= {"created_at": moment, "decided_at": moment}
    return Table("links", pl.DataFrame(rows, schema=schema), as_of=as_of)
