"""Which words of templates are common to many customers, so that all may read them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from caseline.protocols import Engine

_WORD = re.compile(r"<\*>|[^\W\d_][\w.$\-]*")
_MARK = "<*>"


def shared_templates(whole: Engine, templates: pl.DataFrame, *, common_from: int) -> pl.DataFrame:
    """Return *templates* with ``shared``: ``<*>`` for each word that is not common.

    Args:
        whole: Knows all customers' words.
        templates: signature_id, template and more.
        common_from: From so many customers on a word is the product's.
    """
    texts = templates["template"].to_list()
    words = sorted({word for text in texts for word in _WORD.findall(text)} - {_MARK})
    counted = whole.ask("word_holders", words=words)
    common = set(counted.filter(pl.col("customers") >= common_from)["word"])
    shared = [_WORD.sub(lambda m: m[0] if m[0] in common else _MARK, text) for text in texts]
    return templates.with_columns(pl.Series("shared", shared, dtype=pl.String))


def tells_anything(shared: str) -> bool:
    """Return whether a shared template has a word left.

    >>> tells_anything("<*> of <*>"), tells_anything("<*> <*>: 3")
    (True, False)
    """
    return any(word != _MARK for word in _WORD.findall(shared))
