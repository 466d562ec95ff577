from __future__ import annotations

import stat

import pytest

from caseline.errors import DamagedError, KeyMismatchError, ReadOnlyError
from caseline.store.keys import Keyring


def test_the_same_key_finds_the_same_secrets(tmp_path):
    first = Keyring(tmp_path, "a long key")
    month = first.key_of("events/2026-03.duckdb")
    again = Keyring(tmp_path, b"a long key")
    assert (again.secret, again.key_of("events/2026-03.duckdb")) == (first.secret, month)


def test_each_file_has_its_own_key(tmp_path):
    ring = Keyring(tmp_path, "a long key")
    assert ring.key_of("a") != ring.key_of("b")


def test_nothing_in_the_file_or_the_repr_opens_anything(tmp_path):
    ring = Keyring(tmp_path, "a long key")
    month = ring.key_of("a")
    written = (tmp_path / "keys").read_text()
    assert month not in written + repr(ring)
    assert "a long key" not in written + repr(ring)


def test_without_a_key_files_stay_in_clear_and_the_secret_is_the_owners(tmp_path):
    ring = Keyring(tmp_path, None)
    assert ring.key_of("a") is None
    assert Keyring(tmp_path, None).secret == ring.secret
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("made_with", "opened_with", "says"),
    [
        ("right", "wrong", "does not open with this key"),
        ("right", None, "is encrypted"),
        (None, "some", "is not encrypted"),
    ],
)
def test_another_key_is_refused(tmp_path, made_with, opened_with, says):
    Keyring(tmp_path, made_with)
    with pytest.raises(KeyMismatchError, match=says):
        Keyring(tmp_path, opened_with)


def test_an_empty_key_is_refused(tmp_path):
    with pytest.raises(KeyMismatchError, match="empty"):
        Keyring(tmp_path, "")


@pytest.mark.parametrize("content", ["not json", '{"format": 9}'])
def test_a_damaged_file_is_named(tmp_path, content):
    (tmp_path / "keys").write_text(content)
    with pytest.raises(DamagedError, match="keys"):
        Keyring(tmp_path, None)


def test_read_only_makes_no_key(tmp_path):
    with pytest.raises(ReadOnlyError):
        Keyring(tmp_path, None, read_only=True)
