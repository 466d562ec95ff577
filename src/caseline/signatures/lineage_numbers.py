"""What it takes for a signature to be another one in new words: the dated numbers."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from caseline.signatures.rulebook import CURRENT


@dataclass(frozen=True, slots=True, kw_only=True)
class LineageRules:
    """The tables of ``rules/<date>/lineage.toml``, by name."""

    evidence: dict[str, float]
    between: tuple[float, float]
    wording: dict[str, float]
    weights: dict[str, float]
    bounds: dict[str, float]
    sampling: dict[str, float]
    factor: tuple[float, float]
    others: tuple[float, float]
    level: dict[str, float]


@cache
def lineage_rules() -> LineageRules:
    """Return the numbers that ship.

    >>> lineage_rules().bounds["together"]
    0.8
    """
    path = files("caseline.signatures").joinpath("rules", CURRENT, "lineage.toml")
    found = tomllib.loads(path.read_text("utf-8"))
    evidence, sampling = found["evidence"], found["sampling"]
    return LineageRules(
        between=tuple(evidence.pop("between")),
        factor=tuple(sampling.pop("factor")),
        others=tuple(sampling.pop("others")),
        **found,
    )
