"""Tickets with their candidates, drawn as arrays where ingest would be too slow.

A ticket has some 80 candidates: lines of many rates, rarities and levels; one of them, as
a rule, began to burst, or fell silent, before the customer wrote. Others burst by
coincidence. The customer speaks of what shows, in words of its own, half of them noise;
often the line below what shows is the cause, and traces tell so.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from caseline.impact.causes.delays import Delay
from caseline.impact.causes.evidence import Evidence
from caseline.impact.causes.features import FleetCounts
from caseline.impact.causes.recall import NO_LORE, Decided, Lore

if TYPE_CHECKING:
    from collections.abc import Sequence

CANDIDATES, BURSTS, NOISE = 80, 5, 0.5
NO_CAUSE, SILENT, CHAINED = 0.17, 0.1, 0.25
_DAYS, _CUSTOMERS, _BEFORE, _AFTER = 28, 200, 72, 12
_OPENED = datetime(2026, 3, 18, 14, 30, tzinfo=UTC)
_ERROR, _TRACED = 17, 0.4
_USUAL = Delay(hours=6.0, factor=1.0, tickets=0)

# What people say, what machines log of the same thing: half of the pairs share their word.
_THINGS = (
    ("invoice", "invoice"), ("bill", "billing run"), ("picture", "image blob"),
    ("photo", "thumbnail"), ("order", "order"), ("shopping cart", "basket service"),
    ("password", "credential"), ("login", "auth session"), ("calendar", "calendar feed"),
    ("meeting", "event occurrence"), ("price", "tariff"), ("discount", "rebate rule"),
    ("report", "report"), ("spreadsheet", "xlsx writer"), ("mail", "smtp relay"),
    ("newsletter", "campaign batch"), ("printer", "spooler"), ("label", "label"),
    ("delivery", "shipment"), ("parcel", "consignment"), ("stock", "inventory"),
    ("warehouse", "warehouse"), ("contract", "contract"), ("signature", "signing key"),
    ("map", "tile layer"), ("address", "geocoder"), ("phone call", "sip leg"),
    ("voice", "rtp stream"), ("chat", "websocket channel"), ("search", "search index"),
    ("filter", "facet query"), ("customer", "account"), ("supplier", "vendor record"),
    ("backup", "snapshot"), ("archive", "archive"), ("upload", "multipart"),
    ("download", "range request"), ("salary", "payroll"), ("time sheet", "timesheet"),
    ("machine", "plc gateway"), ("sensor", "telemetry point"), ("ticket", "voucher"),
)  # fmt: skip
_TROUBLES = (
    (("does not open", "cannot be opened"), "could not be opened", 17),
    (("is very slow", "takes forever"), "timed out after <*> ms", 17),
    (("hangs", "is frozen", "spins for ever"), "deadlock detected on lock <*>", 17),
    (("is not saved", "gets lost"), "transaction <*> rolled back", 17),
    (("is empty", "shows nothing"), "returned null for key <*>", 17),
    (("says not allowed", "denies access"), "permission denied for principal <*>", 13),
    (("is there twice", "appears double"), "duplicate key <*>", 17),
    (("is wrong", "has wrong numbers"), "checksum mismatch, expected <*> got <*>", 13),
    (("is not up to date", "shows old data"), "cache generation <*> is stale", 13),
    (("breaks off", "stops in the middle"), "connection reset by peer <*>", 17),
    (("does not arrive", "never comes"), "delivery to <*> deferred", 13),
    (("shows strange signs", "is garbled"), "malformed utf-8 at byte <*>", 13),
    (("is not possible", "fails"), "rejected with status <*>", 17),
    (("crashes", "closes itself"), "worker <*> terminated by signal <*>", 21),
)  # fmt: skip
_CALM = (
    "handled request <*> for {} in <*> ms", "loaded {} <*>", "{} <*> stored", "queued {} job <*>",
    "{} cache hit ratio <*>", "refreshed {} list, <*> entries", "{} heartbeat <*>",
    "{} sent to <*>", "started {} worker <*>", "{} synchronised, <*> changes",
)  # fmt: skip
_FILLER = (
    "since this morning", "please have a look", "many colleagues are affected", "it is urgent",
    "we did not change anything", "it worked last week", "restarting did not help",
    "our team is waiting", "can you call me back", "it happens again and again",
    "see the message on the screen", "we use the newest browser", "thank you",
)  # fmt: skip
_NO_LOG = (
    "how can I add a new user", "the cable of the screen is broken", "please send the handbook",
    "we moved to another office", "who may approve the offer", "I forgot where the menu is",
    "training for two colleagues", "the keyboard types wrong letters", "what does the field mean",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A ticket and its truth.

    Args:
        right: The signature that is the cause; None if it is not in the logs.
        silent: The cause is a line that stays away.
        chained: The ticket speaks of another signature, which the cause comes before.
    """

    evidence: Evidence
    right: str | None
    silent: bool
    chained: bool


def draw_tickets(rng: np.random.Generator, count: int, *, linked: float = 0.0) -> list[Drawn]:
    """Return *count* tickets; for the share *linked* of them, links of earlier ones are there."""
    usual = [_said(rng, *_pair(rng)) for _ in range(60)]
    return [_draw(rng, usual, linked=bool(rng.random() < linked)) for _ in range(count)]


def _one_of(rng: np.random.Generator, phrases: Sequence[str]) -> str:
    return phrases[int(rng.integers(len(phrases)))]


def _pair(rng: np.random.Generator) -> tuple[int, int]:
    return int(rng.integers(len(_THINGS))), int(rng.integers(len(_TROUBLES)))


def _said(rng: np.random.Generator, thing: int, trouble: int) -> str:
    """Return what a customer writes: some of its words are lost, some mistyped."""
    verb = _TROUBLES[trouble][0]
    about = f"{_THINGS[thing][0]} {verb[int(rng.integers(len(verb)))]}"
    kept = [_typed(rng, word) for word in about.split() if rng.random() > NOISE / 2]
    others = [
        _FILLER[int(i)] for i in rng.choice(len(_FILLER), 2 + int(rng.integers(3)), replace=False)
    ]
    if rng.random() < NOISE:
        others.append(f"the {_THINGS[int(rng.integers(len(_THINGS)))][0]} works")
    # What the screen said, half remembered.
    logged = f"{_THINGS[thing][1]} {_TROUBLES[trouble][1]}".replace("<*>", "").split()
    kept += [_typed(rng, word) for word in logged if rng.random() > NOISE]
    at = int(rng.integers(len(others) + 1))
    return ". ".join([*others[:at], " ".join(kept), *others[at:]])


def _typed(rng: np.random.Generator, word: str) -> str:
    if len(word) < 5 or rng.random() > NOISE * 0.15:  # noqa: PLR2004 - short words stay
        return word
    at = int(rng.integers(1, len(word) - 1))
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]


@dataclass(slots=True)
class _Lines:
    """What the customer's logs hold, by signature."""

    template: list[str]
    severity: np.ndarray
    rate: np.ndarray
    held_by: np.ndarray
    trouble: list[tuple[int, int] | None]


def _draw_lines(rng: np.random.Generator) -> _Lines:
    bad = rng.random(CANDIDATES) < 0.45  # noqa: PLR2004 - of what is logged, by kind
    pairs = [_pair(rng) if b else None for b in bad]
    template = [
        f"{_THINGS[p[0]][1]}: {_TROUBLES[p[1]][1]}"
        if p
        else _CALM[int(rng.integers(len(_CALM)))].format(
            _THINGS[int(rng.integers(len(_THINGS)))][1]
        )
        for p in pairs
    ]
    return _Lines(
        template=template,
        severity=np.array([_TROUBLES[p[1]][2] if p else 9 for p in pairs], dtype=np.float64),
        rate=np.where(
            bad, rng.lognormal(-1.5, 1.5, CANDIDATES), rng.lognormal(2.5, 1.5, CANDIDATES)
        ),
        held_by=np.where(bad, rng.integers(1, 80, CANDIDATES), rng.integers(100, 200, CANDIDATES)),
        trouble=pairs,
    )


def _draw(rng: np.random.Generator, usual: list[str], *, linked: bool) -> Drawn:
    lines = _draw_lines(rng)
    bad = np.array([i for i, p in enumerate(lines.trouble) if p])
    busy = np.array([i for i, p in enumerate(lines.trouble) if not p and lines.rate[i] > 8])  # noqa: PLR2004 - a day
    kind = rng.choice(4, p=[1 - NO_CAUSE - SILENT - CHAINED, NO_CAUSE, SILENT, CHAINED])
    silent, chained = bool(kind == 2 and len(busy)), bool(kind == 3)  # noqa: PLR2004 - as above
    began = -min(float(rng.lognormal(1.4, 1.0)), 60.0)
    bursts = [(int(i), float(rng.uniform(-_BEFORE, 0))) for i in rng.choice(CANDIDATES, BURSTS)]
    right: int | None = None
    said: tuple[int, int] | None = None
    pairs: list[tuple[int, int, int]] = []
    fresh = rng.random() < 0.6  # noqa: PLR2004 - most troubles are new at a customer
    if kind == 1:
        text = f"{_one_of(rng, _NO_LOG)}. {_one_of(rng, _FILLER)}"
    elif silent:
        right = int(rng.choice(busy))
        # A silence is noticed once a dozen lines are missing.
        began = max(min(began, -12 * 24 / lines.rate[right]), -60.0)
        text = _said_of_silence(rng, lines.template[right])
    else:
        right, shown = (int(i) for i in rng.choice(bad, 2, replace=False))
        said = lines.trouble[shown if chained else right]
        assert said is not None
        text = _said(rng, *said)
        bursts += [(right, began)]
        if chained:
            bursts.append((shown, began + 0.01))
            pairs.append((right, shown, int(rng.integers(3, 30))))
        if fresh:
            lines.rate[right] = 0.0
    # Lines end by coincidence too: a job that is over, a release that words them anew.
    ends = [(int(i), float(rng.uniform(-_BEFORE, 0))) for i in rng.choice(busy, len(busy) // 8)]
    if silent and right is not None:
        ends.append((right, began))
    hours = _draw_hours(rng, lines, bursts, ends)
    evidence = _evidence(rng, lines, hours, text, usual, pairs)
    if linked:
        evidence = replace(evidence, lore=_draw_lore(rng, lines, said, right))
    return Drawn(
        evidence=evidence,
        right=None if right is None else f"s-{right:02d}",
        silent=silent,
        chained=chained,
    )


def _draw_lore(
    rng: np.random.Generator, lines: _Lines, said: tuple[int, int] | None, right: int | None
) -> Lore:
    """Return links of earlier tickets: some of the same cause, most of others, some rejected."""
    told: list[tuple[int, tuple[int, int], bool]] = []
    bad = [(i, p) for i, p in enumerate(lines.trouble) if p]
    for _ in range(12):
        i, pair = bad[int(rng.integers(len(bad)))]
        told.append((i, pair, bool(rng.random() < 0.75)))  # noqa: PLR2004 - most are confirmed
    if said is not None and right is not None:
        told += [(right, said, True)] * int(rng.integers(0, 5))
        if rng.random() < 0.2:  # noqa: PLR2004 - the same words, another cause
            told.append((bad[int(rng.integers(len(bad)))][0], said, True))
    decided = tuple(
        Decided(
            ticket_id=f"T-{n}",
            customer_id="c",
            opened_at=_OPENED - timedelta(days=n + 1),
            signature_id=f"s-{i:02d}",
            confirmed=confirmed,
            by="person",
        )
        for n, (i, _, confirmed) in enumerate(told)
    )
    texts = {f"T-{n}": _said(rng, *pair) for n, (_, pair, _) in enumerate(told)}
    templates = {f"s-{i:02d}": lines.template[i] for i, _, _ in told}
    return Lore(decided=decided, texts=texts, templates=templates)


def _said_of_silence(rng: np.random.Generator, template: str) -> str:
    logged = next(thing for thing in _THINGS if thing[1] in template)
    verb = ("never comes", "is not there", "does not happen any more", "is missing")
    said = f"the {logged[0]} {verb[int(rng.integers(len(verb)))]}"
    return f"{said}. {_FILLER[int(rng.integers(len(_FILLER)))]}"


def _draw_hours(
    rng: np.random.Generator,
    lines: _Lines,
    bursts: Sequence[tuple[int, float]],
    ends: Sequence[tuple[int, float]],
) -> pl.DataFrame:
    """Return what happened by hour."""
    at = np.arange(-_BEFORE, _AFTER)
    start = _OPENED.replace(minute=0)
    day = 0.4 + 1.2 * ((start.hour + at) % 24 > 7) * ((start.hour + at) % 24 < 19)  # noqa: PLR2004 - office hours
    counts = rng.poisson(rng.gamma(3, 1 / 3, (CANDIDATES, 1)) * lines.rate[:, None] / 24 * day)
    first = rng.random(counts.shape)
    for who, began in bursts:
        length = max(1, round(float(rng.lognormal(1.0, 0.8))))
        size = 3 + rng.lognormal(2.0, 1.0)
        for step in range(length):
            slot = int(np.floor(began)) + _BEFORE + step
            if 0 <= slot < counts.shape[1]:
                counts[who, slot] += max(1, rng.poisson(size / length))
                if step == 0:
                    first[who, slot] = began - np.floor(began)
    for gone, ended in ends:
        counts[gone, at >= ended] = 0
    rows, slots = np.nonzero(counts)
    moments = [start + timedelta(hours=h) for h in (at[slots] + first[rows, slots]).tolist()]
    seen = counts[rows, slots].astype(np.float64)
    return pl.DataFrame(
        {
            "signature_id": [f"s-{r:02d}" for r in rows.tolist()],
            "hour": [start + timedelta(hours=h) for h in at[slots].tolist()],
            "seen": seen,
            "first_at": moments,
            "last_at": moments,
            "graveness": seen * lines.severity[rows],
            "graded": seen,
        },
        schema_overrides=dict.fromkeys(("hour", "first_at", "last_at"), pl.Datetime("us", "UTC")),
    )


def _evidence(
    rng: np.random.Generator, lines: _Lines, hours: pl.DataFrame, text: str, usual: list[str],
    pairs: Sequence[tuple[int, int, int]],
) -> Evidence:  # fmt: skip
    names = [f"s-{i:02d}" for i in range(CANDIDATES)]
    before = rng.poisson(lines.rate * _DAYS).astype(np.float64)
    past = pl.DataFrame(
        {"signature_id": names, "before": before, "usual_severity": lines.severity}
    ).filter(pl.col("before") > 0)
    share = (_BEFORE + _AFTER) / 24 / _DAYS
    everywhere = rng.poisson(lines.rate * lines.held_by * _DAYS)
    own = hours.group_by("signature_id").agg(pl.col("seen").sum())
    mine = dict(own.rows())
    young = rng.random(CANDIDATES) < 0.04  # noqa: PLR2004 - new lines of a release
    traced = (lines.severity >= _ERROR) & (rng.random(CANDIDATES) < _TRACED)
    spread = FleetCounts(
        texts=pl.DataFrame(
            {
                "signature_id": names,
                "template": lines.template,
                "kind": ["trace" if t else "log" for t in traced],
                "first_seen": [_OPENED - timedelta(days=3 if y else 200) for y in young],
            }
        ),
        near=pl.DataFrame(
            {
                "signature_id": names,
                "events": [
                    int(mine.get(n, 0) + e * share) for n, e in zip(names, everywhere, strict=True)
                ],
                "units": rng.binomial(lines.held_by, 1 - np.exp(-lines.rate * share * _DAYS)) + 1,
            }
        ),
        past=pl.DataFrame({"signature_id": names, "events": everywhere, "units": lines.held_by}),
        customers=_CUSTOMERS,
        share=share,
    )
    return Evidence(
        opened_at=_OPENED,
        text=text,
        hours=hours,
        past=past,
        covered_days=float(_DAYS),
        logged=(-float(_BEFORE), float(_AFTER)),
        usual=usual,
        lore=NO_LORE,
        named=(),
        spread=lambda ids: _of(spread, ids),
        traces=lambda ids: _traces(rng, pairs, names, ids),
        delay=_USUAL,
    )


def _of(spread: FleetCounts, ids: list[str]) -> FleetCounts:
    parts = {
        name: getattr(spread, name).filter(pl.col("signature_id").is_in(ids))
        for name in ("texts", "near", "past")
    }
    return FleetCounts(**parts, customers=spread.customers, share=spread.share)


def _traces(
    rng: np.random.Generator,
    pairs: Sequence[tuple[int, int, int]],
    names: list[str],
    ids: list[str],
) -> pl.DataFrame:
    """Return what traces tell: the cause comes first in 19 of 20."""
    rows = []
    for first, then, count in pairs:
        one, other = names[first], names[then]
        if one not in ids or other not in ids:
            continue
        right = int(rng.binomial(count, 0.95))
        rows.append((one, other, count, right, count - right))
        rows += [(name, name, count, 0, 0) for name in (one, other)]
    schema: dict[str, Any] = {"one_id": pl.String, "other_id": pl.String}
    schema |= dict.fromkeys(("together", "ahead", "behind"), pl.Int64)
    return pl.DataFrame(rows, schema=schema, orient="row")
