"""The templates as look-up tables, so that lines are put together a column at a time."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from caseline.testing.fleet.catalog import Template
from caseline.testing.fleet.choice import GroupedChoice

if TYPE_CHECKING:
    from caseline.testing.fleet.files import LogFile
    from caseline.testing.fleet.plan import Plan

REPEAT = "repeat"


class Phrasebook:
    """All templates of a plan by number.

    Attributes:
        templates: The templates; a line's template is an index into them.
        place_types: Names of the types of places; code 0 is "no place".
        places: Shape (templates, most places): codes of the places' types.
        levels: Shape (templates,): 0 debug to 4 fatal.
        numbers: template_id → index.
    """

    def __init__(self, plan: Plan) -> None:
        catalog = plan.catalog
        groups = [*catalog.background.values(), *catalog.plugins.values()]
        groups += [family.templates for family in catalog.families.values()]
        groups += [family.later for family in catalog.families.values()]
        repeats = sorted({issue.repeats for issue in plan.issues if issue.repeats})
        groups.append(tuple(_repeat(count) for count in repeats))
        self.templates: list[Template] = [t for group in groups for t in group]
        self.numbers = {t.template_id: i for i, t in enumerate(self.templates)}
        self.place_types = ["", *sorted({p for t in self.templates for p in t.places})]
        most = max(len(t.places) for t in self.templates)
        self.places = np.zeros((len(self.templates), most), dtype=np.uint8)
        for i, template in enumerate(self.templates):
            codes = [self.place_types.index(p) for p in template.places]
            self.places[i, : len(codes)] = codes
        self.counts = (self.places > 0).sum(axis=1)
        self.levels = np.array([t.level for t in self.templates], dtype=np.uint8)
        self.is_repeat = np.array([t.service == REPEAT for t in self.templates])
        self.loggers = pl.Series([t.logger for t in self.templates])
        self._literals = {
            escape: [
                pl.Series([_part(t, k, escape) for t in self.templates]) for k in range(most + 1)
            ]
            for escape in ("none", "json")
        }
        self._traces = {
            escape: pl.Series(
                [_escaped(t.trace and "\n" + t.trace, escape) for t in self.templates]
            )
            for escape in ("none", "json")
        }

    def literals(self, escape: str) -> list[pl.Series]:
        """Return the fixed parts by position, each of length templates."""
        return self._literals[escape]

    def traces(self, escape: str) -> pl.Series:
        """Return the stack traces, each with the newline before it, or ""."""
        return self._traces[escape]


def form_habits(
    plan: Plan, book: Phrasebook, files: list[LogFile], rng: np.random.Generator
) -> GroupedChoice:
    """Return which templates each log file writes and how often: no two files agree."""
    offered = [_offer(plan, f) for f in files]
    return GroupedChoice(
        [[book.numbers[t.template_id] for t in offer] for offer in offered],
        [[t.weight * float(rng.lognormal(0, 0.6)) for t in offer] for offer in offered],
    )


def _offer(plan: Plan, file: LogFile) -> list[Template]:
    own = list(plan.catalog.background[file.service])
    if file.service == "api":
        for plugin in plan.environments[file.environment].plugins:
            own += plan.catalog.plugins[plugin]
    return own


def _repeat(count: int) -> Template:
    return Template(
        template_id=f"repeat-{count}",
        service=REPEAT,
        level=1,
        logger="",
        text=f"last message repeated {count} times",
    )


def _part(template: Template, position: int, escape: str) -> str:
    literals = template.literals
    return _escaped(literals[position], escape) if position < len(literals) else ""


def _escaped(text: str, escape: str) -> str:
    return json.dumps(text)[1:-1] if escape == "json" else text
