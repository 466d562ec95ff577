"""What the order of signatures says for each of them: cause, or symptom of another one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from caseline.impact.causes.precedence import Precedence, in_bursts, in_traces, joined

if TYPE_CHECKING:
    from caseline.impact.causes.settings import OrderSettings

_TEXTS = ("words", "grams", "concepts")
_NONE = {"upstream": 0.0, "downstream": 0.0, "carried": 0.0}


def find_precedence(
    frame: pl.DataFrame, pairs: pl.DataFrame, hours: pl.DataFrame, *, settings: OrderSettings
) -> Precedence:
    """Return the order of the signatures of *frame*.

    Args:
        frame: signature_id.
        pairs: What traces tell of pairs: see ``in_traces``.
        hours: What happened at the customer by hour: see ``in_bursts``.
        settings: See ``[order]``.
    """
    ids = frame["signature_id"].to_list()
    return joined(in_traces(pairs, ids), in_bursts(hours, ids, settings=settings))


def order_features(
    frame: pl.DataFrame, order: Precedence, *, settings: OrderSettings
) -> pl.DataFrame:
    """Add upstream, downstream, carried, and chain: the sentences that say why.

    ``upstream`` is how surely an unusual signature follows this one, ``downstream`` how
    surely one comes before it, ``carried`` how much nearer to the ticket's words a
    signature is that follows: a customer speaks of what shows, not of what is below.

    Args:
        frame: signature_id, surprise, missing and the features of text.
        order: Of some of the signatures in it; the others get zeros.
        settings: See ``[order]``.
    """
    plain = frame.with_columns(pl.lit(value).alias(name) for name, value in _NONE.items())
    if not order.signature_ids:
        return plain.with_columns(pl.lit([], pl.List(pl.String)).alias("chain"))
    looked = pl.DataFrame({"signature_id": order.signature_ids})
    own = looked.join(frame, on="signature_id", how="left", maintain_order="left")
    odd = np.clip(own.select(pl.max_horizontal("surprise", "missing")).to_series().to_numpy()
                  / settings.anomaly_at, 0, 1)  # fmt: skip
    text = own.select(pl.mean_horizontal(_TEXTS)).to_series().to_numpy()
    # Both must be unusual: what is always logged first causes nothing.
    both = order.strength * odd[:, np.newaxis] * odd[np.newaxis, :]
    nearer = np.clip(text[np.newaxis, :] - text[:, np.newaxis], 0, None)
    told = own.select("signature_id").with_columns(
        pl.Series("upstream", both.max(axis=1)),
        pl.Series("downstream", both.max(axis=0)),
        pl.Series("carried", (both * nearer).max(axis=1)),
        pl.Series("chain", _chains(order, both, settings.sure_from), dtype=pl.List(pl.String)),
    )
    return (
        plain.drop(*_NONE)
        .join(told, on="signature_id", how="left", maintain_order="left")
        .with_columns(*(pl.col(name).fill_null(value) for name, value in _NONE.items()))
        .with_columns(pl.col("chain").fill_null([]))
    )


def _chains(order: Precedence, both: np.ndarray, least: float) -> list[list[str]]:
    """Return for each signature what it comes before, and what comes before it."""
    chains: list[list[str]] = []
    for i in range(len(order.signature_ids)):
        after, before = int(both[i].argmax()), int(both[:, i].argmax())
        chain = []
        if both[i, after] >= least:
            name = order.signature_ids[after]
            chain.append(f"comes before {name} in {order.told(i, after)}")
        if both[before, i] >= least:
            name = order.signature_ids[before]
            chain.append(f"comes after {name} in {order.told(before, i)}")
        chains.append(chain)
    return chains
