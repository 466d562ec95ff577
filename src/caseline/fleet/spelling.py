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


def placement_in(name: str, placements: Iterable[str]) -> str | None:
    """Return the longest of *placements* that *name* has in it, word by word.

    Names of machines put region, product and cell in any order. A name with two
    placements of the same length tells neither.

    Args:
        name: A machine's name as a line writes it, or a file's path.
        placements: Cells, shards, host groups, as ``spelled`` spells them.

    >>> placement_in("eu-cell-1-web.example.net", ["cell-1", "cell-12", "cell"])
    'cell-1'
    >>> placement_in("cell-123", ["cell-1", "cell-12"]) is None
    True
    """
    words = f"-{spelled(name)}-"
    found = {p for p in placements if p and f"-{p}-" in words}
    longest = [p for p in found if len(p) == max(map(len, found))]
    return longest[0] if len(longest) == 1 else None
