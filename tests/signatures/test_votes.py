"""Votes and merges, beside a slow reference; nothing depends on the order."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from caseline.signatures.merges import Merges
from caseline.signatures.rulebook import read_rules
from caseline.signatures.tokens import LIST, VARIABLE
from caseline.signatures.vocabulary import Vocabulary
from caseline.signatures.votes import Votes

RULES = read_rules()


def votes_for(columns):
    return Votes([b" "] * (columns + 1), RULES, Vocabulary(RULES.customers.enough))


def test_row_fits_the_most_special_general_row():
    votes = votes_for(3)
    votes.restore((b"host", VARIABLE, VARIABLE), [1, 2])
    votes.restore((b"host", VARIABLE, b"up"), [1])

    assert votes.final((b"host", b"ann", b"up")) == (b"host", VARIABLE, b"up")
    assert votes.final((b"host", b"ann", b"down")) == (b"host", VARIABLE, VARIABLE)
    assert votes.final((b"peer", b"ann", b"up")) is None


def test_typed_value_beside_a_plain_word_leaves_it():
    votes = votes_for(2)
    votes.add([(b"link", VARIABLE), (b"link", b"down")])

    assert len(votes.live) == 2


def test_columns_without_any_word_left_are_no_template():
    votes = votes_for(1)
    votes.add([(bytes([n]) * 4,) for n in b"abcdefghijklmnopqrstuvwxyz"])

    assert len(votes.live) == 26


@given(st.lists(st.tuples(*[st.sampled_from([b"a", b"b", b"c", b"d"])] * 3), max_size=12))
def test_live_rows_are_no_two_that_the_limit_would_merge(rows):
    votes = votes_for(3)
    votes.add(rows)

    for column in range(3):
        peers = {}
        for row in votes.live:
            rest = (*row[:column], VARIABLE, *row[column + 1 :])
            peers.setdefault(rest, set()).add(row[column])
        limit = RULES.limits.first if column == 0 else RULES.limits.plain
        for rest, words in peers.items():
            if any(word != VARIABLE for word in rest) and VARIABLE not in words:
                assert len(words) <= limit


@given(st.lists(st.tuples(*[st.sampled_from([b"a", b"b", b"c", VARIABLE])] * 3), max_size=12))
def test_every_row_is_part_of_a_live_one_that_holds_it(rows):
    votes = votes_for(3)
    votes.add(rows)

    for row in rows:
        final = votes.final(row)
        assert final in votes.live
        assert all(own in (word, VARIABLE) for own, word in zip(final, row, strict=True))


def test_merges_do_not_depend_on_the_order():
    texts = [b"to \xff now", b"to LOCAL(\xff) now", b"to \xff:\xff now", b"to \xff bytes now"]
    found = set()
    for order in itertools.permutations(texts):
        merges = Merges(RULES.merges)
        for text in order:
            merges.add(text)
        found.add(tuple(merges.final(text)[0] for text in texts))

    assert found == {(b"to \xff now",) * 4}


def test_steps_tell_what_became_of_a_template():
    merges = Merges(RULES.merges)
    for text in (b"del \xff", b"del \xff \xff", b"del \xff \xff \xff"):
        merges.add(text)

    assert merges.steps(b"del \xff") == [(b"del " + LIST, "list")]


def test_long_list_is_a_list_at_once():
    merges = Merges(RULES.merges)
    text = b"up " + b" ".join([VARIABLE] * 12)
    merges.add(text)

    assert merges.final(text) == (b"up " + LIST, "list")


def test_earlier_merge_stands():
    merges = Merges(RULES.merges)
    merges.drop(b"a x", b"a \xff", "vote")
    merges.drop(b"a x", b"\xff x", "vote")

    assert merges.final(b"a x") == (b"a \xff", "vote")
