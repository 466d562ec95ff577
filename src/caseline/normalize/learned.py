"""The recognizer of one file whose lines were found to have a header of their own."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from caseline.normalize.discovery import discover
from caseline.normalize.formatbook import any_kinds, by_first_byte, compile_entries
from caseline.normalize.foundformats import NAME
from caseline.normalize.layouts import Field
from caseline.normalize.recognition import INNER_DEPTH, Recognizer, recognizer_for

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from caseline.normalize.foundformats import FoundFormat
    from caseline.normalize.lines import Lines
    from caseline.normalize.settings import NormalizeSettings

    Rows = NDArray[np.int32]

_KEPT = 16


class LearnedRecognizer(Recognizer):
    """Knows the shipped formats, and behind them those that were found.

    A found format takes a line that no other one reads, or that a general one reads
    less of.

    Args:
        settings: Which tables to read by.
        found: What was found, the fuller ones first.
    """

    def __init__(self, settings: NormalizeSettings, found: tuple[FoundFormat, ...]) -> None:
        super().__init__(settings)
        book = self._book
        formats, groups = compile_entries(
            [f.entry() for f in found],
            settings.formats,
            settings.words,
            first=len(book.formats),
        )
        self._book = replace(
            book,
            formats=(*book.formats, *formats),
            kinds=book.kinds | any_kinds(settings.formats),
        )
        self._found = by_first_byte(groups)
        self._strict = {f.index for f, own in zip(formats, found, strict=True) if own.strict}
        self.format_names += [NAME] * len(formats)
        self.generic = np.append(self.generic[:-1], np.zeros(len(formats) + 1, dtype=bool))

    def _head(self, line: bytes) -> list[int]:
        row, format_ = self._header(line, 0, INNER_DEPTH)
        if format_ is not None and not format_.generic:
            return row
        other, found = self._header(line, 0, INNER_DEPTH, self._found)
        if found is None:
            return row
        further = other[Field.MESSAGE_START] > row[Field.MESSAGE_START]
        if not further and other[Field.SEVERITY_SIZE] < 0:
            return row
        if found.index in self._strict and other[Field.TIME] < 0:
            return row
        return other


@lru_cache(maxsize=_KEPT)
def learned_recognizer(
    settings: NormalizeSettings, found: tuple[FoundFormat, ...]
) -> LearnedRecognizer:
    """Return a recognizer for *found*; files of the same formats share the last few."""
    return LearnedRecognizer(settings, found)


class FileFormats:
    """Which recognizer reads a file: the process's own, until the file's lines say more.

    Args:
        settings: Which tables to read by.
    """

    def __init__(self, settings: NormalizeSettings) -> None:
        self._settings = settings
        self.recognizer = recognizer_for(settings)
        self._decided = False

    def rows(self, lines: Lines) -> Rows:
        """Return the layout row of each shape of *lines*, the file's next ones."""
        rows = self.recognizer.rows(lines.shapes)
        if self._decided:
            return rows
        found = discover(lines, rows, self.recognizer, self._settings)
        self._decided = found is not None
        if not found:
            return rows
        self.recognizer = learned_recognizer(self._settings, found)
        return self.recognizer.rows(lines.shapes)
