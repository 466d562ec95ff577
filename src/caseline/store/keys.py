"""The file ``keys``: the workspace's secret, and one data key for each file.

With a key from the caller, all of it is wrapped (scrypt, AES-256-GCM) and every file
is encrypted with a key of its own, so that destroying that key destroys the file.
Without one the files are in clear, and only the secret that keys pseudonyms is kept,
readable by the owner of the file alone.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from caseline.errors import DamagedError, KeyMismatchError, ReadOnlyError
from caseline.store.faults import meaning

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_NAME = "keys"
_FORMAT = 1
_KEY_BYTES = 32
_NONCE_BYTES = 12
_SALT_BYTES = 16
_SECRET = "secret"  # noqa: S105 - the name of an entry
_SEALED = b"sealed"
NEW = ".new"
"""What the name of a file ends in until it takes the place of the one it was made from."""


class Keyring:
    """The keys of the workspace in *folder*, made with it.

    Args:
        folder: The workspace's folder.
        key: What the caller opens it with, text or bytes; None for one in clear.
        read_only: Never write the file.

    Raises:
        KeyMismatchError: another key, a key for a workspace in clear, or none for an
            encrypted one.
        DamagedError: the file is not what Caseline wrote.
    """

    def __init__(self, folder: Path, key: str | bytes | None, *, read_only: bool = False) -> None:
        self._path = folder / _NAME
        self._read_only = read_only
        self._content = self._load() if self._path.exists() else _fresh(encrypted=key is not None)
        self._refuse_mismatch(key)
        self._cipher = _cipher(key, self._content["salt"]) if key is not None else None
        if _SECRET not in self._content["entries"]:
            self._add(_SECRET)
        self.secret: bytes = self._entry(_SECRET)

    def __repr__(self) -> str:
        """Return nothing that opens anything."""
        return f"Keyring(encrypted={self._cipher is not None})"

    def key_of(self, name: str) -> str | None:
        """Return the data key of file *name*, made if it is new; None in clear."""
        if self._cipher is None:
            return None
        if name not in self._content["entries"]:
            self._add(name)
        return base64.b64encode(self._entry(name)).decode("ascii")

    def reread(self) -> None:
        """Know what the file holds now: somebody else may have written it since.

        Raises:
            KeyMismatchError: it wants another key now.
        """
        content = self._load()
        if content["salt"] != self._content["salt"]:
            raise KeyMismatchError(f"the key of {self._path.parent} was changed; open it with that")
        self._content = content

    @property
    def encrypted(self) -> bool:
        """Whether files are encrypted."""
        return self._cipher is not None

    @property
    def notes(self) -> list[dict[str, str]]:
        """What the audit log has yet to take over, written together with a new key."""
        noted: list[dict[str, str]] = self._content.get("notes", [])
        return noted

    def renew(self, name: str) -> str | None:
        """Return a data key of its own for what is to replace file *name*; None in clear."""
        self._content["entries"].pop(name + NEW, None)
        return self.key_of(name + NEW)

    def replace(self, renewed: Iterable[str], gone: Iterable[str] = ()) -> None:
        """Destroy the old keys of *renewed* files, for those from ``renew``, and of those *gone*.

        All at once; a second time it changes nothing.
        """
        if self._cipher is None:
            return
        entries = self._content["entries"]
        for name in renewed:
            if name + NEW in entries:
                key = self._entry(name + NEW)
                entries[name] = self._wrapped(self._cipher, name, key)
                del entries[name + NEW]
        for name in gone:
            entries.pop(name, None)
        self._write()

    def forget_renewed(self) -> None:
        """Destroy the keys of what will replace nothing."""
        waiting = [name for name in self._content["entries"] if name.endswith(NEW)]
        if waiting:
            self.replace((), waiting)

    def rewrap(self, key: str | bytes, note: dict[str, str]) -> None:
        """Let *key* open the workspace from now on, and nothing else.

        Args:
            key: The new one.
            note: What the audit log is to take over: see ``notes``.

        Raises:
            KeyMismatchError: the workspace is not encrypted, or *key* is empty.
        """
        self.refuse_unfit(key)
        salt = _salt()
        cipher = _cipher(key, salt)
        entries = {
            name: self._wrapped(cipher, name, self._entry(name))
            for name in self._content["entries"]
        }
        notes = [*self.notes, note]
        self._write(self._content | {"salt": salt, "entries": entries, "notes": notes})
        self._cipher = cipher

    def refuse_unfit(self, key: str | bytes) -> None:
        """Raise if *key* cannot become the workspace's.

        Raises:
            KeyMismatchError: the workspace is not encrypted, or *key* is empty.
        """
        if self._cipher is None:
            raise KeyMismatchError(
                f"{self._path.parent} is not encrypted; it has no key to change: take its "
                "logs into a new workspace that is opened with key="
            )
        if len(key) == 0:
            raise KeyMismatchError("key is empty; give a long random one")

    def forget_notes(self) -> None:
        """Note that the audit log has taken the notes over."""
        if self._content.pop("notes", None):
            self._write()

    def sealed(self, text: str) -> str:
        """Return *text* so that only the key tells it; in clear as it is."""
        if self._cipher is None:
            return text
        return self._wrapped(self._cipher, _SEALED.decode(), text.encode())

    def unsealed(self, text: str) -> str:
        """Return what ``sealed`` was given."""
        if self._cipher is None:
            return text
        kept = base64.b64decode(text)
        return self._cipher.decrypt(kept[:_NONCE_BYTES], kept[_NONCE_BYTES:], _SEALED).decode()

    def _load(self) -> dict[str, Any]:
        try:
            content: dict[str, Any] = json.loads(self._path.read_text(encoding="utf-8"))
        except ValueError:
            raise DamagedError(f"{self._path} is not readable; restore it from a backup") from None
        if content.get("format") != _FORMAT:
            raise DamagedError(f"{self._path} has an unknown format; open it with its own version")
        return content

    def _refuse_mismatch(self, key: str | bytes | None) -> None:
        encrypted = self._content["salt"] is not None
        if encrypted and key is None:
            raise KeyMismatchError(f"{self._path.parent} is encrypted; open it with key=")
        if key is not None and not encrypted:
            raise KeyMismatchError(f"{self._path.parent} is not encrypted; open it without key=")
        if key is not None and len(key) == 0:
            raise KeyMismatchError("key is empty; give a long random one")

    def _add(self, name: str) -> None:
        if self._read_only:
            raise ReadOnlyError(f"{self._path.parent} has no key for {name}; open it for writing")
        fresh = secrets.token_bytes(_KEY_BYTES)
        self._content["entries"][name] = (
            base64.b64encode(fresh).decode("ascii")
            if self._cipher is None
            else self._wrapped(self._cipher, name, fresh)
        )
        self._write()

    @staticmethod
    def _wrapped(cipher: AESGCM, name: str, key: bytes) -> str:
        nonce = secrets.token_bytes(_NONCE_BYTES)
        kept = nonce + cipher.encrypt(nonce, key, name.encode())
        return base64.b64encode(kept).decode("ascii")

    def _entry(self, name: str) -> bytes:
        kept = base64.b64decode(self._content["entries"][name])
        if self._cipher is None:
            return kept
        try:
            return self._cipher.decrypt(kept[:_NONCE_BYTES], kept[_NONCE_BYTES:], name.encode())
        except InvalidTag:
            raise KeyMismatchError(
                f"{self._path.parent} does not open with this key; give the key it was made with"
            ) from None

    def _write(self, content: dict[str, Any] | None = None) -> None:
        """Replace the file at once: a reader finds the old one or the new one, whole."""
        content = self._content if content is None else content
        beside = self._path.with_name(f"{_NAME}.new")
        try:
            handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(content, file, indent=1)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(self._path)
            sync_folder(self._path.parent)
        except OSError as error:
            raise meaning(error, self._path) or error from None
        self._content = content


def wrapped(secret: bytes, key: str | bytes) -> str:
    """Return *secret* as it may stand where others read: salt, nonce and cipher text.

    >>> unwrapped(wrapped(b"told to nobody", "a key"), "a key", "here")
    b'told to nobody'
    """
    salt, nonce = secrets.token_bytes(_SALT_BYTES), secrets.token_bytes(_NONCE_BYTES)
    cipher = _cipher(key, base64.b64encode(salt).decode("ascii"))
    text = cipher.encrypt(nonce, secret, _SECRET.encode())
    return base64.b64encode(salt + nonce + text).decode("ascii")


def unwrapped(text: str, key: str | bytes, name: str) -> bytes:
    """Return what ``wrapped`` made *text* of.

    Args:
        text: What it returned.
        key: The key it was given.
        name: What messages call the place.

    Raises:
        KeyMismatchError: another key.
    """
    kept = base64.b64decode(text)
    salt, nonce = kept[:_SALT_BYTES], kept[_SALT_BYTES : _SALT_BYTES + _NONCE_BYTES]
    cipher = _cipher(key, base64.b64encode(salt).decode("ascii"))
    try:
        return cipher.decrypt(nonce, kept[_SALT_BYTES + _NONCE_BYTES :], _SECRET.encode())
    except InvalidTag:
        raise KeyMismatchError(
            f"{name} does not open with this key; give the key it was made with"
        ) from None


def holds_other_files(folder: Path) -> bool:
    """Return whether *folder* has files and is no workspace, nor one whose making was cut."""
    if not folder.is_dir() or (folder / _NAME).exists():
        return False
    return any(file.name != f"{_NAME}.new" for file in folder.iterdir())


def sync_folder(folder: Path) -> None:
    """Let the names in *folder* outlast a loss of power."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _fresh(*, encrypted: bool) -> dict[str, Any]:
    return {"format": _FORMAT, "salt": _salt() if encrypted else None, "entries": {}}


def _salt() -> str:
    return base64.b64encode(secrets.token_bytes(_SALT_BYTES)).decode("ascii")


def _cipher(key: str | bytes, salt: str) -> AESGCM:
    secret = key.encode() if isinstance(key, str) else key
    stretched = Scrypt(salt=base64.b64decode(salt), length=_KEY_BYTES, n=2**14, r=8, p=1)
    return AESGCM(stretched.derive(secret))
