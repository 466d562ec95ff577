from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caseline.signatures.coarsening import coarse, coarsened


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        (b"task 00ea0000 of 00BE00F0", b"task 00000000 of 00000000"),
        (b"id 0000ab00-00cd-00ef-a00b-00ab00cd00ef", b"id 00000000-0000-0000-0000-000000000000"),
        (b"cafe face dead", b"cafe face dead"),
        (b"ab0 of eth0 in node_00ab00", b"ab0 of eth0 in node_00ab00"),
        (b"00aB0000", b"00aB0000"),
    ],
)
def test_hexadecimal_numbers_become_zeros_and_words_stay(shape, expected):
    assert coarse(shape) == expected


@given(st.lists(st.binary(max_size=30), unique=True, max_size=20))
def test_every_row_keeps_a_shape_of_its_length(shapes):
    rows, found = coarsened(np.arange(len(shapes), dtype=np.uint32), shapes)
    assert [found[row] for row in rows] == [coarse(shape) for shape in shapes]
    assert [len(found[row]) for row in rows] == [len(shape) for shape in shapes]
    assert len(set(found)) == len(found)
