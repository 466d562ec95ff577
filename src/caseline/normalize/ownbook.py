"""The table of formats with the user's own ones in front."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from caseline.normalize.formatbook import FormatBook, by_first_byte, load_formats
from caseline.normalize.lineformats import compile_formats, own_kinds

if TYPE_CHECKING:
    from caseline.normalize.settings import NormalizeSettings


def book_of(settings: NormalizeSettings) -> FormatBook:
    """Return the table that *settings* name; it is shared unless they hold own formats."""
    book = load_formats(settings.formats, settings.words)
    if not settings.own:
        return book
    formats, groups = compile_formats(settings.own, first=len(book.formats))
    first = by_first_byte(groups)
    return replace(
        book,
        formats=(*book.formats, *formats),
        kinds=book.kinds | own_kinds(),
        by_first_byte=tuple(
            (*own, *known) for own, known in zip(first, book.by_first_byte, strict=True)
        ),
    )
