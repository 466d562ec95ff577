"""All that a book of signatures has learnt, in one place."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from caseline.signatures.miner import render
from caseline.signatures.splits import align

if TYPE_CHECKING:
    from collections.abc import Iterable

    from caseline.signatures.aliases import Aliases
    from caseline.signatures.catalog import Signature
    from caseline.signatures.dictionary import ShapeDictionary
    from caseline.signatures.fits import Fits
    from caseline.signatures.miner import Miner
    from caseline.signatures.tokens import Form
    from caseline.signatures.traces import TraceRules
    from caseline.signatures.votes import Words


@dataclass(slots=True, kw_only=True)
class Knowledge:
    """All that a book has learnt."""

    scheme: str
    miner: Miner
    traces: TraceRules
    shapes: ShapeDictionary
    aliases: Aliases
    fits: Fits
    most_variants: int
    signatures: dict[str, Signature] = field(default_factory=dict)
    texts: dict[bytes, Signature] = field(default_factory=dict)
    literals: dict[str, list[bytes]] = field(default_factory=dict)
    kept: set[bytes] = field(default_factory=set)
    """Templates that a person decided on: their lines keep them, whatever rules find."""
    covering: dict[str, bool] = field(default_factory=dict)
    """For signatures that lines fitted, whether they also cover lines of one that is kept."""

    def keep(self, signature: Signature) -> None:
        """Remember *signature*."""
        self.signatures[signature.signature_id] = signature
        if signature.kind == "log":
            self.texts[signature.text] = signature
            self.literals[signature.signature_id] = [part.encode() for part in signature.parts]

    def keep_apart(self, decided: set[bytes]) -> None:
        """Let lines of the templates *decided* keep them."""
        self.kept, self.covering = decided, {}

    def is_kept(self, form: Form) -> bool:
        """Return whether a person decided on the template that *form* is by itself."""
        return render(form.skeleton, form.words) in self.kept

    def words_of(self, form: Form) -> Words:
        """Return the words that *form* is read by: its own, where a person decided so."""
        if self.kept and self.is_kept(form):
            return form.words
        return self.miner.settled(form)

    def template_of(self, skeleton: bytes, words: Words) -> bytes:
        """Return the template that settled *words* are part of."""
        text = render(skeleton, words)
        return text if text in self.kept else self.miner.final(text)[0]

    def covers_kept(self, name: str) -> bool:
        """Return whether the signature *name* is wider than a template that is kept."""
        found = self.covering.get(name)
        if found is None:
            one = self.signatures.get(name)
            found = one is not None and any(
                one.text != text and align(text, one.text) is not None for text in self.kept
            )
            self.covering[name] = found
        return found

    def restore(self, signatures: Iterable[Signature]) -> None:
        """Take in signatures that were minted earlier, merged ones too."""
        for one in signatures:
            self.keep(one)
        for one in self.texts.values():
            into = self.signatures.get(self.aliases.by_rule(one.signature_id))
            if into is None or into is one:
                self.miner.restore(one.text, one.rules)
            else:
                self.miner.forward(one.text, into.text)
