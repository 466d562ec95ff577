from __future__ import annotations

import io
import json
import tarfile
from datetime import UTC, datetime, timedelta

import pytest

import caseline

NOW = datetime(2026, 3, 10, tzinfo=UTC)
LINES = [
    "2026-03-09 10:00:00,120 ERROR [worker-1] shop.Pool - no connection left after 31 ms",
    "2026-03-09 10:00:01,120 ERROR [worker-2] shop.Pool - no connection left after 77 ms",
    "2026-03-09 10:00:02,000 INFO [worker-2] shop.Mail - sent to someone@example.com",
]
FLEET = {
    "customers": [{"customer_id": "acme", "tier": "gold"}, {"customer_id": "zeta"}],
    "environments": [
        {"environment_id": "acme-prod", "kind": "single_tenant", "stage": "production"},
        {"environment_id": "zeta-prod", "kind": "single_tenant", "stage": "production"},
    ],
    "tenancies": [
        {"customer_id": "acme", "environment_id": "acme-prod"},
        {"customer_id": "zeta", "environment_id": "zeta-prod"},
    ],
    "spans": [
        {
            "environment_id": "acme-prod",
            "component": "server",
            "value": "8.1.0",
            "kind": "version",
            "valid_from": "2026-01-01T00:00:00Z",
        }
    ],
}


@pytest.fixture
def ws(tmp_path):
    with caseline.open(tmp_path / "support", clock=caseline.ManualClock(NOW)) as opened:
        opened.fleet.load(**FLEET)
        yield opened


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "app.log"
    path.write_text("\n".join(LINES) + "\n")
    return path


def bundle(path, members, manifest=None):
    with tarfile.open(path, "w:gz") as tar:
        files = {**({"manifest.json": json.dumps(manifest)} if manifest else {}), **members}
        for name, text in files.items():
            data = text.encode()
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return path


def test_a_file_becomes_events_with_time_customer_version_and_signature(ws, log):
    report = ws.ingest(log, environment="acme-prod")
    assert (report.events, report.duplicates, report.rejects) == (3, 0, 0)
    newest, *_, oldest = ws.events(customer="acme")
    assert oldest.occurred_at == datetime(2026, 3, 9, 10, 0, 0, 120_000, tzinfo=UTC)
    assert (oldest.version, oldest.severity_text) == ("8.1.0", "ERROR")
    assert oldest.message == "no connection left after 31 ms"
    assert "someone@example.com" not in newest.message
    top = ws.signatures.top(by="customers")
    assert sorted(row.events for row in top) == [1, 2]


def test_the_same_file_again_changes_nothing(ws, log, tmp_path):
    ws.ingest(log, environment="acme-prod")
    again = ws.ingest(log, environment="acme-prod")
    renamed = log.rename(tmp_path / "app.log.1")
    copied = ws.ingest(renamed, environment="acme-prod")
    assert (again.events, again.duplicates) == (copied.events, copied.duplicates) == (0, 3)
    assert len(ws.events()) == 3


def test_a_time_that_cannot_be_stands_with_the_day_it_came(ws, tmp_path):
    lines = [LINES[0], LINES[1].replace("2026", "1970"), LINES[2].replace("2026", "2104")]
    path = tmp_path / "app.log"
    path.write_text("\n".join(lines))
    report = ws.ingest(path, environment="acme-prod")
    assert (report.events, len(report.coverage)) == (3, 1)
    assert report.coverage[0].ends_at.year == 2026
    near = (NOW - timedelta(days=2), NOW + timedelta(days=1))
    told = {e.occurred_at.year: e.time_quality for e in ws.events(window=near)}
    assert told == {2026: "assumed_zone", 1970: "doubtful", 2104: "doubtful"}
    partitions = [p.stem for p in (tmp_path / "support" / "events").glob("*.duckdb")]
    assert partitions == ["2026-03"]
    pool = ws.signatures.match("no connection left after 1 ms").signature_id
    assert len(ws.trends.series(pool, by="day")) == 2
    ws._clock.advance(timedelta(days=40))
    again = ws.ingest(path, environment="acme-prod")
    assert (again.events, again.duplicates) == (0, 3)


def test_reopening_finds_everything(ws, log, tmp_path):
    ws.ingest(log, environment="acme-prod")
    before = ws.events().to_dicts(), ws.signatures.top().to_dicts()
    ws.close()
    with caseline.open(tmp_path / "support", clock=caseline.ManualClock(NOW)) as again:
        assert (again.events().to_dicts(), again.signatures.top().to_dicts()) == before
        assert again.ingest(log, environment="acme-prod").events == 0
        more = again.ingest([LINES[0].replace("31", "99")], environment="acme-prod")
        assert more.signatures_new == 0


def test_the_manifest_of_a_bundle_says_where_it_comes_from(ws, tmp_path):
    path = bundle(tmp_path / "b.tgz", {"logs/app.log": LINES[0]}, {"environment_id": "zeta-prod"})
    ws.ingest(path)
    assert [event.customer_id for event in ws.events()] == ["zeta"]


def test_a_bundle_of_another_environment_is_quarantined(ws, tmp_path):
    path = bundle(tmp_path / "b.tgz", {"app.log": LINES[0]}, {"environment_id": "zeta-prod"})
    report = ws.ingest(path, environment="acme-prod")
    assert (report.events, report.rejects) == (0, 1)
    assert {r.reason for r in report.reject_details} == {"foreign_environment"}
    assert len(ws.events()) == 0


def test_a_rotated_copy_in_one_bundle_counts_once(ws, tmp_path):
    members = {"app.log": "\n".join(LINES[1:]), "app.log.1": "\n".join(LINES[:2])}
    report = ws.ingest(bundle(tmp_path / "b.tgz", members), environment="acme-prod")
    assert (report.events, report.duplicates) == (3, 1)


def test_a_truncated_bundle_gives_what_can_be_read(ws, tmp_path):
    path = bundle(tmp_path / "b.tgz", {f"{n}.log": LINES[0] + "\n" + "x" * 999 for n in range(9)})
    path.write_bytes(path.read_bytes()[:-60])
    report = ws.ingest(path, environment="acme-prod")
    assert report.events > 0
    assert "truncated" in {r.reason for r in report.reject_details}
    assert report.lines == report.events + report.duplicates + report.rejects


def test_no_personal_value_reaches_a_file_of_the_workspace(ws, log, tmp_path):
    ws.ingest(log, environment="acme-prod")
    ticket = {
        "ticket_id": "t1", "customer_id": "acme", "opened_at": NOW,
        "subject": "mail of someone@example.com lost", "description": "call +1 202 555 0143",
    }  # fmt: skip
    ws.tickets.load([ticket])
    ws.close()
    for path in (tmp_path / "support").rglob("*"):
        if path.is_file():
            assert b"someone@example.com" not in path.read_bytes()
            assert b"202 555 0143" not in path.read_bytes()


def test_a_viewer_sees_no_other_customer(ws, log):
    ws.ingest(log, environment="acme-prod")
    ws.ingest([LINES[0]], environment="zeta-prod")
    view = ws.as_viewer("ana", customers=["zeta"])
    assert {event.customer_id for event in view.events()} == {"zeta"}
    assert [row.events for row in view.signatures.top()] == [1]
    assert [c.customer_id for c in view.fleet.customers()] == ["zeta"]
    with pytest.raises(caseline.NotFoundError):
        ws.as_viewer("ana", customers=["zetta"])
    with pytest.raises(caseline.InputError):
        ws.as_viewer("", customers=["zeta"])


def test_lines_of_a_shared_environment_find_their_cell_by_the_path_of_their_file(ws, tmp_path):
    ws.fleet.load(
        environments=[{"environment_id": "cloud", "kind": "multi_tenant"}],
        tenancies=[
            {"customer_id": customer, "environment_id": "cloud", "placement": cell}
            for customer, cell in (("acme", "cell-1"), ("zeta", "cell-2"))
        ],
    )
    for cell in (1, 2):
        folder = tmp_path / "push" / f"cloud-cell-{cell}-app1"
        folder.mkdir(parents=True)
        start = "2026-03-09 10:00:0"
        lines = (f"{start}{n},000 ERROR [w] shop.Pool - lost {cell}\n" for n in range(cell))
        (folder / "app.log").write_text("".join(lines))
    ws.ingest(tmp_path / "push", environment="cloud")
    assert sorted(e.customer_id for e in ws.events()) == ["acme", "zeta", "zeta"]


def test_exposure_hides_logs_that_were_received_later(ws, log):
    ws.ingest(log, environment="acme-prod")
    assert [row.customer_id for row in ws.fleet.exposure(as_of=NOW)] == ["acme"]
    assert not len(ws.fleet.exposure(as_of=NOW - timedelta(seconds=1)))


def test_an_encrypted_workspace_opens_with_its_key_only(tmp_path, log):
    folder, clock = tmp_path / "secret", caseline.ManualClock(NOW)
    with caseline.open(folder, key="a long random key", clock=clock) as ws:
        ws.fleet.load(**FLEET)
        ws.ingest(log, environment="acme-prod")
    assert b"no connection left" not in b"".join(
        p.read_bytes() for p in folder.rglob("*") if p.is_file()
    )
    with pytest.raises(caseline.KeyMismatchError):
        caseline.open(folder)
    with caseline.open(folder, key="a long random key", clock=clock) as ws:
        assert len(ws.events()) == 3


def test_read_only_answers_and_takes_nothing_in(ws, log, tmp_path):
    ws.ingest(log, environment="acme-prod")
    ws.close()
    with caseline.open(tmp_path / "support", read_only=True) as reader:
        assert len(reader.events()) == 3
        with pytest.raises(caseline.ReadOnlyError):
            reader.ingest(log, environment="acme-prod")


def test_an_ingest_that_fails_leaves_nothing_that_later_lines_lack(ws, log, monkeypatch):
    def full_disk():
        raise OSError("no space left")

    with monkeypatch.context() as patched:
        patched.setattr(ws._store, "transaction", full_disk)
        with pytest.raises(OSError, match="no space left"):
            ws.ingest(log, environment="acme-prod")
    report = ws.ingest(log, environment="acme-prod")
    assert (report.events, report.signatures_new) == (3, 2)
    assert all(event.message for event in ws.events())


def test_progress_is_told_after_each_block(ws, log):
    told = []
    ws.ingest(log, environment="acme-prod", progress=told.append)
    assert told[-1].bytes_read == log.stat().st_size
    assert told[-1].name == "app.log"


BAD_CALLS = {
    "no/such.log": (
        lambda ws: ws.ingest("no/such.log", environment="acme-prod"),
        caseline.SourceError,
    ),
    "did you mean 'acme-prod'": (
        lambda ws: ws.ingest(["x"], environment="acme-prd"),
        caseline.NotFoundError,
    ),
    "environment": (lambda ws: ws.ingest(["x"]), caseline.InputError),
    "naive": (lambda ws: ws.events(window=(NOW.replace(tzinfo=None), NOW)), caseline.InputError),
    "positive": (lambda ws: ws.events(window=timedelta(0)), caseline.InputError),
    "limit is 0": (lambda ws: ws.events(limit=0), caseline.InputError),
    "customer_id": (lambda ws: ws.fleet.load(customers=[{"name": "x"}]), caseline.TableError),
    "s-none": (lambda ws: ws.impact.of("s-none"), caseline.NotFoundError),
    "t-none": (lambda ws: ws.impact.causes("t-none"), caseline.NotFoundError),
    "as_of is a naive": (
        lambda ws: ws.events(as_of=NOW.replace(tzinfo=None)),
        caseline.InputError,
    ),
    "since is a timedelta": (
        lambda ws: ws.impact.detect(since=timedelta(days=1)),
        caseline.InputError,
    ),
    "limit is a str": (lambda ws: ws.signatures.top(limit="5"), caseline.InputError),
    "limit is a float": (lambda ws: ws.impact.causes("t-none", limit=2.5), caseline.InputError),
    "limit is a NoneType": (lambda ws: ws.events(limit=None), caseline.InputError),
    "customer is a int": (lambda ws: ws.events(customer=17), caseline.InputError),
    "customer is a list": (lambda ws: ws.tickets.all(customer=["acme"]), caseline.InputError),
    "customer is a NoneType": (lambda ws: ws.fleet.versions(None), caseline.InputError),
    "customer is a Row": (
        lambda ws: ws.impact.context(ws.fleet.customer("acme"), around=NOW),
        caseline.InputError,
    ),
    "signature is a Row": (
        lambda ws: ws.signatures.get(ws.signatures.top()[0]),
        caseline.InputError,
    ),
    "signature or issue is a Row": (
        lambda ws: ws.impact.of(ws.signatures.top()[0]),
        caseline.InputError,
    ),
    "signature is a int": (lambda ws: ws.trends.series(17), caseline.InputError),
    "ticket is a int": (lambda ws: ws.tickets.get(17), caseline.InputError),
    "line is a bytes": (lambda ws: ws.signatures.match(b"x"), caseline.InputError),
    "window is a int": (
        lambda ws: ws.impact.context("acme", around=NOW, window=3),
        caseline.InputError,
    ),
    "customers is a str": (lambda ws: ws.as_viewer("ana", customers="acme"), caseline.InputError),
}


@pytest.mark.parametrize("says", BAD_CALLS)
def test_a_bad_call_names_the_value_and_changes_nothing(ws, log, says):
    call, error = BAD_CALLS[says]
    ws.ingest(log, environment="acme-prod")
    before = ws.events().to_dicts(), ws.fleet.customers().to_dicts()
    with pytest.raises(error, match=says):
        call(ws)
    assert (ws.events().to_dicts(), ws.fleet.customers().to_dicts()) == before


def test_no_name_of_a_file_is_kept_that_names_a_person(ws, tmp_path):
    path = bundle(
        tmp_path / "case of someone@example.com.tar.gz",
        {"logs/first@example.com/app.log": LINES[0] + "\n", "bin/last@example.com": "\0\1" * 900},
    )
    told = []
    report = ws.ingest(path, environment="acme-prod", progress=told.append)
    assert report.events == 1
    assert report.rejects
    stored = b"".join(p.read_bytes() for p in (tmp_path / "support").rglob("*") if p.is_file())
    seen = f"{told} {report.reject_details.to_dicts()}"
    for name in ("someone", "first", "last"):
        assert f"{name}@example.com".encode() not in stored
        assert f"{name}@example.com" not in seen
    assert "bin/<email:" in seen


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("absent/support", caseline.SourceError),
        ("file", caseline.SourceError),
        ("foreign", caseline.WorkspaceError),
        ("clickhouse://host", caseline.InputError),
    ],
)
def test_a_path_that_cannot_be_a_workspace_is_refused(tmp_path, path, error):
    (tmp_path / "file").write_text("x")
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "photo.txt").write_text("x")
    with pytest.raises(error):
        caseline.open(path if "://" in path else tmp_path / path)


def test_a_closed_workspace_says_so(ws, log):
    ana = ws.as_viewer("ana", customers=["acme"])
    ws.close()
    for call in (
        ws.events,
        ana.signatures.top,
        lambda: ws.ingest(log, environment="acme-prod"),
        lambda: ws.fleet.load(customers=[{"customer_id": "new"}]),
        lambda: ws.signatures.merge(["a", "b"]),
    ):
        with pytest.raises(caseline.WorkspaceError, match="is closed; open it again"):
            call()
    ws.close()


def test_read_only_needs_a_workspace(tmp_path):
    with pytest.raises(caseline.SourceError, match="holds no workspace"):
        caseline.open(tmp_path, read_only=True)


def test_mining_needs_no_workspace():
    mined = caseline.mine([line.split(" - ")[1] for line in LINES])
    whole = caseline.mine(LINES, header="auto")
    assert mined.signature_ids == whole.signature_ids
    assert mined.signature_ids[0] == mined.signature_ids[1] != mined.signature_ids[2]
    with pytest.raises(caseline.InputError, match="header"):
        caseline.mine(LINES, header="some")


@pytest.mark.parametrize(
    ("wanted", "named"),
    [
        ({"customer": "acmee"}, "no customer 'acmee'; did you mean 'acme'"),
        ({"environment": "acme"}, "no environment 'acme'; did you mean 'acme-prod'"),
        ({"signature": "s-1"}, "no signature 's-1'"),
    ],
)
def test_events_of_nobody_are_an_error_not_an_empty_answer(ws, log, wanted, named):
    ws.ingest(log, environment="acme-prod")
    with pytest.raises(caseline.NotFoundError, match=named):
        ws.events(**wanted)
    if "customer" in wanted:
        with pytest.raises(caseline.NotFoundError, match=named):
            ws.tickets.all(**wanted)


def test_events_of_a_merged_signature_are_those_of_what_it_is_read_as(ws, log):
    ws.ingest(log, environment="acme-prod")
    first, second = ws.signatures.top(by="events")
    ws.signatures.merge([first.signature_id, second.signature_id])
    assert len(ws.events(signature=second.signature_id)) == 3


def test_a_signature_knows_the_moment_it_is_told_for(ws, log):
    ws.ingest(log, environment="acme-prod")
    assert ws.signatures.get(ws.signatures.top()[0].signature_id).as_of == NOW
