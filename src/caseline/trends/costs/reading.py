"""What the ledger of hours is made of, read from the store once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from caseline.store.kinship import Kin, read_kin
from caseline.trends.costs.efforts import with_hours
from caseline.trends.costs.settings import cost_settings
from caseline.trends.costs.shares import CAUSES, by_issue, by_signature, read_proposals, share_out

if TYPE_CHECKING:
    from datetime import datetime

    from caseline.protocols import Engine
    from caseline.records.windows import Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """Tickets with their hours, and what is said to have caused them.

    Args:
        tickets: ticket_id, customer_id, environment_id, opened_at, resolved_at, priority,
            category, group, effort_hours, hours, assumed_hours, own_variance, common_error.
        shares: ticket_id, kind, id, share, sure: see ``share_out``.
        members: issue_id, signature_id.
        kin: Signatures that count as one.
    """

    tickets: pl.DataFrame
    shares: pl.DataFrame
    members: pl.DataFrame
    kin: Kin

    def by(self, what: str) -> pl.DataFrame:
        """Return the shares by ``issue`` or ``signature``."""
        divide = by_issue if what == "issue" else by_signature
        return divide(self.shares, self.members, self.kin.heads)


def read_books(  # noqa: PLR0913 - the parts of the question
    engine: Engine,
    window: Window | None,
    *,
    now: datetime,
    present: datetime,
    as_of: datetime | None,
    effort_hours: float | None,
    links: Any = None,
) -> Books:
    """Return the books of *window* (None: of all tickets) as known at *now*.

    Of a ticket that was open then, what it has cost since is not known yet, so that its
    effort counts as not recorded where *now* lies before the *present*.
    """
    settings = cost_settings()
    tickets = engine.ask(
        "ticket_efforts",
        as_of=as_of,
        opened_from=None if window is None else window.start,
        opened_to=None if window is None else window.end,
    ).with_columns(pl.col("effort_hours").cast(pl.Float64))
    if now < present:
        known = pl.when(pl.col("resolved_at").is_not_null()).then("effort_hours")
        tickets = tickets.with_columns(known.alias("effort_hours"))
    members = engine.ask("known_issues", as_of=as_of).select("issue_id", "signature_id")
    causes = engine.ask("ticket_causes", as_of=as_of).cast(CAUSES)  # type: ignore[arg-type]
    if links is not None:
        brought = read_proposals(links, set(members["issue_id"]))
        causes = pl.concat([causes, brought])
    mine = causes.join(tickets.select("ticket_id"), on="ticket_id", how="semi")
    return Books(
        tickets=with_hours(tickets, assumed=effort_hours, settings=settings),
        shares=share_out(mine, unsaid=settings.confidence),
        members=members,
        kin=read_kin(engine, as_of=as_of),
    )
