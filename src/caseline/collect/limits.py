"""How much of a collection is taken in at once, and at most."""

from __future__ import annotations

from dataclasses import dataclass, fields

from caseline.errors import InputError

_KIB = 1024
_MIB = 1024 * _KIB
_GIB = 1024 * _MIB


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What bounds memory and time, whatever the input.

    What is unpacked from n packed bytes may be ``allowance_bytes + ratio * n`` bytes:
    real logs stay far below it, a decompression bomb does not.

    Args:
        block_bytes: Blocks are about this large.
        line_bytes: A longer line is cut.
        member_bytes: Most bytes one packed member may unpack to.
        collection_bytes: Most bytes a collection may unpack to, nested layers included.
        ratio: Unpacked bytes for each packed byte, beyond the allowance.
        allowance_bytes: Unpacked bytes a layer may give whatever its ratio.
        collection_allowance_bytes: The same for all layers of a collection together.
        members: Most files, links and folders in a collection; also most rejects.
        depth: Most layers in one another: ``.tar.gz`` in a ``.zip`` has three.
        window_bytes: Most memory that a decoder's history may ask for.
        manifest_bytes: A longer manifest is refused.

    Raises:
        InputError: A limit is not a whole number of at least 1.

    >>> Limits(depth=0)
    Traceback (most recent call last):
    caseline.errors.InputError: depth is 0; give a whole number of at least 1
    """

    block_bytes: int = 8 * _MIB
    line_bytes: int = 4 * _MIB
    member_bytes: int = 64 * _GIB
    collection_bytes: int = 1024 * _GIB
    ratio: int = 250
    allowance_bytes: int = 256 * _MIB
    collection_allowance_bytes: int = 4 * _GIB
    members: int = 200_000
    depth: int = 8
    window_bytes: int = 128 * _MIB
    manifest_bytes: int = _MIB

    def __post_init__(self) -> None:
        """Refuse what cannot be a limit."""
        for limit in fields(self):
            value = getattr(self, limit.name)
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise InputError(f"{limit.name} is {value!r}; give a whole number of at least 1")
