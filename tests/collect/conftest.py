"""Containers that the tests make themselves, and a way to read them."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType

import pytest
import zstandard

from caseline.collect.opening import open_collection

RECEIVED = datetime(2026, 3, 1, tzinfo=UTC)


@dataclass
class Reading:
    """What one collection gave."""

    collection: object
    files: dict
    blocks: list

    @property
    def rejects(self):
        return [(reject.reason, reject.name) for reject in self.collection.rejects]

    @property
    def reasons(self):
        return [reject.reason for reject in self.collection.rejects]


class Maker:
    """Packs bytes in each way that is read."""

    received_at = RECEIVED
    compressions = ("gzip", "bzip2", "xz", "zstd")
    suffixes = MappingProxyType({"gzip": ".gz", "bzip2": ".bz2", "xz": ".xz", "zstd": ".zst"})

    def read(self, source, **options):
        """Return what *source* gives; the text of each file by its name."""
        collection = open_collection(source, received_at=RECEIVED, **options)
        files, blocks = {}, []
        for file in collection.files():
            mine = list(file.blocks())
            blocks += mine
            files[file.source.name] = b"".join(block.data for block in mine)
        return Reading(collection, files, blocks)

    def open(self, source, **options):
        """Return *source*, opened."""
        return open_collection(source, received_at=RECEIVED, **options)

    def compress(self, kind, data):
        if kind == "gzip":
            return gzip.compress(data, mtime=0)
        if kind == "bzip2":
            return bz2.compress(data)
        if kind == "xz":
            return lzma.compress(data, preset=1)
        return zstandard.ZstdCompressor(write_checksum=True).compress(data)

    def tar(self, members, **options):
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w", **options) as archive:
            for name, data in members.items():
                info = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
        return out.getvalue()

    def zip(self, members, *, method=zipfile.ZIP_DEFLATED, stream=False):
        out = io.BytesIO()
        target = _OneWay(out) if stream else out
        with zipfile.ZipFile(target, "w", method) as archive:
            for name, data in members.items():
                archive.writestr(name, data)
        return out.getvalue()

    def lines(self, count, *, word="line"):
        return b"".join(
            b"2026-03-01T00:00:%02d %s %d\n" % (i % 60, word.encode(), i * 7919)
            for i in range(count)
        )


class _OneWay(io.RawIOBase):
    """A pipe: sizes can only be written behind the data."""

    def __init__(self, target):
        self._target = target

    def writable(self):
        return True

    def write(self, data):
        return self._target.write(data)


@pytest.fixture(scope="session")
def make():
    return Maker()
