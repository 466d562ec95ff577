import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from caseline.normalize.jsonlines import UnreadableError, read_objects

RELAXED = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30
)
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**53), 2**53), TEXT),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)
OBJECTS = st.lists(st.dictionaries(TEXT, VALUES, max_size=5), min_size=1, max_size=8)


@given(OBJECTS, st.sampled_from([(",", ":"), (", ", ": "), (" , ", " : ")]))
def test_no_field_is_lost(objects, separators):
    text = "".join(json.dumps(o, separators=separators) + "\n" for o in objects).encode()
    frame = read_objects(text, len(objects))
    assert frame.height == len(objects)
    for row, found in enumerate(objects):
        for name, value in found.items():
            if isinstance(value, str) and "{" not in value:
                assert frame[name][row] == value
            elif isinstance(value, bool):
                assert frame[name][row] == str(value).lower()
            elif isinstance(value, int):
                assert frame[name][row] == str(value)


def test_a_field_may_be_text_here_and_an_object_there():
    frame = read_objects(b'{"error":"x"}\n{"error":{"type":"E"}}\n{"error":3}\n', 3)
    assert frame["error"].to_list() == ["x", None, "3"]
    assert frame["error.type"].to_list() == [None, "E", None]


@pytest.mark.parametrize("text", [b'{"a":\n', b"{bad}\n", b'{"a":1}{"b":2}\n', b'{"a":NaN}\n'])
def test_text_that_is_no_json_is_told(text):
    with pytest.raises(UnreadableError):
        read_objects(text, 1)


def test_too_many_names_are_told():
    text = json.dumps({f"k{i}": i for i in range(700)}).encode() + b"\n"
    with pytest.raises(UnreadableError):
        read_objects(text, 1)


def test_deep_objects_end_as_text():
    frame = read_objects(b'{"a":{"b":{"c":{"d":{"e":{"f":1}}}}}}\n', 1)
    (value,) = frame.row(0)
    assert value.startswith("{")


STYLES: dict[str, dict] = {
    "ecs": {
        "@timestamp": "2026-11-23T10:00:00.123Z",
        "log.level": "error",
        "message": "boom 7",
        "service.name": "shop",
        "host.name": "web-1",
        "trace.id": "ab12",
        "labels": {"tenant": "acme-7"},
    },
    "otel": {
        "timeUnixNano": "1795428000123000000",
        "severityText": "ERROR",
        "severityNumber": 17,
        "body": "boom 7",
        "traceId": "ab12",
        "resource": {"service.name": "shop", "host.name": "web-1"},
        "attributes": {"tenant.id": "acme-7"},
    },
    "bunyan": {
        "name": "shop",
        "hostname": "web-1",
        "pid": 4,
        "level": 50,
        "msg": "boom 7",
        "time": "2026-11-23T10:00:00.123Z",
        "v": 0,
        "trace_id": "ab12",
        "tenantId": "acme-7",
    },
    "pino": {
        "level": 50,
        "time": 1795428000123,
        "hostname": "web-1",
        "name": "shop",
        "msg": "boom 7",
        "traceId": "ab12",
        "tenant": "acme-7",
    },
    "winston": {
        "level": "error",
        "message": "boom 7",
        "timestamp": "2026-11-23 10:00:00.123",
        "service": "shop",
        "hostname": "web-1",
        "traceId": "ab12",
        "tenant": "acme-7",
    },
    "zap": {
        "level": "error",
        "ts": 1795428000.123,
        "logger": "shop",
        "msg": "boom 7",
        "host": "web-1",
        "trace_id": "ab12",
        "tenant": "acme-7",
    },
    "logrus": {
        "level": "error",
        "msg": "boom 7",
        "time": "2026-11-23T10:00:00.123Z",
        "component": "shop",
        "host": "web-1",
        "trace_id": "ab12",
        "tenant": "acme-7",
    },
    "gelf": {
        "version": "1.1",
        "host": "web-1",
        "short_message": "boom 7",
        "timestamp": 1795428000.123,
        "level": 3,
        "_service": "shop",
        "_trace_id": "ab12",
        "_tenant": "acme-7",
    },
    "stackdriver": {
        "severity": "ERROR",
        "timestamp": "2026-11-23T10:00:00.123Z",
        "jsonPayload": {
            "message": "boom 7",
            "service": "shop",
            "hostname": "web-1",
            "tenant": "acme-7",
        },
        "trace": "ab12",
    },
    "cloudwatch": {
        "timestamp": 1795428000123,
        "level": "ERROR",
        "message": "boom 7",
        "service": "shop",
        "hostname": "web-1",
        "requestId": "ab12",
        "tenant": "acme-7",
    },
}


@pytest.mark.parametrize("style", sorted(STYLES))
def test_common_styles_mean_the_same(read, style):
    (record,) = read(json.dumps(STYLES[style]) + "\n")
    assert record["message"].startswith(b"boom 7")
    assert record["occurred_at"].isoformat() == "2026-11-23T10:00:00.123000+00:00"
    assert record["severity"] == 17
    found = [record[name] for name in ("service", "host", "trace_id", "tenant")]
    assert found == ["shop", "web-1", "ab12", "acme-7"]


@pytest.mark.parametrize(
    "line",
    [
        {
            "t": {"$date": "2026-11-23T10:00:00.123+00:00"},
            "s": "E",
            "c": "shop",
            "ctx": "conn7",
            "msg": "boom 7",
        },
        {
            "TimeCreated": "2026-11-23T10:00:00.123Z",
            "Level": 2,
            "LevelDisplayName": "Error",
            "ProviderName": "shop",
            "Message": "boom 7",
        },
    ],
    ids=["database", "windows"],
)
def test_names_of_databases_and_windows_events_are_known(read, line):
    (record,) = read(json.dumps(line) + "\n")
    assert record["message"].startswith(b"boom 7")
    assert record["occurred_at"].isoformat() == "2026-11-23T10:00:00.123000+00:00"
    assert (record["severity"], record["service"]) == (17, "shop")


def test_container_output_is_read_as_a_line_of_its_own(read):
    line = {
        "log": "2026-11-23 10:00:00,123 ERROR [main] shop.Orders - boom 7\n",
        "stream": "stderr",
        "time": "2026-11-23T10:00:00.123456789Z",
    }
    (record,) = read(json.dumps(line) + "\n")
    assert record["message"] == b"boom 7"
    assert (record["severity"], record["service"]) == (17, "shop.Orders")
    assert record["occurred_at"].microsecond == 123456


def test_all_other_fields_follow_the_message_in_the_order_of_keys(read):
    (record,) = read('{"z":1,"msg":"boom","b":{"y":[1,"x"],"a":"q r"},"level":"warn"}\n')
    assert record["message"] == b'boom b.a=q r b.y=[1, "x"] z=1'


def test_stack_follows_on_lines_of_its_own(read):
    (record,) = read('{"msg":"boom","stack":"Error: x\\n    at f (a.js:1:2)","n":1}\n')
    assert record["message"] == b"boom n=1\nError: x\n    at f (a.js:1:2)"


def test_time_that_nobody_can_read_stays_in_the_message(read):
    (record,) = read('{"msg":"boom","time":"yesterday"}\n')
    assert record["message"] == b"boom time=yesterday"
    assert record["time_quality"] == "none"


def test_unreadable_lines_stay_whole_among_readable_ones(read):
    records = read('{"msg":"a"}\n{bad 7}\n{"msg":"b"}\n{"msg":NaN}\n')
    assert [r["message"] for r in records] == [b"a", b"{bad 7}", b"b", b'{"msg":NaN}']


def test_unreadable_lines_alone_stay_whole(read):
    assert [r["message"] for r in read("{bad 7}\n{worse}\n")] == [b"{bad 7}", b"{worse}"]


@RELAXED
@given(OBJECTS)
def test_any_object_becomes_one_record(read, objects):
    text = "".join(json.dumps(o) + "\n" for o in objects)
    assert len(read(text)) == len(objects)


def test_empty_objects_are_records(read):
    assert len(read("{}\n{}\n")) == 2


def test_no_names_give_no_columns():
    assert read_objects(b"{}\n", 1).shape == (1, 0)


@pytest.mark.parametrize("name", ["*", "^.*$"])
def test_an_empty_field_takes_no_other_with_it_whatever_its_name(name):
    line = json.dumps({name: None, "level": "error"}) + "\n"
    assert read_objects(line.encode(), 1).to_dicts() == [{"level": "error"}]


@pytest.mark.parametrize("name", ["*", "^m.*$", "^a$"])
def test_a_field_stands_for_itself_whatever_its_name(read, name):
    lines = [json.dumps({name: n, "msg": "boom"}) + "\n" for n in (7, 8)]
    expected = [f"boom {name}={n}".encode() for n in (7, 8)]
    assert [record["message"] for record in read("".join(lines))] == expected
    assert [record["message"] for record in read(lines[0])] == expected[:1]


def test_objects_in_fields_of_any_name_are_read(read):
    (record,) = read('{"msg":"boom","^a$":{"^b$":7,"*":{"c":8}}}\n')
    assert record["message"] == b"boom ^a$.*.c=8 ^a$.^b$=7"
