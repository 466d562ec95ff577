from itertools import pairwise

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

RELAXED = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30
)
LINES = [
    "#Software: a web server\n",
    "#Date: 2026-11-23 10:00:00\n",
    "#Fields: date time s-computername cs-method cs-uri-stem sc-status cs(User-Agent) time-taken\n",
    "2026-11-23 10:00:01 web-1 GET /orders 200 probe/1.0 12\n",
    '2026-11-23 10:00:02 web-1 GET /orders 503 "a probe" 13\n',
    "2026-11-23 10:00:03 too few\n",
    "#Fields: time sc-status cs-uri-stem c-ip\n",
    "10:00:04\t404\t/gone\t192.0.2.7\n",
    "10:00:05 - /gone 192.0.2.7\n",
]


def test_each_directive_holds_for_the_lines_behind_it(read):
    records = [r for r in read("".join(LINES)) if not r["message"].startswith(b"#")]
    assert [r["message"].decode() for r in records] == [
        "GET /orders cs(User-Agent)=probe/1.0 time-taken=12",
        'GET /orders cs(User-Agent)="a probe" time-taken=13',
        "too few",
        "/gone c-ip=192.0.2.7",
        "/gone c-ip=192.0.2.7",
    ]
    assert [r["severity"] for r in records] == [9, 17, None, 13, None]
    assert [r["host"] for r in records] == ["web-1", "web-1", None, None, None]
    assert [r["occurred_at"].second for r in records] == [1, 2, 3, 4, 5]
    qualities = ["exact", "exact", "assumed_zone", "exact", "exact"]
    assert [r["time_quality"] for r in records] == qualities


@RELAXED
@given(cuts=st.lists(st.integers(0, len(LINES)), max_size=4))
def test_blocks_do_not_change_what_is_read(feed, whole, cuts):
    lines = [line.encode() for line in LINES]
    edges = [0, *sorted(cuts), len(lines)]
    blocks = [b"".join(lines[a:b]) for a, b in pairwise(edges)]
    fed = whole(feed(*blocks))
    assert fed["message"].to_list() == whole(feed(b"".join(lines)))["message"].to_list()


def test_columns_without_a_time_are_left_as_they_are(read):
    records = read("#Fields: cs-uri-stem sc-status\n/gone 404\n")
    assert records[-1]["message"].endswith(b"/gone 404")
