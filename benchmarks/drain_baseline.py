"""drain3, the baseline: with its defaults, its example's settings, the published ones."""

from __future__ import annotations

import logging
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from drain3 import TemplateMiner
from drain3.masking import MaskingInstruction
from drain3.template_miner_config import TemplateMinerConfig
from signature_scores import Scores, score

if TYPE_CHECKING:
    from collections.abc import Sequence

SETTINGS = Path(__file__).resolve().parent / "drain_settings.toml"
_NAMED = re.compile(r"<:[A-Z]+:>")  # what the example's masks put in: a variable all the same


@dataclass(frozen=True, slots=True, kw_only=True)
class DrainSettings:
    """What drain3 is told; its own defaults where nothing else is said.

    Args:
        similarity: Share of tokens that must be equal.
        depth: Levels of the tree.
        masks: Pattern and name of each mask, in order; the name ``*`` makes a variable.
        most_clusters: Clusters kept at the most; all if None.
        extra_delimiters: Besides blanks.
        published: The grouping accuracy that was published for these; None if none was.
    """

    similarity: float = 0.4
    depth: int = 4
    masks: tuple[tuple[str, str], ...] = ()
    most_clusters: int | None = None
    extra_delimiters: tuple[str, ...] = ()
    published: float | None = None


def read_settings() -> tuple[DrainSettings, dict[str, DrainSettings]]:
    """Return the settings of drain3's example, and the published ones for each system."""
    table = tomllib.loads(SETTINGS.read_text("utf-8"))
    example = table["example"]
    masks = tuple((pattern, name) for pattern, name in example.pop("masks"))
    delimiters = tuple(example.pop("extra_delimiters"))
    published = {
        name: DrainSettings(**{**one, "masks": tuple((mask, "*") for mask in one["masks"])})
        for name, one in table["published"].items()
    }
    return DrainSettings(masks=masks, extra_delimiters=delimiters, **example), published


def drain_miner(settings: DrainSettings | None = None) -> TemplateMiner:
    """Return a miner with *settings*; with drain3's defaults if None."""
    logging.getLogger("drain3").setLevel(logging.ERROR)
    config = TemplateMinerConfig()
    if settings is not None:
        config.drain_sim_th = settings.similarity
        config.drain_depth = settings.depth
        config.drain_max_clusters = settings.most_clusters
        config.drain_extra_delimiters = list(settings.extra_delimiters)
        config.masking_instructions = [MaskingInstruction(*mask) for mask in settings.masks]
    return TemplateMiner(config=config)


def drain_groups(
    messages: Sequence[str], settings: DrainSettings | None = None
) -> tuple[list[str], list[str]]:
    """Return the group and the template that drain3 gives each message."""
    miner = drain_miner(settings)
    found = [str(miner.add_log_message(text)["cluster_id"]) for text in messages]
    texts = {
        str(one.cluster_id): _NAMED.sub("<*>", one.get_template()) for one in miner.drain.clusters
    }
    return found, [texts.get(name, "") for name in found]


def drain_scores(
    messages: Sequence[str], labels: Sequence[str], settings: DrainSettings | None = None
) -> Scores:
    """Return the scores of drain3; its defaults if *settings* is None."""
    return score(labels, *drain_groups(messages, settings))
