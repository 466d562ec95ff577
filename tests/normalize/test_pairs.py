import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from caseline.normalize.headers import split_headers

RELAXED = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30
)
PAIRS = {
    "ts": "2026-11-23T10:00:00.123Z",
    "level": "error",
    "msg": 'order "7" failed',
    "svc": "shop",
    "host": "web-1",
    "tenant": "acme-7",
    "trace_id": "ab12",
    "took": "12ms",
    "caller": "orders.go:7",
    "reason": "no stock",
}
COLUMNS = ("occurred_at", "severity", "service", "host", "tenant", "trace_id", "message")


def logfmt(pairs):
    def written(value):
        quoted = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{quoted}"' if set(value) & set(' "=\\') or not value else value

    return " ".join(f"{key}={written(value)}" for key, value in pairs.items()) + "\n"


@RELAXED
@given(st.permutations(sorted(PAIRS)))
def test_pairs_say_the_same_in_any_order_and_as_json(read, order):
    (record,) = read(logfmt({key: PAIRS[key] for key in order}))
    (beside,) = read(json.dumps(PAIRS) + "\n")
    assert [record[name] for name in COLUMNS] == [beside[name] for name in COLUMNS]
    assert record["message"] == b'order "7" failed caller=orders.go:7 reason=no stock took=12ms'


@RELAXED
@given(st.lists(st.text('a7 "=\\é', max_size=6), min_size=1, max_size=6))
def test_values_are_read_as_a_reader_of_pairs_would_read_them(read, values):
    pairs = {"level": "info", "msg": "m"} | {f"k{i}": v for i, v in enumerate(values)}
    (record,) = read(logfmt(pairs))
    expected = " ".join(["m", *(f"k{i}={v}" for i, v in enumerate(values))])
    assert record["message"].decode().rstrip() == expected.rstrip()


def test_a_time_or_level_that_nobody_can_read_stays_in_the_message(read):
    (record,) = read("level=odd msg=ready ts=yesterday took=7\n")
    assert record["message"] == b"ready level=odd took=7 ts=yesterday"
    assert record["severity"] is None


def test_a_trace_behind_pairs_belongs_to_them(read):
    line = 'ts=2026-11-23T10:00:00Z level=error msg="order 7 failed" took=12ms\n'
    (record,) = read(line + "java.lang.Error: x\n\tat a.B(B.java:1)\n")
    assert record["message"] == b"order 7 failed took=12ms\njava.lang.Error: x\n\tat a.B(B.java:1)"


def test_a_line_that_holds_more_than_pairs_stays_in_its_order(read):
    (record,) = read("time=2026-11-23T10:00:00Z level=warn order 7 is late app=shop\n")
    assert (record["severity"], record["service"]) == (13, "shop")
    assert record["message"] == b"order 7 is late app=shop"


def test_digits_of_each_line_are_its_own(read):
    text = "".join(f"level=info msg=order-{i} took={i}ms host=web-{i}\n" for i in range(5))
    records = read(text)
    assert [r["message"] for r in records] == [b"order-%d took=%dms" % (i, i) for i in range(5)]
    assert [r["host"] for r in records] == [f"web-{i}" for i in range(5)]


def test_pairs_alone_become_their_message_without_a_workspace():
    lines = ["plain 7", "took=7ms level=info msg=ready", "level=info msg=done"]
    assert split_headers(lines) == ["plain 7", "ready took=7ms", "done"]


SYSLOG = "<11>Nov 23 10:00:00 web-1 shop[7]: "


@pytest.mark.parametrize(
    ("behind", "expected"),
    [
        ('{"msg":"boom 7"}', ("boom 7", 17, "shop", "web-1", 0)),
        ('@cee: {"msg":"boom 7"}', ("boom 7", 17, "shop", "web-1", 0)),
        ('@cee:{"msg":"boom 7","level":"warn"}', ("boom 7", 13, "shop", "web-1", 0)),
        ('{"msg":"boom 7","logger":"a.B","host":"db-1"}', ("boom 7", 17, "a.B", "db-1", 0)),
        ('{"msg":"boom 7","ts":"2026-11-23T10:00:09Z"}', ("boom 7", 17, "shop", "web-1", 9)),
        ('{"msg":"boom 7","ts":"soon"}', ("boom 7 time=soon", 17, "shop", "web-1", 0)),
        ('{"msg":"boom 7"} and more', ('{"msg":"boom 7"} and more', 17, "shop", "web-1", 0)),
        ('{"msg":bad 7}', ('{"msg":bad 7}', 17, "shop", "web-1", 0)),
        ("msg=boom level=warn", ("boom", 13, "shop", "web-1", 0)),
        ("took=7", ("took=7", 17, "shop", "web-1", 0)),
    ],
)
def test_what_stands_behind_a_syslog_header_says_more_than_it(read, behind, expected):
    (record,) = read(SYSLOG + behind + "\n")
    found = [record[name] for name in ("severity", "service", "host")]
    assert (record["message"].decode(), *found, record["occurred_at"].second) == expected


def test_objects_behind_headers_are_read_among_other_lines(read):
    lines = ['{"msg":"a 1"}', SYSLOG + '{"msg":"b 2"}', SYSLOG + "c 3", '{"msg":"d 4","n":5}']
    records = read("\n".join(lines) + "\n")
    assert [r["message"] for r in records] == [b"a 1", b"b 2", b"c 3", b"d 4 n=5"]
    assert [r["service"] for r in records] == [None, "shop", "shop", None]
