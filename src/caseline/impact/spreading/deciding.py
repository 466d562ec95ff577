"""Whether the ranking says what carries the issue, or that it cannot say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from caseline.impact.spreading.ranking import explained

if TYPE_CHECKING:
    from caseline.impact.spreading.exposures import Vector
    from caseline.impact.spreading.ranking import Ranking
    from caseline.impact.spreading.risk import Risk
    from caseline.impact.spreading.settings import SpreadSettings

LIKELY, CANNOT_SEPARATE, UNDETERMINED = "likely", "cannot separate", "undetermined"
_MOST_RIVALS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What the ranking comes to.

    Args:
        verdict: likely, cannot separate, or undetermined.
        vectors: Those it speaks of: one if likely, several that cannot be told apart.
        probability: Of them together.
        reason: One sentence.
    """

    verdict: str
    vectors: tuple[Vector, ...]
    probability: float
    reason: str


def decide(ranking: Ranking, risk: Risk, settings: SpreadSettings) -> Decision:
    """Return what carries the issue, if the ranking can tell.

    Args:
        ranking: The vectors, most probable first.
        risk: Who could have been hit on the days with hits.
        settings: From which probability on it is said.
    """
    places = int(risk.struck.sum())
    if places < settings.least_hit:
        return _nothing(f"{places} places hit: too few to tell what they share")
    if not len(ranking.exposures):
        return _nothing("nothing in the fleet's tables tells the observed places apart")
    vectors, posterior = ranking.exposures.vectors, ranking.posterior
    top = vectors[0]
    same = np.array([(v.kind, v.attribute) == (top.kind, top.attribute) for v in vectors])
    together = float(posterior[same].sum())
    twins = tuple(v for v in ranking.exposures.also[0] if v.meaning != top.meaning)
    if together >= settings.accept and twins:
        return _inseparable((top, *twins[: _MOST_RIVALS - 1]), together)
    rivals = _rivals(ranking, risk, settings)
    if together >= settings.accept and len(rivals) < 2:  # noqa: PLR2004 - itself
        return Decision(
            verdict=LIKELY,
            vectors=(top,),
            probability=together,
            reason=f"{top}: {places} places hit, none of them or few without it",
        )
    both = float(posterior[rivals].sum())
    if len(rivals) > 1 and both >= settings.together:
        return _inseparable(tuple(vectors[i] for i in rivals), both)
    return _nothing(
        f"the best is {top} with probability {posterior[0]:.2f}; none of what is recorded "
        f"{ranking.none:.2f}"
    )


def _rivals(ranking: Ranking, risk: Risk, settings: SpreadSettings) -> list[int]:
    """Return the exposures of different meaning that explain most hits and are about as likely."""
    share = explained(ranking.exposures, risk)
    found: list[int] = []
    meanings: set[tuple[str, str]] = set()
    for i, vector in enumerate(ranking.exposures.vectors):
        near = ranking.posterior[i] >= settings.rival * ranking.posterior[0]
        enough = near and share[i] >= settings.rival_share
        if enough and vector.meaning not in meanings and len(found) < _MOST_RIVALS:
            found.append(i)
            meanings.add(vector.meaning)
    return found


def _inseparable(vectors: tuple[Vector, ...], probability: float) -> Decision:
    named = " from ".join(str(v) for v in vectors)
    return Decision(
        verdict=CANNOT_SEPARATE,
        vectors=vectors,
        probability=probability,
        reason=f"cannot separate {named}: the hit places have them together",
    )


def _nothing(reason: str) -> Decision:
    return Decision(verdict=UNDETERMINED, vectors=(), probability=0.0, reason=reason)
