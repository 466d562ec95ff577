"""What the book promises: exact rebuilding, ids that last, merges that are told."""

from __future__ import annotations

import os
import subprocess
import sys

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from caseline.signatures.book import SignatureBook

ALIASED = ["signature_id", "merged_into", "reason", "author"]


def signed_texts(signed, book):
    rows = signed.frame.select("signature_id", "variables", "message").iter_rows()
    return [
        message if message is not None else rebuilt(book.signature(name).parts, variables)
        for name, variables, message in rows
    ]


def rebuilt(parts, variables):
    return parts[0] + "".join(v + p for v, p in zip(variables, parts[1:], strict=True))


def test_variables_are_cut_out(batch_of):
    signed = SignatureBook().assign(batch_of("uid=7 from 10.0.0.7", "uid=12 from 10.0.0.81"))

    assert signed.frame["variables"].to_list() == [["7", "10.0.0.7"], ["12", "10.0.0.81"]]
    assert signed.frame["message"].to_list() == [None, None]
    assert signed.frame["text"].to_list() == ["uid=7 from 10.0.0.7", "uid=12 from 10.0.0.81"]
    assert "shape" not in signed.frame.columns


def test_message_is_kept_where_blanks_differ(batch_of):
    signed = SignatureBook().assign(batch_of("took 7 ms", "took  12 ms"))

    assert signed.frame["signature_id"].n_unique() == 1
    assert signed.frame["message"].to_list() == [None, "took  12 ms"]


def test_minted_signatures_come_once(batch_of):
    book = SignatureBook()

    assert book.assign(batch_of("disk 1 full")).minted["template"].to_list() == ["disk <*> full"]
    assert book.assign(batch_of("disk 22 full")).minted.is_empty()


def test_rules_tell_why_a_variable_is_one(batch_of):
    lines = [f"host {name} at 7" for name in ("ann", "bo", "cy")]

    assert SignatureBook().assign(batch_of(*lines)).minted["rules"].to_list() == [
        ["vote", "number"]
    ]


def test_new_words_fall_under_a_variable(batch_of):
    book = SignatureBook()
    book.assign(batch_of(*[f"host {name} at 7" for name in ("ann", "bo", "cy")]))

    assert book.assign(batch_of("host zed at 9")).minted.is_empty()


def test_template_is_not_changed_by_later_lines(batch_of):
    book = SignatureBook()
    first = book.assign(batch_of("host ann is up", "host bo is up"))
    second = book.assign(batch_of("host cy is up", "host ann is up"))
    merges = book.take_decisions()["signature_aliases"]

    old = first.frame["signature_id"].to_list()
    general = second.frame["signature_id"][0]
    assert second.frame["signature_id"][1] == old[0]
    assert [book.signature(name).template for name in old] == ["host ann is up", "host bo is up"]
    assert sorted(merges["signature_id"]) == sorted(old)
    assert set(merges["merged_into"]) == {general}
    assert {book.canonical(name) for name in old} == {general}
    assert book.take_decisions()["signature_aliases"].is_empty()


def test_merges_stay_flat(batch_of):
    book = SignatureBook()
    for words in (("ann", "bo"), ("cy",)):
        book.assign(batch_of(*[f"host {w} is up" for w in words]))
    book.assign(batch_of("host LOCAL(7) is up"))

    into = set(book.state["signature_aliases"]["merged_into"])
    assert into.isdisjoint(book.state["signature_aliases"]["signature_id"])


def stored(book):
    state = book.state
    return SignatureBook.load(
        signatures=state["signatures"],
        shapes=state["shapes"],
        aliases=state["signature_aliases"],
    )


def test_reopened_book_assigns_the_same(batch_of):
    book = SignatureBook()
    lines = [f"host {n} is up via eth{i % 2}" for i, n in enumerate(["a", "b", "c", "d"])]
    before = book.assign(batch_of(*lines)).frame["signature_id"].to_list()
    again = stored(book).assign(batch_of(*lines))

    assert again.frame["signature_id"].to_list() == before
    assert again.minted.is_empty()


def test_reopened_book_without_its_shapes_reads_the_same(batch_of):
    book = SignatureBook()
    lines = [f"host {name} is {state}" for name in ("a", "b", "c") for state in ("up", "down")]
    lines += ["delete " + " ".join(f"blk_{n}7123" for n in range(k)) for k in (1, 2, 4, 9)]
    before = [book.canonical(n) for n in book.assign(batch_of(*lines)).frame["signature_id"]]
    state = book.state
    bare = SignatureBook.load(
        signatures=state["signatures"],
        shapes=state["shapes"].clear(),
        aliases=state["signature_aliases"],
    )
    after = bare.assign(batch_of(*lines))

    assert [bare.canonical(n) for n in after.frame["signature_id"]] == before
    assert bare.assign(batch_of("host zed is up")).minted.is_empty()


def test_reopened_book_reads_merged_ones_as_before(batch_of):
    book = SignatureBook()
    old = book.assign(batch_of("host a is up", "host b is up")).frame["signature_id"].to_list()
    book.assign(batch_of("host c is up"))

    assert stored(book).canonical(old[0]) == book.canonical(old[0])


def test_shape_is_handed_out_when_more_than_one_line_had_it(batch_of):
    book = SignatureBook()
    book.assign(batch_of("disk 1 full", "link 1 down", "link 2 down"))

    assert book.take_shapes().height == 1


def test_lines_that_differ_in_blanks_are_rebuilt_each_as_it_was(batch_of):
    book = SignatureBook()
    lines = ("0 \n up eth0 up ", "0 \n up 0 up", "0\n up 7  up")
    frame = book.assign(batch_of(*lines)).frame

    for line, row in zip(lines, frame.to_dicts(), strict=True):
        parts = book.signature(row["signature_id"]).parts
        rebuilt = parts[0] + "".join(
            v + p for v, p in zip(row["variables"], parts[1:], strict=True)
        )
        assert (row["message"] or rebuilt) == line


def test_shape_that_fits_what_is_known_is_not_handed_out(batch_of):
    book = SignatureBook()
    book.assign(batch_of("disk 1 full"))
    book.assign(batch_of("disk 2 full", "disk 30 full"))

    assert book.take_shapes().is_empty()


def test_shape_dictionary_is_bounded(batch_of):
    book = SignatureBook(most_shapes=10)
    for n in range(30):
        book.assign(batch_of(f"{'x' * n} is up"))

    assert book.state["shapes"].height <= 10


def test_shapes_hold_no_text(batch_of):
    book = SignatureBook()
    book.assign(batch_of("user ann-sentinel came", "user ann-sentinel came"))

    assert b"ann-sentinel" not in b"".join(book.state["shapes"]["shape"])


def test_ids_do_not_depend_on_the_hash_seed():
    program = (
        "from caseline.signatures.mining import mine_messages as m;"
        "w='ann bo cy dee eve fay gus hal ivy jo'.split();"
        "print(m([f'sent {a} to {b} by eth{i%3} now ok' for i,a in enumerate(w) for b in w[i:]]"
        "+['x '+' '.join(w[:i]) for i in range(9)]))"
        ";print(m([f'host {a} up' for a in w]).signature_ids)"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": str(seed), "PYTHONPATH": "src"},
            capture_output=True,
            check=True,
        ).stdout
        for seed in (1, 2)
    }

    assert len(found) == 1


def test_person_merge_sticks_and_split_undoes_it(batch_of):
    book = SignatureBook()
    one, other = book.assign(batch_of("link down", "link is down")).frame["signature_id"]

    book.merge([other], one)
    assert book.canonical(other) == one
    book.split(other)
    assert book.canonical(other) == other
    taken = book.take_decisions()["signature_aliases"]
    assert taken.select(ALIASED).rows() == [(other, other, "split", "person")]


def test_rule_does_not_undo_what_a_person_split(batch_of):
    book = SignatureBook()
    old = book.assign(batch_of("host a is up", "host b is up")).frame["signature_id"].to_list()
    book.split(old[0])
    book.assign(batch_of("host c is up"))

    assert book.canonical(old[0]) == old[0]
    assert book.canonical(old[1]) != old[1]


def test_match_finds_without_learning(batch_of):
    book = SignatureBook()
    book.assign(batch_of(*[f"host {name} at 7 via eth1" for name in ("ann", "bo", "cy")]))

    assert book.match("host zed at 12 via eth1").template == "host <*> at <*> via eth1"
    assert book.match("host ann at 7 via eth1").template == "host <*> at <*> via eth1"
    assert book.match("quite another thing") is None
    assert book.assign(batch_of("quite another thing")).minted.height == 1


def test_match_finds_contained_fields_and_lists(batch_of):
    book = SignatureBook()
    book.assign(batch_of("synced to 10.0.0.7, stratum 3"))
    book.assign(
        batch_of(*["delete " + " ".join(f"blk_{n}7123" for n in range(k)) for k in (1, 2, 4)])
    )

    assert book.match("synced to LOCAL(0), stratum 4").template == "synced to <*>, stratum <*>"
    assert book.match("delete " + "blk_1234 " * 7).template == "delete <*>"


TRACE = "order {n} failed\nshop.OrderError: no {n}\n\tat shop.Stock.take(Stock.java:{n})"


def test_trace_is_grouped_by_exception_and_frames(batch_of):
    book = SignatureBook()
    signed = book.assign(batch_of(TRACE.format(n=7), TRACE.format(n=88), "shop.OrderError: no 7"))

    assert signed.frame["signature_id"].n_unique() == 2
    assert signed.minted["kind"].to_list() == ["trace", "log"]
    assert signed.minted["template"][0] == "shop.OrderError at shop.Stock.take"
    assert signed.frame["message"][0] == TRACE.format(n=7)
    assert signed.frame["variables"][0].to_list() == []
    assert book.match(TRACE.format(n=5)).kind == "trace"


def test_message_of_two_lines_is_no_trace_and_rebuilds(batch_of):
    book = SignatureBook()
    signed = book.assign(batch_of("plan 7:\n  scan 8", "plan 12:\n  scan 9"))

    assert signed.frame["signature_id"].n_unique() == 1
    assert signed_texts(signed, book) == signed.frame["text"].to_list()


def test_empty_batch_is_taken(batch_of):
    signed = SignatureBook().assign(batch_of())

    assert (signed.frame.height, signed.minted.height) == (0, 0)
    assert signed.frame.schema["variables"] == pl.List(pl.String)


BITS = (
    "up|eth0|eth1|10.0.0.1|=|  |(|)|5 KB|null|a=b|[1,2,3]|node-7|/var/log/x|x2y|\n|\t|ä7|日本9|"
    "0x1f|it's|::|<1 sec"
)
PIECES = st.one_of(
    st.sampled_from(BITS.split("|")),
    st.text(max_size=8).filter(lambda text: "\x00" not in text),
)


@given(st.lists(st.lists(st.lists(PIECES, max_size=8).map(" ".join), max_size=12), max_size=3))
def test_every_message_is_rebuilt_byte_for_byte(batch_of, batches):
    book = SignatureBook()
    for lines in batches:
        signed = book.assign(batch_of(*lines))
        assert signed_texts(signed, book) == lines


@given(
    st.lists(
        st.lists(st.sampled_from(["a", "b", "c", "d", "7", "eth1", "eth2"]), max_size=5).map(
            " ".join
        )
    )
)
def test_same_lines_get_the_same_ids_from_a_reopened_book(batch_of, lines):
    book = SignatureBook()
    before = book.assign(batch_of(*lines)).frame["signature_id"].to_list()

    assert stored(book).assign(batch_of(*lines)).frame["signature_id"].to_list() == before
