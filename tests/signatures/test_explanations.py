"""Why a line has its signature can be asked, and the answer shows no text by accident."""

from __future__ import annotations

import json

import pytest

from caseline.signatures.book import SignatureBook

LINES = [f"host {name} took 7 ms" for name in ("ann", "bo", "cy")]


@pytest.fixture
def book(batch_of):
    found = SignatureBook()
    found.assign(batch_of(*LINES))
    return found


def test_explanation_tells_types_votes_and_steps(book):
    told = book.explain("host zed took 12 ms")

    assert told.template == "host <*> took <*> ms"
    assert told.shape == "host zed took 00 ms"
    assert told.tokens[1] == ("zed", "word")
    assert told.tokens[3] == ("00", "number")
    assert told.variables == ("vote", "number")
    assert told.steps == (("host <*> took <*> ms", "vote"),)


def test_explanation_of_a_new_line_has_no_id(book):
    told = book.explain("quite another 7 thing")

    assert told.signature_id is None
    assert told.template == "quite another <*> thing"


def test_explanation_names_what_a_signature_was_merged_into(batch_of):
    book = SignatureBook()
    old = book.assign(batch_of("host ann is up")).frame["signature_id"][0]
    book.assign(batch_of("host bo is up", "host cy is up"))

    assert book.explain("host ann is up").merged_into == book.canonical(old) != old


def test_explanation_of_a_trace_names_its_frames(batch_of):
    trace = "shop.OrderError: no 7\n\tat shop.Stock.take(Stock.java:7)"
    book = SignatureBook()
    assert book.explain(trace).signature_id is None
    book.assign(batch_of(trace))
    told = book.explain(trace)

    assert (told.kind, told.frames) == ("trace", (("shop.OrderError", ("shop.Stock.take",)),))
    assert told.signature_id


def test_explanation_of_a_trace_tells_what_was_left_out_and_why(batch_of):
    trace = "shop.OrderError: no 7\n\tat java.util.List.get(List.java:1)\n" + "".join(
        f"\tat shop.Stock.{name}(Stock.java:7)\n" for name in ("a", "b", "c", "d", "e")
    )
    book = SignatureBook()
    name = book.assign(batch_of(trace)).frame["signature_id"][0]
    told = book.explain(trace)
    described = book.describe(book.signature(name), ["no trace", trace])

    assert told.choices == ("in-app",)
    assert told.dropped == (("java.util.List.get", "jvm:java."), ("shop.Stock.e", "beyond 4"))
    assert (described.frames, described.dropped) == (told.frames, told.dropped)
    assert book.describe(book.signature(name)).frames == ()


def test_explanation_says_when_no_frame_was_the_products_own(batch_of):
    trace = "java.io.IOException: x\n" + "".join(
        f"\tat java.io.Reader.{name}(Reader.java:7)\n" for name in ("a", "b", "c")
    )
    told = SignatureBook().explain(trace)

    assert told.choices == ("no frame in-app",)
    assert told.frames[0][1] == ("java.io.Reader.a", "java.io.Reader.b")
    assert told.dropped == (("java.io.Reader.c", "jvm:java."),)


def test_explanation_of_a_signature_tells_its_words(book):
    signature = book.match(LINES[0])
    told = book.describe(signature)

    assert told.tokens[:2] == (("host", "word"), ("<*>", "value"))
    assert told.variables == ("vote", "number")


def test_repr_is_one_line_without_text(book):
    told = repr(book.explain("host zed took 12 ms"))

    assert told.startswith("Explanation(s-")
    assert "zed" not in told
    assert repr(book.match(LINES[0])).startswith("Signature(s-")
    assert "host" not in repr(book.match(LINES[0]))


def test_dict_is_fit_for_json(book):
    assert json.loads(json.dumps(book.explain(LINES[0]).to_dict()))["kind"] == "log"
