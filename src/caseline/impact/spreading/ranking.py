"""Which vector carries an issue: all of them weighed against each other and against none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from caseline.impact.spreading.exposures import Exposures, joined, paired
from caseline.impact.spreading.scoring import Trial, evidence
from caseline.impact.spreading.upcoming import unhit_before

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from caseline.impact.spreading.exposures import Vector
    from caseline.impact.spreading.risk import Risk
    from caseline.impact.spreading.settings import SpreadSettings

    Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """Exposures, the most probable first.

    Args:
        exposures: Them.
        scores: Log evidence against no effect, less the price of having tried so many,
            shape (n_exposures,).
        posterior: Probability that it carries the issue, shape (n_exposures,).
        none: Probability that nothing does that the fleet's tables tell of.
    """

    exposures: Exposures
    scores: Floats
    posterior: Floats
    none: float

    @property
    def chances(self) -> list[tuple[Vector, float]]:
        """The vectors with their probabilities."""
        return list(zip(self.exposures.vectors, self.posterior.tolist(), strict=True))


def rank(
    exposures: Exposures,
    risk: Risk,
    settings: SpreadSettings,
    *,
    further: Callable[[list[Vector]], list[Floats]] | None = None,
) -> Ranking:
    """Return the exposures by their posterior probability, pairs among them.

    Args:
        exposures: Those to weigh, on the days of *risk*.
        risk: Who could have been hit on the days with hits.
        settings: Priors, rate ratios, how many are tried.
        further: Other evidence of the likeliest vectors; any of it, or that of who is hit
            on days with hits, may be the one that tells, each as likely.
    """
    trial = first_hits(risk)
    alone = evidence(trial, exposures.bits, ratios=settings.grid)
    order = _pairing(exposures, risk, alone, settings)
    pairs = paired(exposures, risk, order, most=settings.most_pairs)
    together = evidence(trial, pairs.bits, ratios=settings.grid)
    tried, found = joined(exposures, pairs), np.append(alone, together)
    prior = np.array([settings.prior(v.kind) for v in tried.vectors]) / tried.families
    likely = np.argsort(-(found + np.log(prior)), kind="stable")[: settings.looked_at]
    if further is not None:
        told = further([tried.vectors[i] for i in likely])
        found[likely] = np.logaddexp.reduce([found[likely], *told]) - np.log(1 + len(told))
    scores = found + np.log(prior)
    weight = np.exp(scores - max(scores.max(initial=-np.inf), np.log(settings.none)))
    rest = settings.none * np.exp(-max(scores.max(initial=-np.inf), np.log(settings.none)))
    posterior = weight / (weight.sum() + rest)
    best = np.argsort(-posterior, kind="stable")
    return Ranking(
        exposures=tried.some(best),
        scores=scores[best],
        posterior=posterior[best],
        none=float(rest / (weight.sum() + rest)),
    )


def first_hits(risk: Risk) -> Trial:
    """Return the first hit of each place only; once hit, a place is no more at risk."""
    struck = risk.hits > 0
    before = unhit_before(struck)
    sure = risk.hits.max(axis=1, keepdims=True, initial=0.0)
    return Trial(observed=risk.observed & before, hits=np.where(struck & before, sure, 0.0))


def explained(exposures: Exposures, risk: Risk) -> Floats:
    """Return the share of hit places that each exposure explains, shape (n_exposures,)."""
    trial = Trial(observed=risk.observed, hits=risk.hits)
    return trial.hit_weight(exposures.bits) / max(float(trial.weighed.sum()), 1e-12)


def _pairing(
    exposures: Exposures, risk: Risk, alone: Floats, settings: SpreadSettings
) -> NDArray[np.int64]:
    """Return the exposures worth pairing: most hits are among them, likeliest first."""
    wide = np.flatnonzero(explained(exposures, risk) >= settings.paired_from)
    found: NDArray[np.int64] = wide[np.argsort(-alone[wide], kind="stable")][: settings.paired]
    return found
