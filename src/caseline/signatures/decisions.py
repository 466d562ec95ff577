"""What people decide about signatures: these are one, this is two."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from caseline.errors import InputError, NotFoundError
from caseline.records.answers import Table
from caseline.signatures.aliases import MACHINES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from caseline.protocols import Engine
    from caseline.signatures.book import SignatureBook
    from caseline.signatures.catalog import Signature

_SPLIT = {
    "value": pl.String,
    "signature_id": pl.String,
    "template": pl.String,
    "events": pl.Int64,
}
_AT_ONCE = "events stored earlier are read so too; nothing stored was changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """A signature that was split by value.

    Args:
        whole: The signature: it keeps all the other values.
        parts: For each value its new signature.
        unclear: How many templates read as *whole* cannot be told apart by the variable.
    """

    whole: Signature
    parts: dict[str, Signature]
    unclear: int


@contextmanager
def deciding(engine: Engine, book: SignatureBook, at: datetime) -> Iterator[None]:
    """Save what is decided inside as one change, or take all of it back.

    Raises:
        ReadOnlyError: opened read-only, or asked by a viewer.
    """
    with engine.transaction():
        take_back = book.remember()
        try:
            yield
            for table, rows in book.take_decisions(at).items():
                engine.save(table, rows)
        except BaseException:
            take_back()
            raise


def checked_author(by: Any) -> str:
    """Return the name of the person *by* whom something is decided.

    Raises:
        InputError: no name, or one that stands for a machine.
    """
    if not isinstance(by, str) or not by.strip() or by in MACHINES:
        raise InputError(f"by is {by!r}; give the name of a person")
    return by


def split_apart(book: SignatureBook, name: str, *, who: tuple[str, datetime]) -> None:
    """Undo the merge of the signature *name* into another.

    Raises:
        NotFoundError: no such signature.
        InputError: it was not merged into another.
    """
    if book.signature(name) is None:
        raise NotFoundError.of("signature", name)
    if book.canonical(name) == name:
        raise InputError(
            f"{name} is merged into nothing; give variable= and values= to split it in two"
        )
    book.split(name, author=who[0], at=who[1])


def split_by_value(
    book: SignatureBook,
    name: str,
    *,
    variable: int | None,
    values: Sequence[str] | None,
    who: tuple[str, datetime],
) -> Split:
    """Give events with certain values of a variable signatures of their own.

    Raises:
        NotFoundError: no such signature.
        InputError: no such variable, no values, or a signature that cannot be split so.
    """
    signature, number, wanted = _checked(book, name, variable, values)
    made, unclear = book.split_by(signature, number, wanted, who)
    return Split(whole=signature, parts=dict(zip(wanted, made, strict=True)), unclear=len(unclear))


def split_table(engine: Engine, split: Split, *, now: datetime) -> Table:
    """Return value (None for all the others), signature_id, template, events of a split."""
    notes = [_AT_ONCE]
    if split.unclear:
        notes.append(
            f"{split.unclear} narrower templates were read as {split.whole.signature_id} before "
            "its variable was one: their events stay with it"
        )
    rows = pl.DataFrame(
        [
            (value, one.signature_id, one.template, _events(engine, one.signature_id))
            for value, one in [*split.parts.items(), (None, split.whole)]
        ],
        schema=_SPLIT,
        orient="row",
    )
    return Table("split", rows, as_of=now, notes=notes)


def _checked(
    book: SignatureBook, name: str, variable: int | None, values: Sequence[str] | None
) -> tuple[Signature, int, list[str]]:
    signature = book.signature(name)
    if signature is None:
        raise NotFoundError.of("signature", name)
    if book.canonical(name) != name:
        raise InputError(f"{name} is read as {book.canonical(name)}; split that one")
    if signature.kind != "log" or not signature.rules:
        raise InputError(f"{name} has no variables to be split by")
    if type(variable) is not int or not 1 <= variable <= len(signature.rules):
        raise InputError(f"variable is {variable!r}; give 1 to {len(signature.rules)}")
    if isinstance(values, str) or not values or not all(isinstance(v, str) for v in values):
        raise InputError("values must be a list of texts; give at least one")
    before = book.splits.variable(name)
    if before not in (None, variable):
        raise InputError(f"{name} is split by variable {before} already; take that one")
    return signature, variable, list(dict.fromkeys(values))


def _events(engine: Engine, name: str) -> int:
    found = engine.ask("signature", signature=name)
    return 0 if found.is_empty() else int(found["events"][0])
