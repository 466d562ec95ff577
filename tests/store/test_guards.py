from __future__ import annotations

import threading
from contextlib import ExitStack

import pytest

from caseline.errors import WorkspaceError
from caseline.store.guards import Guard

PATIENCE = 60
"""Seconds after which a test gives up on a thread that hangs."""


@pytest.fixture
def writing():
    return threading.RLock()


@pytest.fixture
def guard(writing):
    return Guard(writing)


def started(work):
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def held(lock):
    """Whether another thread has *lock*."""
    free = lock.acquire(blocking=False)
    if free:
        lock.release()
    return not free


def wait_until(condition):
    seen = threading.Event()
    while not condition():
        seen.wait(0.001)


def test_whoever_wants_to_be_alone_waits_for_running_questions(guard, writing):
    order = []

    def reattach():
        with guard.exclusive():
            order.append("alone")

    with guard.shared():
        thread = started(reattach)
        wait_until(lambda: held(writing))
        order.append("asked")
    thread.join(PATIENCE)
    assert order == ["asked", "alone"]


def test_questions_run_side_by_side(guard):
    both = threading.Barrier(2)

    def ask():
        with guard.shared():
            both.wait(PATIENCE)

    thread = started(ask)
    ask()
    thread.join(PATIENCE)
    assert not both.broken
    assert guard.questions == 0


def test_new_questions_wait_while_somebody_is_alone(guard):
    order = []

    def ask():
        with guard.shared():
            order.append("asked")

    with guard.exclusive():
        thread = started(ask)
        thread.join(0.01)
        order.append("alone")
    thread.join(PATIENCE)
    assert order == ["alone", "asked"]


def test_a_thread_in_its_own_transaction_asks_while_another_wants_to_be_alone(guard, writing):
    inside = threading.Event()
    done = []

    def reattach():
        inside.wait(PATIENCE)
        with guard.exclusive():
            done.append("alone")

    thread = started(reattach)
    with writing:
        inside.set()
        thread.join(0.01)
        with guard.shared(), guard.shared():
            done.append("asked")
    thread.join(PATIENCE)
    assert done == ["asked", "alone"]


def test_within_a_question_nobody_can_be_alone(guard):
    with ExitStack() as stack:
        stack.enter_context(guard.shared())
        with pytest.raises(WorkspaceError, match="within a question"):
            stack.enter_context(guard.exclusive())
    with guard.exclusive():
        assert guard.questions == 0


def test_a_question_that_fails_lets_go(guard):
    with pytest.raises(ZeroDivisionError), guard.shared():
        _ = 1 / 0
    assert guard.questions == 0
