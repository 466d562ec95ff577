"""The fast way gives what the slow way gives."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caseline.signatures.book import SignatureBook
from caseline.signatures.cuts import cut_variables
from caseline.signatures.fields import cut_fields, row_hashes
from caseline.signatures.mining import shapes_of

PLANS = (
    "session of {word} opened by (uid={number})",
    "session of {word} closed",
    "disk {name} is {number}% full",
    "got {path} from {ip} in {number} ms",
    'said "{word} {word}" to {word}',
    "user={word} state={state} tries={number}",
    "fetch {url} failed: {word}",
    "block <{hex}> sent  to {ip}:{number}",
    "{word}: {number} bytes (4.0 KB) written",
    '{{"id": "{hex}", "who": "{word}"}} stored',
    "unit {name} {state}",
    "at {date} {word} woke",
    "list {number}, {number}, {number} of {word}",
)
WORDS = st.text(alphabet="abcdefgh", min_size=3, max_size=7)
NUMBERS = st.integers(0, 99_999).map(str)


@st.composite
def lines(draw):
    plan = draw(st.sampled_from(PLANS))
    pieces = {
        "{word}": WORDS,
        "{number}": NUMBERS,
        "{name}": st.tuples(WORDS, st.integers(0, 99)).map(lambda x: f"{x[0]}{x[1]}"),
        "{state}": st.sampled_from(["UP", "DOWN", "up", "down", "true", ""]),
        "{path}": st.lists(WORDS, min_size=1, max_size=3).map(lambda x: "/" + "/".join(x)),
        "{ip}": st.tuples(*[st.integers(0, 255)] * 4).map(lambda x: ".".join(map(str, x))),
        "{hex}": st.integers(0, 2**32).map(lambda x: f"{x:08x}"),
        "{url}": WORDS.map(lambda x: f"(http://{x}/a?b=c)"),
        "{date}": st.integers(1, 28).map(lambda x: f"Jun {x:2d} 10:11:12 2026"),
    }
    for name, strategy in pieces.items():
        while name in plan:
            plan = plan.replace(name, draw(strategy), 1)
    return plan.replace("{{", "{").replace("}}", "}")


class _Slow(SignatureBook):
    """Nothing fits: all goes the slow way."""

    def __init__(self):
        super().__init__()
        self._known.fits.record = lambda _: None


def read(book, texts):
    messages = pl.Series(texts, dtype=pl.String)
    rows, shapes = shapes_of(messages)
    signed = book.sign(messages, rows, shapes)
    variables = cut_variables(messages, signed.rows, signed.tables).to_list()
    names = signed.signature_ids.gather(signed.rows).to_list()
    return names, variables, signed.rebuilds[signed.rows].tolist()


def test_line_that_differs_in_a_variable_fits():
    book = SignatureBook()
    read(book, [f"session of {user} opened" for user in ("ann", "bob", "cyd", "dot")])
    _, shapes = shapes_of(pl.Series(["session of eve opened", "session of ann closed"]))

    assert book._known.fits.find(shapes).fit.tolist() == [True, False]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(lines(), min_size=1, max_size=25), min_size=2, max_size=4))
def test_what_fits_gets_what_the_slow_way_gives(batches):
    fast, slow = SignatureBook(), _Slow()
    for batch in batches:
        names, variables, rebuilds = read(fast, batch)
        expected, cut, whole = read(slow, batch)
        same = [fast.canonical(name) for name in names]
        assert same == [slow.canonical(name) for name in expected]
        pairs = zip(names, expected, variables, cut, rebuilds, whole, strict=True)
        for name, other, found, wanted, one, two in pairs:
            if name == other:
                assert (found, one) == (wanted, two)


@pytest.mark.parametrize(
    "text",
    [
        "first line\n\tat com.example.Orders.place(Orders.java:7)",
        "x" * 5_000,
        "disk\tsda full",
        "",
        " ",
        "  two  blanks  ",
    ],
)
def test_odd_line_is_read_alike_again(text):
    book = SignatureBook()

    assert read(book, [text]) == read(book, [text])


def test_other_blanks_are_no_part_of_a_value():
    fast, slow = SignatureBook(), _Slow()
    assert read(fast, ["0\r"]) == read(slow, ["0\r"])

    assert read(fast, ["null"]) == read(slow, ["null"])


def test_word_that_became_a_constant_no_longer_fits_a_variable():
    book = SignatureBook()
    read(book, [f"open {user} now" for user in ("ann", "bob", "cyd", "dot")])
    general = read(book, ["open eve now"])[0][0]
    read(book, ["eve started", "open eve now"])

    assert read(book, ["open eve now"])[0][0] == general


@given(st.lists(st.text(alphabet="ab 0=", max_size=12), max_size=8))
def test_fields_are_what_stands_between_blanks(texts):
    shapes = [text.encode() for text in texts]

    found = cut_fields(shapes)

    fields = [found.distinct[n] for n in found.ids.tolist()]
    for shape, first, end in zip(shapes, found.first[:-1], found.first[1:], strict=True):
        assert fields[first:end] == shape.split(b" ")
        for n in range(first, end):
            start = int(found.starts[n])
            assert shape[start : start + int(found.sizes[n])] == fields[n]


@given(st.lists(st.lists(st.integers(1, 9), min_size=1, max_size=5), min_size=2, max_size=30))
def test_rows_have_one_number_when_they_are_one(rows):
    first = np.cumsum([0, *(len(row) for row in rows)])

    hashes = row_hashes(np.array([code for row in rows for code in row]), first).tolist()

    assert len(set(hashes)) == len({tuple(row) for row in rows})
