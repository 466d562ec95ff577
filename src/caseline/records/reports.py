"""Reports to send on: sections of sentences and tables, and figures, as Markdown."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from caseline.records.answers import plain
from caseline.records.figures import draw

if TYPE_CHECKING:
    from datetime import datetime

    from caseline.records.figures import Figure, Image


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part of a report.

    Args:
        title: Its heading.
        sentences: What it says, one item each.
        columns: Of its table; none if it has no table.
        rows: Of its table.

    >>> print(Section(title="Fix", sentences=("Fixed in 8.1.",)).to_markdown())
    ## Fix
    <BLANKLINE>
    - Fixed in 8.1.
    """

    title: str
    sentences: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[Any, ...], ...] = ()

    def to_markdown(self) -> str:
        """Return the section with its heading."""
        parts = [f"## {self.title}"]
        if self.sentences:
            parts.append("\n".join(f"- {escaped(text)}" for text in self.sentences))
        if self.columns and self.rows:
            lines = [self.columns, ("---",) * len(self.columns), *self.rows]
            parts.append("\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines))
        return "\n\n".join(parts)

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        rows = [dict(zip(self.columns, map(plain, row), strict=True)) for row in self.rows]
        return {"title": self.title, "sentences": list(self.sentences), "rows": rows}


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Report:
    """What is known of something, for one audience.

    Args:
        audience: ``internal`` (all of it), ``partner`` (no customer can be told from it),
            or ``customer`` (one customer's own data only).
        title: Its heading.
        sections: Its parts, in order.
        figures: What can be drawn of it.
        as_of: The moment it speaks for.
    """

    audience: str
    title: str
    sections: tuple[Section, ...]
    figures: tuple[Figure, ...]
    as_of: datetime

    @property
    def about(self) -> str:
        """What it is about, in one word."""
        return self.title

    @property
    def opening(self) -> tuple[str, ...]:
        """Its first paragraphs, below the heading."""
        return (f"As of {self.as_of:%Y-%m-%d %H:%M} UTC.",)

    def to_markdown(self, *, images: dict[str, str] | None = None) -> str:
        """Return the report as Markdown.

        Args:
            images: For each figure's name the file to show; without it, none is shown.
        """
        parts = [f"# {escaped(self.title)}", *map(escaped, self.opening)]
        parts += [section.to_markdown() for section in self.sections]
        shown = images or {}
        parts += [
            f"![{escaped(figure.words)}]({shown[figure.name]})"
            for figure in self.figures
            if figure.name in shown
        ]
        return "\n\n".join(parts) + "\n"

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as JSON can hold it."""
        return {
            "audience": self.audience,
            "title": self.title,
            "sections": [section.to_dict() for section in self.sections],
            "figures": [figure.to_dict() for figure in self.figures],
            "as_of": plain(self.as_of),
        }

    def write(self, folder: str | Path, *, image: Image = "svg") -> list[Path]:
        """Write ``report.md`` and its figures into *folder*; the same report, the same bytes.

        Args:
            folder: It is made if it is not there.
            image: Of which kind the figures are.

        Returns:
            The files.

        Raises:
            MissingExtraError: matplotlib is not installed, and there are figures.
        """
        place = Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        names = {figure.name: f"{figure.name}.{image}" for figure in self.figures}
        drawn = []
        for figure in self.figures:
            drawn.append(place / names[figure.name])
            drawn[-1].write_bytes(draw(figure, image))
        page = place / "report.md"
        page.write_text(self.to_markdown(images=names), encoding="utf-8", newline="\n")
        return [page, *drawn]

    def __repr__(self) -> str:
        """Return one line of ids and counts."""
        return (
            f"Report({self.about} for {self.audience}: {len(self.sections)} sections, "
            f"{len(self.figures)} figures, as of {self.as_of.isoformat()})"
        )


def rounded(number: float, *, common_from: int) -> str:
    """Return a number of customers that tells of no single one.

    Args:
        number: How many.
        common_from: From so many on nobody can be told.

    >>> rounded(3, common_from=5), rounded(13, common_from=5), rounded(0, common_from=5)
    ('fewer than 5', 'about 10', 'fewer than 5')
    """
    if number < common_from:
        return f"fewer than {common_from}"
    return f"about {int(number // common_from * common_from)}"


def escaped(text: str) -> str:
    r"""Return *text* so that Markdown shows it as it is, in one line.

    >>> escaped("took <*> of [x]")
    'took \\<\\*\\> of \\[x\\]'
    """
    marked = "".join(f"\\{c}" if c in "\\`*_{}[]<>#|!" else c for c in text)
    return " ".join(marked.split())


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.3g}"
    if value == "---":
        return str(value)
    return escaped(value.strftime("%Y-%m-%d %H:%M") if hasattr(value, "strftime") else str(value))
