"""A stack trace is one record with one signature, however its file is dressed."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest

from caseline.normalize.normalizer import FileNormalizer
from caseline.records.batches import RawBlock, Source
from caseline.signatures.traces import describe, read_trace, read_trace_rules

FOLDER = Path(__file__).parent / "golden" / "traces"
SOURCE = Source(
    name="app.log",
    collection_id="c-1",
    origin="o-1",
    received_at=datetime(2026, 11, 24, tzinfo=UTC),
)
HEAD = "2026-11-23 10:00:00,123 ERROR [main] shop.Orders - "


def samples():
    for path in sorted(FOLDER.glob("*.txt")):
        for entry in path.read_text("utf-8").removeprefix("== ").split("\n== "):
            name, template, trace = entry.split("\n", 2)
            yield f"{path.stem}: {name}", trace.rstrip("\n"), template.removeprefix("> ")


SAMPLES = list(samples())
every_sample = pytest.mark.parametrize(
    ("trace", "template"), [sample[1:] for sample in SAMPLES], ids=[name for name, *_ in SAMPLES]
)


# Its first line is plain text: only a file of lines with headers tells whose it is.
told_by_name = pytest.mark.parametrize(
    ("trace", "template"),
    [sample[1:] for sample in SAMPLES if sample[0] != "go: error with its stack"],
    ids=[name for name, *_ in SAMPLES if name != "go: error with its stack"],
)


def read(text, *, at=None):
    """Return the messages of a file, fed as one block or as two cut at a line's end."""
    data = text.encode()
    cuts = [0, *([] if at is None else [data.index(b"\n", at) + 1]), len(data)]
    normalizer = FileNormalizer(SOURCE)
    found, lines = [], 0
    for n, (start, end) in enumerate(pairwise(cuts)):
        block = RawBlock(
            source=SOURCE,
            data=data[start:end],
            offset_bytes=start,
            index=n,
            last=n == len(cuts) - 2,
        )
        batch = normalizer.feed(block)
        found += [message.decode() for message in batch.frame["message"]]
        lines += batch.frame["lines"].sum() + sum(reject.lines for reject in batch.rejects)
    assert lines == len(data.splitlines())  # nothing is lost
    return found


def told(text):
    return describe(read_trace(text, read_trace_rules()))


def tail_of_text(trace):
    """Return how many lines of text without a mark stand at a trace's end."""
    return {"port 80": 1, "for row 7": 1}.get(trace.rsplit("\n", 1)[-1], 0)


@every_sample
def test_bare_trace_is_one_record(trace, template):
    messages = read(f"ready\n{trace}\nready again\n")

    assert messages[0] == "ready"
    assert told(messages[1]) == template
    assert len(messages) == 3 + tail_of_text(trace)


@told_by_name
def test_message_right_before_a_bare_trace_belongs_to_it(trace, template):
    messages = read(f"ready\nERROR cannot place order 7\n{trace}\nready again\n")

    assert messages[1].startswith("ERROR cannot place order 7\n")
    assert told(messages[1]) == template
    assert len(messages) == 3 + tail_of_text(trace)


@every_sample
def test_two_bare_traces_are_two_records(trace, template):
    if not tail_of_text(trace):
        assert [told(message) for message in read(f"{trace}\n{trace}\n")] == [template] * 2


@every_sample
def test_trace_behind_a_header_is_one_record(trace, template):
    text = f"{HEAD}order 7 failed\n{trace}\n" + f"{HEAD}ready\n" * 9
    messages = read(text)

    assert messages[0] == f"order 7 failed\n{trace}"
    assert (len(messages), told(messages[0])) == (10, template)


@told_by_name
@pytest.mark.parametrize("dress", ["cri", "docker", "syslog"])
def test_trace_wrapped_line_by_line_is_one_record(trace, template, dress):
    time = "2026-11-23T10:00:00.1Z"
    lines = ["ready", "order 7 failed", *trace.split("\n"), "ready"]
    if dress == "cri":
        lines = [f"{time} stderr F {line}" for line in lines]
    elif dress == "docker":
        lines = [json.dumps({"log": f"{x}\n", "stream": "stderr", "time": time}) for x in lines]
    else:
        lines = [f"Nov 23 10:00:00 web-1 app[12]: {line}" for line in lines]
    messages = [message for message in read("\n".join(lines) + "\n") if message]

    assert messages[0] == "ready"
    assert told(messages[1]) == template


WRITTEN = {
    "octal": lambda text: text.replace("\n", "#012").replace("\t", "#011"),
    "octal with returns": lambda text: text.replace("\n", "#015#012").replace("\t", "#011"),
    "escaped": lambda text: (
        text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    ),
    "doubled": lambda text: text.replace("\n", "\\\\n").replace("\t", "\\\\t"),
    "unicode": lambda text: text.replace("\n", "\\u000a").replace("\t", "\\u0009"),
    "html": lambda text: text.replace("\n", "<br>").replace("    ", "&nbsp;&nbsp;&nbsp;&nbsp;"),
}


@every_sample
@pytest.mark.parametrize("way", WRITTEN)
def test_trace_on_one_line_gets_its_newlines_back(trace, template, way):
    line = WRITTEN[way](f"order 7 failed\n{trace}")
    messages = read(f"{HEAD}ready\n{HEAD}{line}\n{HEAD}ready\n")

    assert (len(messages), told(messages[1])) == (3, template)


@every_sample
@pytest.mark.parametrize("field", ["stack_trace", "exception.stacktrace", "error.stack", "nested"])
def test_trace_in_a_field_has_the_same_signature(trace, template, field):
    if field == "nested" and "\\net" in trace:
        pytest.skip("a backslash and an n in an inner object read as a newline: see weaknesses")
    record = {"time": "2026-11-23T10:00:00Z", "level": "error", "message": "order 7 failed"}
    record |= {"error": {"stack_trace": trace}} if field == "nested" else {field: trace}
    (message,) = read(json.dumps(record) + "\n")

    assert told(message) == template


@every_sample
def test_trace_cut_by_a_block_is_whole(trace, template):
    text = f"{HEAD}ready\n{HEAD}order 7 failed\n{trace}\n{HEAD}ready\n"

    assert read(text, at=len(text) // 2) == read(text)
    bare = f"ready\n{trace}\nready again\nand again\n"
    assert read(bare, at=len(bare) // 2) == read(bare)
    assert template in {told(message) for message in read(bare, at=len(bare) // 2)}


def overflow(depth):
    turns = ["\tat shop.Tree.walk(Tree.java:12)", "\tat shop.Tree.size(Tree.java:9)"]
    return "java.lang.StackOverflowError\n" + "\n".join(turns[n % 2] for n in range(depth))


@pytest.mark.parametrize("depth", [900, 901, 1_023, 3_000])
def test_overflow_is_the_same_however_deep(depth):
    messages = read(f"{HEAD}order 7 failed\n{overflow(depth)}\n{HEAD}ready\n")

    assert told(messages[0]) == told(overflow(50))
    assert told(messages[0]).startswith("java.lang.StackOverflowError at shop.Tree.size <")


@pytest.mark.parametrize("end", [-1, -30, -90])
def test_trace_cut_by_a_collector_is_the_same_while_its_own_frames_are_there(end):
    frames = "".join(f"\tat shop.Step{name}.run(Step.java:3)\n" for name in "ABCD")
    library = "".join(f"\tat java.util.Inner.call{n}(Inner.java:{n})\n" for n in range(9))
    whole = f"shop.OrderError: none\n{frames}{library}"

    assert told(whole[:end]) == told(whole)


@pytest.mark.parametrize("size", range(0, 600, 7))
def test_trace_cut_anywhere_does_no_harm(size):
    for _, trace, _ in SAMPLES:
        assert isinstance(told(trace[:size]), str)
        assert isinstance(told(trace[size:]), str)


def test_indentation_that_a_collector_took_is_not_missed():
    ((whole, template),) = [s[1:] for s in SAMPLES if s[0] == "java: same, another build"]
    trace = "\n".join(line.strip() for line in whole.split("\n"))
    messages = read(f"ready\n{trace}\nready again\n")

    assert messages[0::2] == ["ready", "ready again"]
    assert told(messages[1]) == template


def test_trace_whose_lines_became_blanks_gets_them_back():
    line = "shop.OrderError: none at shop.Stock.take(Stock.java:8) at shop.Api.get(Api.java:2)"
    messages = read(f"{HEAD}{line} ... 12 more\n")

    assert told(messages[0]) == "shop.OrderError at shop.Stock.take < shop.Api.get"


def test_trace_with_bars_for_newlines_gets_them_back():
    line = "shop.OrderError: none | at shop.Stock.take(Stock.java:8) | at shop.Api.get(Api.java:2)"

    assert told(read(f"{HEAD}{line}\n")[0]) == "shop.OrderError at shop.Stock.take < shop.Api.get"
