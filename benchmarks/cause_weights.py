"""Learns the weights of causes anew: prints the tables that ``weights/…/causes.toml`` has.

From drawn tickets and simulated fleets of seeds that no benchmark judges. Run it alone:
`.venv/bin/python benchmarks/cause_weights.py`; it takes some minutes.
"""

from __future__ import annotations

import argparse
from dataclasses import replace

import numpy as np
from cause_fleets import opened, true_causes
from drawn_tickets import draw_tickets

from caseline.impact.causes.candidates import weigh
from caseline.impact.causes.choice import Weights
from caseline.impact.causes.complaints import read_complaint
from caseline.impact.causes.delays import read_delay
from caseline.impact.causes.evidence import read_evidence
from caseline.impact.causes.fitting import Example, fit_temperature, fit_weights
from caseline.impact.causes.recall import NO_LORE, read_lore
from caseline.impact.causes.settings import FEATURES, cause_settings

PRIOR = {
    "surprise": 0.12, "missing": 0.6, "stopped": 1.0, "lift": 0.09, "fleet_lift": 0.05,
    "rarity": 0.2, "novel_here": 1.08, "novel_fleet": 1.15, "severity": 3.72, "trace": 1.85,
    "words": 3.5, "grams": 3.0, "concepts": 1.0, "quoted": 1.01, "recency": 1.81, "onset": 1.5,
    "elsewhere": 0.46, "upstream": 1.0, "downstream": -1.0, "carried": 3.0, "recalled": 4.0,
    "known": 1.0, "refused": -3.0,
}  # fmt: skip
"""Set by hand, but for those that were learned on earlier fleets."""
BIAS, STRENGTH = 11.43, 3.0
FLEETS = (("incident", 101), ("S1", 101), ("S3", 101), ("S6", 101), ("S9", 101))
_DRAWN, _HELD = range(1000, 1014), range(1100, 1104)


def main() -> None:
    """Learn and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--tickets", type=int, default=40, help="drawn for each seed")
    tickets = parser.parse_args().tickets
    examples = [e for seed in _DRAWN for e in drawn(seed, tickets)]
    for scenario, seed in FLEETS:
        # Lines that were written and taken in say more than drawn ones.
        examples += 2 * simulated(scenario, seed)
    prior = Weights(values=tuple(PRIOR[name] for name in FEATURES), bias=BIAS)
    found = fit_weights(examples, prior=prior, strength=STRENGTH)
    held = [e for seed in _HELD for e in drawn(seed, tickets)]
    found = replace(found, temperature=fit_temperature(held, found, bounds=(0.5, 2.5)))
    print("[weights]")
    for name, value in zip(FEATURES, found.values, strict=True):
        print(f"{name} = {value:.2f}")
    print(f"\n[none]\nbias = {found.bias:.2f}\ntemperature = {found.temperature:.2f}")


def drawn(seed: int, tickets: int) -> list[Example]:
    """Return drawn tickets; half of them have links of earlier ones."""
    found = []
    for ticket in draw_tickets(np.random.default_rng(seed), tickets, linked=0.5):
        frame = weigh(ticket.evidence)
        right = (frame["signature_id"] == (ticket.right or "")).to_numpy()
        features = frame.select(FEATURES).to_numpy()
        found.append(Example(features=features, right=right, none=not right.any()))
    return found


def simulated(scenario: str, seed: int) -> list[Example]:
    """Return the tickets of a simulated fleet, without links and with those of earlier ones."""
    found = []
    with opened(scenario, seed=seed) as (ws, fleet):
        known = true_causes(ws, fleet)
        visible = known.filter("visible")
        for row in visible.head(visible.height // 2).iter_rows(named=True):
            for cause in row["right"][:2]:
                ws.tickets.confirm(ws.tickets.link(row["ticket_id"], cause))
        engine = ws._store
        lore = read_lore(engine, as_of=None)
        usual = read_delay(engine, "", version=None, settings=cause_settings().delay, as_of=None)
        for row in known.iter_rows(named=True):
            complaint = read_complaint(engine, row["ticket_id"], as_of=None)
            earlier = lore.without(row["ticket_id"], before=row["opened_at"])
            for links in [NO_LORE, *([earlier] if earlier.decided else [])]:
                evidence, covered = read_evidence(
                    engine, complaint, lore=links, delay=usual, now=fleet.settings.end, as_of=None
                )
                if not covered:
                    continue
                frame = weigh(evidence)
                right = frame["signature_id"].is_in(row["right"] if row["visible"] else [])
                features = frame.select(FEATURES).to_numpy()
                found.append(
                    Example(features=features, right=right.to_numpy(), none=not right.any())
                )
    return found


if __name__ == "__main__":
    main()
