"""The fleet as people ask about it: who, where, since when, on which version."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from caseline.clock import Clock, in_utc
from caseline.errors import InputError, NotFoundError
from caseline.fleet import exposure
from caseline.fleet.attribution import Attributor
from caseline.fleet.clocks import HostClocks
from caseline.fleet.loading import LoadReport, changed, check_together, delivered
from caseline.fleet.settings import FleetSettings, shipped_settings
from caseline.records.answers import Row, Table
from caseline.records.arguments import checked_id
from caseline.records.tables import FLEET
from caseline.records.windows import Window
from caseline.store.coverage import read_covered

if TYPE_CHECKING:
    from collections.abc import Iterable

    from caseline.fleet.clock_past import Kept
    from caseline.fleet.loading import Delivery
    from caseline.protocols import Engine

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ExposureBy = Literal["customer", "version", "day"]

_REPORT: dict[str, pl.DataType | type[pl.DataType]] = {
    "table": pl.String,
    "accepted": pl.Int64,
    "added": pl.Int64,
    "replaced": pl.Int64,
    "unchanged": pl.Int64,
    "refused": pl.Int64,
    "unknown": pl.List(pl.String),
}
_REFUSED = {"table": pl.String, "row": pl.Int64, "reason": pl.String}
_VERSIONS = ("environment_id", "component", "kind", "value", "valid_from", "valid_to")


class Fleet:
    """Customers, environments, tenancies, spans and changes of a workspace.

    Args:
        engine: Keeps the tables.
        clock: Tells the time.
        settings: How long an upgrade may take, what names mean; those that ship if None.
    """

    def __init__(
        self, engine: Engine, clock: Clock, *, settings: FleetSettings | None = None
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._settings = settings or shipped_settings()
        self._attributor: Attributor | None = None
        self._kept_clocks: dict[str, Kept] = {}

    def load(
        self,
        *,
        customers: Any = None,
        environments: Any = None,
        tenancies: Any = None,
        spans: Any = None,
        changes: Any = None,
    ) -> LoadReport:
        """Take in tables of the fleet; a row replaces the one of its key.

        Each is a Polars, pandas or Arrow table, a list of dicts, or a path to CSV, JSON
        lines or Parquet. Rows that cannot be right are refused and reported, the others
        are kept, all in one transaction; loading the same again changes nothing.

        Refused are, besides what is wrong in a row by itself: unknown customers and
        environments; two customers at once in a single-tenant environment, or with one
        tenant key; two versions of a component for longer than an upgrade takes.

        Raises:
            TableError: Columns are missing, or of a type that cannot be.
            InputError: Times without a zone.
            SourceError: A path that cannot be read.
        """
        came = delivered(
            {
                "customers": customers,
                "environments": environments,
                "tenancies": tenancies,
                "spans": spans,
                "changes": changes,
            }
        )
        with self._engine.transaction():
            held = {schema.name: self._engine.ask(f"fleet_{schema.name}") for schema in FLEET}
            check_together(came, held, self._settings)
            counts = [self._save(name, part, held[name]) for name, part in came.items()]
        self._attributor = None
        refused = [
            (name, row, reason)
            for name, part in came.items()
            for row, reason in sorted(part.refused)
        ]
        return LoadReport(
            tables=self._table("loaded", pl.DataFrame(counts, schema=_REPORT, orient="row")),
            refused=self._table("refused", pl.DataFrame(refused, schema=_REFUSED, orient="row")),
        )

    def forget(self) -> None:
        """Remember nothing of the tables: they changed by another way than ``load``."""
        self._attributor = None
        self._kept_clocks.clear()

    def customers(self) -> Table:
        """Return every customer: customer_id, name, tier, region, annual_value, sla."""
        return self._table("customers", self._engine.ask("fleet_customers"))

    def environments(self) -> Table:
        """Return every environment: environment_id, kind, stage, region, telemetry, timezone."""
        return self._table("environments", self._engine.ask("fleet_environments"))

    def environment(self, environment_id: str) -> Row:
        """Return one environment.

        Raises:
            NotFoundError: There is none of that id; near ones are named.
        """
        table = self._engine.ask("fleet_environments")
        return _one(table, "environment_id", environment_id, "environment")

    def customer(self, customer_id: str) -> Row:
        """Return one customer.

        Raises:
            NotFoundError: There is none of that id; near ones are named.
        """
        return _one(self._engine.ask("fleet_customers"), "customer_id", customer_id, "customer")

    def known_customers(self, customers: Iterable[str]) -> list[str]:
        """Return *customers*, each once, in order.

        Raises:
            NotFoundError: The fleet has no customer of one of these ids.
        """
        known = self._engine.ask("fleet_customers")["customer_id"].to_list()
        asked = sorted(set(customers))
        for customer in asked:
            if customer not in known:
                raise NotFoundError.of("customer", customer, known)
        return asked

    def versions(self, customer: str, *, at: datetime | None = None) -> Table:
        """Return what ran in the customer's environments at a moment.

        Args:
            customer: A customer's id.
            at: The moment, aware; now if None.

        Returns:
            environment_id, component, kind, value, valid_from, valid_to; while an upgrade
            rolls, a component has two rows.

        Raises:
            NotFoundError: No such customer.
            InputError: *at* is naive.
        """
        self.customer(customer)
        moment = pl.lit(self._clock.now() if at is None else in_utc(at, "at"))
        then = (pl.col("valid_from").is_null() | (pl.col("valid_from") <= moment)) & (
            pl.col("valid_to").is_null() | (pl.col("valid_to") > moment)
        )
        mine = self._engine.ask("fleet_tenancies").filter(pl.col("customer_id") == customer, then)
        spans = self._engine.ask("fleet_spans").filter(then)
        rows = spans.join(mine.select("environment_id").unique(), on="environment_id", how="semi")
        return self._table("versions", rows.select(_VERSIONS).sort(_VERSIONS[:4]))

    def exposure(
        self,
        window: Window | timedelta | tuple[datetime, datetime] | None = None,
        *,
        by: ExposureBy = "customer",
        as_of: datetime | None = None,
    ) -> Table:
        """Return on how many customer-days logs are known: what rates are per.

        A customer counts for a UTC day once, when any log of an environment it was
        tenant of covers any time of that day.

        Args:
            window: A pair of aware times, a timedelta back from *as_of*, or None for all.
            by: ``customer`` (customer_id, customer_days, environments, first_day,
                last_day), ``version`` (component, value, customer_days, customers,
                first_day, last_day) or ``day`` (day, customers, customer_days,
                environments).
            as_of: Hide logs that were received later; now if None.

        Raises:
            InputError: another *by*, a naive datetime, an empty window.
        """
        now = self._clock.now() if as_of is None else in_utc(as_of, "as_of")
        ever = exposure.all_time()
        asked = Window.of(ever if window is None else window, as_of=now)
        days = read_covered(self._engine, window=asked, as_of=as_of).to_frame()
        covered = exposure.customer_days(days, self._engine.ask("fleet_tenancies"))
        match by:
            case "customer":
                rows = exposure.by_customer(covered)
            case "day":
                rows = exposure.by_day(covered)
            case "version":
                rows = exposure.by_version(covered, self._engine.ask("fleet_spans"))
            case _:
                raise InputError(f"by is {by!r}; give 'customer', 'version' or 'day'")
        return Table("exposure", rows, as_of=now)

    def clocks(self, *, environment: str | None = None, as_of: datetime | None = None) -> Table:
        """Return which clocks of hosts were found wrong, one row for each stretch.

        What was taken in before an error was known stays as it was: ``starts_at`` and
        ``ends_at`` say for when events were put right.

        Args:
            environment: Only hosts of this installation.
            as_of: Hide what was found later; now if None.

        Returns:
            environment_id, host, zoned (the error is of lines that say their zone, or of
            those that do not), kind (wrong_zone, skew, drift, stepped; unsure where
            nobody can tell: such events are doubtful), offset_seconds (shown minus
            true), low, high (its interval), drift_per_day (seconds), pairs (traces
            shared with a clock that shows the time), readings (collections it was told
            from), starts_at, ends_at, applied, records, received_at (first known).

        Raises:
            NotFoundError: There is no such environment.
            InputError: *as_of* is naive.
        """
        now = self._clock.now() if as_of is None else in_utc(as_of, "as_of")
        if environment is not None:
            self.environment(environment)
        found = self._engine.ask("host_clocks", as_of=as_of, environment=environment)
        return Table("clocks", found.drop("seen_at"), as_of=now)

    def host_clocks(self, environment: str) -> HostClocks:
        """Return what puts the times of one collection of *environment* right."""
        return HostClocks(self._engine, environment, kept=self._kept_clocks)

    def attributor(self) -> Attributor:
        """Return what places batches, as the fleet is now; after a load ask again."""
        if self._attributor is None:
            self._attributor = Attributor(
                environments=self._engine.ask("fleet_environments"),
                tenancies=self._engine.ask("fleet_tenancies"),
                spans=self._engine.ask("fleet_spans"),
                settings=self._settings,
                stored=self._stored_owners,
                hosts=partial(self._engine.ask, "known_hosts"),
            )
        return self._attributor

    def _stored_owners(
        self, environment: str, trace_ids: list[str], span: tuple[int, int]
    ) -> pl.DataFrame:
        start, end = (_EPOCH + timedelta(microseconds=at) for at in span)
        window = Window(start=start, end=end)
        return self._engine.ask(
            "trace_owners", window=window, environment=environment, trace_ids=trace_ids
        )

    def _save(self, name: str, part: Delivery, held: pl.DataFrame) -> tuple[object, ...]:
        rows, replaced = changed(part, held)
        self._engine.save(name, rows)
        added = rows.height - replaced
        unchanged = part.frame.height - rows.height
        refused = len({row for row, _ in part.refused})
        accepted = part.frame.height
        return (name, accepted, added, replaced, unchanged, refused, list(part.unknown))

    def _table(self, name: str, frame: pl.DataFrame) -> Table:
        return Table(name, frame, as_of=self._clock.now())


def _one(table: pl.DataFrame, column: str, value: str, kind: str) -> Row:
    found = table.filter(pl.col(column) == checked_id(value, kind))
    if found.is_empty():
        raise NotFoundError.of(kind, value, table[column].to_list())
    return Row(found.row(0, named=True))
