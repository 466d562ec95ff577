"""From chances and ratios to verdicts, with the words for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from caseline.estimation.discoveries import q_values
from caseline.estimation.rates import rate_ratio_interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from caseline.trends.upgrades.comparing import Compared
    from caseline.trends.upgrades.settings import UpgradeSettings

FINDINGS = ("persistent", "transient", "improved")
_PHASES = ("first", "later")


def measured(compared: Sequence[Compared], signatures: Sequence[str]) -> pl.DataFrame:
    """Return one row for each value and signature that was tested, or that has hits there.

    Returns:
        comparison (its position), signature (number), signature_id, component, kind,
        value, customers, events, and of hits and days each _before, _first, _later; of
        first and later each p, ratio, low, high, information, prefixed with its name.
    """
    frames = [_of_value(n, c, len(signatures)) for n, c in enumerate(compared)]
    if not frames:
        return pl.DataFrame()
    names = pl.DataFrame({"signature": np.arange(len(signatures)), "signature_id": signatures},
                         schema={"signature": pl.Int64, "signature_id": pl.String})  # fmt: skip
    return pl.concat(frames).join(names, on="signature", how="left", maintain_order="left")


def _of_value(position: int, compared: Compared, signatures: int) -> pl.DataFrame:
    frame = pl.DataFrame(
        {
            "comparison": position,
            "signature": np.arange(signatures),
            "component": compared.part.component,
            "kind": compared.part.kind,
            "value": compared.value,
            "customers": compared.customers,
            "events": compared.events[:, 1:].sum(axis=1).astype(np.int64),
            **{
                f"hits_{name}": compared.hits[:, n].astype(np.int64)
                for n, name in enumerate(("before", *_PHASES))
            },
            **{
                f"days_{name}": int(compared.days[n]) for n, name in enumerate(("before", *_PHASES))
            },
        },
        schema_overrides={"comparison": pl.Int64},
    )
    for name, told in zip(_PHASES, (compared.first, compared.later), strict=True):
        part = pl.DataFrame(
            {
                "signature": told.signature,
                f"{name}_p": told.p,
                f"{name}_ratio": np.exp(told.log_ratio),
                f"{name}_low": told.low,
                f"{name}_high": told.high,
                f"{name}_information": told.information,
            }
        )
        frame = frame.join(part, on="signature", how="left", maintain_order="left")
    return frame


def judged(rows: pl.DataFrame, settings: UpgradeSettings) -> pl.DataFrame:
    """Return *rows* with q_value, phase, ratio, low, high and verdict.

    All chances of both phases are one table for the false discoveries.
    """
    p = np.concatenate([rows[f"{name}_p"].fill_null(np.nan).to_numpy() for name in _PHASES])
    q = np.full(p.size, np.nan)
    q[~np.isnan(p)] = q_values(p[~np.isnan(p)])
    first, later = np.split(q, 2)
    rows = rows.with_columns(
        pl.Series("first_q", first).fill_nan(None), pl.Series("later_q", later).fill_nan(None)
    )
    up, down = pl.lit(settings.floor), pl.lit(1 / settings.floor)
    sure = {name: pl.col(f"{name}_q").fill_null(1.0) <= settings.q for name in _PHASES}
    ratio = {name: pl.col(f"{name}_ratio") for name in _PHASES}
    rows = rows.with_columns(_fading(rows, settings))
    lasts = sure["later"] & (ratio["later"] >= up)
    better = sure["later"] & (ratio["later"] <= down)
    begins = sure["first"] & (ratio["first"] >= up)
    tested = pl.col("later_p").is_not_null()
    verdict = (
        pl.when(lasts).then(pl.lit("persistent"))
        .when(begins & pl.col("fades")).then(pl.lit("transient"))
        .when(begins).then(pl.lit("undetermined"))
        .when(better).then(pl.lit("improved"))
        .when(tested & (pl.col("later_high") < settings.told_ratio)).then(pl.lit("none"))
        .otherwise(pl.lit("undetermined"))
    )  # fmt: skip
    early = (begins & ~lasts) | pl.col("later_p").is_null()
    chosen = {
        name: pl.when(early).then(f"first_{source}").otherwise(f"later_{source}").alias(name)
        for name, source in (("ratio", "ratio"), ("low", "low"), ("high", "high"),
                             ("q_value", "q"))
    }  # fmt: skip
    return rows.with_columns(
        verdict.alias("verdict"),
        pl.when(early).then(pl.lit("first")).otherwise(pl.lit("later")).alias("phase"),
        *chosen.values(),
    )


def _fading(rows: pl.DataFrame, settings: UpgradeSettings) -> pl.Series:
    """Return whether the days just after a change are surely worse than those that follow."""
    fades = np.zeros(rows.height, dtype=bool)
    days = rows.select("days_first", "days_later").to_numpy()
    hits = rows.select("hits_first", "hits_later").to_numpy()
    for one, other in {tuple(pair) for pair in days.tolist()}:
        if min(one, other) <= 0:
            continue
        mine = (days[:, 0] == one) & (days[:, 1] == other)
        counts = (hits[mine, 0], hits[mine, 1])
        _, low, _ = rate_ratio_interval(counts, (float(one), float(other)), level=settings.level)
        fades[mine] = low >= settings.lasting
    return pl.Series("fades", fades)


def reasons_of(row: dict[str, object], settings: UpgradeSettings) -> list[str]:
    """Return in words, with numbers, why *row* of ``judged`` has its verdict."""
    rates = {
        name: f"{row[f'hits_{name}']} of {row[f'days_{name}']}" for name in ("before", *_PHASES)
    }
    seen = f"{rates['before']} before, {rates['first']} in the first {settings.first} days"
    told = [
        f"customer-days with it: {seen}, {rates['later']} later, at {row['customers']} customers"
    ]
    match row["verdict"]:
        case "persistent":
            told.append("up after the change, compared with others on the same days, and it stays")
            if not row["hits_before"]:
                told.append("never seen at these customers before")
        case "transient":
            told.append("up just after the change, and not any more later")
        case "improved":
            told.append("down after the change, compared with others on the same days")
        case "none":
            told.append("no more and no less than chance; a ratio of "
                        f"{settings.told_ratio:.0f} would have been seen")  # fmt: skip
        case _:
            told += _missing(row, settings)
    return told


def _missing(row: dict[str, object], settings: UpgradeSettings) -> list[str]:
    """Say what it would take to tell."""
    from scipy.special import ndtri  # noqa: PLC0415 - importing scipy takes time

    if row["phase"] == "first" and row["first_p"] is not None and row["first_q"] <= settings.q:  # type: ignore[operator]
        return [f"up in the first {settings.first} days; whether it stays cannot be told yet"]
    if row["customers"] < settings.least_customers:  # type: ignore[operator]
        need = f"{settings.least_customers} customers watched before and after"
        return [f"cannot tell: {need} are needed at the least"]
    reach = ndtri(1 - settings.q / 2) + ndtri(settings.told_power)
    needed = float((reach / np.log(settings.told_ratio)) ** 2)
    have, days = row["later_information"], row["days_later"]
    if not have or not days:
        return [f"cannot tell: fewer than {settings.least_hits:.0f} customer-days with it"]
    more = float(days) * max(0.0, needed / float(have) - 1)  # type: ignore[arg-type]
    if more < 1:
        return ["cannot tell: the interval holds both no change and a large one"]
    return [f"cannot tell: some {more:.0f} more customer-days after the change are needed"]
