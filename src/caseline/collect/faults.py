"""What could not be read: raised where it is found, kept as rejects where it is known."""

from __future__ import annotations

from caseline.records.batches import Reject

_NAME_LENGTH = 255


class Damage(Exception):  # noqa: N818 - it stops a read, it is no error of a caller
    """Bytes that cannot be read here; what was read before stands.

    A reader that raised it may be asked again: it goes on after the damage, or ends.

    Args:
        reason: The reject's reason: truncated, corrupt, bomb, unreadable, unsupported.
        detail: Which layer failed, and how; never log text.
        final: Nothing more will come of this layer.
    """

    def __init__(self, reason: str, detail: str, *, final: bool = False) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
        self.final = final


class Faults:
    """The rejects of a collection, growing while it is read.

    Args:
        most: Keep so many apart; the lines of further ones are added to the last.
    """

    def __init__(self, most: int) -> None:
        self.rejects: list[Reject] = []
        self._most = most

    def add(
        self,
        reason: str,
        name: str,
        *,
        position: int | None = None,
        detail: str = "",
        lines: int = 1,
    ) -> None:
        """Keep a reject; *name* loses what could confuse a terminal or a log."""
        name = printable(name)[:_NAME_LENGTH]
        reject = Reject(reason=reason, lines=lines, name=name, position=position, detail=detail)
        if len(self.rejects) < self._most:
            self.rejects.append(reject)
        else:
            last = self.rejects[-1]
            self.rejects[-1] = Reject(reason="too_many", lines=last.lines + lines, name="")

    def damage(self, damage: Damage, name: str, position: int) -> None:
        """Keep what *damage* says of *name*, of which *position* bytes were read."""
        self.add(damage.reason, name, position=position, detail=damage.detail)


def printable(name: str) -> str:
    r"""Return *name* with control characters and lone surrogates replaced by ``?``.

    >>> printable("logs/a\x1b[2J.log")
    'logs/a?[2J.log'
    """
    return "".join(c if c.isprintable() else "?" for c in name)
