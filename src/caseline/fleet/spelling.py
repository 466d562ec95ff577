"""One spelling for what people and programs spell in many ways."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_AROUND = " \t\r\n\"'`()[]{}<>"
_BETWEEN = re.compile(r"[\s_\-./:\\]+")


def spelled(key: str) -> str:
    """Return *key* without quotes around it, in lower case, its separators as ``-``.

    >>> spelled("'Acme_Corp'"), spelled("ACME corp"), spelled("acmecorp")
    ('acme-corp', 'acme-corp', 'acmecorp')
    """
    return _BETWEEN.sub("-", key.strip(_AROUND).casefold())


def placement_of_host(host: str, placements: Iterable[str]) -> str | None:
    """Return the longest of *placements* that *host* equals or starts with, word by word.

    Args:
        host: A machine's name as a line writes it.
        placements: Cells, shards, host groups, as ``spelled`` spells them.

    >>> placement_of_host("cell-1-web.example.net", ["cell-1", "cell-12", "cell"])
    'cell-1'
    >>> placement_of_host("cell-123", ["cell-1", "cell-12"]) is None
    True
    """
    name = spelled(host) + "-"
    starts = [p for p in placements if p and name.startswith(f"{p}-")]
    return max(starts, key=len, default=None)
