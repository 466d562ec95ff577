from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from caseline.normalize.layouts import FILL

RELAXED = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=10
)
XML = (
    "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'>{0}<System>{0}"
    "<Provider Name='disk'/>{0}<EventID>7</EventID>{0}<Level>2</Level>{0}"
    "<TimeCreated SystemTime='2026-11-23T10:00:0%d.123456700Z'/>{0}<Computer>web-1</Computer>{0}"
    "</System>{0}<EventData><Data Name='Device'>disk &lt;%d&gt;</Data></EventData>{0}"
    "<RenderingInfo Culture='en-US'><Message>bad block %d</Message></RenderingInfo>{0}</Event>\n"
)
STYLES = {
    "event xml on one line": XML.format(""),
    "event xml on several lines": XML.format("\n  "),
    "events in a list": (
        "Event[0]:\n  Log Name: System\n  Source: disk\n  Date: 2026-11-23T10:00:0%d.123Z\n"
        "  Event ID: 7\n  Level: Error\n  User: N/A\n  Computer: web-1\n  Description: \n"
        "bad block %d\n\nsee disk %d\n\n"
    ),
    "events as properties": (
        "Index              : 4711\nEntryType          : Error\nInstanceId         : 7\n"
        "Message            : bad block %d on\n                     disk\n"
        "Source             : disk\nTimeGenerated      : 11/23/2026 10:00:0%d AM\n"
        "MachineName        : web-1\nUserName           : u%d\n\n"
    ),
    "java logger": (
        "Nov 23, 2026 10:00:0%d AM com.example.Orders place\nSEVERE: order %d failed\n"
        "java.lang.IllegalStateException: no stock %d\n\tat a.B.c(B.java:1)\n"
    ),
    "console logger": (
        "2026-11-23 10:00:0%d fail: Shop.Orders[7]\n      order %d failed\n"
        "      System.InvalidOperationException: no stock %d\n         at Shop.Orders.Place()\n"
    ),
    "slow statement": (
        "# Time: 2026-11-23T10:00:0%d.123456Z\n# User@Host: shop[shop] @ web-1 [192.0.2.7]\n"
        "# Query_time: 2.000123  Lock_time: 0.000012 Rows_sent: %d  Rows_examined: 100\n"
        "SET timestamp=1795428000;\nSELECT *\nFROM orders WHERE id = %d;\n"
    ),
    "journal export": (
        "__CURSOR=s=ab;i=%d\n__REALTIME_TIMESTAMP=179542800%d123456\nPRIORITY=3\n_HOSTNAME=web-1\n"
        "SYSLOG_IDENTIFIER=shop\nMESSAGE=order %d failed\n\n"
    ),
    "report": (
        "=ERROR REPORT==== 23-Nov-2026::10:00:0%d.123456 ===\n** order %d failed\n** reason: %d\n\n"
    ),
    "time on its own line": (
        "Mon Nov 23 10:00:0%d 2026\nerror %d in\nErrors in file /u01/shop_%d.trc:\n"
    ),
}
EXPECTED = {
    "event xml on one line": (17, "disk", "web-1", "bad block 2 Device=disk <2> EventID=7"),
    "event xml on several lines": (17, "disk", "web-1", "bad block 2 Device=disk <2> EventID=7"),
    "events in a list": (17, "disk", "web-1", "bad block 2\n\nsee disk 2 EventID=7"),
    "events as properties": (
        *(17, "disk", "web-1"),
        "bad block 2 on\n                     disk EventID=7",
    ),
    "java logger": (
        *(17, "com.example.Orders", None),
        "order 2 failed\njava.lang.IllegalStateException: no stock 2\n\tat a.B.c(B.java:1)",
    ),
    "console logger": (
        *(17, "Shop.Orders", None),
        (
            "order 2 failed\n      System.InvalidOperationException: no stock 2\n"
            "         at Shop.Orders.Place()"
        ),
    ),
    "slow statement": (
        *(None, None, None),
        (
            "SELECT *\nFROM orders WHERE id = 2; Lock_time=0.000012 Query_time=2.000123 "
            "Rows_examined=100 Rows_sent=2 ts=1795428000 user=shop"
        ),
    ),
    "journal export": (17, "shop", "web-1", "order 2 failed __CURSOR=s=ab;i=2"),
    "report": (17, None, None, "** order 2 failed\n** reason: 2"),
    "time on its own line": (None, None, None, "error 2 in\nErrors in file /u01/shop_2.trc:"),
}


def several(style, count=4):
    return "".join(STYLES[style] % (i, i, i) for i in range(1, count + 1))


@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize("style", sorted(STYLES))
def test_a_record_of_several_lines_is_one(read, style, newline):
    records = read(several(style).replace("\n", newline))
    assert len(records) == 4
    record = records[1]
    found = [record[name] for name in ("severity", "service", "host")]
    assert (*found, record["message"].decode()) == EXPECTED[style]
    assert [r["occurred_at"].second for r in records] == [1, 2, 3, 4]
    assert record["occurred_at"].hour == 10


@pytest.mark.parametrize("style", sorted(STYLES))
@RELAXED
@given(cuts=st.lists(st.integers(0, 60), max_size=6))
def test_blocks_do_not_change_what_is_read(feed, whole, style, cuts):
    lines = several(style).encode().splitlines(keepends=True)
    edges = [0, *sorted(min(cut, len(lines)) for cut in cuts), len(lines)]
    blocks = [b"".join(lines[a:b]) for a, b in pairwise(edges)]
    assert whole(feed(*blocks)).equals(whole(feed(b"".join(lines))))


@pytest.mark.parametrize("style", sorted(STYLES))
def test_every_line_is_counted(feed, style):
    text = several(style)
    (batch,) = feed(text.encode())
    rejected = sum(reject.lines for reject in batch.rejects)
    assert int(batch.frame["lines"].sum()) + rejected == text.count("\n")


@pytest.mark.parametrize(
    "text",
    [
        "<Event>no time</Event>\n",
        "Event[0]:\nnothing that is known\n",
        "Nov 23, 2026 10:00:00 AM com.example.Orders place\nno level\n",
        "info: shop[7]\nnot indented\n",
        "# User@Host: shop[shop] @ web-1\n",
    ],
)
def test_what_lacks_its_parts_stays_as_it_is(read, text):
    joined = "\n".join(r["message"].decode() for r in read(text))
    assert joined.splitlines()[-1] == text.splitlines()[-1]


def test_lines_behind_a_stanza_with_a_header_are_records_of_their_own(read):
    text = several("java logger", 1) + "2026-11-23 10:00:09 INFO ready\n"
    assert [r["message"] for r in read(text)][1] == b"ready"


def test_a_stanza_without_an_end_takes_its_first_two_lines(read):
    text = several("time on its own line", 1) + "line of a program\n" * 500
    first, *others = read(text)
    assert first["message"] == b"error 1 in"
    assert (first["lines"], sum(r["lines"] for r in others)) == (2, 501)


def test_the_sign_of_a_taken_line_alone_takes_nothing(read):
    text = FILL + b"\n" + b'{"msg":"a"}\n' + FILL + b"\nplain\n" + FILL + b"\n"
    records = read(text)
    assert sum(r["lines"] for r in records) == 5
    assert [r["message"] for r in records] == [b"", b"a", b"plain", b""]


def test_a_large_stanza_that_never_ends_is_not_held_back(feed):
    lines = ["Event[0]:\n", *["words of a description\n"] * 20_000]
    batches = feed("".join(lines).encode(), b"the last\n")
    assert sum(int(batch.frame["lines"].sum()) for batch in batches) == 20_002
