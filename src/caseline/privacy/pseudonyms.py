"""Names that stand for values: the same value of the same customer, the same name."""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache

from caseline.errors import InputError

KINDS = (
    "card",
    "email",
    "iban",
    "ip",
    "key",
    "mac",
    "phone",
    "secret",
    "ssn",
    "token",
    "trace",
    "user",
)
"""What a pseudonym can stand for."""

PSEUDONYM = re.compile(rb"<(?:%s):\d{16}>" % "|".join(KINDS).encode())

_LEAST_BYTES = 16
_DIGITS = 10**16
_NOT_DIGITS = re.compile(rb"\D")
_NOT_HEX = re.compile(rb"[^0-9a-f]")
_SPACES = re.compile(rb"[ -]")


class Pseudonyms:
    """Makes ``<kind:16 digits>`` for a value of a customer, from a secret.

    Source:
        Keyed BLAKE2b, RFC 7693. An unkeyed or empty-keyed hash of an address or a card
        number is reversible by trying all of them; this one is not without the secret.

    Args:
        secret: The workspace's, at least 16 bytes.

    >>> names = Pseudonyms(b"0123456789abcdef")
    >>> one = names.of("email", b"First@Example.com", scope="customer:c-1")
    >>> one == names.of("email", b"first@example.com", scope="customer:c-1"), len(one)
    (True, 24)
    >>> one == names.of("email", b"first@example.com", scope="customer:c-2")
    False
    """

    def __init__(self, secret: bytes) -> None:
        if len(secret) < _LEAST_BYTES:
            raise InputError(
                f"the secret has {len(secret)} bytes; give at least {_LEAST_BYTES} random ones"
            )
        self._secret = hashlib.blake2b(secret, digest_size=32, person=b"pseudonyms").digest()
        self._key = lru_cache(maxsize=10_000)(self._derived)

    def of(self, kind: str, value: bytes, *, scope: str) -> str:
        """Return the name of *value*, a *kind*, for the customer or group *scope*."""
        text = kind.encode() + b"\0" + canonical(kind, value)
        digest = hashlib.blake2b(text, digest_size=8, key=self._key(scope)).digest()
        number = int.from_bytes(digest, "big") % _DIGITS
        if _luhn_sum(number) % 10 == 0:
            # A pseudonym must not look like a card itself.
            number += 1 if number % 10 < 9 else -9  # noqa: PLR2004 - the last digit turns over
        return f"<{kind}:{number:016d}>"

    def forget(self) -> None:
        """Remember no key of anybody."""
        self._key.cache_clear()

    def _derived(self, scope: str) -> bytes:
        return hashlib.blake2b(scope.encode(), digest_size=32, key=self._secret).digest()


def canonical(kind: str, value: bytes) -> bytes:
    """Return one spelling of *value* for all its spellings.

    >>> canonical("card", b"4111-1111 1111.1111"), canonical("mac", b"3C-52-82-AA-01-FE")
    (b'4111111111111111', b'3c5282aa01fe')
    """
    match kind:
        case "card" | "phone" | "ssn":
            return _NOT_DIGITS.sub(b"", value)
        case "mac":
            return _NOT_HEX.sub(b"", value.lower())
        case "iban":
            return _SPACES.sub(b"", value).upper()
        case "ip":
            return value.lower().replace(b"[.]", b".")
        case "email":
            return value.lower()
        case _:
            return value


def passes_luhn(digits: bytes) -> bool:
    """Return whether *digits* end in their check digit (ISO/IEC 7812-1, annex B).

    >>> passes_luhn(b"4111111111111111"), passes_luhn(b"4111111111111112")
    (True, False)
    """
    total = 0
    for place, digit in enumerate(reversed(digits)):
        number = digit - 48
        total += _DOUBLED[number] if place % 2 else number
    return total % 10 == 0


_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
_FOUR = 10_000
_SUMS = [
    _DOUBLED[n // 1000] + n // 100 % 10 + _DOUBLED[n // 10 % 10] + n % 10 for n in range(_FOUR)
]


def _luhn_sum(number: int) -> int:
    """Return what ``passes_luhn`` sums up for a number of up to 16 digits, four at a time."""
    total = 0
    while number:
        number, last = divmod(number, _FOUR)
        total += _SUMS[last]
    return total
