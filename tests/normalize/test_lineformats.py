"""Formats that users give: checked when made, tried before the known ones."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

import caseline
from caseline import LineFormat
from caseline.normalize.headers import split_headers
from caseline.normalize.lineformats import line_formats
from caseline.normalize.normalizer import FileNormalizer
from caseline.normalize.recognition import recognizer_for
from caseline.normalize.settings import NormalizeSettings
from caseline.records.batches import RawBlock

LINE = "2026-06-01 10:11:12 [main 1] WARN  orders-7: order 9 is late"
TEMPLATE = "{time} [{thread}] {severity} {service}: {message}"


def read_by(own, line, source):
    made = source()
    normalizer = FileNormalizer(made, settings=NormalizeSettings(own=(own,)))
    batch = normalizer.feed(RawBlock(source=made, data=line.encode() + b"\n", last=True))
    [row] = batch.frame.to_dicts()
    return row, batch.formats


def test_template_says_where_each_part_stands(source):
    own = LineFormat(name="shop", pattern=TEMPLATE, samples=(LINE,))
    row, formats = read_by(own, LINE, source)

    assert formats == {"shop": 1}
    assert row["occurred_at"] == datetime(2026, 6, 1, 10, 11, 12, tzinfo=UTC)
    assert (row["severity"], row["severity_text"]) == (13, "WARN")
    assert (row["service"], row["message"]) == ("orders-7", b"order 9 is late")


def test_pattern_is_of_the_language_of_the_data_files(source):
    own = LineFormat(
        name="shop",
        pattern=r"#0+ %{time} <%{level}> (?P<service>[\w.]+)>> ",
        samples=("#7 2026-11-23 10:00:00,123 <WARN> billing>> order 7 is late",),
    )
    row, formats = read_by(own, own.samples[0], source)

    assert formats == {"shop": 1}
    assert (row["severity"], row["service"], row["message"]) == (13, "billing", b"order 7 is late")


@pytest.mark.parametrize(
    ("template", "line", "expected"),
    [
        ("{severity}#{host}#{message}", "E#h-1#a b", {"severity": 17, "host": "h-1"}),
        ("<{pid}> {tenant} {message}", "<12> acme a b", {"tenant": "acme"}),
        ("{{{trace}}} {message}", "{4bf92f} a b", {"trace_id": "4bf92f"}),
        ("v2 {skip} {service}= {message}", "v2 x y z shop= a b", {"service": "shop"}),
        ("{number}|{word}|{message}", "1.5|x|a b", {"service": None}),
    ],
)
def test_parts_of_a_template_fill_their_columns(source, template, line, expected):
    row, _ = read_by(LineFormat(name="own", pattern=template, samples=(line,)), line, source)

    assert row["message"] == b"a b"
    assert {name: row[name] for name in expected} == expected


def test_own_format_is_tried_before_the_known_ones():
    line = "2026-06-01 10:11:12 INFO [main] shop.Orders - order 7 accepted"
    own = LineFormat(name="own", pattern="{time} INFO {message}")
    read = split_headers([line], settings=NormalizeSettings(own=(own,)))

    assert read == ["[main] shop.Orders - order 7 accepted"]
    assert split_headers([line]) == ["order 7 accepted"]


def test_longer_line_is_not_read_by_what_its_beginning_is_read_by():
    own = LineFormat(name="own", pattern=r"%{time} INFO (?=.*done$)")
    lines = [f"2026-06-01 10:11:12 INFO [main] a.B - {text}" for text in ("it runs", "it is done")]
    read = split_headers(lines, settings=NormalizeSettings(own=(own,)))

    assert read == ["it runs", "[main] a.B - it is done"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "Shop 1"}, "lower case"),
        ({"name": "syslog_rfc3164"}, "shipped format"),
        ({"name": "columns"}, "shipped format"),
        ({"pattern": "{time} {servce}: {message}"}, "did you mean 'service'"),
        ({"pattern": "{time} {service}"}, "one {message}"),
        ({"pattern": "{time} {time} {message}"}, "each other part once"),
        ({"pattern": "{message} {time}"}, "ends with"),
        ({"pattern": "%{time} %{levl} "}, "did you mean 'level'"),
        ({"pattern": "%{time} ((("}, "pattern is not one"),
        ({"times": ("is",)}, "did you mean 'iso'"),
        ({"times": "iso"}, "give a tuple"),
        ({"samples": "a"}, "give a tuple"),
        ({"samples": (LINE, "no such line")}, "sample 2"),
    ],
)
def test_what_cannot_be_right_is_refused_when_made(changes, message):
    known = {"name": "shop", "pattern": TEMPLATE}

    with pytest.raises(caseline.InputError, match=message) as caught:
        LineFormat(**{**known, **changes})
    assert "no such line" not in str(caught.value)


def test_file_of_formats_is_read_as_the_shipped_ones_are(tmp_path):
    path = tmp_path / "own.toml"
    path.write_text(
        "[[format]]\n"
        "name = 'numbered'\n"
        "pattern = '#0+ %{time} '\n"
        "times = ['dated']\n"
        "starts = '#'\n"
        "[[format.sample]]\n"
        "line = '#7 2026-11-23 10:00:00 order 7 is late'\n"
    )

    assert [one.name for one in line_formats([path, LineFormat(name="b", pattern=TEMPLATE)])] == [
        "numbered",
        "b",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[format]", "no TOML"),
        ("a = 1", r"no \[\[format\]\]"),
        ("[[format]]\nname = 'a'", "needs pattern"),
        ("[[format]]\nname = 'a'\npatern = 'b'", "did you mean 'pattern'"),
        ("[[format]]\nname='a'\npattern='x '\n[[format.sample]]\nline='y'", "sample 1"),
    ],
)
def test_file_that_holds_no_formats_is_refused(tmp_path, text, message):
    path = tmp_path / "own.toml"
    path.write_text(text)

    with pytest.raises(caseline.InputError, match=message):
        line_formats([path])


def test_file_that_is_absent_is_a_source_error(tmp_path):
    with pytest.raises(caseline.SourceError, match="cannot be read"):
        line_formats([tmp_path / "no.toml"])


def test_formats_are_a_list_of_formats_each_name_once():
    one = LineFormat(name="a", pattern=TEMPLATE)

    with pytest.raises(caseline.InputError, match="more than once"):
        line_formats([one, LineFormat(name="a", pattern="{time} {message}")])
    for wrong in (one, "own.toml"):
        with pytest.raises(caseline.InputError, match="give a list"):
            line_formats(wrong)
    with pytest.raises(caseline.InputError, match="holds a int"):
        line_formats([7])


def test_recognizers_are_shared_by_equal_formats_only():
    one = NormalizeSettings(own=(LineFormat(name="a", pattern="{time} {message}"),))
    same = NormalizeSettings(own=(LineFormat(name="a", pattern="{time} {message}"),))
    other = NormalizeSettings(own=(LineFormat(name="a", pattern="{time}: {message}"),))

    assert recognizer_for(one) is recognizer_for(same)
    assert recognizer_for(one) is not recognizer_for(other)
    assert recognizer_for(NormalizeSettings()) is recognizer_for(NormalizeSettings())


def test_mining_takes_a_format():
    own = LineFormat(name="own", pattern="{time}~{word}~{message}")
    lines = ["2026-06-01 10:11:12~x~took 5 ms", "2026-06-01 10:11:13~y~took 7 ms"]
    mined = caseline.mine(lines, header=own)

    assert list(mined.templates.values()) == ["took <*> ms"]
    with pytest.raises(caseline.InputError, match="LineFormat"):
        caseline.mine(lines, header="own")
