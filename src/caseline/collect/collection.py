"""A collection: one bundle, folder, file or stream, read once, file by file."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from caseline.collect.budgets import Budget
from caseline.collect.faults import Damage, Faults
from caseline.collect.identity import content_hash, origin_of, stream_id
from caseline.collect.manifests import Manifest, is_manifest, read_manifest
from caseline.collect.text_blocks import TextBlocks
from caseline.collect.text_encoding import text_of
from caseline.collect.unpacking import Unpacking, whole_of
from caseline.errors import InputError
from caseline.records.batches import RawBlock, Source

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from caseline.collect.containers import Container, Part
    from caseline.collect.limits import Limits
    from caseline.collect.reading import ByteReader
    from caseline.records.batches import Reject

_HEAD_BYTES = 1024
_STREAM_HEAD_BYTES = 1 << 18


class MemberFile:
    """One log file of a collection.

    Args:
        source: Where its lines come from.
        text: Its lines, in blocks.
    """

    def __init__(self, source: Source, text: TextBlocks) -> None:
        self.source = source
        self._text = text

    @property
    def bytes_read(self) -> int:
        """How many bytes of text were read so far."""
        return self._text.bytes_read

    def blocks(self) -> Iterator[RawBlock]:
        """Yield its text in order, once; each block but the last ends at a line's end."""
        held: RawBlock | None = None
        for index, (offset, data) in enumerate(self._text.pieces()):
            if held is not None:
                yield held
            held = RawBlock(source=self.source, data=data, offset_bytes=offset, index=index)
        if held is not None:
            yield replace(held, last=True)

    def __repr__(self) -> str:
        """Return its ids."""
        return f"MemberFile({self.source.source_id} of {self.source.collection_id})"


@dataclass(frozen=True, slots=True)
class _Taken:
    """The manifest that counts for a part, and the digest of its bytes."""

    manifest: Manifest
    digest: str = ""


class Collection:
    """One bundle, folder, file or stream: made by ``open_collection``, read once.

    Attributes:
        collection_id: Identity by content; of a stream, by arrival.
        environment_id: The installation, as the caller or the manifest says.
        manifest: What the bundle says of itself.
        foreign: The manifest names another environment than the caller: no file is
            given out, each becomes a reject.
        received_at: When it reached us.
        name: What it is called.
    """

    def __init__(
        self,
        container: Container,
        *,
        received_at: datetime,
        environment_id: str | None,
        limits: Limits,
    ) -> None:
        self.name = container.name
        self.received_at = received_at
        self._container = container
        self._limits = limits
        self._faults = Faults(limits.members)
        self._budget = Budget(limits)
        self._done_bytes = 0
        self._file: MemberFile | None = None
        self._started = False
        self._names: Counter[str] = Counter()
        container.identify(limits, self._faults)
        self._taken = self._read_manifest(container.manifest(self._find_manifest), "manifest.json")
        self._caller_environment = environment_id
        self.environment_id = environment_id or self._taken.manifest.environment_id
        self._streamed = container.content_id is None
        self.collection_id = container.content_id or stream_id(
            received_at, environment_id, container.name
        )

    @property
    def manifest(self) -> Manifest:
        """What the bundle says of itself; empty if it has no manifest."""
        return self._taken.manifest

    @property
    def foreign(self) -> bool:
        """Whether the manifest names another environment than the caller."""
        return self._is_foreign(self.manifest)

    @property
    def content_id(self) -> str | None:
        """Identity by content; of a stream, None until it was read to its end."""
        return self._container.content_id

    @property
    def rejects(self) -> list[Reject]:
        """What could not be read so far; it grows while the files are read."""
        return self._faults.rejects

    @property
    def bytes_read(self) -> int:
        """How many bytes of text were read so far, unpacked."""
        return self._done_bytes + (self._file.bytes_read if self._file else 0)

    def files(self) -> Iterator[MemberFile]:
        """Yield the log files, one after another; read one before asking for the next.

        Raises:
            InputError: it was read already.
        """
        if self._started:
            raise InputError(f"collection {self.collection_id} was read already; open it again")
        self._started = True
        return self._files()

    def _files(self) -> Iterator[MemberFile]:
        for part in self._container.parts(self._budget, self._faults, self._find_manifest):
            yield from self._files_of(part)
            if self._budget.exhausted:
                break
        exhausted = self._budget.exhausted
        if exhausted and all(reject.detail != exhausted for reject in self.rejects[-1:]):
            self._faults.add("bomb", self.name, detail=exhausted)

    def _files_of(self, part: Part) -> Iterator[MemberFile]:
        taken = self._taken
        if part.manifest is not None:
            taken = self._read_manifest(part.manifest, f"{part.prefix}manifest.json")
        unpacking = Unpacking(self._budget, self._faults)
        leaves = iter(((part.name, part.reader),))
        if not part.lines:
            leaves = unpacking.leaves(part.name, part.reader, prefix=part.prefix)
        for name, reader in leaves:
            if is_manifest(name.removeprefix(part.prefix)) and not part.lines:
                taken = self._meet_manifest(name, reader, taken)
                continue
            file = self._open(name, reader, part, taken.manifest)
            if file is None:
                continue
            if self._is_foreign(taken.manifest):
                self._quarantine(file)
            else:
                self._file = file
                yield file
                self._file = None
            self._done_bytes += file.bytes_read

    def _open(
        self, name: str, reader: ByteReader, part: Part, manifest: Manifest
    ) -> MemberFile | None:
        """Return the log file in *reader*; None if it is empty, binary or unreadable."""
        try:
            if not self._begins(reader, name):
                return None
            text = reader if part.lines else text_of(reader)
        except Damage as damage:
            self._faults.damage(damage, name, 0)
            return None
        if not self._begins(text, name):
            return None
        source = Source(
            name=name,
            collection_id=self.collection_id,
            origin=origin_of(text.peek(_HEAD_BYTES)),
            environment_id=self._caller_environment
            or manifest.environment_id
            or self.manifest.environment_id,
            host=manifest.host_of(name),
            timezone=manifest.timezone,
            placement=manifest.placement,
            received_at=self.received_at,
            media=self._container.media,
            apart=self._apart(name, text),
            collected_at=manifest.collected_at,
        )
        return MemberFile(source, TextBlocks(text, name, self._limits, self._faults))

    def _apart(self, name: str, text: ByteReader) -> str:
        """Return what tells a file from others of its name.

        An archive may hold a name twice. Streams that come at the same moment have the
        same name and no identity yet: what they begin with tells them apart.
        """
        number = self._names[name]
        self._names[name] += 1
        head = _digest(text.peek(_STREAM_HEAD_BYTES)) if self._streamed else ""
        return f"{head}{number or ''}"

    def _begins(self, reader: ByteReader, name: str) -> bool:
        """Return whether there is anything to read; tell of damage before it."""
        while not reader.peek(1):
            try:
                return bool(reader.read(1))
            except Damage as damage:
                self._faults.damage(damage, name, 0)
        return True

    def _quarantine(self, file: MemberFile) -> None:
        """Count the lines of a file from another environment; keep none."""
        lines = 0
        for block in file.blocks():
            lines += block.data.count(b"\n") + (not block.data.endswith(b"\n"))
        self._faults.add(
            "foreign_environment",
            file.source.name,
            position=0,
            detail="the manifest names another environment than the caller",
            lines=lines,
        )

    def _is_foreign(self, manifest: Manifest) -> bool:
        here = self.environment_id or self.manifest.environment_id
        there = manifest.environment_id
        return here is not None and there is not None and here != there

    def _find_manifest(self, reader: ByteReader, name: str) -> bytes | None:
        """Return the manifest of the archive in *reader*, without counting its members."""
        faults = Faults(1)
        try:
            return Unpacking(Budget(self._limits), faults).manifest(reader, name)
        except Damage:
            return None

    def _read_manifest(self, data: bytes | None, name: str) -> _Taken:
        if data is None:
            return _Taken(Manifest())

        def complain(detail: str) -> None:
            self._faults.add("bad_manifest", name, detail=detail)

        if len(data) > self._limits.manifest_bytes:
            complain(f"longer than {self._limits.manifest_bytes} bytes")
            return _Taken(Manifest(), _digest(data))
        return _Taken(read_manifest(data, complain), _digest(data))

    def _meet_manifest(self, name: str, reader: ByteReader, taken: _Taken) -> _Taken:
        """Take a manifest met among the files, if it is the first thing of a stream."""
        data = whole_of(reader, self._limits.manifest_bytes)
        if _digest(data) == taken.digest:
            return taken
        if taken.digest or self._done_bytes or self._container.content_id is not None:
            self._faults.add("bad_manifest", name, detail="only the first one counts")
            return taken
        self._taken = self._read_manifest(data, name)
        self.environment_id = self.environment_id or self.manifest.environment_id
        return self._taken


def _digest(data: bytes) -> str:
    digest = content_hash()
    digest.update(data)
    return digest.hexdigest()
