import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from caseline.normalize.joining import join_records
from caseline.normalize.layouts import LATER, PARTIAL, Kind
from caseline.normalize.settings import NormalizeSettings

JAVA = """2026-11-23 10:00:00,123 ERROR [main] shop.Orders - order 7 failed
java.lang.IllegalStateException: no stock
\tat com.example.Shop.place(Shop.java:12)
\t... 3 more

Caused by: java.io.IOException: pipe
2026-11-23 10:00:01,123 INFO [main] shop.Orders - next
"""


def slow_join(kinds, flags, *, headed):
    """Return (first, lines) of each record and the rejected lines, line by line."""
    records, blank, nul = [], [], []
    pending = []
    open_record = False
    sure_run = taken_in = False
    for i, kind in enumerate(kinds):
        taken_in = kind == Kind.JSON or (kind == Kind.FILL and taken_in)
        if kind == Kind.FILL and taken_in:
            records[-1].append(i)
            sure_run = False
            continue
        if kind == Kind.NUL:
            nul.append(i)
            blank += pending
            pending, open_record, sure_run = [], False, False
            continue
        if kind == Kind.BLANK:
            pending.append(i)
            sure_run = sure_run and bool(i and flags[i - 1] & PARTIAL)
            continue
        partial_before = i > 0 and flags[i - 1] & PARTIAL
        sure = kind == Kind.CONTINUATION or flags[i] & LATER or partial_before
        goes_on = bool(sure)
        if headed:
            goes_on |= kind in (Kind.PLAIN, Kind.CLOSING)
        elif kind == Kind.CLOSING and sure_run:
            goes_on = True
        sure_run = bool(sure) or (kind == Kind.CLOSING and sure_run)
        if goes_on and open_record:
            records[-1] += len(pending) * [None] + [i]
        else:
            blank += pending
            records.append([i])
        pending = []
        open_record = kind != Kind.JSON
    return [(r[0], len(r)) for r in records], blank + pending, nul


kinds_and_flags = st.lists(
    st.tuples(st.sampled_from(list(Kind)), st.sampled_from([0, 0, 0, LATER])), max_size=30
)


@given(kinds_and_flags, st.booleans())
def test_joining_agrees_with_a_walk_line_by_line(lines, headed):
    kinds = [kind for kind, _ in lines]
    flags = [flag if kind == Kind.HEADER else 0 for kind, flag in lines]
    found = join_records(
        np.array(kinds, dtype=np.int32),
        np.array(flags, dtype=np.int32),
        np.full(len(lines), 10),
        headed=headed,
        settings=NormalizeSettings(),
    )
    records, blank, nul = slow_join(kinds, flags, headed=headed)
    assert list(zip(found.first.tolist(), found.lines.tolist(), strict=True)) == records
    assert sorted(blank) == found.blank.tolist()
    assert nul == found.nul.tolist()


def test_trace_is_one_record_with_its_blank_line(read):
    first, second = read(JAVA)
    assert first["lines"] == 6
    assert first["message"].startswith(b"order 7 failed\njava.lang.IllegalStateException")
    assert first["message"].endswith(b"\n\nCaused by: java.io.IOException: pipe")
    assert second["message"] == b"next"


def test_python_trace_in_a_file_without_headers(read):
    trace = 'Traceback (most recent call last):\n  File "a.py", line 3, in f\n    g()\n'
    text = f"starting\n{trace}shop.StockError: none\nstopped\n"
    assert [record["lines"] for record in read(text)] == [4 + 1, 1]


def test_lines_of_a_file_without_headers_stay_apart(read):
    assert len(read("one\ntwo\nthree\n")) == 3


def test_go_panic_stays_whole(read):
    text = (
        "2026/11/23 10:00:00 listening\n"
        * 3
        + "2026/11/23 10:00:00 serving\npanic: boom\n\ngoroutine 1 [running]:\n"
        "main.work(0x1)\n\t/src/main.go:12 +0x1d\nexit status 2\n"
    )
    records = read(text)
    assert records[3]["message"].startswith(b"serving\npanic: boom\n\ngoroutine 1")


def test_record_is_cut_at_the_bound_of_lines(feed):
    text = b"2026-11-23 10:00:00 start\n" + b"more\n" * 2_499
    headed = b"2026-11-23 10:00:00 x\n" * 3_000
    (batch,) = feed(headed + text)
    assert batch.frame["lines"].to_list()[3_000:] == [1_000, 1_000, 500]


def test_record_is_cut_at_the_bound_of_bytes(feed):
    line = b"x" * 99_999 + b"\n"
    (batch,) = feed(b"2026-11-23 10:00:00 x\n" * 9 + line * 5)
    assert batch.frame["lines"].to_list()[8:] == [3, 2, 1]


def test_blank_lines_between_records_are_rejects(feed):
    (batch,) = feed(b"\n\n2026-11-23 10:00:00 a\n\n \n2026-11-23 10:00:01 b\n\n")
    assert [(r.reason, r.lines, r.position) for r in batch.rejects] == [
        ("blank", 2, 0),
        ("blank", 2, 24),
        ("blank", 1, 49),
    ]


def test_nul_lines_are_rejects_and_end_a_record(feed):
    (batch,) = feed(b"2026-11-23 10:00:00 a\n\0\0\0\n\tat com.example.A(A.java:1)\n")
    assert [(r.reason, r.position) for r in batch.rejects] == [("nul_block", 22)]
    assert batch.frame["lines"].to_list() == [1, 1]


def test_wrapped_trace_lines_lose_their_own_headers(read):
    text = (
        "2026-11-23T10:00:00.1Z stderr F boom\n"
        "2026-11-23T10:00:00.2Z stderr F \tat com.example.A(A.java:1)\n"
        "2026-11-23T10:00:00.3Z stderr F \tat com.example.B(B.java:1)\n"
        "2026-11-23T10:00:00.4Z stderr F next\n"
    )
    first, second = read(text)
    assert first["message"] == b"boom\n\tat com.example.A(A.java:1)\n\tat com.example.B(B.java:1)"
    assert second["message"] == b"next"


def test_partial_lines_of_a_runtime_are_glued(read):
    text = "2026-11-23T10:00:00.1Z stdout P one, \n2026-11-23T10:00:00.1Z stdout F two\n"
    (record,) = read(text)
    assert record["message"].startswith(b"one,")
    assert record["message"].endswith(b"two")
    assert b"\n" not in record["message"]


def test_mangled_traces_get_their_newlines_back(read):
    text = (
        "Nov 23 10:00:00 web-1 app[1]: boom#012#011at com.example.A(A.java:1)\n"
        "2026-11-23 10:00:00 ERROR boom\\n\\tat com.example.A(A.java:1)\n"
        "2026-11-23 10:00:00 ERROR path C:\\new\\tools\n"
    )
    trace = b"boom\n\tat com.example.A(A.java:1)"
    assert [r["message"] for r in read(text)] == [trace, trace, b"path C:\\new\\tools"]
