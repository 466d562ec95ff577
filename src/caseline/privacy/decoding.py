"""Other spellings of a text: percent, backslash and entity escapes, base64, hex.

Base64 writes three bytes as four letters. Where the bytes are ASCII text, the first
letter is of ``I``..``f``, the second of 24, the third of 32: so three such groups in a
row are text with all but certainty, and the pattern of the rule ``base64`` finds them
in a shape without decoding anything.
"""

from __future__ import annotations

import base64
import binascii
import html
import re
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote_to_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_BACKSLASH = re.compile(rb"\\{1,2}(?:u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2}))")
_ENTITY = re.compile(rb"&#[xX]?[0-9A-Fa-f]{1,6};")
_TEXT = re.compile(rb"(?:[\t\r\n\x20-\x7e]|[\xc3-\xdf][\x80-\xbf]|[\xe1-\xef][\x80-\xbf]{2}){6,}")
_BLANKS = dict.fromkeys((0x00A0, 0x2007, 0x2009, 0x202F), " ")
_HYPHENS = dict.fromkeys(range(0x2010, 0x2014), "-")
_UNSEEN = dict.fromkeys((0x00AD, 0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF))
_WIDE = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_PLAIN = {**_BLANKS, **_HYPHENS, **_UNSEEN, **_WIDE}
_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_SHORTEST = 8
_ROUNDS = 2  # %2540 is an escaped escape


def escaped(value: bytes) -> Iterator[bytes]:
    """Yield *value* without its escapes; once more if escapes remain.

    >>> list(escaped(rb"a%2540b"))
    [b'a%40b', b'a@b']
    """
    for _ in range(_ROUNDS):
        plain = _BACKSLASH.sub(_character, unquote_to_bytes(value))
        plain = _ENTITY.sub(
            lambda m: html.unescape(m[0].decode()).encode("utf-8", "replace"), plain
        )
        if plain == value:
            return
        yield plain
        value = plain


def _character(match: re.Match[bytes]) -> bytes:
    return chr(int(match[1] or match[2], 16)).encode("utf-8", "replace")


def quoted_printable(value: bytes) -> Iterator[bytes]:
    """Yield *value* with its ``=40`` as ``@``."""
    if b"=40" in value:
        yield value.replace(b"=40", b"@", 1)


def typographic(value: bytes) -> Iterator[bytes]:
    r"""Yield *value* as a plain keyboard writes it.

    >>> list(typographic("\uff14\uff11\u00a011\u201122".encode()))
    [b'41 11-22']
    """
    plain = value.decode("utf-8", "replace").translate(_PLAIN).encode()
    if plain != value:
        yield plain


def base64_text(value: bytes) -> Iterator[bytes]:
    """Yield the runs of text that *value* is the base64 of, wherever it starts.

    >>> list(base64_text(b"xxZmlyc3QubGFzdEBleGFtcGxlLmNvbQ=="))
    [b'first.last@example.com']
    """
    letters = value.rstrip(b"=").translate(_URL_SAFE)
    for start in range(4):
        part = letters[start:]
        part = part[: len(part) - (len(part) % 4 == 1)]
        if len(part) >= _SHORTEST:
            yield from _TEXT.findall(base64.b64decode(part + b"=" * (-len(part) % 4)))


def hex_text(value: bytes) -> Iterator[bytes]:
    """Yield the runs of text that *value* writes in hexadecimal."""
    for start in range(2):
        part = value[start:]
        try:
            yield from _TEXT.findall(binascii.unhexlify(part[: len(part) // 2 * 2]))
        except binascii.Error:
            continue


DECODERS: Final[dict[str, Callable[[bytes], Iterator[bytes]]]] = {
    "base64_text": base64_text,
    "escaped": escaped,
    "hex_text": hex_text,
    "quoted_printable": quoted_printable,
    "typographic": typographic,
}
"""The decoders by the name that rules call them."""
