"""The book of signatures: gives every event its signature, and remembers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from caseline.records.batches import SignedBatch
from caseline.signatures.aliases import PERSON, RULE, Aliases
from caseline.signatures.assignment import find, sign
from caseline.signatures.catalog import Signature, read_signatures, signatures_frame
from caseline.signatures.cuts import cut_variables
from caseline.signatures.dictionary import ShapeDictionary
from caseline.signatures.explanations import Explanation, describe, explain
from caseline.signatures.fits import Fits
from caseline.signatures.knowledge import Knowledge
from caseline.signatures.miner import Miner
from caseline.signatures.rulebook import Rulebook, read_rules
from caseline.signatures.splits import Splits, members_with, part
from caseline.signatures.traces import read_trace_rules
from caseline.signatures.vocabulary import Vocabulary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    import numpy as np
    from numpy.typing import NDArray

    from caseline.records.batches import ScrubbedBatch
    from caseline.signatures.learning import Assignment

_MOST_SHAPES = 300_000


class SignatureBook:
    """Assigns signatures batch by batch.

    A signature never changes once it is minted. When later lines show that one of its
    constants is a variable, a more general one is minted and the old one is merged
    into it: see ``take_decisions``. A shape that was seen before keeps its signature.

    Args:
        rules: The dated rules; the current ones if None.
        most_shapes: How many shapes are remembered.
    """

    def __init__(self, rules: Rulebook | None = None, *, most_shapes: int = _MOST_SHAPES) -> None:
        chosen = rules or read_rules()
        self._vocabulary = Vocabulary(chosen.customers.enough)
        self._noted: set[tuple[str, str]] = set()
        miner = Miner(chosen, self._vocabulary)
        self._known = Knowledge(
            scheme=chosen.scheme,
            miner=miner,
            traces=read_trace_rules(),
            shapes=ShapeDictionary(most_shapes),
            aliases=Aliases(),
            fits=Fits(miner.tokenizer, chosen.tokens),
            most_variants=chosen.tokens.most_variants,
        )
        self._splits = Splits()
        self.older: list[Signature] = []
        """Signatures of older schemes that are not linked with this one's yet."""

    @classmethod
    def load(
        cls,
        *,
        signatures: pl.DataFrame,
        shapes: pl.DataFrame,
        aliases: pl.DataFrame,
        splits: pl.DataFrame | None = None,
        linked_scheme: str | None = None,
        rules: Rulebook | None = None,
    ) -> SignatureBook:
        """Return the book whose rows were stored in the tables of these names.

        Signatures of an older scheme than that of *rules* are known by their ids, and
        are read as what they were merged into; no line is compared with them any more.
        *linked_scheme* is the one that they were linked with already.
        """
        book = cls(rules)
        known = book._known
        known.aliases.load(aliases)
        found = read_signatures(signatures)
        current = [one for one in found if one.scheme == known.scheme]
        known.signatures.update((one.signature_id, one) for one in found)
        older = [one for one in found if one.scheme != known.scheme]
        book.older = older if linked_scheme != known.scheme else []
        if not book.older:  # else what was learnt of shapes is the older scheme's
            known.shapes.load(shapes)
        known.restore(current)
        if splits is not None:
            book._splits.load(splits)
        book._note_kept()
        return book

    def forget_unsaved(self, saved: SignatureBook) -> None:
        """Know what *saved* knows: what was handed out since then was not kept."""
        self._known = saved._known
        self._splits = saved._splits
        self._vocabulary, self._noted = saved._vocabulary, saved._noted

    @property
    def scheme(self) -> str:
        """The dated name of the rules."""
        return self._known.scheme

    @property
    def state(self) -> dict[str, pl.DataFrame]:
        """All rows of the tables ``signatures``, ``shapes``, ``signature_aliases``."""
        return {
            "signatures": signatures_frame(self._known.signatures.values()),
            "shapes": self._known.shapes.rows(),
            "signature_aliases": self._known.aliases.rows(),
        }

    def take_shapes(self) -> pl.DataFrame:
        """Return the rows of ``shapes`` that are new since the last call."""
        return self._known.shapes.take()

    def take_decisions(self, at: datetime | None = None) -> dict[str, pl.DataFrame]:
        """Return the rows that are new since the last call, by the name of their table.

        These are ``signature_aliases``, ``alias_history``, ``signature_splits`` and
        ``vocabulary``.

        Args:
            at: The moment of what rules decided.
        """
        found = self._known.aliases.take(at)
        merged = found["signature_aliases"].filter(pl.col("author") == RULE)
        for name, into in merged.select("signature_id", "step_into").iter_rows():
            narrow, wide = self.signature(name), self.signature(into)
            if narrow is not None and wide is not None:
                self._splits.follow(narrow, wide)
        return {
            **found,
            "signature_splits": self._splits.take(),
            "vocabulary": self._vocabulary.take(),
        }

    def signature(self, name: str) -> Signature | None:
        """Return the signature with the id *name*, merged or not."""
        return self._known.signatures.get(name)

    def canonical(self, name: str) -> str:
        """Return the id that *name* is read as: its own, or the one it was merged into."""
        return self._known.aliases.canonical(name)

    def assign(self, batch: ScrubbedBatch) -> SignedBatch:
        """Return *batch* with a signature for each of its events.

        The frame has besides ``signature_id``, ``variables`` and ``text``; ``message`` is
        None where the template's parts and the variables rebuild it byte for byte.
        ``shape`` is gone: it meant something in this batch only.
        """
        rows = batch.frame["shape"].to_numpy()
        customers = batch.frame["customer_id"]
        self._vocabulary.present = set(customers.drop_nulls().unique())
        signed = self.sign(batch.frame["message"], rows, batch.shapes)
        names = signed.signature_ids.gather(signed.rows)
        self._note_words(names, customers)
        rebuilds = pl.Series(signed.rebuilds)
        frame = batch.frame.drop("shape").with_columns(
            names.alias("signature_id"),
            cut_variables(batch.frame["message"], signed.rows, signed.tables),
            text=pl.col("message"),
            message=pl.when(rebuilds.gather(signed.rows)).then(None).otherwise(pl.col("message")),
        )
        return SignedBatch(
            source=batch.source,
            frame=frame,
            minted=signatures_frame(signed.minted),
            share_groups=batch.share_groups,
            index=batch.index,
        )

    def _note_words(self, names: pl.Series, customers: pl.Series) -> None:
        """Remember at which customers the words of templates were seen."""
        pairs = pl.DataFrame({"name": names, "customer": customers}).unique().drop_nulls()
        for name, customer in pairs.sort("name", "customer").iter_rows():
            found = self._known.signatures.get(name)
            if found is not None and (name, customer) not in self._noted:
                self._noted.add((name, customer))
                self._vocabulary.note(found.template, (customer,))

    def know_words(self, vocabulary: pl.DataFrame) -> None:
        """Take in the rows of the table ``vocabulary``."""
        self._vocabulary.load(vocabulary)

    def shared_template(self, name: str) -> str | None:
        """Return the template of *name* with ``<*>`` for words too few customers have."""
        found = self._known.signatures.get(name)
        return None if found is None else self._vocabulary.shared(found.template)

    def sign(
        self, messages: pl.Series, rows: NDArray[np.uint32], shapes: Sequence[bytes]
    ) -> Assignment:
        """Return what is known of each shape, learning the new ones.

        Args:
            messages: String, one per row.
            rows: For each row its index into *shapes*.
            shapes: The distinct messages with digits turned into zeros.
        """
        return sign(self._known, messages, rows, shapes)

    def match(self, line: str) -> Signature | None:
        """Return the signature that *line* would get, or None for a new one.

        Nothing is learnt. The line is a message without its header, scrubbed as the
        stored ones are. Of a signature that was split, it is the line's part.
        """
        found = find(self._known, line)
        name = None if found is None else self._splits.part_of(found, line)
        return found if name is None else self.signature(name)

    def explain(self, line: str) -> Explanation:
        """Return why *line* has its signature, or what would be made of it."""
        return explain(self._known, line)

    def describe(self, signature: Signature, examples: Iterable[str] = ()) -> Explanation:
        """Return what *signature* is made of; *examples* may have it."""
        return describe(self._known, signature, examples)

    @property
    def aliases(self) -> Aliases:
        """What is read as what."""
        return self._known.aliases

    @property
    def splits(self) -> Splits:
        """What was split by value."""
        return self._splits

    def merge(
        self,
        names: Sequence[str],
        into: str,
        *,
        author: str = PERSON,
        reason: str = "merge",
        at: datetime | None = None,
    ) -> None:
        """Read the signatures *names* as *into* from now on; it sticks.

        One that is merged already stands for what it is read as.
        """
        ends = list(dict.fromkeys(self.canonical(name) for name in names))
        self._known.aliases.merge(ends, self.canonical(into), reason=reason, author=author, at=at)
        self._note_kept()

    def split(self, name: str, *, author: str = PERSON, at: datetime | None = None) -> None:
        """Keep the signature *name* apart from what it was merged into; it sticks."""
        self._known.aliases.split(name, author=author, at=at)
        self._note_kept()

    def split_by(
        self, signature: Signature, variable: int, values: Sequence[str], who: tuple[str, datetime]
    ) -> tuple[list[Signature], list[Signature]]:
        """Give the events of *signature* with each of *values* a signature of their own.

        Args:
            signature: One with variables.
            variable: Which of them, from 1.
            values: As they are stored.
            who: The person, and the moment.

        Returns:
            A signature for each value; and the narrower templates that are read as
            *signature* and cannot be told apart by this variable.
        """
        author, at = who
        own = signature.signature_id
        members = [
            one
            for name, one in self._known.signatures.items()
            if name != own and self._known.aliases.by_rule(name) == own
        ]
        varying, constant, unclear = members_with(members, signature, variable, values)
        made = {value: part(signature, variable, value) for value in values}
        for value, one in made.items():
            self._known.keep(one)
            for member, number in ((signature, variable), *varying):
                self._splits.add(member.signature_id, number, value, one.signature_id, who)
        for member, value in constant:
            self._known.aliases.merge(
                [member.signature_id], made[value].signature_id, reason="split",
                author=author, at=at,
            )  # fmt: skip
        self._note_kept()
        return list(made.values()), unclear

    def follow_splits(self, old: str, new: str) -> None:
        """Split the signature *new* by value as *old* was, where it has the same variable."""
        one, other = self.signature(old), self.signature(new)
        if one is not None and other is not None:
            self._splits.follow(one, other)

    def remember(self) -> Callable[[], None]:
        """Return what takes back all that people decide from now on, if it cannot be saved."""
        aliases, splits = self._known.aliases.copy(), self._splits.copy()

        def take_back() -> None:
            self._known.aliases, self._splits = aliases, splits
            self._note_kept()

        return take_back

    def _note_kept(self) -> None:
        """Tell the assignment which templates stay what they are, whatever rules found."""
        known = self._known
        decided = (known.signatures.get(name) for name in known.aliases.decided())
        known.keep_apart({one.text for one in decided if one is not None and one.kind == "log"})
