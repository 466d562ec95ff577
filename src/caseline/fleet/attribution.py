"""Each event's customer and version as of when it happened, a batch at a time."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from caseline.errors import NotFoundError
from caseline.fleet.foreign import Foreigners
from caseline.fleet.holdings import read_holdings
from caseline.fleet.owners import Owners
from caseline.fleet.running import Versions
from caseline.fleet.settings import FleetSettings, shipped_settings
from caseline.fleet.spelling import placement_in, spelled
from caseline.records.batches import PlacedBatch
from caseline.store.moments import can_be

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from caseline.fleet.foreign import KnownHosts
    from caseline.fleet.timelines import Codes
    from caseline.fleet.tracing import StoredOwners
    from caseline.records.batches import RawBatch, Reject, Source

UNKNOWN = "unknown"
"""The environment of lines of a shared stream that no environment claims."""

_SAID = ["tenant", "placement", "host"]

_FROM_SOURCE = ["source_placement", "source_name"]

_LABEL = re.compile(rb"(?:[A-Za-z]{1,12}: )?[<\[(](?P<label>[^\s<>\[\]()=]{1,128})[>\])]")
"""A word in brackets at the start of a message, behind its severity at the most."""

Claims = dict[str, frozenset[str]]
"""By tenant key or placement: the environments that know it."""


class Attributor:
    """Finds the customer, version, stage and region of events, as of their time.

    A single-tenant environment's events belong to its customer. In a multi-tenant one
    the tenant key in the line decides (behind a word for it, or in brackets at the start
    of the message); without one, the tenant that lines of its trace name at about that time;
    else the placement (of the line, of the
    source, in the host's name, in the file's path) shares the event evenly among the
    tenants placed there then; without that it belongs to nobody. A line that names a
    tenant nobody knows is nobody's too: it says that it is none of the known ones.

    Args:
        environments: The fleet's tables, as ``read_table`` makes them.
        tenancies: The same.
        spans: The same.
        settings: What names mean; those that ship if None.
        stored: Asks for the owners of stored lines of a trace; None not to.
        hosts: Asks for the hosts that are known; None not to.
    """

    def __init__(
        self,
        *,
        environments: pl.DataFrame,
        tenancies: pl.DataFrame,
        spans: pl.DataFrame,
        settings: FleetSettings | None = None,
        stored: StoredOwners | None = None,
        hosts: KnownHosts | None = None,
    ) -> None:
        settings = settings or shipped_settings()
        self._holdings = read_holdings(environments, tenancies, spans)
        self._owners = Owners(self._holdings, settings, stored=stored)
        self._foreigners = Foreigners(self._holdings, settings, hosts)
        self._versions = Versions(self._holdings, settings)
        self._tenants = _claims((h.environment_id, h.tenants) for h in self._holdings.values())
        self._placements = _claims(
            (h.environment_id, h.placements) for h in self._holdings.values()
        )

    def quarantine(self, batch: RawBatch) -> tuple[RawBatch, list[Reject]]:
        """Return *batch* without lines that are another customer's, and these as rejects."""
        at = batch.frame.select(_moment(batch.source).cast(pl.Int64)).to_series().to_numpy()
        frame, rejects = self._foreigners.split(batch, at)
        return (replace(batch, frame=frame) if rejects else batch), rejects

    def place(self, batch: RawBatch) -> PlacedBatch:
        """Return *batch* with environment, customer or share group, version, stage, region.

        An event's time is when it occurred, or when it was received if that is unknown.
        The work in Python grows with the distinct tenants, placements, hosts and
        services, not with the rows.

        Raises:
            NotFoundError: The source's environment is none of the fleet's.
        """
        frame = _with_source(self._with_environment(batch), batch.source)
        tenants = self._labelled(frame, batch.shapes)
        at = frame.select(_moment(batch.source).cast(pl.Int64)).to_series()
        owners = self._owners.numbers(frame.with_columns(tenants), at.to_numpy())
        versions = self._versions.numbers(frame, at.to_numpy())
        pairs = self._owners.values
        placed = frame.with_columns(
            _gathered("customer_id", [customer for customer, _ in pairs], owners),
            _gathered("share_group", [group for _, group in pairs], owners),
            _gathered("version", self._versions.values, versions),
            self._of_environment(frame, "stage"),
            self._of_environment(frame, "region"),
        ).drop(_FROM_SOURCE)
        used = {pairs[number][1] for number in np.unique(owners).tolist()} - {None}
        return PlacedBatch(
            source=batch.source,
            frame=placed,
            shapes=batch.shapes,
            share_groups={
                group: self._owners.groups[group] for group in sorted(filter(None, used))
            },
            index=batch.index,
        )

    def _with_environment(self, batch: RawBatch) -> pl.DataFrame:
        told = batch.source.environment_id
        if told is not None:
            if told not in self._holdings:
                raise NotFoundError.of("environment", told, self._holdings)
            return batch.frame.with_columns(pl.lit(told, dtype=pl.String).alias("environment_id"))
        distinct = batch.frame.select(_SAID).unique()
        found = [self._environment_claiming(*row) for row in distinct.iter_rows()]
        claimed = distinct.with_columns(pl.Series("environment_id", found, dtype=pl.String))
        return batch.frame.join(
            claimed, on=_SAID, how="left", nulls_equal=True, maintain_order="left"
        )

    def _environment_claiming(
        self, tenant: str | None, placement: str | None, host: str | None
    ) -> str:
        """Return the one environment that all that is said allows, or UNKNOWN."""
        by_host = placement_in(host, self._placements) if host else None
        said = (
            self._tenants.get(spelled(tenant or "")),
            self._placements.get(spelled(placement or "")),
            self._placements.get(by_host or ""),
        )
        candidates = [environments for environments in said if environments]
        common = frozenset.intersection(*candidates) if candidates else frozenset[str]()
        return next(iter(common)) if len(common) == 1 else UNKNOWN

    def _labelled(self, frame: pl.DataFrame, shapes: Sequence[bytes]) -> pl.Series:
        """Return the tenant of each row, also where brackets alone set it apart.

        Any bracketed word may begin a message: it counts if the environment has such a
        tenant. Only the rows whose shape begins so are looked at.
        """
        tenants = {e: h.tenants for e, h in self._holdings.items() if not h.single and h.tenants}
        begun = [n for n, shape in enumerate(shapes) if _LABEL.match(shape)]
        if not (tenants and begun and frame["tenant"].null_count()):
            return frame["tenant"]
        rows = (
            frame.with_row_index("row")
            .filter(
                pl.col("tenant").is_null(),
                pl.col("shape").is_in(begun),
                pl.col("environment_id").is_in(list(tenants)),
            )
            .select("row", "environment_id", "message")
        )
        distinct = rows.select("environment_id", "message").unique()
        keys = [
            _label_of(message, tenants[environment]) for environment, message in distinct.rows()
        ]
        said = distinct.with_columns(pl.Series("key", keys, dtype=pl.String)).drop_nulls()
        named = rows.join(said, on=["environment_id", "message"])
        return frame["tenant"].scatter(named["row"], named["key"])

    def _of_environment(self, frame: pl.DataFrame, attribute: str) -> pl.Series:
        names = frame["environment_id"].unique()
        values = [getattr(self._holdings.get(name), attribute, None) for name in names]
        column = frame["environment_id"].replace_strict(names, values, return_dtype=pl.String)
        return column.alias(attribute)


def _claims(places: Iterable[tuple[str, Iterable[str]]]) -> Claims:
    found: dict[str, set[str]] = {}
    for environment, keys in places:
        for key in keys:
            found.setdefault(key, set()).add(environment)
    return {key: frozenset(environments) for key, environments in found.items()}


def _moment(source: Source) -> pl.Expr:
    """Return when each record counts: see ``caseline.store.moments``."""
    received = pl.lit(source.received_at, dtype=pl.Datetime("us", "UTC"))
    occurred = pl.col("occurred_at")
    timed = can_be(*(column.dt.replace_time_zone(None) for column in (occurred, received)))
    return pl.when(timed).then(occurred).otherwise(received)


def _label_of(message: bytes, tenants: Iterable[str]) -> str | None:
    """Return the bracketed word that *message* begins with, if it is one of *tenants*."""
    found = _LABEL.match(message)
    key = found["label"].decode("utf-8", "replace") if found else ""
    return key if spelled(key) in tenants else None


def _with_source(frame: pl.DataFrame, source: Source) -> pl.DataFrame:
    """Return *frame* with what its source says, unless each row has its own source."""
    values = zip(_FROM_SOURCE, (source.placement, source.name), strict=True)
    return frame.with_columns(
        pl.lit(value, dtype=pl.String).alias(name)
        for name, value in values
        if name not in frame.columns
    )


def _gathered(name: str, values: Sequence[str | None], numbers: Codes) -> pl.Series:
    return pl.Series(name, values, dtype=pl.String).gather(numbers)
