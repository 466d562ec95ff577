"""Cutting columns gives what cutting line by line gives."""

from __future__ import annotations

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from caseline.signatures.cuts import cut_variables, span_tables


@st.composite
def cases(draw):
    spans = draw(
        st.lists(
            st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3)), max_size=4),
            min_size=1,
            max_size=4,
        )
    )
    shapes = draw(st.lists(st.integers(0, len(spans) - 1), max_size=12))
    return [[n for span in one for n in span] for one in spans], shapes


@given(cases(), st.data())
def test_columns_are_cut_as_lines_are(case, data):
    spans, shapes = case
    texts = [data.draw(st.text(alphabet="abc 7", min_size=9, max_size=12)) for _ in shapes]
    slow = [
        [
            text[start : start + size]
            for start, size in zip(spans[s][::2], spans[s][1::2], strict=True)
        ]
        for text, s in zip(texts, shapes, strict=True)
    ]
    series = pl.Series(texts, dtype=pl.String)

    fast = cut_variables(
        series, np.array(shapes, dtype=np.uint32), span_tables([tuple(s) for s in spans])
    )

    assert fast.to_list() == slow


def test_bytes_are_counted_not_letters():
    cut = cut_variables(
        pl.Series(["日本 7"]), np.zeros(1, dtype=np.uint32), span_tables([(7, 1, 0, 6)])
    )

    assert cut.to_list() == [["7", "日本"]]
