from __future__ import annotations

from caseline.testing.engines.asked import ASKED, NOW_ONLY, question_names
from caseline.testing.engines.checking import check_engine


def test_every_question_is_asked():
    assert {asked.question for asked in ASKED} == set(question_names())


def test_every_question_is_answered_as_the_embedded_store_does(filled, oracle):
    assert check_engine(filled, oracle) == 4 * len(ASKED) - 2 * len(NOW_ONLY)


def test_every_question_has_an_answer_on_the_small_fleet(filled):
    answered = {
        asked.question
        for asked in ASKED
        if not filled.ask(asked.question, window=asked.window, **asked.values).is_empty()
    }
    assert answered == set(question_names())
