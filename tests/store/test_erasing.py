from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from planted import (
    GONE,
    PLANTED,
    answers,
    dump,
    fill,
    open_planted,
    open_store,
    sentinels_in,
)

from caseline.errors import NotFoundError

CHILD = Path(__file__).with_name("killed_custody.py")
KEY = "a long random key"


CRASHES = os.environ.get("CASELINE_CRASHES")
both = pytest.mark.parametrize("copied", ["clear", "encrypted"], indirect=True)


@pytest.fixture(scope="session")
def undisturbed(made, tmp_path_factory):
    """What an erasure that nobody disturbs leaves, by whether there is a key."""

    def left(name, key):
        copy = tmp_path_factory.mktemp("erased") / "support"
        shutil.copytree(made / name, copy)
        store, custody = open_store(copy, key=key)
        custody.erase(GONE, by="ana")
        rows = dump(store)
        store.close()
        return rows

    return {key: left(name, key) for name, key in (("clear", None), ("encrypted", KEY))}


@pytest.fixture
def erased(copied, undisturbed):
    return undisturbed[copied[1]]


def child(folder, key, *, deed="erase", how="calls", moment="0"):
    run = subprocess.run(
        [sys.executable, str(CHILD), str(folder), key or "", deed, how, moment],
        stdout=subprocess.PIPE,
        check=False,
    )
    return run.returncode, run.stdout.decode()


def words_in(rows):
    text = str(rows)
    return [word for word in PLANTED if word in text]


def test_nothing_of_an_erased_customer_stays_in_any_row(copied, erased):
    assert words_in(erased) == []
    store, _ = open_store(copied[0])
    assert words_in(dump(store)) == list(PLANTED)
    store.close()


@both
def test_nothing_of_an_erased_customer_stays_in_any_byte(copied, erased):
    folder, key = copied
    planted = {word for words in sentinels_in(folder).values() for word in words}
    assert planted == (set() if key else set(PLANTED))
    with open_planted(folder, key=key) as ws:
        ws.privacy.erase(GONE, by="ana")
        assert sentinels_in(folder) == {}
        assert dump(ws._store) == erased
    assert sentinels_in(folder) == {}
    assert files_in(folder) == ["2026-03.duckdb", "2026-04.duckdb", "catalog.duckdb", "keys"]


def files_in(folder):
    return sorted(p.name for p in folder.rglob("*") if p.is_file() and p.parent.name != "locks")


def test_what_is_in_the_logs_of_the_engine_goes_too(tmp_path):
    ws = open_planted(tmp_path / "support")
    fill(ws, tmp_path)
    assert any(name.endswith(".wal") for name in sentinels_in(tmp_path / "support"))
    ws.privacy.erase(GONE, by="ana")
    assert sentinels_in(tmp_path / "support") == {}
    ws.close()
    assert sentinels_in(tmp_path / "support") == {}


def test_others_get_the_same_answers_as_before(copied):
    with open_planted(copied[0]) as ws:
        before = answers(ws)
        done = ws.privacy.erase(GONE, by="ana")
        after = answers(ws)
    assert done.share_groups.to_frame().rows() == [
        (done.share_groups[0].share_group, 2, pytest.approx(1 / 3), 30)
    ]
    for customer, told in before.items():
        for question, answer in told.items():
            assert after[customer][question] == answer, question


@pytest.fixture(scope="session")
def took(made, tmp_path_factory):
    """How many calls out of Python an erasure takes, and how many seconds."""
    copy = tmp_path_factory.mktemp("counted") / "support"
    shutil.copytree(made / "clear", copy)
    code, told = child(copy, None)
    assert code == 0
    calls, seconds = told.split()
    return int(calls), float(seconds)


def moment(number, took):
    """When to kill child *number*: by CPU time, then late, then any time."""
    chance = random.Random(number)
    calls, seconds = took
    if number < 10:
        return "cpu", f"{chance.uniform(0.02, seconds):.3f}"
    if number < 20:
        return "calls", str(calls - chance.randrange(150))
    return "calls", str(chance.randrange(calls))


@pytest.mark.parametrize("number", range(30) if CRASHES else range(4, 30, 9))
@pytest.mark.parametrize("copied", ["clear"], indirect=True)
def test_an_erasure_killed_at_any_moment_is_finished_when_opened(copied, erased, took, number):
    folder, key = copied
    how, when = moment(number, took)
    child(folder, key, how=how, moment=when)
    assert_finished(folder, key, erased)


@pytest.mark.parametrize("number", [11, 15, 22] if CRASHES else [15])
@pytest.mark.parametrize("copied", ["encrypted"], indirect=True)
def test_a_killed_erasure_of_encrypted_files_is_finished(copied, erased, took, number):
    folder, key = copied
    how, when = moment(number, took)
    child(folder, key, how=how, moment=when)
    assert_finished(folder, key, erased)


def assert_finished(folder, key, erased):
    store, custody = open_store(folder, key=key)
    if GONE in str(dump(store)["catalog.customers"]):
        custody.erase(GONE, by="ana")  # it was killed before it had noted what to do
    assert dump(store) == erased
    store.close()
    assert sentinels_in(folder) == {}
    assert files_in(folder) == ["2026-03.duckdb", "2026-04.duckdb", "catalog.duckdb", "keys"]


@both
def test_a_second_erasure_knows_no_such_customer_but_when_it_went(copied):
    folder, key = copied
    with open_planted(folder, key=key) as ws:
        done = ws.privacy.erase(GONE, by="ana")
        with pytest.raises(NotFoundError, match="erased on 2026-04-15"):
            ws.privacy.erase(GONE)
        with pytest.raises(NotFoundError, match="did you mean 'acme'"):
            ws.privacy.erase("acm")
        [entry] = ws.privacy.audit_log()
        assert (entry.action, entry.by, entry.subject) == ("erase", "ana", done.subject)
        assert json.loads(entry.details) == done.counts
