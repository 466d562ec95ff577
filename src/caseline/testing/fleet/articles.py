"""The knowledge base that support has at the start."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from caseline.testing.fleet.catalog import Catalog

ARTICLES = dict.fromkeys(
    ("article_id", "title", "symptom", "environment", "cause", "resolution", "state", "audience"),
    pl.String,
)


def list_articles(catalog: Catalog) -> pl.DataFrame:
    """Return one article for each family of issues that has one, planted or not."""
    known = [f for f in catalog.families.values() if f.article != "none"]
    rows = [
        {
            "article_id": f"KB-{number:03d}",
            "title": _plain(family.subjects[0]),
            "symptom": _plain(family.complaints[0]),
            "environment": f"component {family.component}, service {family.service}",
            "cause": family.cause,
            "resolution": "\n".join(f"{i}. {s}" for i, s in enumerate(family.steps, 1)),
            "state": "validated" if family.article == "validated" else "work in progress",
            "audience": "external" if family.owner == "customer" else "internal",
        }
        for number, family in enumerate(known, 1)
    ]
    return pl.DataFrame(rows, schema=ARTICLES)


def _plain(phrase: str) -> str:
    """Return *phrase* with the first of each set of alternatives.

    >>> _plain("(Saving|Storing) fails")
    'Saving fails'
    """
    text = phrase
    while "(" in text and "|" in text[text.index("(") :]:
        start = text.index("(")
        end = text.index(")", start)
        text = text[:start] + text[start + 1 : end].split("|")[0] + text[end + 1 :]
    return text
