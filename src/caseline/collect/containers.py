"""What a collection is read from, as one or more parts: bytes with a name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from caseline.collect.disk import opened
from caseline.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from caseline.collect.budgets import Budget
    from caseline.collect.faults import Faults
    from caseline.collect.limits import Limits
    from caseline.collect.reading import ByteReader
    from caseline.records.batches import MediaKind

SPARSE = "nearly all of it is a hole"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Bytes of a collection that stand by themselves.

    Args:
        name: The path inside the collection, or the collection's own name.
        prefix: What goes before the names of what is packed in it.
        reader: The bytes.
        lines: They are lines already, never packed and never binary.
        manifest: The bundle's manifest, if this part is a bundle with its own.
    """

    name: str
    prefix: str
    reader: ByteReader
    lines: bool = False
    manifest: bytes | None = None


class Container(Protocol):
    """What a collection is read from."""

    name: str
    media: MediaKind
    content_id: str | None

    def identify(self, limits: Limits, faults: Faults) -> None:
        """Look at all of it once and set ``content_id``, where that is possible."""
        ...

    def manifest(self, find: Callable[[ByteReader, str], bytes | None]) -> bytes | None:
        """Return the manifest, if it can be known before the rest is read.

        Args:
            find: Finds it in the bytes of an archive of that name.
        """
        ...

    def parts(
        self,
        budget: Budget,
        faults: Faults,
        find: Callable[[ByteReader, str], bytes | None],
    ) -> Iterator[Part]:
        """Yield the parts, each of which must be read before the next."""
        ...


class FileContainer:
    """One file, packed or not.

    Args:
        path: Where it is; it may be a link.
        name: What to call it.
        budget: Counts what is read to look for the manifest.
    """

    media: MediaKind = "file"

    def __init__(self, path: Path, name: str, budget: Budget) -> None:
        self._path = path
        self._size = 0
        self._sparse = False
        self._probe = budget
        self.name = name
        self.content_id: str | None = None

    def identify(self, limits: Limits, faults: Faults) -> None:  # noqa: ARG002 - the protocol's
        """Hash the file.

        Raises:
            SourceError: it cannot be read.
        """
        try:
            with opened(self._path, follow=True) as file:
                self._size, self._sparse = file.size, file.is_bomb(limits)
                self.content_id = f"{file.size:032x}" if self._sparse else file.digest()
        except OSError as error:
            raise SourceError(
                f"cannot read {str(self._path)!r} ({type(error).__name__}); "
                "give a file that this user may read"
            ) from None

    def manifest(self, find: Callable[[ByteReader, str], bytes | None]) -> bytes | None:
        """Return the manifest of a packed bundle."""
        if self._sparse:
            return None
        with opened(self._path, follow=True) as file:
            return find(file.reader(self._probe, self._size), self._path.name)

    def parts(
        self,
        budget: Budget,
        faults: Faults,
        find: Callable[[ByteReader, str], bytes | None],  # noqa: ARG002 - the protocol's
    ) -> Iterator[Part]:
        """Yield the file."""
        if self._sparse:
            faults.add("bomb", self.name, position=0, detail=SPARSE)
            return
        with opened(self._path, follow=True) as file:
            yield Part(name=self._path.name, prefix="", reader=file.reader(budget, self._size))
