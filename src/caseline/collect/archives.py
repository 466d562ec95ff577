"""What the members of an archive have in common, whatever its format."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from caseline.collect.reading import ByteReader


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One entry of an archive; the next one follows where this one was passed.

    Args:
        name: As the archive has it, decoded; not yet judged.
        position: Where its header stands in the archive, in bytes.
        content: Its bytes, unpacked.
        folder: It only names a folder.
        refusal: A reject's reason, if its kind is refused.
        detail: Why.
        leave: Pass over what is left of it, the cheapest way.
    """

    name: str
    position: int
    content: ByteReader
    folder: bool = False
    refusal: str = ""
    detail: str = ""
    leave: Callable[[], object]
