"""Raw lines → their messages, one for each line, without a workspace."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from caseline.normalize.columns import slices, text_of
from caseline.normalize.joining import Records
from caseline.normalize.jsonpart import json_part
from caseline.normalize.layouts import Field
from caseline.normalize.learned import FileFormats
from caseline.normalize.lines import clean, join_lines
from caseline.normalize.pairs import pairs_part
from caseline.normalize.settings import NormalizeSettings
from caseline.normalize.wordbook import load_words

if TYPE_CHECKING:
    from collections.abc import Sequence


def split_headers(
    lines: Sequence[str | bytes], *, settings: NormalizeSettings | None = None
) -> list[str]:
    r"""Return the message of each line: what is left when its header is taken off.

    Lines are not joined to records: there are as many messages as lines. A line
    without a header is its own message; that of a JSON object is made of its fields. All
    *lines* together tell of headers in no known format. What is not UTF-8 gets
    replacement characters.

    Args:
        lines: Raw lines, without their newline or with it.
        settings: Which table of formats to read by.

    >>> split_headers(["2026-11-23 10:00:00,123 INFO [main] shop.Orders - order 7 accepted"])
    ['order 7 accepted']
    """
    if not lines:
        return []
    encoded = [line.encode() if isinstance(line, str) else bytes(line) for line in lines]
    split = join_lines([clean(line, first=True, last=False).rstrip(b"\n") for line in encoded])
    chosen = settings or NormalizeSettings()
    formats = FileFormats(chosen)
    rows = formats.rows(split)
    ids = split.shape_ids
    starts = split.starts + rows[ids, Field.MESSAGE_START]
    sizes = rows[ids, Field.MESSAGE_SIZE].astype(np.int64)
    sizes = np.where(split.json, split.sizes, sizes)
    messages = slices(split.data, starts, sizes)
    if (objects := np.flatnonzero(split.json)).size:
        json = json_part(
            split,
            (objects, np.zeros(len(objects), dtype=np.int64)),
            objects,
            formats.recognizer,
            words=load_words(chosen.words),
            date=chosen.words,
        )
        if json is not None:
            said = np.flatnonzero(json.part.messages.cast(pl.Binary).bin.size() > 0)
            messages = messages.scatter(json.records[said], json.part.messages.gather(said))
    pairs = np.flatnonzero(rows[ids, Field.PAIRS] >= 0)
    if len(pairs):
        single = np.ones(len(pairs), dtype=np.int64)
        found = Records(pairs, single, pairs[:0], pairs[:0])
        made = formats.recognizer.arrangements
        part = pairs_part(split, rows, found, np.arange(len(pairs)), made)
        messages = messages.scatter(pairs, part.messages)
    return [text or "" for text in text_of(messages).to_list()]
