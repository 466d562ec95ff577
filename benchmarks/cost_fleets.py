"""Fleets drawn with what errors cost in them, past and to come: to judge what is fixed first.

A third of the signatures is noise that nobody writes about; others fall on some customers
or many, seldom or daily; some are rare and their tickets long, some grow (and half of these
stop growing today), some fade, some are fixed in a release that not all have taken. Tickets
come from days with the error; most are linked, some to the wrong cause, as often as the
confidence of the link says. Each place takes up releases by a pace of its own, each
release has one too, and some are skipped. The days to come are drawn on from there.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

import caseline
from caseline.records.batches import Part, SignedBatch, Source

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

NOW = datetime(2026, 6, 1, tzinfo=UTC)
PAST, AHEAD, HORIZON = 84, 134, 90
KINDS = ("noise", "usual", "rare", "growing", "fading", "fixed")
_SHARES = (0.35, 0.35, 0.1, 0.1, 0.05, 0.05)
_FIRST, _EVERY, _TAKES, _MANY = -300, 30, 0.85, 0.4
_RECORDED, _LINKED, _CONFIRMED = 0.85, 0.95, 0.7
_COLUMNS = {"severity": 17, "severity_text": "ERROR", "stage": "production"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A fleet and its truth; signature number n is ``s-n``.

    Args:
        place: The place of each customer, shape (c,).
        upgrades: For each place, (day, release) by day.
        released: Days on which releases come out, by day.
        ships: Which of them has all fixes.
        kinds: Of each signature.
        fixed_in: The release that fixes a signature; -1 for none.
        rates: Tickets per customer-day with the error, shape (s,).
        hours: Mean hours of a ticket, shape (s,).
        hits: signature, customer, day: days with the error, from -84 on.
        tickets: signature, customer, day, hours: what they caused.
        expected: Mean of days with the error ahead if nothing is done, (s, c, AHEAD).
    """

    place: NDArray[np.int64]
    upgrades: list[list[tuple[float, int]]]
    released: list[float]
    ships: int
    kinds: list[str]
    fixed_in: NDArray[np.int64]
    rates: Floats
    hours: Floats
    hits: pl.DataFrame
    tickets: pl.DataFrame
    expected: Floats

    def runs_from(self, release: int, *, after: float = -1e9) -> Floats:
        """Return the day from which each customer runs a release as new; of those after a day."""
        out = self.released[release]
        days = [
            min((d for d, r in ups if self.released[r] >= out and d >= after), default=np.inf)
            for ups in self.upgrades
        ]
        found: Floats = np.array(days)[self.place]
        return found

    def avoided(self, fixed_on: float = 0.0, until: float = HORIZON) -> pl.DataFrame:
        """Return signature, tickets, hours, days: what came after each ran the fix that ships."""
        runs = self.runs_from(self.ships)
        own = pl.DataFrame({"customer": np.arange(len(runs)), "runs": runs})
        found = []
        for frame in (self.tickets, self.hits):
            late = (pl.col("day") >= pl.col("runs")) & pl.col("day").is_between(
                fixed_on, until, closed="left"
            )
            found.append(frame.join(own, on="customer").filter(late))
        spent = found[0].group_by("signature").agg(pl.len().alias("tickets"), pl.col("hours").sum())
        days = found[1].group_by("signature").agg(pl.len().alias("days"))
        every = pl.DataFrame({"signature": np.arange(len(self.kinds))})
        joined = every.join(spent, on="signature", how="left").join(
            days, on="signature", how="left"
        )
        return joined.fill_null(0).sort("signature")

    def spent(self, until: float = HORIZON) -> Floats:
        """Return the hours of all tickets from today until then, by signature."""
        mine = self.tickets.filter(pl.col("day").is_between(0, until, closed="left"))
        signature, hours = mine["signature"].to_numpy(), mine["hours"].to_numpy()
        found: Floats = np.bincount(signature, hours, len(self.kinds)).astype(np.float64)
        return found

    def worth(self) -> Floats:
        """Return the mean of the hours that the right action avoids, by signature.

        A new fix, which ships today; of what is fixed, that all take it today.
        """
        runs = np.where((self.fixed_in >= 0)[:, None], 0.0, self.runs_from(self.ships)[None, :])
        ahead = np.arange(HORIZON)[None, None, :] >= runs[:, :, None]
        days = (self.expected[:, :, :HORIZON] * ahead).sum(axis=(1, 2))
        found: Floats = days * self.rates * self.hours
        return found


def draw_costs(
    seed: int, *, signatures: int = 240, customers: int = 150, ships_on: float = 0.0
) -> Drawn:
    """Return a fleet in which a release with all fixes ships on day *ships_on*."""
    rng = np.random.default_rng([seed, 21])
    place = np.arange(customers)
    shared = customers // 10
    place[:shared] = np.arange(shared) // 5
    place = np.unique(place, return_inverse=True)[1]
    regular = [float(d) for d in range(_FIRST, AHEAD, _EVERY)]
    released = sorted({*regular, ships_on})
    upgrades = _upgrades(rng, int(place.max()) + 1, released)
    kinds = rng.choice(KINDS, signatures, p=_SHARES).tolist()
    rare = np.array([k == "rare" for k in kinds])
    rates = np.exp(rng.normal(-3.5, 1.0, signatures))
    rates[rare] *= 4.0
    rates[[k == "noise" for k in kinds]] = 0.0
    rates = np.minimum(rates, 0.8)
    hours = np.exp(rng.normal(0.8, 0.6, signatures)) * np.where(rare, 5.0, 1.0)
    means = _means(rng, kinds, customers)
    # known, and not taken by all
    fixes = [n for n, day in enumerate(released) if -70 <= day < -5]  # noqa: PLR2004
    fixed_in = np.array([int(rng.choice(fixes)) if k == "fixed" else -1 for k in kinds])
    drawn = Drawn(
        place=place, upgrades=upgrades, released=released,
        ships=released.index(ships_on), kinds=kinds, fixed_in=fixed_in,
        rates=rates, hours=hours, hits=pl.DataFrame(), tickets=pl.DataFrame(),
        expected=np.zeros(0),
    )  # fmt: skip
    days = np.arange(-PAST, AHEAD)
    for n in np.flatnonzero(fixed_in >= 0):
        means[n] *= days < drawn.runs_from(int(fixed_in[n]))[:, None]
    hit = np.argwhere(rng.random(means.shape) < 1 - np.exp(-means))
    asks = hit[rng.random(len(hit)) < rates[hit[:, 0]]]
    spent = hours[asks[:, 0]] * np.exp(rng.normal(-0.18, 0.6, len(asks)))
    tickets = _frame(asks).with_columns(pl.Series("hours", spent))
    return Drawn(
        **{n: getattr(drawn, n) for n in Drawn.__dataclass_fields__ if n not in _LATER},
        hits=_frame(hit),
        tickets=tickets,
        expected=1 - np.exp(-means[:, :, PAST:]),
    )


_LATER = ("hits", "tickets", "expected")


def _frame(rows: NDArray[np.int64]) -> pl.DataFrame:
    return pl.DataFrame({"signature": rows[:, 0], "customer": rows[:, 1], "day": rows[:, 2] - PAST})


def _upgrades(
    rng: np.random.Generator, places: int, released: list[float]
) -> list[list[tuple[float, int]]]:
    usual = np.exp(rng.normal(np.log(12), 0.9, places))
    pace = np.exp(rng.normal(0, 0.3, len(released)))
    waits = usual[:, None] * pace * np.exp(rng.normal(0, 0.4, (places, len(released))))
    taken = rng.random(waits.shape) < _TAKES
    found = []
    for p in range(places):
        came = sorted((released[r] + waits[p, r], r) for r in np.flatnonzero(taken[p]))
        newest, own = -1e9, []
        for day, r in came:
            if released[r] > newest:
                newest = released[r]
                own.append((float(day), int(r)))
        found.append(own)
    return found


def _means(rng: np.random.Generator, kinds: list[str], customers: int) -> Floats:
    """Return the mean of each customer-day, shape (s, c, days)."""
    days = np.arange(-PAST, AHEAD)
    level = np.exp(rng.normal(0, 0.7, customers))
    found = np.zeros((len(kinds), customers, days.size))
    for n, kind in enumerate(kinds):
        many = kind == "noise" and rng.random() < _MANY
        share = 0.6 if many else rng.beta(0.6, 6)
        mine = rng.random(customers) < max(share, 1 / customers)
        mine[int(rng.integers(customers))] = True
        rate = np.exp(rng.normal(-2.2 if kind != "rare" else -3.2, 0.8))
        slope = rng.uniform(0.008, 0.02)
        course = np.ones(days.size)
        if kind == "growing":
            goes_on = rng.random() < 0.5  # noqa: PLR2004 - half stop
            course = np.exp(slope * np.minimum(days, 30 if goes_on else 0))
        elif kind == "fading":
            course = np.exp(-slope * days)
        wobble = np.exp(rng.normal(-0.02, 0.2, days.size // 7 + 1)).repeat(7)[: days.size]
        found[n, mine] = (rate * level[mine])[:, None] * course * wobble
    return found


def loaded(drawn: Drawn, folder: Path, seed: int) -> tuple[caseline.Workspace, pl.DataFrame]:
    """Return a workspace that holds the past of *drawn*, and the links of its tickets."""
    rng = np.random.default_rng([seed, 22])
    ws = caseline.open(folder / "ws", clock=caseline.ManualClock(NOW))
    count, places = len(drawn.place), len(drawn.upgrades)
    who = {"customer_id": [f"c{c}" for c in range(count)]}
    where = {"environment_id": [f"e{p}" for p in range(places)], "stage": "production"}
    sizes = np.bincount(drawn.place)
    ws.fleet.load(
        customers=pl.DataFrame(who),
        environments=pl.DataFrame(where).with_columns(
            kind=pl.Series(["single_tenant" if s == 1 else "multi_tenant" for s in sizes])
        ),
        tenancies=pl.DataFrame(who | {"environment_id": [f"e{p}" for p in drawn.place]}),
        spans=_spans(drawn),
    )
    names = [f"s-{n}" for n in range(len(drawn.kinds))] + ["alive"]
    ws._store.save("signatures", pl.DataFrame([
        {"signature_id": s, "scheme": "t", "kind": "log", "template": s, "parts": [s],
         "rules": [""]}
        for s in names
    ]))  # fmt: skip
    _append(ws, drawn, rng)
    for n in np.flatnonzero(drawn.fixed_in >= 0):
        r = int(drawn.fixed_in[n])
        ws.impact.record_fix(
            f"s-{n}", component="platform", fixed_in=[_version(r)], affected_from=["8.0"],
            by="benchmark",
        )  # fmt: skip
    return ws, _tickets(ws, drawn, rng)


def _version(release: int) -> str:
    return f"8.{release + 1}"


def at(day: float) -> datetime:
    """Return the moment so many days from now."""
    return NOW + timedelta(days=float(day))


def _spans(drawn: Drawn) -> pl.DataFrame:
    rows = []
    for p, ups in enumerate(drawn.upgrades):
        past = [(d, _version(r)) for d, r in ups if d < 0]
        begun = [(None, "8.0"), *past]
        ends = [*(d for d, _ in past), None]
        rows += [
            (f"e{p}", "platform", v, "version", None if b is None else at(b),
             None if e is None else at(e))
            for (b, v), e in zip(begun, ends, strict=True)
        ]  # fmt: skip
    time = pl.Datetime("us", "UTC")
    schema = ["environment_id", "component", "value", "kind", "valid_from", "valid_to"]
    types = {"valid_from": time, "valid_to": time}
    return pl.DataFrame(rows, schema=schema, schema_overrides=types, orient="row")


def _append(ws: caseline.Workspace, drawn: Drawn, rng: np.random.Generator) -> None:
    count = len(drawn.place)
    noise = np.array([k == "noise" for k in drawn.kinds])
    hits = drawn.hits.filter(pl.col("day") < 0)
    loud = noise[hits["signature"].to_numpy()] * rng.integers(0, 6, hits.height)
    hits = hits.with_columns(
        pl.Series("repeats", 1 + loud),
        (pl.col("signature").cast(pl.String).str.replace("^", "s-")).alias("signature_id"),
    )
    beats = pl.DataFrame({"customer": np.arange(count)}).join(
        pl.DataFrame({"day": np.arange(-PAST, 0)}), how="cross"
    )
    rows = pl.concat(
        [hits, beats.with_columns(signature_id=pl.lit("alive"), repeats=pl.lit(1))],
        how="diagonal_relaxed",
    )
    rows = rows.with_columns(pl.Series("second", rng.integers(86_400, size=rows.height)))
    places = pl.Series([f"e{p}" for p in drawn.place])
    frame = rows.select(
        (pl.lit(NOW) + pl.duration(days="day", seconds="second"))
        .dt.cast_time_unit("us").alias("occurred_at"),
        "signature_id",
        pl.format("c{}", "customer").alias("customer_id"),
        places.gather(rows["customer"]).alias("environment_id"),
        pl.col("repeats").cast(pl.UInt32),
        *(pl.lit(v).alias(n) for n, v in _COLUMNS.items() if n != "severity"),
        pl.when(pl.col("signature_id") == "alive").then(9).otherwise(17).cast(pl.UInt8)
        .alias("severity"),
        *(pl.lit(v).alias(n) for n, v in (("time_quality", "exact"), ("service", "api"),
                                           ("host", "h"), ("region", "r"))),
        *(pl.lit(None, pl.String).alias(n) for n in ("trace_id", "share_group", "version")),
        *(pl.lit(n, pl.UInt32).alias(name) for name, n in (("lines", 1), ("part", 0))),
        pl.lit([], pl.List(pl.String)).alias("variables"),
        pl.int_range(pl.len()).cast(pl.String).alias("message"),
        pl.int_range(pl.len()).cast(pl.String).alias("text"),
    )  # fmt: skip
    source = Source(name="a.log", collection_id="col", origin="o", received_at=NOW)
    minted = pl.DataFrame(schema={"signature_id": pl.String})
    parts = (Part(source=source, batch_id="b"),)
    ws._store.append(SignedBatch(source=source, frame=frame, minted=minted, parts=parts))
    ws._store.compact()


def _tickets(ws: caseline.Workspace, drawn: Drawn, rng: np.random.Generator) -> pl.DataFrame:
    past = drawn.tickets.filter(pl.col("day") < 0)
    known = rng.random(past.height) < _RECORDED
    opened = pl.lit(NOW) + pl.duration(days="day", hours=12)
    ws.tickets.load(
        past.with_row_index("n").select(
            pl.format("T-{}", "n").alias("ticket_id"),
            pl.format("c{}", "customer").alias("customer_id"),
            pl.lit("trouble").alias("subject"),
            opened.alias("opened_at"),
            (opened + pl.duration(hours=9)).alias("resolved_at"),
            pl.when(pl.Series(known)).then("hours").alias("effort_hours"),
        )
    )
    sure = np.where(rng.random(past.height) < _CONFIRMED, 1.0, rng.uniform(0.3, 0.9, past.height))
    right = rng.random(past.height) < sure
    other = rng.integers(len(drawn.kinds), size=past.height)
    named = np.where(right, past["signature"].to_numpy(), other)
    links = pl.DataFrame({"ticket_id": [f"T-{n}" for n in range(past.height)], "n": named})
    return links.select(
        "ticket_id", pl.format("s-{}", "n").alias("id"), pl.Series("confidence", sure)
    ).filter(pl.Series(rng.random(past.height) < _LINKED))
