"""Chains the steps that make events of bytes; decides nothing.

collect → normalize → fleet → privacy → signatures → store, one block at a time.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from caseline.clock import Stopwatch
from caseline.errors import WorkspaceError
from caseline.fleet.clocks import clocks_found
from caseline.normalize.headers import split_headers
from caseline.normalize.normalizer import FileNormalizer
from caseline.normalize.settings import NormalizeSettings
from caseline.records.answers import Table
from caseline.records.batches import Part
from caseline.records.ingest import IngestReport, Progress, ProgressCallback
from caseline.store.services import unheard

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from caseline.collect.collection import Collection, MemberFile
    from caseline.fleet.attribution import Attributor
    from caseline.fleet.clocks import HostClocks
    from caseline.normalize.lineformats import LineFormat
    from caseline.privacy.scrubber import Scrubber
    from caseline.protocols import Engine
    from caseline.records.batches import RawBatch, RawBlock, Reject, SignedBatch, Source
    from caseline.signatures.book import SignatureBook

_ROWS_AT_ONCE = 125_000
"""Small files wait for one another: a transaction costs as much as thousands of rows.

From 122,880 rows on the engine writes them to their place at once, not to its log first.
"""
_BYTES_AT_ONCE = 64 * 1024 * 1024
"""But not for ever: rows may be long."""
_COVERAGE: dict[str, pl.DataType | type[pl.DataType]] = {
    "environment_id": pl.String,
    "host": pl.String,
    "starts_at": pl.Datetime("us", "UTC"),
    "ends_at": pl.Datetime("us", "UTC"),
    "events": pl.Int64,
}
_REJECTS = {
    "reason": pl.String,
    "name": pl.String,
    "position": pl.Int64,
    "lines": pl.Int64,
    "detail": pl.String,
}


class Ingest:
    """One collection on its way into the store.

    Args:
        engine: Where events go.
        attributor: Tells customer and version.
        scrubber: Takes personal data and secrets out.
        book: Gives signatures.
        secret: Keys the ids of batches, so that they tell nothing of what is in them.
        clocks: Makes what puts times right, of an environment's id; without it they stay
            as their lines state them.
        timezone: The environment's zone, for times without one where no manifest says it.
        formats: The user's own formats of lines, tried first.
        progress: Called after each block.
    """

    def __init__(  # noqa: PLR0913 - one part of the house each
        self,
        engine: Engine,
        attributor: Attributor,
        scrubber: Scrubber,
        book: SignatureBook,
        *,
        secret: bytes,
        clocks: Callable[[str], HostClocks] | None = None,
        timezone: str | None = None,
        formats: tuple[LineFormat, ...] = (),
        progress: ProgressCallback | None = None,
    ) -> None:
        self._settings = NormalizeSettings(own=formats)
        self._engine = engine
        self._attributor = attributor
        self._scrubber = scrubber
        self._book = book
        self._secret = secret
        self._timezone = timezone
        self._progress = progress
        self._counts: Counter[str] = Counter()
        self._formats: Counter[str] = Counter()
        self._replaced: Counter[str] = Counter()
        self._coverage: list[pl.DataFrame] = []
        self._rejects: list[Reject] = []
        self._sources: list[Source] = []
        self._waiting: list[RawBatch] = []
        self._waiting_rows = 0
        self._waiting_bytes = 0
        self._rejected = 0
        self._faults_told = 0
        self._parts: list[Part] = []
        self._clocks_of = clocks
        self._clocks: HostClocks | None = None

    def run(self, collection: Collection) -> IngestReport:
        """Take all files of *collection* in; return what became of their lines."""
        watch = Stopwatch()
        for file in collection.files():
            self._take(file, collection)
        if self._sources or self._waiting:
            self._flush(collection)
            self._tell(self._named(collection.name, collection), collection)
        self._rejects += collection.rejects
        self._rejects = [
            replace(reject, name=self._named(reject.name, collection)) for reject in self._rejects
        ]
        self._check(collection)
        self._close(collection)
        return self._report(collection, watch.seconds())

    def _take(self, file: MemberFile, collection: Collection) -> None:
        name = self._named(file.source.name, collection)
        self._sources.append(replace(file.source, name=name))
        zone = file.source.timezone or self._timezone
        normalizer = FileNormalizer(replace(file.source, timezone=zone), settings=self._settings)
        for block in file.blocks():
            raw = normalizer.feed(block)
            self._rejects += raw.rejects
            self._rejected += sum(r.lines for r in raw.rejects)
            self._formats.update(raw.formats)
            self._counts["records"] += raw.frame.height
            self._counts["physical_lines"] += int(raw.frame["lines"].sum())
            self._waiting.append(raw)
            self._parts.append(Part(source=file.source, batch_id=self._batch_id(block)))
            self._waiting_rows += raw.frame.height
            self._waiting_bytes += len(block.data)
            if self._waiting_rows >= _ROWS_AT_ONCE or self._waiting_bytes >= _BYTES_AT_ONCE:
                self._flush(collection)
            self._tell(name, collection)

    def _flush(self, collection: Collection) -> None:
        """Take the waiting rows through the last steps and into the store."""
        signed = self._signed(collection) if self._waiting else None
        engine, book = self._engine, self._book
        with engine.transaction():
            self._note(collection, status="open")
            engine.save("sources", _source_rows(self._sources))
            if self._clocks is not None:
                self._clocks.save()
            if signed is not None:
                engine.save("signatures", signed.minted)
                engine.save("shapes", book.take_shapes())
                for table, rows in book.take_decisions(collection.received_at).items():
                    engine.save(table, rows)
                engine.save("share_groups", _group_rows(signed.share_groups))
                for table, rows in unheard(engine, signed.frame, collection.received_at):
                    engine.save(table, rows)
        if signed is not None:
            events, duplicates = engine.append(signed)
            self._counts["events"] += events
            self._counts["duplicates"] += duplicates
            self._count(signed)
        self._sources, self._waiting, self._parts = [], [], []
        self._waiting_rows = self._waiting_bytes = 0

    def _named(self, name: str, collection: Collection) -> str:
        """Return the name of a file or bundle as it may be stored and told."""
        return self._scrubber.scrub_name(name, environment=collection.environment_id)

    def _signed(self, collection: Collection) -> SignedBatch:
        batch = self._own_lines(_together(self._waiting))
        place = collection.environment_id
        if self._clocks is None and self._clocks_of is not None and place is not None:
            self._clocks = self._clocks_of(place)
        if self._clocks is not None:
            batch = self._clocks.correct(batch, [part.source for part in self._parts])
        scrubbed = self._scrubber.scrub(self._attributor.place(batch))
        self._replaced.update(scrubbed.replaced)
        return replace(self._book.assign(scrubbed), parts=tuple(self._parts))

    def _own_lines(self, batch: RawBatch) -> RawBatch:
        """Return *batch* without another customer's lines, which are counted as rejects."""
        own, foreign = self._attributor.quarantine(batch)
        refused = sum(r.lines for r in foreign)
        self._rejects += foreign
        self._rejected += refused
        self._counts["records"] -= refused
        self._counts["physical_lines"] -= refused
        return own

    def _check(self, collection: Collection) -> None:
        """Refuse to call a collection complete when a record of it went missing."""
        counts = self._counts
        missing = counts["records"] - counts["events"] - counts["duplicates"]
        if missing:
            name = self._named(collection.name, collection)
            raise WorkspaceError(
                f"{name}: {missing} of {counts['records']} records were read but are "
                "neither stored nor known; ingest it again, and report this"
            )

    def _close(self, collection: Collection) -> None:
        """Note that nothing of *collection* is missing, and what of it was refused."""
        rows = (
            reject_rows(self._rejects)
            .group_by("name", "reason", "position")
            .agg(pl.col("lines").sum(), pl.col("detail").first())
        )
        with self._engine.transaction():
            self._note(collection, status="complete")
            self._engine.save(
                "rejects", rows.with_columns(collection_id=pl.lit(collection.collection_id))
            )

    def _count(self, signed: SignedBatch) -> None:
        frame = signed.frame
        self._counts["signatures_new"] += signed.minted.height
        self._counts["unattributed"] += frame.select(
            (pl.col("customer_id").is_null() & pl.col("share_group").is_null()).sum()
        ).item()
        self._coverage.append(_coverage_of(frame))

    def _batch_id(self, block: RawBlock) -> str:
        """Return an id that is the same for the same bytes at the same place of a file.

        Two machines may write the same bytes: what is of another one is compared in full.
        """
        source = block.source
        place = (
            f"{source.environment_id}\0{source.host}\0{source.origin}\0"
            f"{block.offset_bytes}\0{block.last}"
        )
        digest = hashlib.blake2b(block.data, digest_size=16, key=self._secret)
        digest.update(place.encode())
        return digest.hexdigest()

    def _tell(self, name: str, collection: Collection) -> None:
        if self._progress is None:
            return
        faults = collection.rejects[self._faults_told :]
        self._faults_told += len(faults)
        self._rejected += sum(r.lines for r in faults)
        self._progress(
            Progress(
                name=name,
                bytes_read=collection.bytes_read,
                events=self._counts["events"],
                duplicates=self._counts["duplicates"],
                rejects=self._rejected,
            )
        )

    def _note(self, collection: Collection, *, status: str) -> None:
        row = {
            "collection_id": collection.collection_id,
            "environment_id": collection.environment_id,
            "name": self._named(collection.name, collection),
            "received_at": collection.received_at,
            "status": status,
            "records": self._counts["events"] + self._counts["duplicates"],
            "rejects": sum(r.lines for r in self._rejects),
        }
        self._engine.save("collections", pl.DataFrame([row], infer_schema_length=None))

    def _report(self, collection: Collection, seconds: float) -> IngestReport:
        rejects = sum(r.lines for r in self._rejects)
        coverage = pl.concat([pl.DataFrame(schema=_COVERAGE), *self._coverage])
        merged = coverage.group_by("environment_id", "host").agg(
            pl.col("starts_at").min(), pl.col("ends_at").max(), pl.col("events").sum()
        )
        at = collection.received_at
        return IngestReport(
            collection_id=collection.collection_id,
            environment_id=collection.environment_id,
            received_at=at,
            lines=self._counts["records"] + rejects,
            events=self._counts["events"],
            duplicates=self._counts["duplicates"],
            rejects=rejects,
            physical_lines=self._counts["physical_lines"] + rejects,
            signatures_new=self._counts["signatures_new"],
            coverage=Table("coverage", merged.sort("environment_id", "host"), as_of=at),
            clocks=Table("clocks", clocks_found(self._clocks), as_of=at),
            formats=dict(self._formats),
            reject_details=Table("rejects", reject_rows(self._rejects), as_of=at),
            replaced=dict(self._replaced),
            unattributed=self._counts["unattributed"],
            seconds=seconds,
            bytes_read=collection.bytes_read,
        )


def message_of(line: str, scrubber: Scrubber, formats: tuple[LineFormat, ...] = ()) -> str:
    """Return the message of a raw *line* as it would be stored: no header, scrubbed.

    Its header is one of *formats*, or in a known format.

    Of a record of several lines, such as a stack trace, the first has the header.
    """
    first, *rest = line.split("\n")
    message = split_headers([first], settings=NormalizeSettings(own=formats))[0]
    return scrubber.scrub_text("\n".join([message, *rest]), customer=None)


def reject_rows(rejects: Iterable[Reject]) -> pl.DataFrame:
    """Return *rejects* as rows: reason, name, position, lines, detail."""
    rows = [{name: getattr(reject, name) for name in _REJECTS} for reject in rejects]
    return pl.DataFrame(rows, schema=_REJECTS)


def _source_rows(sources: Iterable[Source]) -> pl.DataFrame:
    names = ("source_id", "collection_id", "name", "origin", "received_at")
    return pl.DataFrame([{name: getattr(source, name) for name in names} for source in sources])


def _group_rows(groups: dict[str, dict[str, float]]) -> pl.DataFrame:
    rows = [
        {"share_group": group, "customer_id": customer, "weight": weight}
        for group, weights in groups.items()
        for customer, weight in weights.items()
    ]
    return pl.DataFrame(rows)


def _together(batches: Sequence[RawBatch]) -> RawBatch:
    """Return one batch of *batches*, all of one environment; ``part`` tells them apart.

    Each row keeps what its own source says of the placement.
    """
    shapes: list[bytes] = []
    frames = []
    for number, batch in enumerate(batches):
        shift = pl.col("shape") + pl.lit(len(shapes), pl.UInt32)
        frames.append(
            batch.frame.with_columns(
                shift,
                part=pl.lit(number, pl.UInt32),
                source_placement=pl.lit(batch.source.placement, pl.String),
                source_name=pl.lit(batch.source.name, pl.String),
            )
        )
        shapes += batch.shapes
    return replace(batches[0], frame=pl.concat(frames), shapes=shapes)


def _coverage_of(frame: pl.DataFrame) -> pl.DataFrame:
    return (
        frame.filter(pl.col("occurred_at").is_not_null(), pl.col("time_quality") != "doubtful")
        .group_by("environment_id", "host")
        .agg(
            starts_at=pl.col("occurred_at").min(),
            ends_at=pl.col("occurred_at").max(),
            events=pl.len().cast(pl.Int64),
        )
        .select(list(_COVERAGE))
    )
