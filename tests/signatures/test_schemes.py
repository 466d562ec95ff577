"""A newer scheme gets new ids, and finds the groups of the older one."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from itertools import permutations
from pathlib import Path

import pytest

from caseline.clock import ManualClock
from caseline.signatures.rulebook import CURRENT, read_rules
from caseline.store.embedded import EmbeddedStore
from caseline.store.keys import Keyring
from caseline.workspace import Workspace

NOON = datetime(2026, 3, 16, 12, tzinfo=UTC)
NAMES = ("ann", "bo", "cy", "dee")
SPLIT = [f"host {name} is up" for name in NAMES]  # one group of old, four of the new scheme
MERGED = [f"state {word} reached" for word in ("ALPHA", "BETA", "GAMMA")]  # three, then one
REWORDED = [f"took {n} ms" for n in (7, 12, 90)]
BLOCKS = (SPLIT, MERGED, REWORDED)


@pytest.fixture(scope="module")
def rules(tmp_path_factory):
    """Fake rules of another date: plain words never vary, capitals and units do."""
    folder = tmp_path_factory.mktemp("rules")
    shutil.copytree(str(files("caseline.signatures").joinpath("rules", CURRENT)), folder / "next")
    for name, old, new in (
        ("tokens.toml", 'scheme = "templates@2026-11"', 'scheme = "templates@next"'),
        ("votes.toml", "plain = 2 ", "plain = 9 "),
        ("votes.toml", "capitals = 6 ", "capitals = 1 "),
    ):
        path = Path(folder / "next" / name)
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new), "utf-8")
    return read_rules("next", folder)


def opened(folder, rules=None, *, read_only=False):
    folder.mkdir(exist_ok=True)
    clock = ManualClock(NOON)
    keyring = Keyring(folder, None, read_only=read_only)
    store = EmbeddedStore(folder, read_only=read_only, key_of=keyring.key_of)
    return Workspace(store, keyring, clock, rules=rules)


def lines(blocks, start=0):
    texts = [text for block in blocks for text in block]
    begin = NOON - timedelta(days=2) + timedelta(minutes=start)
    return [
        f"{begin + timedelta(minutes=n):%Y-%m-%dT%H:%M:%S}Z ERROR {text}"
        for n, text in enumerate(texts)
    ]


def fill(ws, blocks=BLOCKS, start=0):
    if ws.fleet._engine.ask("customer_ids").is_empty():
        ws.fleet.load(
            customers=[{"customer_id": "c1"}],
            environments=[{"environment_id": "e1", "kind": "single_tenant"}],
            tenancies=[{"customer_id": "c1", "environment_id": "e1"}],
        )
    return ws.ingest(lines(blocks, start), environment="e1")


def counts(ws):
    return {row.template: row.events for row in ws.signatures.top(by="events", limit=1000)}


def links(ws):
    aliases = ws._store.ask("all_aliases").select("signature_id", "merged_into", "author").rows()
    lineage = ws._store.ask("all_lineage").select("from_id", "to_id", "author").rows()
    return sorted(aliases), sorted(lineage)


def test_old_groups_are_found_split_merged_and_reworded(tmp_path, rules):
    with opened(tmp_path / "ws") as ws:
        fill(ws)
        old = {text: ws.signatures.match(text).signature_id for text in (SPLIT + MERGED + REWORDED)}
        assert counts(ws)["host <*> is up"] == 4
    with opened(tmp_path / "ws", rules) as ws:
        told = counts(ws)
        assert sum(told.values()) == 10
        assert (told["state <*> reached"], told["took <*> ms"]) == (3, 3)
        new = ws.signatures.match(MERGED[0])
        assert new.scheme == "templates@next"
        for text in MERGED:
            assert ws.signatures.get(old[text]).signature_id == new.signature_id
        assert ws.signatures.get(old[REWORDED[0]]).scheme == "templates@next"
        fill(ws, start=60)
        assert sum(counts(ws).values()) == 20
        part = ws.signatures.match(SPLIT[0]).signature_id
        assert {row.kind for row in ws.signatures.lineage(part)} == {"split"}
        assert sum(row.events for row in ws.trends.series(part)) == 8
        assert ws.impact.of(old[SPLIT[0]]).events == 8


def test_opening_again_and_loading_again_change_nothing(tmp_path, rules):
    with opened(tmp_path / "ws") as ws:
        fill(ws)
    with opened(tmp_path / "ws", rules) as ws:
        first, known = links(ws), ws._store.ask("all_signatures")
        assert fill(ws).events == 0
    with opened(tmp_path / "ws", rules) as ws:
        assert links(ws) == first
        assert ws._store.ask("all_signatures").equals(known)
        assert ws.ingest(lines(BLOCKS)[1:], environment="e1").events == 0
        assert sum(counts(ws).values()) == 10


def test_links_do_not_depend_on_the_order_of_ingests(tmp_path, rules):
    told = []
    for n, order in enumerate(permutations(BLOCKS)):
        with opened(tmp_path / f"ws{n}") as ws:
            for start, block in enumerate(order):
                fill(ws, [block], start=start * 10)
        with opened(tmp_path / f"ws{n}", rules) as ws:
            told.append(links(ws))
    assert all(one == told[0] for one in told)


def test_what_people_decided_holds_under_the_new_scheme(tmp_path, rules):
    with opened(tmp_path / "ws") as ws:
        fill(ws)
        took, up = (ws.signatures.match(text).signature_id for text in (REWORDED[0], MERGED[0]))
        ws.signatures.merge([took, up])
        before = counts(ws)
    with opened(tmp_path / "ws", rules) as ws:
        fill(ws, start=60)
        for text in (REWORDED[0], MERGED[0]):
            assert ws.signatures.match(text).signature_id == ws.signatures.get(took).signature_id
        assert sum(counts(ws).values()) == 2 * sum(before.values())


def test_a_reader_of_an_older_workspace_is_told_what_is_there(tmp_path, rules):
    with opened(tmp_path / "ws") as ws:
        fill(ws)
        before = counts(ws)
    with opened(tmp_path / "ws", rules, read_only=True) as ws:
        assert counts(ws) == before
