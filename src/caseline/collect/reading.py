"""A reader of bytes that can look ahead, step back and go on after damage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from caseline.collect.faults import Damage

if TYPE_CHECKING:
    from collections.abc import Callable

_REFILL = 65_536
_ALL = 1 << 62
# Noise has few places that look like a beginning at first sight, an attack has many.
_MOST_TRIES = 100_000


class RandomAccess(Protocol):
    """A container whose bytes can be read at any place."""

    size: int

    def at(self, offset: int, size: int) -> bytes:
        """Return up to *size* bytes from *offset* on, without moving the reader."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """How the beginning of something readable is known.

    Args:
        needle: Bytes that always stand there.
        begins: Whether it really begins with these bytes, which may be fewer than
            ``width`` at the end of the input.
        width: How many bytes ``begins`` looks at.
        lead: How many bytes before ``needle`` it begins.
    """

    needle: bytes
    begins: Callable[[bytes], bool]
    width: int
    lead: int = 0

    def fits(self, head: bytes) -> bool:
        """Return whether it begins with *head*, or may have before *head* was cut."""
        return self.begins(head) or (bool(head) and not self.lead and self.needle.startswith(head))

    def first(self, window: bytes, *, whole: bool) -> int:
        """Return where it first begins in *window*, -1 if nowhere.

        A place too near to the end of a *whole* window to be judged counts.
        """
        found = window.find(self.needle, self.lead)
        while found >= 0:
            start = found - self.lead
            end = start + self.width
            if (whole and end > len(window)) or self.begins(window[start:end]):
                return start
            found = window.find(self.needle, found + 1)
        return -1


class ByteReader:
    """Bytes in order, pulled as they are asked for.

    Args:
        pull: Returns at least one byte and about as many as asked; ``b""`` at the end.
            It may raise ``Damage`` and be asked again.
        leap: Skips up to that many bytes without reading them; returns how many.
        random: The whole container, where it can be read at any place.

    >>> parts = iter([b"one two ", b"three"])
    >>> reader = ByteReader(lambda size: next(parts, b""))
    >>> reader.peek(3), reader.read(4), reader.skip(4), reader.exactly(9)
    (b'one', b'one ', 4, b'three')
    """

    def __init__(
        self,
        pull: Callable[[int], bytes],
        *,
        leap: Callable[[int], int] | None = None,
        random: RandomAccess | None = None,
    ) -> None:
        self._pull = pull
        self._leap = leap
        self._buffer = b""
        self._at = 0
        self._held: Damage | None = None
        self.random = random
        self._tries = 0
        self.position = 0
        self.damaged = False

    def read(self, size: int) -> bytes:
        """Return 1 to *size* bytes, or ``b""`` at the end.

        Raises:
            Damage: what comes next cannot be read; reading again goes on behind it.
        """
        if self._at == len(self._buffer):
            self._buffer, self._at = self._next(max(size, _REFILL)), 0
        buffer, start = self._buffer, self._at
        if start == 0 and len(buffer) <= size:
            self._buffer, chunk = b"", buffer
        else:
            chunk = buffer[start : start + size]
            self._at = start + len(chunk)
        self.position += len(chunk)
        return chunk

    def exactly(self, size: int) -> bytes:
        """Return *size* bytes; fewer only at the end."""
        chunk = self.read(size) if size else b""
        if not chunk or len(chunk) == size:
            return chunk
        parts = [chunk]
        missing = size - len(chunk)
        while missing and (chunk := self.read(missing)):
            parts.append(chunk)
            missing -= len(chunk)
        return b"".join(parts)

    def peek(self, size: int) -> bytes:
        """Return up to *size* bytes without taking them; damage is raised later."""
        parts = [self._buffer[self._at :]]
        have = len(parts[0])
        while have < size and self._held is None:
            try:
                chunk = self._pull(max(size - have, _REFILL))
            except Damage as damage:
                self._held = damage
                break
            if not chunk:
                break
            parts.append(chunk)
            have += len(chunk)
        if len(parts) > 1:
            self._buffer, self._at = b"".join(parts), 0
        return self._buffer[self._at : self._at + size]

    def push_back(self, data: bytes) -> None:
        """Give back the bytes that were read last."""
        start = self._at - len(data)
        if start >= 0 and self._buffer[start : self._at] == data:
            self._at = start
        else:
            self._buffer, self._at = data + self._buffer[self._at :], 0
        self.position -= len(data)

    def skip(self, size: int) -> int:
        """Pass over *size* bytes; return how many there were."""
        done = min(size, len(self._buffer) - self._at)
        self._at += done
        if self._leap is not None and done < size and self._held is None:
            done += self._leap(size - done)
        self.position += done
        while done < size and (chunk := self.read(min(size - done, _REFILL * 16))):
            done += len(chunk)
        return done

    def drain(self) -> int:
        """Pass over all that is left; return how many bytes there were."""
        return self.skip(_ALL)

    def seek(self, mark: Mark) -> bool:
        """Go forward to where *mark* begins; damage on the way is passed over.

        Returns:
            False if there is no such place, or too many that only look like it: then
            the reader is at its end.
        """
        while True:
            window = self.peek(_REFILL)
            whole = len(window) == _REFILL
            start = mark.first(window, whole=whole)
            self._tries += window.count(mark.needle, 0, start if start >= 0 else len(window))
            if self._tries > _MOST_TRIES:
                return self._end()
            if start >= 0 and (not whole or start + mark.width <= _REFILL):
                self.skip(start)
                return True
            if whole:
                self.skip(start if start > 0 else _REFILL - mark.lead - len(mark.needle) + 1)
            elif not self._pass_over(len(window)):
                return False

    def _end(self) -> bool:
        """Give up all that is left; return False."""
        self._buffer, self._at, self._held = b"", 0, None
        self._pull = lambda _: b""
        return False

    def _pass_over(self, size: int) -> bool:
        """Drop the last *size* bytes before a damage or the end; True if it was damage."""
        self._at += size
        self.position += size
        if self._held is None:
            return False
        return not self._release(self._held).final

    def _next(self, size: int) -> bytes:
        """Return what comes next; raise the damage that lies there."""
        if self._held is None:
            try:
                return self._pull(size)
            except Damage as damage:
                self._held = damage
        self.damaged = True
        raise self._release(self._held)

    def _release(self, damage: Damage) -> Damage:
        """Return *damage*, which is held no longer; behind a final one nothing comes."""
        self._held = None
        if damage.final:
            self._pull = lambda _: b""
        return damage
