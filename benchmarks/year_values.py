"""The variables of simulated events: pseudonyms, paths, numbers, ids, durations.

Most values come from a pool, drawn with a place's own users and paths; ids of requests
and objects are new each time, as they are in logs: they are what does not compress.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pyarrow as pa
from year_signatures import KINDS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

_USERS = 200
_PATHS = 40
_COUNTS = 100_000
_DURATIONS = 20_000
_ADDRESSES = 40_000
_QUEUES = 400
_ROOTS = ("/srv/data", "/var/lib/server/files", "/mnt/archive", "/opt/app/spool")
_USER, _PATH, _COUNT, _REQUEST, _OBJECT, _DURATION, _ADDRESS, _QUEUE = range(len(KINDS))


@dataclass(frozen=True, kw_only=True)
class YearValues:
    """Draws values.

    Args:
        places: How many installations have users and paths of their own.
        seed: Start of all chance.
    """

    places: int
    seed: int = 1

    @cached_property
    def _pools(self) -> list[pl.Series]:
        rng = np.random.default_rng([self.seed, 6])
        numbers = rng.integers(0, 10**16, self.places * _USERS).tolist()
        spots = rng.integers(0, 10**6, self.places * _PATHS).tolist()
        hosts = rng.integers(0, 256, (_ADDRESSES, 3)).tolist()
        waits = 10 ** rng.uniform(-1, 4, _DURATIONS)
        nothing: list[str] = []
        values = {
            _USER: [f"<email:{n:016}>" for n in numbers],
            _PATH: [
                f"{_ROOTS[n % len(_ROOTS)]}/{n // _PATHS:04}/2025/part-{spot:06}.bin"
                for n, spot in enumerate(spots)
            ],
            _COUNT: [str(n) for n in range(_COUNTS)],
            _REQUEST: nothing,
            _OBJECT: nothing,
            _DURATION: [f"{wait:.1f}ms" for wait in waits.tolist()],
            _ADDRESS: [f"10.{a}.{b}.{c}:8443" for a, b, c in hosts],
            _QUEUE: [f"orders-{n % 5}-{n:05}" for n in range(_QUEUES)],
        }
        return [pl.Series(values[kind], dtype=pl.String) for kind in range(len(KINDS))]

    @cached_property
    def _pool(self) -> tuple[pl.Series, Array]:
        sizes = [pool.len() for pool in self._pools]
        return pl.concat(self._pools).rechunk(), np.cumsum([0, *sizes])[:-1]

    def draw(self, rng: np.random.Generator, *, kinds: Array, place: Array) -> pl.Series:
        """Return the values of each event, a list.

        Args:
            rng: All chance.
            kinds: Of each event's variables, -1 for none: shape (n_events, most).
            place: The installation's number of each event.
        """
        there = kinds >= 0
        flat, sizes = kinds[there], there.sum(axis=1)
        pool, starts = self._pool
        chance = rng.random(len(flat), dtype=np.float32)
        at = starts[flat] + _position(flat, chance, np.repeat(place, sizes))
        fresh = []
        end = pool.len()
        for kind, ids in ((_REQUEST, hex_ids), (_OBJECT, object_ids)):
            new = np.flatnonzero(flat == kind)
            at[new] = end + np.arange(len(new))
            fresh.append(ids(rng, len(new)))
            end += len(new)
        values = pl.concat([pool, *fresh]).rechunk().gather(at)
        return listed(values, sizes)


def listed(values: pl.Series, sizes: Array) -> pl.Series:
    """Return *values* as lists of these *sizes*, one after the other."""
    offsets = pa.array(np.append(0, np.cumsum(sizes)), pa.int64())
    lists = pa.LargeListArray.from_arrays(offsets, values.to_arrow())
    found = pl.from_arrow(lists)
    if not isinstance(found, pl.Series):
        raise TypeError("an array of Arrow came back as no series")
    return found


def hex_ids(rng: np.random.Generator, size: int, *, digits: int = 16) -> pl.Series:
    """Return so many ids of lower hexadecimal *digits*."""
    text = rng.bytes(size * digits // 2).hex().encode()
    return _strings(np.frombuffer(text, dtype=np.uint8), size, digits)


def object_ids(rng: np.random.Generator, size: int) -> pl.Series:
    """Return so many ids with hyphens: 8, 4, 4, 4 and 12 hexadecimal digits."""
    text = rng.bytes(size * 16).hex().encode()
    digits = np.frombuffer(text, dtype=np.uint8).reshape(size, 32)
    whole = np.full((size, 36), ord("-"), dtype=np.uint8)
    for start, end, shift in ((0, 8, 0), (8, 12, 1), (12, 16, 2), (16, 20, 3), (20, 32, 4)):
        whole[:, start + shift : end + shift] = digits[:, start:end]
    return _strings(whole, size, 36)


def _strings(letters: Array, size: int, length: int) -> pl.Series:
    offsets = np.arange(size + 1, dtype=np.int64) * length
    buffers = [None, pa.py_buffer(offsets.tobytes()), pa.py_buffer(letters.tobytes())]
    return pl.Series(pa.Array.from_buffers(pa.large_string(), size, buffers))


def _position(kinds: Array, chance: Array, place: Array) -> Array:
    """Return where in its kind's pool each value stands."""
    at = np.zeros(len(kinds), dtype=np.int64)
    for kind, size in ((_DURATION, _DURATIONS), (_ADDRESS, _ADDRESSES), (_QUEUE, _QUEUES)):
        some = kinds == kind
        at[some] = (chance[some] * size).astype(np.int64)
    some = kinds == _COUNT
    at[some] = (_COUNTS ** chance[some].astype(np.float64)).astype(np.int64) - 1
    for kind, own in ((_USER, _USERS), (_PATH, _PATHS)):
        some = kinds == kind
        at[some] = place[some] * own + (chance[some] ** 2 * own).astype(np.int64)
    return at
