import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caseline.normalize.joining import Physical, join_records
from caseline.normalize.layouts import Kind, Role
from caseline.normalize.settings import NormalizeSettings

JAVA = """2026-11-23 10:00:00,123 ERROR [main] shop.Orders - order 7 failed
java.lang.IllegalStateException: no stock
\tat com.example.Shop.place(Shop.java:12)
\t... 3 more

Caused by: java.io.IOException: pipe
2026-11-23 10:00:01,123 INFO [main] shop.Orders - next
"""


SURE = (Role.CHAINS, Role.DOWN, Role.UP, Role.GOES_ON, Role.PLACES)


def slow_join(kinds, roles, *, headed):
    """Return (first, lines) of each record and the rejected lines, line by line.

    Of the roles only those are told here that depend on no line behind.
    """
    records, blank, nul = [], [], []
    pending = []
    open_record = within = taken_in = False
    for i, (kind, role) in enumerate(zip(kinds, roles, strict=True)):
        taken_in = kind == Kind.JSON or (kind == Kind.FILL and taken_in)
        if kind == Kind.FILL and taken_in:
            records[-1].append(i)
            within = False
            continue
        if kind == Kind.NUL:
            nul.append(i)
            blank += pending
            pending, open_record, within = [], False, False
            continue
        if kind == Kind.BLANK:
            pending.append(i)
            continue
        goes_on = role in SURE or (role == Role.INSIDE and within)
        if headed:
            goes_on |= kind in (Kind.PLAIN, Kind.CONTINUATION)
        within = role in SURE or (role == Role.INSIDE and within and open_record)
        if goes_on and open_record:
            records[-1] += len(pending) * [None] + [i]
        else:
            blank += pending
            records.append([i])
        pending = []
        open_record = kind != Kind.JSON
    return [(r[0], len(r)) for r in records], blank + pending, nul


def physical(kinds, roles, writers=None):
    kinds = np.array(kinds, dtype=np.int32)
    return Physical(
        kinds,
        np.zeros(len(kinds), dtype=np.int32),
        np.array(roles, dtype=np.int32),
        np.ones(len(kinds), dtype=bool),
        np.zeros(len(kinds), dtype=bool),
        np.full(len(kinds), 10),
        writers,
    )


def joined(lines, *, headed):
    return join_records(
        lines,
        headed=headed,
        leads=lambda at: np.zeros(len(at), dtype=bool),
        most_text=10,
        settings=NormalizeSettings(),
    )


# Frames with the innermost last would name the line beneath them.
ROLES = [Role.NONE, Role.NONE, Role.DOWN, Role.GOES_ON, Role.INSIDE]
ROLE_KINDS = (Kind.HEADER, Kind.PLAIN, Kind.CONTINUATION)
kinds_and_roles = st.lists(
    st.tuples(st.sampled_from(list(Kind)), st.sampled_from(ROLES)), max_size=30
)


@given(kinds_and_roles, st.booleans())
def test_joining_agrees_with_a_walk_line_by_line(lines, headed):
    kinds = [kind for kind, _ in lines]
    roles = [role if kind in ROLE_KINDS else Role.NONE for kind, role in lines]
    found = joined(physical(kinds, roles), headed=headed)
    if not headed or any(r for k, r in zip(kinds, roles, strict=True) if k == Kind.HEADER):
        records, blank, nul = slow_join(kinds, roles, headed=headed)
        assert list(zip(found.first.tolist(), found.lines.tolist(), strict=True)) == records
        assert sorted(blank) == found.blank.tolist()
        assert nul == found.nul.tolist()


every_role = st.lists(
    st.tuples(
        st.sampled_from([k for k in Kind if k != Kind.CONTINUATION]),
        st.sampled_from(list(Role)),
        st.integers(0, 2),
    ),
    max_size=40,
)


@given(every_role, st.booleans())
def test_no_line_is_lost_however_writers_are_mixed(lines, headed):
    kinds = [kind for kind, _, _ in lines]
    roles = [role if kind in ROLE_KINDS else Role.NONE for kind, role, _ in lines]
    writers = np.array([writer for *_, writer in lines], dtype=np.int64)
    for i, kind in enumerate(kinds[1:], start=1):
        if kind == Kind.FILL:
            writers[i] = writers[i - 1]  # as a line without a header has
    found = joined(physical(kinds, roles, writers), headed=headed)

    order = np.arange(len(lines)) if found.order is None else found.order
    assert sorted(order.tolist()) == list(range(len(lines)))
    assert found.lines.sum() + len(found.blank) + len(found.nul) == len(lines)
    for first, count in zip(found.first.tolist(), found.lines.tolist(), strict=True):
        members = order[first : first + count]
        assert len(set(writers[members].tolist())) == 1
        assert (np.diff(members) > 0).all()


@given(every_role, st.booleans())
def test_one_writer_is_as_good_as_none(lines, headed):
    kinds = [kind for kind, _, _ in lines]
    roles = [role if kind in ROLE_KINDS else Role.NONE for kind, role, _ in lines]
    alone = joined(physical(kinds, roles, np.zeros(len(lines), dtype=np.int64)), headed=headed)
    plain = joined(physical(kinds, roles), headed=headed)

    assert [column.tolist() for column in alone[:4]] == [column.tolist() for column in plain[:4]]


def test_trace_is_one_record_with_its_blank_line(read):
    first, second = read(JAVA)
    assert first["lines"] == 6
    assert first["message"].startswith(b"order 7 failed\njava.lang.IllegalStateException")
    assert first["message"].endswith(b"\n\nCaused by: java.io.IOException: pipe")
    assert second["message"] == b"next"


def test_python_trace_in_a_file_without_headers(read):
    trace = 'Traceback (most recent call last):\n  File "a.py", line 3, in f\n    g()\n'
    text = f"starting\n{trace}shop.StockError: none\nstopped\n"
    assert [record["lines"] for record in read(text)] == [1, 4, 1]


def test_message_that_leads_to_a_trace_belongs_to_it(read):
    trace = 'Traceback (most recent call last):\n  File "a.py", line 3, in f\nKeyError: 1\n'
    for before, lines in (("ERROR: order 7", 4), ("cannot go on", 4), ("done with it", 3)):
        assert read(f"{before}\n{trace}")[-1]["lines"] == lines


def test_names_apart_from_frames_are_lines(read):
    text = "ValueError: a\nValueError: b\nthird\nTypeError: x\n    at f (/a/b.js:1:2)\n"
    assert [record["lines"] for record in read(text)] == [1, 1, 1, 2]


HEADS = {
    "threads": "2026-11-23 10:00:00,123 ERROR [exec-{}] shop.Orders - ",
    "processes": "Nov 23 10:00:00 web-1 app[{}]: ",
    "containers": "Nov 23 10:00:00 web-{} app: ",
    "compose": "web-{}  | ",
    "pods": "[pod/web-{}/app] ",
}


@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS)
@pytest.mark.parametrize("cut", [None, 9])
def test_traces_of_several_writers_are_gathered(feed, head, cut):
    def lines(writer):
        trace = f"order {writer} failed\njava.lang.Error: x\n"
        trace += "".join(f"\tat a.C{writer}.m{n}(C.java:{n})\n" for n in range(5))
        return [head.format(writer) + line + "\n" for line in trace.splitlines()]

    mixed = [line for both in zip(lines(1), lines(2), strict=True) for line in both]
    mixed += [head.format(1) + "done\n", head.format(2) + "done\n"]
    blocks = ["".join(mixed)] if cut is None else ["".join(mixed[:cut]), "".join(mixed[cut:])]
    batches = feed(*(block.encode() for block in blocks))
    messages = [m.decode() for batch in batches for m in batch.frame["message"]]

    frames = ["\n".join(f"\tat a.C{w}.m{n}(C.java:{n})" for n in range(5)) for w in (1, 2)]
    assert messages == [
        f"order 1 failed\njava.lang.Error: x\n{frames[0]}",
        f"order 2 failed\njava.lang.Error: x\n{frames[1]}",
        "done",
        "done",
    ]


def test_mixed_traces_without_a_prefix_keep_all_lines(read):
    one = ["java.lang.Error: x", *(f"\tat a.B.m{n}(B.java:1)" for n in range(5))]
    two = ["java.lang.Error: y", *(f"\tat a.C.m{n}(C.java:1)" for n in range(5))]
    text = "\n".join(line for both in zip(one, two, strict=True) for line in both) + "\n"

    # Nothing tells whose frame is whose.
    assert sum(record["lines"] for record in read(text)) == 12


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
