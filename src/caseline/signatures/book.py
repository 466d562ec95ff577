"""The book of signatures: gives every event its signature, and remembers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from caseline.records.batches import SignedBatch
from caseline.signatures.aliases import Aliases
from caseline.signatures.assignment import Assignment, find, sign
from caseline.signatures.catalog import Signature, read_signatures, signatures_frame
from caseline.signatures.cuts import cut_variables
from caseline.signatures.dictionary import ShapeDictionary
from caseline.signatures.explanations import Explanation, describe, explain
from caseline.signatures.fits import Fits
from caseline.signatures.knowledge import Knowledge
from caseline.signatures.miner import Miner
from caseline.signatures.rulebook import Rulebook, read_rules
from caseline.signatures.traces import read_trace_rules

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from caseline.records.batches import ScrubbedBatch

_MOST_SHAPES = 300_000


class SignatureBook:
    """Assigns signatures batch by batch.

    A signature never changes once it is minted. When later lines show that one of its
    constants is a variable, a more general one is minted and the old one is merged
    into it: see ``take_merges``. A shape that was seen before keeps its signature.

    Args:
        rules: The dated rules; the current ones if None.
        most_shapes: How many shapes are remembered.
    """

    def __init__(self, rules: Rulebook | None = None, *, most_shapes: int = _MOST_SHAPES) -> None:
        chosen = rules or read_rules()
        miner = Miner(chosen)
        self._known = Knowledge(
            scheme=chosen.scheme,
            miner=miner,
            traces=read_trace_rules(),
            shapes=ShapeDictionary(most_shapes),
            aliases=Aliases(),
            fits=Fits(miner.tokenizer, chosen.tokens),
            most_variants=chosen.tokens.most_variants,
        )

    @classmethod
    def load(
        cls,
        *,
        signatures: pl.DataFrame,
        shapes: pl.DataFrame,
        aliases: pl.DataFrame,
        most_shapes: int = _MOST_SHAPES,
    ) -> SignatureBook:
        """Return the book whose rows were stored in the three tables."""
        book = cls(most_shapes=most_shapes)
        book._known.aliases.load(aliases)
        book._known.shapes.load(shapes)
        book._known.restore(read_signatures(signatures))
        return book

    def forget_unsaved(self, saved: SignatureBook) -> None:
        """Know what *saved* knows: what was handed out since then was not kept."""
        self._known = saved._known

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

    def take_merges(self) -> pl.DataFrame:
        """Return the rows of ``signature_aliases`` that are new since the last call."""
        return self._known.aliases.take()

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
        signed = self.sign(batch.frame["message"], rows, batch.shapes)
        rebuilds = pl.Series(signed.rebuilds)
        frame = batch.frame.drop("shape").with_columns(
            signed.signature_ids.gather(signed.rows).alias("signature_id"),
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
        stored ones are.
        """
        return find(self._known, line)

    def explain(self, line: str) -> Explanation:
        """Return why *line* has its signature, or what would be made of it."""
        return explain(self._known, line)

    def describe(self, signature: Signature, examples: Iterable[str] = ()) -> Explanation:
        """Return what *signature* is made of; *examples* may have it."""
        return describe(self._known, signature, examples)

    def merge(self, names: Sequence[str], into: str, *, reason: str = "person") -> None:
        """Read the signatures *names* as *into* from now on; it sticks."""
        self._known.aliases.merge(names, into, reason=reason, author="person")

    def split(self, name: str) -> None:
        """Keep the signature *name* apart from what it was merged into; it sticks."""
        self._known.aliases.split(name)
