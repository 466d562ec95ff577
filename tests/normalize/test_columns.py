import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from caseline.normalize.arrays import binary_array, distinct, zeroed
from caseline.normalize.columns import pieces, slices, text_of


@st.composite
def cuts(draw):
    data = draw(st.binary(min_size=1, max_size=80))
    count = draw(st.integers(0, 12))
    starts = [draw(st.integers(0, len(data))) for _ in range(count)]
    sizes = [draw(st.integers(-1, len(data) - start)) for start in starts]
    return data, starts, sizes


@given(cuts())
def test_slices_are_the_bytes_they_name(cut):
    data, starts, sizes = cut
    found = slices(data, np.array(starts, dtype=np.int64), np.array(sizes, dtype=np.int64))
    expected = [
        None if size < 0 else data[start : start + size]
        for start, size in zip(starts, sizes, strict=True)
    ]
    assert found.to_list() == expected


@given(cuts(), st.data())
def test_pieces_join_in_order(cut, data):
    text, starts, sizes = cut
    sizes = [max(size, 0) for size in sizes]
    owners = sorted(data.draw(st.integers(0, 4)) for _ in starts)
    view = np.frombuffer(text, dtype=np.uint8)
    found = pieces(view, *(np.array(a, dtype=np.int64) for a in (starts, sizes, owners)), 5)
    expected = [b""] * 5
    for start, size, owner in zip(starts, sizes, owners, strict=True):
        expected[owner] += text[start : start + size]
    assert found.to_pylist() == expected


def test_broken_text_is_repaired_with_replacement_characters():
    found = text_of(pl.Series([b"ok", b"a\xffb", None]))
    assert found.to_list() == ["ok", "a�b", None]


def test_empty_array_has_no_distinct_values():
    ids, values = distinct(binary_array(np.zeros(1, dtype=np.int32), b""))
    assert (ids.tolist(), values) == ([], [])


def test_zeroed_keeps_lengths():
    values = binary_array(np.array([0, 3, 3, 5], dtype=np.int32), b"a12b9")
    assert zeroed(values).to_pylist() == [b"a00", b"", b"b0"]
