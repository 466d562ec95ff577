"""Words by the customers whose lines hold them."""

from __future__ import annotations

import polars as pl
import pytest

from caseline.records.batches import ScrubbedBatch
from caseline.signatures.book import SignatureBook
from caseline.signatures.mining import shapes_of
from caseline.signatures.vocabulary import Vocabulary

CUSTOMERS = [f"c-{n}" for n in range(8)]


@pytest.fixture
def read(batch_of):
    """Return what reads lines of one customer into a book, and gives their templates."""

    def read_lines(book, customer, *lines):
        batch = batch_of(*lines)
        frame = batch.frame.with_columns(customer_id=pl.lit(customer, pl.String))
        signed = book.assign(
            ScrubbedBatch(
                source=batch.source, frame=frame, shapes=shapes_of(frame["message"])[1], replaced={}
            )
        )
        names = signed.frame["signature_id"].to_list()
        return [book.signature(book.canonical(name)).template for name in names]

    return read_lines


def test_word_of_fewer_than_five_customers_is_not_in_the_shared_template(read):
    book = SignatureBook()
    for customer in CUSTOMERS[:6]:
        read(book, customer, "sync of orders failed")
    read(book, "c-7", "sync of acmeledger failed")
    shared = {book.shared_template(name) for name in book.state["signatures"]["signature_id"]}

    assert shared == {"sync of orders failed", "sync of <*> failed"}


def test_words_that_each_one_customer_has_are_a_variable_in_a_common_text(read):
    book = SignatureBook()
    for customer in CUSTOMERS[:6]:
        read(book, customer, "sync of ledger failed", "export of ledger failed")
        read(book, customer, "sync of ledger failed, export of ledger failed")
    read(book, "c-1", "export of acmebooks failed")

    assert read(book, "c-2", "export of betabooks failed") == ["export of <*> failed"]


def test_words_of_one_customer_stay_what_they_are_by_number(read):
    book = SignatureBook()
    for customer in CUSTOMERS[:6]:
        read(book, customer, "export of ledger failed")
    read(book, "c-1", "import of acmebooks failed")

    assert read(book, "c-1", "import of acmepapers failed") == ["import of acmepapers failed"]


def test_common_words_stay_constant_however_many(read):
    book = SignatureBook()
    states = ("started", "paused", "resumed", "stopped")
    for customer in CUSTOMERS[:6]:
        read(book, customer, *(f"{state} anew" for state in states), "the pump was moved")
    found = [read(book, "c-7", f"the pump was {state}")[0] for state in states]

    assert found == [f"the pump was {state}" for state in states]


def test_what_is_known_of_words_is_kept(read):
    book = SignatureBook()
    for customer in CUSTOMERS[:5]:
        read(book, customer, "disk full")
    rows = book.take_decisions()["vocabulary"]
    again = Vocabulary(enough=5)
    again.load(rows)

    assert again.shared("disk gone") == "disk <*>"
    assert book.take_decisions()["vocabulary"].is_empty()
    assert rows.height == 10


def test_no_more_customers_are_remembered_than_are_enough():
    vocabulary = Vocabulary(enough=3)
    vocabulary.note("disk full", CUSTOMERS)

    assert vocabulary.take().height == 6


def test_numbers_and_marks_are_no_ones_words():
    assert Vocabulary(enough=2).shared("7 of <*>: 100%") == "7 <*> <*>: 100%"
