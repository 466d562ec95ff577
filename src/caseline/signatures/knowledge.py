"""All that a book of signatures has learnt, in one place."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from caseline.signatures.aliases import Aliases
    from caseline.signatures.catalog import Signature
    from caseline.signatures.dictionary import ShapeDictionary
    from caseline.signatures.fits import Fits
    from caseline.signatures.miner import Miner
    from caseline.signatures.traces import TraceRules


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

    def keep(self, signature: Signature) -> None:
        """Remember *signature*."""
        self.signatures[signature.signature_id] = signature
        if signature.kind == "log":
            self.texts[signature.text] = signature
            self.literals[signature.signature_id] = [part.encode() for part in signature.parts]

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
