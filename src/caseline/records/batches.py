"""What travels down the line of ingest: blocks of bytes, then batches of columns.

A raw batch and a scrubbed one are different types: only ``privacy`` makes the
second from the first, and ``signatures`` and ``store`` take no other. So the type
checker guards the gate.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from datetime import datetime

    import polars as pl

MediaKind = Literal["file", "stream"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where bytes come from.

    Args:
        name: The path inside the collection, `/`-separated: ``logs/app.log``.
        collection_id: Identity of the bundle, file or stream slice.
        origin: Identity of this file by its first bytes, whatever its name.
        environment_id: The installation, if the caller or a manifest says so.
        host: The machine, if a manifest or the path says so.
        timezone: IANA zone for times written without one; UTC if None.
        received_at: When the collection reached us.
        placement: Cell, shard or host group, if a manifest says so.
        apart: What tells it from another of its name in the collection; mostly nothing.
        collected_at: When it was taken from its machine, if a manifest says so.
    """

    name: str
    collection_id: str
    origin: str
    received_at: datetime
    environment_id: str | None = None
    host: str | None = None
    timezone: str | None = None
    placement: str | None = None
    media: MediaKind = "file"
    apart: str = ""
    collected_at: datetime | None = None

    @property
    def source_id(self) -> str:
        """Identity of this file within its collection."""
        name = f"{self.collection_id}\0{self.name}" + (f"\0{self.apart}" if self.apart else "")
        return hashlib.blake2b(name.encode(), digest_size=8).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class RawBlock:
    """Bytes of one source that end at a line's end (but for the source's last block).

    Args:
        data: The bytes, newline included.
        offset_bytes: Where *data* starts in the source.
        index: The block's number in the source, from 0.
        last: True for the source's last block.
    """

    source: Source
    data: bytes
    offset_bytes: int = 0
    index: int = 0
    last: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject:
    """Lines that could not become events: how many, why, and where.

    Args:
        reason: One word or two joined by ``_``, from ``docs/glossary.md``.
        lines: How many lines; 0 where bytes were cut off a line that became a record.
        name: The path inside the collection.
        position: Byte offset in the source, or None where there is none.
        detail: Ids, counts, class names; never log text.
    """

    reason: str
    lines: int
    name: str
    position: int | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RawBatch:
    """Records of one block as columns, not scrubbed yet.

    ``frame`` has one row for each record:

    ===============  ==================  ===============================================
    occurred_at      Datetime(us, UTC)?  when it happened, if known
    time_quality     String              exact, assumed_zone, assumed_year, carried, none,
                                         doubtful (before 1990, or 2 days after received_at)
    zoned            Boolean             whether the line itself says its zone
    severity         UInt8?              OpenTelemetry severity number, 1 to 24
    severity_text    String?             as written
    service          String?             component or program
    host             String?
    trace_id         String?
    tenant           String?             tenant key in the line, as written
    placement        String?             cell, shard or host group, as written
    shape            UInt32              index into ``shapes``
    message          Binary              the text after the header; may hold newlines
    lines            UInt32              physical lines the record is made of
    repeats          UInt32              how often it stands for ("repeated 50 times")
    ===============  ==================  ===============================================

    ``shapes`` holds the distinct messages with every ASCII digit turned into ``0``;
    a message and its shape have the same length, so that an offset found in the
    shape holds for each of its messages.
    """

    source: Source
    frame: pl.DataFrame
    shapes: list[bytes]
    index: int = 0
    rejects: tuple[Reject, ...] = ()
    formats: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedBatch:
    """A raw batch that knows its customers, and whose clocks were looked at.

    The frame has no ``zoned``; ``time_quality`` may be ``corrected``. It has besides

    ===============  ========  ===========================================================
    written_at       Datetime? the moment the line itself states, where it was corrected
    environment_id   String
    customer_id      String?   set where one customer is certain (weight 1)
    share_group      String?   set where several share it: see ``ShareGroup``
    version          String?   of the component as of then; None if unknown
    stage, region    String?
    ===============  ========  ===========================================================
    """

    source: Source
    frame: pl.DataFrame
    shapes: list[bytes]
    share_groups: dict[str, dict[str, float]] = field(default_factory=dict)
    index: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ScrubbedBatch:
    """A placed batch without personal data or secrets.

    The frame's ``message`` is String now (valid UTF-8, no NUL), ``shape`` indexes the
    new ``shapes``: again as long as their messages, in UTF-8 bytes.
    """

    source: Source
    frame: pl.DataFrame
    shapes: list[bytes]
    share_groups: dict[str, dict[str, float]] = field(default_factory=dict)
    index: int = 0
    replaced: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One block's share of a batch: where it comes from, and an id for the same bytes."""

    source: Source
    batch_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedBatch:
    """A scrubbed batch whose events have their signature.

    The frame has besides: ``signature_id`` String, ``variables`` List(String), ``text``
    String (the whole scrubbed message), and ``message`` is None where template and
    variables rebuild the text exactly. ``minted`` are the signatures seen for the first
    time, one row each: signature_id, scheme, kind (log, trace), template, parts, rules.

    Small files travel together: ``part`` UInt32 is a row's index into ``parts``.
    """

    source: Source
    frame: pl.DataFrame
    minted: pl.DataFrame
    share_groups: dict[str, dict[str, float]] = field(default_factory=dict)
    index: int = 0
    parts: tuple[Part, ...] = ()
