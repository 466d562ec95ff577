"""Slices of a buffer → columns, without a copy of the bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np
import polars as pl
import pyarrow as pa
from polars.exceptions import ComputeError

from caseline.normalize.arrays import binary_array, buffer_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from caseline.normalize.arrays import Binary

    Ints = NDArray[np.int64]

_INLINE = 12  # a view holds so many bytes itself


def slices(data: bytes, starts: Ints, sizes: Ints) -> pl.Series:
    """Return the bytes of *data* at *starts*, *sizes* long, as Binary; size -1 is null.

    Builds Arrow's views (length, first four bytes, buffer, offset; short values inline)
    over the buffer itself.

    >>> slices(b"alpha beta", np.array([6, 0]), np.array([4, -1])).to_list()
    [b'beta', None]
    """
    count = len(starts)
    view = np.frombuffer(data + bytes(16), dtype=np.uint8) if len(data) < 16 else None  # noqa: PLR2004 - a view's length
    padded = np.frombuffer(data, dtype=np.uint8) if view is None else view
    present = sizes >= 0
    views = np.zeros((count, 4), dtype=np.int32)
    views[:, 0] = np.where(present, sizes, 0)
    long = sizes > _INLINE
    words = np.lib.stride_tricks.sliding_window_view(padded, 4)
    views[long, 1] = words[starts[long]].copy().view(np.int32)[:, 0]
    views[long, 3] = starts[long]
    short = np.flatnonzero(present & ~long & (sizes > 0))
    if len(short):
        views[short, 1:] = _inline(padded, starts[short], sizes[short])
    return _from_views(views, present, padded)


def _inline(padded: NDArray[np.uint8], starts: Ints, sizes: Ints) -> NDArray[np.int32]:
    """Return up to 12 bytes at each start, zero beyond its size, as three int32."""
    safe = np.minimum(starts, len(padded) - _INLINE)
    windows = np.lib.stride_tricks.sliding_window_view(padded, _INLINE)[safe]
    moved = np.flatnonzero(safe != starts)
    windows = windows.copy()
    for i in moved.tolist():  # only values in the buffer's last bytes
        shift = int(starts[i] - safe[i])
        windows[i] = np.roll(windows[i], -shift)
    windows[np.arange(_INLINE) >= sizes[:, None]] = 0
    return windows.view(np.int32)


def _from_views(
    views: NDArray[np.int32], present: NDArray[np.bool_], data: NDArray[np.uint8]
) -> pl.Series:
    validity = None
    if not present.all():
        validity = buffer_of(np.packbits(present, bitorder="little"))
    array = pa.Array.from_buffers(
        pa.binary_view(), len(views), [validity, buffer_of(views), buffer_of(data)]
    )
    return cast("pl.Series", pl.from_arrow(array))


def text_of(values: pl.Series) -> pl.Series:
    r"""Return Binary *values* as String; what is not UTF-8 gets replacement characters.

    >>> text_of(pl.Series([b"ok", b"\xff"])).to_list()
    ['ok', '\ufffd']
    """
    try:
        return values.cast(pl.String)
    except ComputeError:
        pass
    repaired = [None if v is None else v.decode("utf-8", "replace") for v in values.to_list()]
    return pl.Series(values.name, repaired, dtype=pl.String)


def pieces(data: NDArray[np.uint8], starts: Ints, sizes: Ints, owners: Ints, count: int) -> Binary:
    """Return for each of *count* owners its pieces of *data*, joined in order, as Binary.

    Args:
        data: The bytes.
        starts: First byte of each piece.
        sizes: Its length, 0 or more.
        owners: For each piece who owns it, ascending.
        count: How many owners there are.
    """
    total = int(sizes.sum())
    shift = starts - (np.cumsum(sizes) - sizes)
    taken = data[np.arange(total) + np.repeat(shift, sizes)] if total else data[:0]
    lengths = np.bincount(owners, weights=sizes, minlength=count).astype(np.int64)
    edges = np.zeros(count + 1, dtype=np.int32)
    np.cumsum(lengths, out=edges[1:])
    return binary_array(edges, taken)
