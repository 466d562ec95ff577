"""Weights of causes, learned from what people confirmed and rejected in this workspace."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from caseline.impact.causes.cases import read_cases
from caseline.impact.causes.choice import Weights, read_weights_in_use, shipped_weights
from caseline.impact.causes.delays import delay_rows
from caseline.impact.causes.fitting import fit_temperature, fit_weights, log_loss
from caseline.impact.causes.recall import read_lore
from caseline.impact.causes.settings import FEATURES, FitSettings, cause_settings
from caseline.records.answers import plain

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from caseline.impact.causes.cases import Case
    from caseline.impact.causes.fitting import Example
    from caseline.protocols import Engine


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CausesFit:
    """What ``impact.fit`` learned, and whether it is used from now on.

    Args:
        adopted: Whether ``causes`` uses it: only if it was not worse on the later tickets.
        reason: Why, or why not.
        confirmed: Links to a cause that people confirmed.
        rejected: Links that they rejected.
        tickets: Tickets that could be learned from.
        judged: The later ones of them, which the comparison was made on.
        loss_before: Mean log loss on these with the weights used so far; None if none.
        loss_after: The same with weights that were learned on the earlier ones.
        temperature: What scores are divided by.
        weights: By feature.
        version: Of the weights; None if nothing was learned.
        as_of: The moment it speaks for.
    """

    adopted: bool
    reason: str
    confirmed: int
    rejected: int
    tickets: int
    judged: int
    loss_before: float | None
    loss_after: float | None
    temperature: float
    weights: dict[str, float]
    version: str | None
    as_of: datetime

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as JSON can hold it."""
        return {name: plain(getattr(self, name)) for name in self.__dataclass_fields__}

    def __repr__(self) -> str:
        """Return one line of counts."""
        state = "adopted" if self.adopted else "not adopted"
        return (
            f"CausesFit({state}: {self.reason}; {self.confirmed} confirmed and "
            f"{self.rejected} rejected links, as of {self.as_of.isoformat()})"
        )


def learn(engine: Engine, *, now: datetime) -> CausesFit:
    """Learn weights and delays from links; keep them, and use them if they are not worse."""
    settings = cause_settings().fit
    lore = read_lore(engine, as_of=None)
    counts = {
        "confirmed": sum(d.confirmed for d in lore.decided),
        "rejected": sum(not d.confirmed for d in lore.decided),
    }
    used = read_weights_in_use(engine, as_of=None)
    cases = read_cases(engine, lore, used, now=now)
    if counts["confirmed"] < settings.least_links or len(cases) < settings.least_links:
        reason = f"it takes {settings.least_links} confirmed links of tickets with logs"
        return _report(used, cases, counts, now=now, adopted=False, reason=reason)
    early, late = _by_time([case.example for case in cases], settings)
    trial = _fit(early, settings)
    before, after = log_loss(late, used), log_loss(late, trial)
    adopted = after <= before
    final = replace(_fit([*early, *late], settings), links=sum(counts.values()))
    name = blake2b(f"{final.to_json()} {now.isoformat()}".encode(), digest_size=8).hexdigest()
    final = replace(final, version=f"w-{name}", learned_at=now)
    losses = {"loss_before": before, "loss_after": after}
    with engine.transaction():
        engine.save("cause_models", _row(final, losses, adopted=adopted, judged=len(late)))
        lags = [(c.customer_id, c.lag_hours) for c in cases if c.lag_hours is not None]
        engine.save("cause_delays", delay_rows(f"w-{name}", lags))
    reason = f"log loss on the later tickets {before:.3f} before, {after:.3f} after"
    told = {**losses, "judged": len(late), "version": final.version}
    return _report(final, cases, counts, now=now, adopted=adopted, reason=reason, **told)


def _by_time(
    examples: Sequence[Example], settings: FitSettings
) -> tuple[list[Example], list[Example]]:
    """Return the earlier examples, and the later ones to judge by."""
    judged = max(settings.least_judged, round(settings.judged_share * len(examples)))
    return list(examples[:-judged]), list(examples[-judged:])


def _fit(examples: Sequence[Example], settings: FitSettings) -> Weights:
    """Return weights; the temperature is that of weights which have not seen the later part."""
    shipped = shipped_weights()
    fit = partial(
        fit_weights, prior=shipped, strength=settings.strength, least_none=settings.least_none
    )
    fitted = fit(examples)
    early, late = _by_time(examples, settings)
    if len(late) < settings.least_for_temperature:
        return replace(fitted, temperature=shipped.temperature)
    apart = fit(early)
    low, high = settings.temperature_bounds
    return replace(fitted, temperature=fit_temperature(late, apart, bounds=(low, high)))


def _row(weights: Weights, losses: dict[str, float], *, adopted: bool, judged: int) -> pl.DataFrame:
    row = {
        "version": weights.version, "learned_at": weights.learned_at, "adopted": adopted,
        "weights": weights.to_json(), "bias": weights.bias, "temperature": weights.temperature,
        "links": weights.links, "judged": judged, **losses,
    }  # fmt: skip
    return pl.DataFrame([row])


def _report(
    weights: Weights, cases: Sequence[Case], counts: dict[str, int], *, now: datetime,
    **told: Any,
) -> CausesFit:  # fmt: skip
    usual: dict[str, Any] = dict.fromkeys(("loss_before", "loss_after", "version"))
    values: dict[str, Any] = {**usual, "judged": 0, **counts, **told}
    return CausesFit(
        **values,
        tickets=len(cases),
        temperature=weights.temperature,
        weights=dict(zip(FEATURES, np.round(weights.values, 6).tolist(), strict=True)),
        as_of=now,
    )
