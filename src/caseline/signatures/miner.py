"""From forms to templates: what has been seen so far, and what it makes of a form."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from caseline.signatures.merges import Merges
from caseline.signatures.tokens import LIST, SLOT, VARIABLE, Tokenizer
from caseline.signatures.vocabulary import Vocabulary
from caseline.signatures.votes import Votes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from caseline.signatures.rulebook import Rulebook
    from caseline.signatures.tokens import Form
    from caseline.signatures.votes import Words

VOTED = "vote"


class Cut(NamedTuple):
    """Where a variable stands, told by tokens: it holds for every shape of a form."""

    first: int
    lead: int
    last: int
    trail: int


class Miner:
    """Learns templates from forms; what it has learnt once, it only generalises.

    >>> from caseline.signatures.rulebook import read_rules
    >>> miner = Miner(read_rules())
    >>> users = [miner.tokenizer.form(b"session of %s opened" % u) for u in (b"ann", b"bo", b"cy")]
    >>> miner.learn(users)
    False
    >>> [word.replace(VARIABLE, b"<*>") for word in miner.settled(users[0])]
    [b'session', b'of', b'<*>', b'opened']
    """

    def __init__(self, rules: Rulebook, vocabulary: Vocabulary | None = None) -> None:
        if vocabulary is None:
            vocabulary = Vocabulary(rules.customers.enough)
        self._vocabulary = vocabulary
        self.tokenizer = Tokenizer(rules.tokens)
        self._rules = rules
        self._votes: dict[bytes, Votes] = {}
        self._merges = Merges(rules.merges)

    def learn(self, forms: Iterable[Form]) -> bool:
        """Take in *forms*; the order they come in has no effect.

        Returns:
            Whether a template that was known became part of another.
        """
        before = self._merges.moves
        groups: dict[bytes, set[Words]] = {}
        for form in forms:
            groups.setdefault(form.skeleton, set()).add(form.words)
        for skeleton in sorted(groups):
            self._learn_group(skeleton, groups[skeleton])
        return self._merges.moves > before

    def restore(self, text: bytes, rules: Sequence[str]) -> None:
        """Take in a template that was learnt earlier.

        Args:
            text: The template with its marks.
            rules: Why each of its variables is one.
        """
        form = self.tokenizer.form(text)
        columns = [n for n, word in enumerate(form.words) for _ in range(word.count(VARIABLE))]
        if render(form.skeleton, form.words) == text and len(columns) == len(rules):
            voted = [n for n, rule in zip(columns, rules, strict=True) if rule == VOTED]
            self._group(form.skeleton).restore(form.words, voted)
        self._merges.add(text)

    def forward(self, text: bytes, into: bytes) -> None:
        """Take in that the template *text* became part of *into* earlier."""
        self._merges.drop(text, into, "earlier")

    def settled(self, form: Form) -> Words:
        """Return the form's words with ``VARIABLE`` where a column was voted to be one."""
        votes = self._votes.get(form.skeleton)
        return form.words if votes is None else votes.final(form.words) or form.words

    def peek(self, form: Form) -> bytes | None:
        """Return the template that *form* fits, without learning it; None if none."""
        return self._merges.peek(render(form.skeleton, self.settled(form)))

    def steps(self, text: bytes) -> list[tuple[bytes, str]]:
        """Return the templates that *text* became part of in turn, each with why."""
        return self._merges.steps(text)

    def final(self, text: bytes) -> tuple[bytes, str]:
        """Return what the template *text* has become part of, and why."""
        return self._merges.final(text)

    def _group(self, skeleton: bytes) -> Votes:
        votes = self._votes.get(skeleton)
        if votes is None:
            votes = Votes(skeleton.split(SLOT), self._rules, self._vocabulary)
            self._votes[skeleton] = votes
        return votes

    def _learn_group(self, skeleton: bytes, rows: set[Words]) -> None:
        votes = self._group(skeleton)
        before = votes.live
        votes.add(rows)
        after = votes.live
        for words in sorted(before - after):
            into = votes.final(words) or words
            self._merges.drop(render(skeleton, words), render(skeleton, into), VOTED)
        for words in sorted(after - before):
            self._merges.add(render(skeleton, words))


def render(skeleton: bytes, words: Sequence[bytes]) -> bytes:
    """Return *skeleton* with *words* in its slots."""
    gaps = skeleton.split(SLOT)
    return gaps[0] + b"".join(word + gap for word, gap in zip(words, gaps[1:], strict=True))


def readable(text: bytes) -> str:
    """Return a template's text for people: ``<*>`` for each variable."""
    return text.replace(VARIABLE, b"<*>").replace(LIST, b"<*>").decode("utf-8", "replace")


def place(skeleton: bytes, words: Words, template: bytes) -> list[Cut] | None:
    """Return where the variables of *template* stand in shapes of a settled form.

    None if the template does not give the form's own text back.
    """
    bounds = _find_variables(render(skeleton, words), template)
    if bounds is None:
        return None
    places = _places(skeleton, words)
    return [_cut(places, start, end) for start, end in bounds]


def _find_variables(own: bytes, template: bytes) -> list[tuple[int, int]] | None:
    parts = template.replace(LIST, VARIABLE).split(VARIABLE)
    if not own.startswith(parts[0]):
        return None
    bounds: list[tuple[int, int]] = []
    position = len(parts[0])
    for n, part in enumerate(parts[1:], 1):
        last = n == len(parts) - 1
        if last:
            found = len(own) - len(part) if own.endswith(part) else -1
        elif part:
            found = own.find(part, position)
        else:
            found = position + 1
        if found < position:
            return None
        bounds.append((position, found))
        position = found + len(part)
    return bounds if position == len(own) else None


def _places(skeleton: bytes, words: Words) -> list[tuple[int, int]]:
    """Where each token starts and ends in the form's own text."""
    gaps = skeleton.split(SLOT)
    places = []
    position = len(gaps[0])
    for word, gap in zip(words, gaps[1:], strict=True):
        places.append((position, position + len(word)))
        position += len(word) + len(gap)
    return places


def _cut(places: list[tuple[int, int]], start: int, end: int) -> Cut:
    first = next(n for n, (begin, stop) in enumerate(places) if stop > start or begin >= start)
    inside = [n for n, (begin, stop) in enumerate(places) if begin < end or stop <= end]
    last = max(first, inside[-1] if inside else first)
    return Cut(first, start - places[first][0], last, end - places[last][1])
