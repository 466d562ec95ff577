"""Takes a customer out of every file: files are written anew without it, and change places."""

from __future__ import annotations

import secrets
from functools import partial
from typing import TYPE_CHECKING

from caseline.records.answers import Table
from caseline.records.custody import Erasure
from caseline.store import audit
from caseline.store.erasure_plan import make_plan
from caseline.store.leaving import recounter, rows_that_stay

if TYPE_CHECKING:
    from datetime import datetime

    from caseline.store.renewing import Renewal


def erase(renewal: Renewal, customer: str, *, by: str, at: datetime, secret: bytes) -> Erasure:
    """Take *customer* out of the store of *renewal*; done again, it does the same.

    Args:
        renewal: Entered: nobody else asks or writes.
        customer: The id of a customer that there is.
        by: Who asked for it.
        at: When.
        secret: Keys what the audit log calls the customer.
    """
    store = renewal.store
    partitions = store.partitions.touched_by(None)
    plan = make_plan(store.hub, partitions, customer, salt=secrets.token_bytes(16))
    subject = audit.subject_of(customer, secret)
    entry = audit.Entry(at=at, action="erase", by=by, subject=subject, details=plan.counts)
    files = renewal.write(
        [name for name in partitions if name in plan.touched],
        rows_of=partial(rows_that_stay, store.hub),
        entry=entry,
        last=recounter(store.hub),
    )
    renewal.finish()
    return Erasure(
        subject=subject,
        at=at,
        by=by,
        counts=plan.counts,
        share_groups=Table("share groups", plan.groups, as_of=at),
        unmerged=plan.unmerged,
        files=files,
    )
