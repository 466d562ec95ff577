"""Lines look like the formats they are in, and say the right time."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest

from caseline.testing.fleet import simulate
from caseline.testing.fleet.catalog import load_catalog
from caseline.testing.fleet.choice import GroupedChoice
from caseline.testing.fleet.values import Values

FORMS = {
    "log4j": r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} [A-Z ]{5} \[[\w-]+\] \S+ - .+",
    "spring": (
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d [A-Z ]{5} \d+ --- \[[\w-]+\] \S+ : .+"
    ),
    "syslog_rfc3164": r"[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \S+ .+",
    "syslog_rfc5424": (
        r"<\d+>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z \S+ \w+ \d+ - (-|\[[^]]+\]) .+"
    ),
    "python_logging": r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} - \S+ - [A-Z]+ - .+",
    "nginx_access": (
        r'[\d.]+ - \w+ \[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] "[A-Z]+ .+'
    ),
    "klog": r"[IWEF]\d{4} \d\d:\d\d:\d\d\.\d{6} \d+ \w+\.go:\d+\] .+",
    "nlog": r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{4}\|[A-Z]+\|[^|]+\|.+",
    "logfmt": r'ts=\S+Z level=\w+ svc=\w+ logger=\S+( tenant(_id)?=\w+)? msg=".*"',
}


@pytest.fixture(scope="module")
def fleet():
    return simulate("S5", seed=6, customers=80, days=5, events_per_day=12_000)


@pytest.fixture(scope="module")
def by_file(fleet):
    form = {
        (f["environment_id"], f"{f['host']}/{f['service']}"): f
        for f in fleet.truth.files.to_dicts()
    }
    found = []
    for place, name, chunks in fleet.streams():
        found.append((form[place, name.rsplit("-", 3)[0]], b"".join(chunks).decode()))
    return found


def test_every_format_occurs(by_file):
    assert {f["format"] for f, _ in by_file} == set(load_catalog().formats)


@pytest.mark.parametrize("form", sorted(FORMS))
def test_lines_match_their_format(by_file, form):
    texts = [text for f, text in by_file if f["format"] == form]
    whole = re.compile(FORMS[form])
    part = re.compile(
        r"(\s|\.\.\.|Traceback|Caused by|System\.|org\.|com\.|java\.|example\.|[A-Z]\w*Error|$)"
    )
    for text in texts:
        for line in text.split("\n"):
            assert whole.fullmatch(line) or part.match(line)


@pytest.mark.parametrize("form", ["json_otel", "json_ecs"])
def test_json_lines_are_json(by_file, form):
    lines = [line for f, t in by_file if f["format"] == form for line in t.splitlines()]
    assert lines
    for line in lines:
        row = json.loads(line)
        assert row.get("body") or row.get("message")


def test_stack_traces_stand_under_their_line_or_inside_the_record(by_file):
    text = "".join(t for _, t in by_file)
    assert "has no rule part, calendar ignored\nTraceback (most recent call last):\n" in text
    assert "\n\tat com.example.api.Serializer.write(Serializer.java:402)\n" in text
    assert r"\n\tat com.example.api.Serializer.write(Serializer.java:402)\n" in text


def test_written_times_are_the_true_times_in_the_zone_and_skew_of_the_host():
    fleet = simulate(
        "S6",
        seed=9,
        customers=20,
        days=1,
        events_per_day=400,
        clock_skew_share=1.0,
        start=datetime(2026, 3, 29, tzinfo=ZoneInfo("UTC")),
    )
    fact = fleet.truth.facts["loud_plugin"]
    files = fleet.truth.files.filter(
        (pl.col("environment_id") == fact["environment_id"]) & (pl.col("service") == "api")
    ).row(0, named=True)
    hits = fleet._traffic.hits.of_day(0).filter(pl.col("issue") == 0)["at"].sort()
    expected = [
        datetime.fromtimestamp(at / 1e6, ZoneInfo("UTC")) + timedelta(seconds=files["skew_seconds"])
        for at in hits
    ]
    text = "".join(
        b"".join(c).decode()
        for place, name, c in fleet.streams()
        if place == fact["environment_id"]
    )
    lines = [line for line in text.splitlines() if "custom-pricing: rule" in line]
    assert len(lines) == len(expected)
    for line, moment in zip(lines, expected, strict=True):
        assert abs(written_at(line, files) - moment) < timedelta(milliseconds=1)


def written_at(line, file):
    if file["format"] == "json_otel":
        return datetime.fromisoformat(json.loads(line)["timestamp"])
    if file["format"] == "spring":
        return datetime.fromisoformat(line.split(" ")[0])
    local = datetime.strptime(line[:23], "%Y-%m-%d %H:%M:%S,%f").replace(
        tzinfo=ZoneInfo(file["timezone"])
    )
    return local.astimezone(ZoneInfo("UTC"))


def test_lines_of_a_file_are_in_the_order_of_time(by_file):
    for file, text in by_file:
        if file["format"] == "syslog_rfc5424":
            times = [line.split(" ")[1] for line in text.splitlines()]
            assert times == sorted(times)


def test_labelled_files_write_the_tenant_and_others_do_not(by_file):
    labelled = [
        (f["labelled"], t) for f, t in by_file if f["format"] == "json_otel" and f["placement"]
    ]
    tenant = re.compile(r'"tenant(\.id)?":"[tT]\d{3}"')
    for says, text in labelled:
        assert bool(tenant.search(text)) == says


def test_tenant_keys_are_spelt_in_several_ways(by_file):
    text = "".join(t for _, t in by_file)
    ways = [r"\[tenant=t\d+\]", r'tenant="t\d+"', r'"labels\.tenant":"t\d+"', r"[=\[:\"]T\d{3}"]
    assert sum(bool(re.search(way, text)) for way in ways) >= 3


def test_personal_data_is_planted_and_made_up(by_file):
    text = "".join(t for _, t in by_file)
    mails = set(re.findall(r"[\w.]+@[a-z][\w.]+", text))
    assert mails
    assert all(m.endswith("example.com") for m in mails)


def test_many_templates_are_used(by_file, fleet):
    text = "".join(t for _, t in by_file)
    markers = fleet.truth.templates["marker"].to_list()
    assert sum(m in text for m in markers) > 200


def test_volume_is_skewed_over_environments(fleet):
    sizes = {}
    for place, _, chunks in fleet.streams():
        sizes[place] = sizes.get(place, 0) + sum(map(len, chunks))
    ordered = sorted(sizes.values(), reverse=True)
    assert ordered[0] > 8 * ordered[len(ordered) // 2]


def test_a_grouped_choice_draws_by_weight():
    choice = GroupedChoice([[1, 2], [5]], [[1.0, 3.0], [2.0]])
    drawn = choice.draw(np.repeat([0, 1], 4000), np.random.default_rng(0))
    assert abs((drawn[:4000] == 2).mean() - 0.75) < 0.03
    assert (drawn[4000:] == 5).all()


@pytest.mark.parametrize(
    ("place", "form"),
    [
        ("uuid", r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
        ("ip", r"10\.\d{1,3}\.\d{1,3}\.\d{1,3}"),
        ("money", r"\d+\.\d\d"),
        ("seconds", r"\d+\.\d{3}"),
        ("size", r"\d+\.\d (B|KB|MB|GB)"),
        ("path", r"(/[\w-]+)+(\.\w+)?"),
        ("email", r"user\d{4}@\w+\.example\.com"),
        ("hex16", r"[0-9a-f]{16}"),
        ("day", r"202[56]-\d\d-\d\d"),
    ],
)
def test_values_look_like_their_type(place, form):
    values = Values(load_catalog()).draw(place, 500, np.random.default_rng(1))
    assert values.str.contains(f"^{form}$").all()
    assert values.n_unique() > 100
