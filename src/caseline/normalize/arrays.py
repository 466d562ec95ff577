"""Arrow arrays of bytes over buffers that exist already: nothing is copied."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    Binary = pa.Array[Any]

ZEROED = bytes.maketrans(b"123456789", b"000000000")


def buffer_of(values: NDArray[Any] | bytes) -> pa.Buffer:
    """Return the memory of *values* as Arrow sees it."""
    return pa.py_buffer(values if isinstance(values, bytes) else memoryview(values.data))


def binary_array(edges: NDArray[np.int32], data: NDArray[np.uint8] | bytes) -> Binary:
    """Return the bytes of *data* between each two of *edges*, which must ascend.

    >>> binary_array(np.array([0, 2, 3], dtype=np.int32), b"abc").to_pylist()
    [b'ab', b'c']
    """
    count = len(edges) - 1
    return pa.Array.from_buffers(pa.binary(), count, [None, buffer_of(edges), buffer_of(data)])


def index_array(places: NDArray[np.int64]) -> pa.Array[Any]:
    """Return *places* for Arrow's take (which would import pandas for a NumPy array)."""
    return pa.Array.from_buffers(pa.int64(), len(places), [None, buffer_of(places)])


def mask_array(chosen: NDArray[np.bool_]) -> pa.Array[Any]:
    """Return *chosen* as Arrow's booleans.

    >>> mask_array(np.array([True, False])).to_pylist()
    [True, False]
    """
    bits = np.packbits(chosen, bitorder="little")
    return pa.Array.from_buffers(pa.bool_(), len(chosen), [None, buffer_of(bits)])


def binary_of(values: pl.Series) -> Binary:
    """Return Binary or String *values* without nulls as an Arrow array of bytes."""
    return cast("Binary", values.to_arrow().cast(pa.binary()))


def edges_and_bytes(values: Binary) -> tuple[NDArray[np.int32], bytes]:
    """Return where each value starts, the end of the last, and the bytes.

    >>> edges_and_bytes(pa.array([b"a", b"bc"], pa.binary()))[1]
    b'abc'
    """
    _, edges, data = values.buffers()
    if edges is None or not len(values):
        return np.zeros(1, dtype=np.int32), b""
    found = np.frombuffer(memoryview(edges), dtype=np.int32)
    found = found[values.offset : values.offset + len(values) + 1]
    return found, b"" if data is None else data.to_pybytes()


def zeroed(values: Binary) -> Binary:
    """Return *values* with every ASCII digit turned into 0.

    >>> zeroed(pa.array([b"a17", b"b"], pa.binary())).to_pylist()
    [b'a00', b'b']
    """
    edges, data = edges_and_bytes(values)
    return binary_array(edges, data.translate(ZEROED))


def distinct(values: Binary) -> tuple[NDArray[np.int32], list[bytes]]:
    """Return for each value the index of it among the distinct ones, and these in order.

    >>> ids, found = distinct(pa.array([b"b", b"a", b"b"], pa.binary()))
    >>> ids.tolist(), found
    ([0, 1, 0], [b'b', b'a'])
    """
    coded = values.dictionary_encode()
    memory = coded.indices.buffers()[1]
    if memory is None or not len(values):
        return np.zeros(0, dtype=np.int32), []
    ids = np.frombuffer(memoryview(memory), dtype=np.int32, count=len(values))
    return ids, cast("list[bytes]", coded.dictionary.to_pylist())
