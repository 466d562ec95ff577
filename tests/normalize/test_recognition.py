import pytest
from hypothesis import given
from hypothesis import strategies as st

from caseline.normalize.arrays import ZEROED
from caseline.normalize.beginnings import MARGIN
from caseline.normalize.formatbook import read_entries
from caseline.normalize.layouts import WHOLE, Field
from caseline.normalize.recognition import Recognizer
from caseline.normalize.settings import NormalizeSettings

LINES = [
    (sample["line"] + tail).encode().translate(ZEROED)
    for entry in read_entries("2026-11")
    for sample in entry["sample"]
    for tail in (" and so on, with words", " [x] (y) a.b: c - d = e | f")
]


@pytest.fixture(scope="module")
def recognizer():
    return Recognizer(NormalizeSettings())


@pytest.mark.parametrize("line", LINES)
def test_beginning_that_is_believed_says_what_the_line_says(recognizer, line):
    whole, _ = recognizer._header(line, 0, 2)
    for size in range(8, len(line)):
        row, format_ = recognizer._header(line[:size], 0, 2)
        told = format_ is not None and not format_.needs_whole_line
        told = told and not row[Field.FLAGS] & WHOLE
        if told and row[Field.MESSAGE_START] <= size - MARGIN:
            assert row == whole, size


@given(st.lists(st.sampled_from(LINES), min_size=2, max_size=6), st.integers(0, 9))
def test_a_head_that_is_remembered_is_the_head_that_would_be_read(lines, cut):
    knowing = Recognizer(NormalizeSettings())
    for line in lines:
        text = line[: len(line) - cut]
        assert knowing._head(text) == knowing._header(text, 0, 2)[0]


def test_rows_do_not_depend_on_what_was_met_before(recognizer):
    first = recognizer.rows(LINES)
    again = Recognizer(NormalizeSettings(remembered_shapes=3)).rows(reversed(LINES))
    said = [f for f in Field if f not in (Field.TIME, Field.PAIRS)]  # these two are indices
    assert (first[:, said] == again[::-1, said]).all()


MESSAGES = st.one_of(
    st.text(alphabet="ab =:[]{}\"'.,#\\n0", max_size=30),
    st.sampled_from(
        [
            "at com.example.Orders.place(Orders.java:0)",
            "Caused by: java.io.IOException: pipe",
            "tenant=acme order failed",
            "host=web-0 svc=shop order failed",
            "message repeated 00 times: [ x ]",
            'order {"id": 0}',
            "first#000second",
            "trailing  ",
            "",
        ]
    ),
)
HEADS = [line[: line.rfind(b" ")] for line in LINES if b"ERROR" in line or b"INFO" in line][:60]


@given(st.lists(st.tuples(st.sampled_from(HEADS), MESSAGES), min_size=70, max_size=140))
def test_lines_that_begin_alike_are_read_as_each_by_itself(parts):
    shapes = list(
        dict.fromkeys(
            head + b" " + text.encode().translate(ZEROED).replace(b"\n", b" ") + b"\n"
            for head, text in parts
        )
    )
    together = Recognizer(NormalizeSettings()).rows(shapes)
    alone = Recognizer(NormalizeSettings())
    said = [f for f in Field if f not in (Field.TIME, Field.PAIRS)]

    for shape, row in zip(shapes, together, strict=True):
        assert (row[said] == alone.rows([shape])[0][said]).all(), shape


def test_time_that_fills_a_text_is_known(recognizer):
    ids = recognizer.time_ids([b"0000-00-00T00:00:00Z", b"0000000000", b"soon", b"0000-00", b""])
    assert [found >= 0 for found in ids.tolist()] == [True, True, False, False, False]


@pytest.mark.parametrize(
    "line",
    [
        b"0000-00-00 00:00:00 INFO" + b" " * 200_000 + b"x",
        b"[0000-00-00T00:00:00,000][INFO ][" + b" " * 200_000,
        b"0000-00-00 00:00:00|INFO|" + b" " * 200_000,
        b"0000-00-00 00:00:00 INFO 0 --- [" + b" " * 200_000,
        b"0000-00-00 00:00:00 " + b"#000" * 50_000,
        b"a." * 100_000 + b"(",
        b"<00>0 0000-00-00T00:00:00Z h a - - " + b'[a b="c"' * 30_000,
        b'0.0.0.0 - - [00/Nov/0000:00:00:00 +0000] "' + b"\\" * 200_000,
        b"tenant=" * 30_000,
        b"[" * 200_000,
    ],
)
def test_hostile_lines_are_read_without_trying_every_way_to_cut_them(recognizer, line):
    row = recognizer.rows([line])[0]  # would not come back in our lifetime otherwise
    assert 0 <= row[Field.MESSAGE_START] <= row[Field.MESSAGE_START] + row[Field.MESSAGE_SIZE]
