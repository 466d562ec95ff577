from __future__ import annotations

from collections import Counter
from math import log, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caseline.text import Likeness, grams, words

texts = st.lists(st.sampled_from(["order", "saved", "disk", "full", "pool"]), max_size=6).map(
    " ".join
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("OrderService.saveOrder", ("orderservice.saveorder", "order", "service", "save", "order")),
        ("ix_order_line", ("ix_order_line", "ix", "order", "line")),
        ("HTTPServer2", ("httpserver2", "http", "server")),
        ("the <*> of 500", ()),
        ("Überlauf bei Rechnung", ("überlauf", "bei", "rechnung")),
        ("", ()),
    ],
)
def test_identifiers_stay_whole_and_are_split(text, expected):
    assert words(text) == expected


@given(st.text(max_size=200))
def test_any_text_has_words_in_lower_case_and_grams(text):
    assert all(word == word.lower() and len(word) > 1 for word in words(text))
    assert all(3 <= len(gram) <= 5 for gram in grams(text))


def slow_cosines(documents, usual, text):
    counted = [Counter(words(d)) for d in documents]
    spoken = [set(words(u)) for u in usual]
    names = {n for c in counted for n in c}

    def rarity(sets, name):
        return log((1 + len(sets)) / (1 + sum(name in s for s in sets))) + 1

    weight = {n: rarity(counted, n) * rarity(spoken, n) / (log(1 + len(usual)) + 1) for n in names}

    def vector(counts):
        return {n: (1 + log(v)) * weight[n] for n, v in counts.items() if n in names}

    query = vector(Counter(words(text)))
    found = []
    for counts in counted:
        doc = vector(counts)
        dot = sum(v * query.get(n, 0) for n, v in doc.items())
        norm = sqrt(sum(v * v for v in doc.values()) * sum(v * v for v in query.values()))
        found.append(dot / norm if norm else 0.0)
    return found


@given(st.lists(texts, max_size=5), st.lists(texts, max_size=4), texts)
def test_cosines_agree_with_the_slow_ones(documents, usual, text):
    found = Likeness(documents, usual=usual).to(text)
    assert found.tolist() == pytest.approx(slow_cosines(documents, usual, text), abs=1e-9)
    assert ((found >= 0) & (found <= 1)).all()


def test_a_text_is_most_like_itself():
    documents = ["pool exhausted after wait", "disk full on volume", "order saved"]
    assert np.argmax(Likeness(documents).to("disk full on volume")) == 1


def test_what_every_ticket_says_weighs_little():
    documents = ["message started", "deadlock started"]
    usual = ["message please", "message again", "message lost"]
    plain = Likeness(documents).to("message deadlock")
    weighed = Likeness(documents, usual=usual).to("message deadlock")
    assert plain[0] == pytest.approx(plain[1])
    assert weighed[1] > weighed[0]


def test_a_quoted_document_is_covered_however_long_the_text():
    like = Likeness(["could not persist order <*>", "disk <*> full"])
    long = "we see could not persist order 17 " + "and many other words here " * 20
    assert like.covered_by(long).round(3).tolist() == [1.0, 0.0]


def test_typing_errors_keep_some_likeness_of_characters():
    like = Likeness(["order saving failed"], features=grams)
    assert like.to("savnig of oders faild")[0] > 0.2
    assert Likeness(["order saving failed"]).to("savnig of oders faild")[0] == 0


def test_nothing_is_like_nothing():
    assert Likeness([]).to("x").shape == (0,)
    assert Likeness(["<*>"]).to("order").tolist() == [0.0]
