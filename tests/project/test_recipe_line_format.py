"""Whoever follows docs/recipes/say-how-your-lines-look.md gets what it promises."""

from __future__ import annotations

import re

import pytest

import caseline
from caseline.normalize.lineformats import _PARTS, line_formats


@pytest.fixture(scope="module")
def page(root):
    return (root / "docs/recipes/say-how-your-lines-look.md").read_text()


@pytest.fixture(scope="module")
def shop(page):
    names: dict[str, object] = {}
    exec(re.findall(r"```python\n(.*?)```", page, re.DOTALL)[0], names)
    return names["shop"]


@pytest.fixture
def own_file(page, tmp_path):
    path = tmp_path / "own.toml"
    path.write_text(re.findall(r"```toml\n(.*?)```", page, re.DOTALL)[0])
    return path


def test_formats_of_the_page_read_their_own_samples(tmp_path, shop, own_file, clock):
    (numbered,) = line_formats([own_file])
    lines = [*shop.samples, *numbered.samples]
    with caseline.open(tmp_path / "support", clock=clock, formats=[shop]) as ws:
        ws.fleet.load(
            customers=[{"customer_id": "acme"}],
            environments=[{"environment_id": "acme-prod", "kind": "single_tenant"}],
            tenancies=[{"customer_id": "acme", "environment_id": "acme-prod"}],
        )
        report = ws.ingest(lines, environment="acme-prod", formats=[own_file])
        events = ws.events().to_frame().sort("message")
        asked = ws.signatures.match(shop.samples[0])
        one = ws.signatures.explain(shop.samples[0])

    assert asked is not None
    assert one.signature_id == asked.signature_id
    assert report.formats == {"shop": 1, "numbered_arrow": 1}
    assert events["message"].to_list() == ["order 7 is late", "order 9 is late"]
    assert events["service"].to_list() == ["billing", "orders"]


def test_mining_takes_the_format_of_the_page(shop):
    mined = caseline.mine(shop.samples, header=shop)

    assert list(mined.templates.values()) == ["order <*> is late"]


def test_a_name_stands_for_one_format(tmp_path, shop, own_file):
    with caseline.open(tmp_path / "support", formats=[shop]) as ws:
        with pytest.raises(caseline.InputError, match="more than once"):
            ws.ingest(["x"], environment="acme-prod", formats=[shop])
        with pytest.raises(caseline.InputError, match="give a list"):
            ws.ingest(["x"], environment="acme-prod", formats=own_file)


def test_all_parts_of_a_template_stand_on_the_page(page):
    told = set(re.findall(r"`\{(\w+)\}`", page))

    assert told == {*_PARTS, "message"}
