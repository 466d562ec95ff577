"""The page about the house shows the house as it is."""

from __future__ import annotations

import re

import pytest
from draw_house import draw, list_rooms, place, read_layers


def test_drawing_in_the_page_is_the_house(root):
    page = (root / "docs" / "architecture.md").read_text()

    assert place(page, draw(list_rooms(), read_layers())) == page, "run `make docs`"


def test_each_room_says_what_it_is_for():
    silent = [name for name, words in list_rooms().items() if len(words) < 10]

    assert silent == []


def test_page_has_words_on_each_room(root):
    page = (root / "docs" / "architecture.md").read_text()
    told = set(re.findall(r"^\*\*`(\w+)`\*\*", page, flags=re.MULTILINE))

    assert told == set(list_rooms())


def test_room_in_no_layer_is_refused(tmp_path):
    with pytest.raises(SystemExit, match="cellar"):
        draw({"cellar": "What nobody decided on"}, [["workspace"]], tmp_path)


def test_rows_are_drawn_from_the_top_layer_down(tmp_path):
    drawing = draw({"low": "The low one", "high": "The high one"}, [["high"], ["low"]], tmp_path)

    assert drawing.index("high.py") < drawing.index("low.py")
    assert drawing.index("│ high") < drawing.index("│ low")
