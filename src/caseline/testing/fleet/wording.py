"""How people put trouble into words: varied, hurried, sometimes wrong."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from caseline.testing.fleet.catalog import Catalog, Family

_EITHER = re.compile(r"\(([^()]*\|[^()]*)\)")
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


class Writer:
    """Writes the texts of tickets.

    Args:
        catalog: Gives the phrases.
        noise: 0 careful, 1 hurried and vague.
        rng: Draws the words.
    """

    def __init__(self, catalog: Catalog, *, noise: float, rng: np.random.Generator) -> None:
        self._phrases = catalog.wording
        self._noise = noise
        self._rng = rng

    def say(self, name: str) -> str:
        """Return one phrase of the pool *name* in wording.toml."""
        return self.one_of(self._phrases[name])

    def one_of(self, phrases: Sequence[str]) -> str:
        """Return one of *phrases*, its alternatives chosen."""
        phrase = phrases[int(self._rng.integers(len(phrases)))]
        return _EITHER.sub(self._choose, phrase)

    def maybe(self, probability: float) -> bool:
        """Return True with *probability*."""
        return bool(self._rng.random() < probability)

    def subject(self, phrases: Sequence[str], *, vague: bool) -> str:
        """Return a subject line."""
        text = self.say("vague_subjects") if vague else self.one_of(phrases)
        return self._hurry(text)

    def complaint(self, phrases: Sequence[str], *, vague: bool) -> str:
        """Return the first message of a thread."""
        said = self.say("vague_complaints") if vague else self.one_of(phrases)
        parts = [self.say("greetings"), said, self.say("scale"), self.say("changed")]
        if self.maybe(0.35 * self._noise):
            parts.append(self.say("blame").replace("{component}", self.say("components")))
        parts += [self.say("closings"), f"({self.say('roles')})"]
        return self._hurry("\n".join(p for p in parts if p))

    def pasted(self, lines: Sequence[str]) -> str:
        """Return an excerpt of *lines* as people paste it: cut, wrapped, masked."""
        kept = [self._garble(line) for line in lines]
        return self.say("paste_intro") + "\n" + "\n".join(kept)

    def steps(self, family: Family) -> str:
        """Return an answer that lists what helps."""
        listed = "\n".join(f"{i}. {step}" for i, step in enumerate(family.steps, 1))
        return f"{self.say('agent_steps')}\n{listed}"

    def quoting(self, answer: str, earlier: str) -> str:
        """Return *answer* above the quoted *earlier* message."""
        quoted = "\n".join(f"> {line}" for line in earlier.split("\n"))
        return f"{answer}\n\nOn that day support wrote:\n{quoted}"

    def _choose(self, found: re.Match[str]) -> str:
        options = found[1].split("|")
        return options[int(self._rng.integers(len(options)))]

    def _garble(self, line: str) -> str:
        words = line.split(" ")
        start = int(self._rng.integers(0, max(1, len(words) // 4)))
        end = len(words) - int(self._rng.integers(0, max(1, len(words) // 4)))
        cut = words[start:end] or words
        return " ".join(
            "..." if self.maybe(0.12 * self._noise) else self._typo(w, 0.03) for w in cut
        )

    def _hurry(self, text: str) -> str:
        if self.maybe(0.3 * self._noise):
            text = text.lower()
        elif self.maybe(0.05 * self._noise):
            text = text.upper()
        return "\n".join(
            " ".join(self._typo(w, 0.06) for w in line.split(" ")) for line in text.split("\n")
        )

    def _typo(self, word: str, rate: float) -> str:
        if len(word) < 4 or not self.maybe(rate * self._noise):  # noqa: PLR2004 - short words stay
            return word
        at = int(self._rng.integers(1, len(word) - 1))
        match int(self._rng.integers(4)):
            case 0:
                return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
            case 1:
                return word[:at] + word[at + 1 :]
            case 2:
                return word[:at] + word[at] + word[at:]
            case _:
                return word[:at] + _LETTERS[int(self._rng.integers(26))] + word[at + 1 :]
