"""Closer looks at what a pattern found: the spans of it that are what it seems."""

from __future__ import annotations

import ipaddress
import re
import tomllib
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from caseline.privacy.pseudonyms import passes_luhn
from caseline.privacy.rules import LATEST

if TYPE_CHECKING:
    from collections.abc import Callable

Span = tuple[int, int]

_GROUP = re.compile(rb"\d+")
_NUMBERS = tomllib.loads(
    files("caseline.privacy").joinpath("rules", LATEST, "numbers.toml").read_text("utf-8")
)
_ISSUERS = re.compile(_NUMBERS["issuers"].encode(), re.VERBOSE | re.ASCII)
_GROUPS = frozenset(map(tuple, _NUMBERS["groups"]))
_IBAN_LENGTHS: Final[dict[str, int]] = _NUMBERS["iban_lengths"]
_ZONE_THEN_YEAR = re.compile(rb"\+1[0-4](?:00|30|45)[ ]\d{4}")
_LEAST_PHONE = 9


def card(value: bytes) -> list[Span]:
    """Return the payment card numbers in *value*, runs of digits and single separators.

    >>> card(b"12 4111 1111 1111 1111")
    [(3, 22)]
    """
    groups = [match.span() for match in _GROUP.finditer(value)]
    spans: list[Span] = []
    first = 0
    while first < len(groups):
        last = _card_end(value, groups, first)
        if last is None:
            first += 1
        else:
            spans.append((groups[first][0], groups[last][1]))
            first = last + 1
    return spans


def _card_end(value: bytes, groups: list[Span], first: int) -> int | None:
    """Return the last group of the card that starts with group *first*, if one does."""
    digits = b""
    sizes: tuple[int, ...] = ()
    for last in range(first, len(groups)):
        start, end = groups[last]
        digits += value[start:end]
        sizes += (end - start,)
        written_so = len(sizes) == 1 or sizes in _GROUPS
        if written_so and _ISSUERS.fullmatch(digits) and passes_luhn(digits):
            return last
    return None


def luhn(value: bytes) -> list[Span]:
    """Return *value* if its digits end in their check digit.

    >>> luhn(b"6767 7000 0005"), luhn(b"6767 7000 0006")
    ([(0, 14)], [])
    """
    return [(0, len(value))] if passes_luhn(b"".join(_GROUP.findall(value))) else []


def iban(value: bytes) -> list[Span]:
    """Return the bank account number that *value* starts with (ISO 13616, mod 97).

    >>> iban(b"DE89 3704 0044 0532 0130 00 EUR")
    [(0, 27)]
    """
    length = _IBAN_LENGTHS.get(value[:2].decode().upper())
    places = [i for i, byte in enumerate(value) if byte not in b" -"]
    if length is None or len(places) < length:
        return []
    text = bytes(value[i] for i in places[:length])
    number = "".join(str(int(chr(byte), 36)) for byte in text[4:] + text[:4])
    return [(0, places[length - 1] + 1)] if int(number) % 97 == 1 else []


def ssn(value: bytes) -> list[Span]:
    """Return *value* if it is a US social security number that can have been given out.

    >>> ssn(b"536-22-8726"), ssn(b"666-22-8726")
    ([(0, 11)], [])
    """
    area, group, serial = value.split(b"-")
    given = area not in {b"000", b"666"} and area < b"900" and group != b"00" and serial != b"0000"
    return [(0, len(value))] if given else []


def phone(value: bytes) -> list[Span]:
    """Return *value* if it is an international telephone number (ITU-T E.164).

    >>> phone(b"+49 30 901820-12"), phone(b"+0530 2026"), phone(b"+12345678")
    ([(0, 16)], [], [])
    """
    digits = sum(map(len, _GROUP.findall(value)))
    separated = digits < len(value) - 1
    likely = digits >= _LEAST_PHONE or separated
    given = value[1:2] != b"0" and likely and not _ZONE_THEN_YEAR.match(value)
    return [(0, len(value))] if given else []


def ipv6(value: bytes) -> list[Span]:
    """Return the IPv6 address that *value* is, without a colon after it.

    >>> ipv6(b"fe80::1:"), ipv6(b"::"), ipv6(b"dead::beef")
    ([(0, 7)], [], [])
    """
    end = len(value) - (value.endswith(b":") and not value.endswith(b"::"))
    text = value[:end].decode()
    if not any(map(str.isdigit, text)):
        return []  # a name in a programming language
    if ipv4 := re.search(r"\d+(?:\.\d+){3}$", text):
        text = text[: ipv4.start()] + "0.0.0.0"  # noqa: S104 - in a shape, its digits are any
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return []
    return [(0, end)]


CHECKS: Final[dict[str, Callable[[bytes], list[Span]]]] = {
    "card": card,
    "iban": iban,
    "ipv6": ipv6,
    "luhn": luhn,
    "phone": phone,
    "ssn": ssn,
}
"""The checks by the name that rules call them."""
