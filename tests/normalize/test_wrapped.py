import json

import pytest

from caseline.normalize.wrapped import unwrap

TRACE = [
    "2026-11-23 10:00:00,123 ERROR [main] shop.Orders - order 7 failed",
    "java.lang.IllegalStateException: no stock",
    "\tat com.example.Shop.place(Shop.java:12)",
    "",
    "Caused by: java.io.IOException: pipe",
    "\t... 3 more",
]


def docker(lines):
    return "".join(
        json.dumps(
            {"log": f"{line}\n", "stream": "stderr", "time": f"2026-11-23T10:00:{i:02}.5Z"},
            separators=(",", ":"),
        )
        + "\n"
        for i, line in enumerate(lines)
    )


def cri(lines):
    return "".join(f"2026-11-23T10:00:{i:02}.5Z stderr F {line}\n" for i, line in enumerate(lines))


@pytest.mark.parametrize("wrap", [docker, cri])
def test_a_trace_in_container_output_is_one_record(read, wrap):
    first, second = read(wrap([*TRACE, "next order"]))
    assert first["message"].decode().split("\n") == ["order 7 failed", *TRACE[1:]]
    assert (first["severity"], first["service"], first["lines"]) == (17, "shop.Orders", 6)
    assert second["message"] == b"next order"


@pytest.mark.parametrize("wrap", [docker, cri])
def test_json_in_container_output_is_read_as_json(read, wrap):
    inner = {"level": "error", "msg": "order 7 failed", "logger": "shop", "tenant": "acme-7"}
    (record,) = read(wrap([json.dumps(inner)]))
    assert record["message"] == b"order 7 failed"
    found = [record[name] for name in ("severity", "service", "tenant", "time_quality")]
    assert found == [17, "shop", "acme-7", "exact"]
    assert record["occurred_at"].isoformat() == "2026-11-23T10:00:00.500000+00:00"


def test_what_docker_adds_about_a_container_changes_nothing(read):
    line = docker(["2026-11-23 10:00:00,123 ERROR [main] shop.Orders - boom 7"])
    told = line.replace('"stderr",', '"stderr","attrs":{"tag":"shop","env":"x"},')
    assert told != line
    assert read(told) == read(line)


def test_the_programs_own_time_counts_more_than_the_runtimes(read):
    (record,) = read(cri(['{"msg":"boom","ts":"2026-11-23T09:59:59Z"}']))
    assert record["occurred_at"].isoformat() == "2026-11-23T09:59:59+00:00"
    assert record["message"] == b"boom"


def test_a_line_that_docker_cut_goes_on_in_the_next(read):
    lines = docker(["", ", second half"]).replace(r"\n", "first half", 1)
    (record,) = read(lines)
    assert record["message"] == b"first half, second half"


def test_positions_are_those_of_the_file(feed):
    data = docker(["one", "two", "", ""]).encode()
    (batch,) = feed(data)
    (blank,) = batch.rejects
    assert (blank.reason, blank.lines) == ("blank", 2)
    assert blank.position == len(docker(["one", "two"]))


@pytest.mark.parametrize(
    "line",
    [
        b'{"log":"two\\nlines\\n","stream":"stdout","time":"2026-11-23T10:00:00Z"}',
        b'{"log":"bad \\x\\n","stream":"stdout","time":"2026-11-23T10:00:00Z"}',
        b'{"log":"x\\n","stream":"stdout","time":"yesterday"}',
        b"2026-11-23T10:00:00Z stdout F { id: 7 }",
    ],
)
def test_other_lines_stay_as_they_are(line):
    assert unwrap(line) == line


@pytest.mark.parametrize("wrap", [docker, cri])
@pytest.mark.parametrize("line", ["TimeoutError: no answer in {} s", "    step {} of 9 done"])
def test_lines_that_only_look_like_the_end_of_a_trace_are_records(read, wrap, line):
    records = read(wrap(["started", *(line.format(n) for n in range(5))]))
    assert [record["lines"] for record in records] == [1] * 6


@pytest.mark.parametrize("wrap", [docker, cri])
def test_the_line_that_ends_a_trace_belongs_to_it(read, wrap):
    trace = ["Traceback (most recent call last):", '  File "a.py", line 3, in f', "    g()"]
    records = read(wrap(["failed", *trace, "KeyError: 7", "next"]))
    assert [record["lines"] for record in records] == [5, 1]


@pytest.mark.parametrize("wrap", [docker, cri])
@pytest.mark.parametrize(
    "trace",
    [
        [
            "panic: runtime error: index out of range [7] with length 3",
            "[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x48]",
            "",
            "goroutine 1 [running]:",
            "main.place(0x0)",
            "\t/app/main.go:10 +0x1d",
            "exit status 2",
        ],
        [
            "PHP Fatal error:  Uncaught Exception: no stock in /app/a.php:3",
            "Stack trace:",
            "#0 /app/a.php(7): place()",
            "#1 {main}",
            "  thrown in /app/a.php on line 3",
        ],
        [
            "TypeError: orders is not iterable",
            "    at place (/app/a.js:3:5) {",
            "  code: 'E_BAD'",
            "}",
        ],
    ],
    ids=["go", "php", "node"],
)
def test_traces_of_other_languages_are_one_record(read, wrap, trace):
    records = read(wrap(["ready", *trace, "ready again"]))
    assert records[-1]["lines"] == 1
    assert records[-2]["message"].decode().endswith("\n".join(trace[1:]))


def test_what_a_container_printed_votes_where_its_lines_have_times(read):
    lines = [f"web-1  | 2026-11-23 10:00:{i:02},123 INFO [main] shop.Orders - go" for i in range(9)]
    first, *rest = read("\n".join(["Product 7.1 starts", "==================", *lines]) + "\n")
    assert first["message"] == b"Product 7.1 starts\n=================="
    assert [record["message"] for record in rest] == [b"go"] * 9
