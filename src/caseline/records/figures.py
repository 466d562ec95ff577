"""Figures of reports: what they show, in words too, and how they are drawn."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any, Literal

from caseline.errors import MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Sequence

Image = Literal["png", "svg"]
Style = Literal["bars", "lines"]

_SIZE = (8.0, 3.2)
_MOST_TICKS = 12
_LEVEL = "--"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """Heights over labels, one colour for each series.

    Args:
        name: Of its file, without the ending.
        title: Above it.
        labels: Along the bottom.
        series: The height at each label, by name; shape (n_labels,) each. None where
            nothing is known: a gap.
        unit: Of the heights.
        alt: What it shows in words, for those who do not see it; the title if empty.
        style: ``bars`` beside one another, or ``lines``.
        levels: Heights that lie below the others: drawn as broken lines, by name.
        marks: (index of a label, words): upright lines.

    >>> figure = Figure(name="f", title="Events", labels=("Monday",), series=(("a", (1.0,)),),
    ...                 unit="events", marks=((0, "release"),))
    >>> figure.words, figure.to_dict()["series"]
    ('Events', {'a': [1.0]})
    """

    name: str
    title: str
    labels: tuple[str, ...]
    series: tuple[tuple[str, tuple[float | None, ...]], ...]
    unit: str
    alt: str = ""
    style: Style = "bars"
    levels: tuple[tuple[str, tuple[float | None, ...]], ...] = ()
    marks: tuple[tuple[int, str], ...] = ()

    @property
    def words(self) -> str:
        """What it shows, in words."""
        return self.alt or self.title

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        told: dict[str, Any] = {
            "name": self.name,
            "title": self.title,
            "labels": list(self.labels),
            "series": {name: list(values) for name, values in self.series},
            "unit": self.unit,
        }
        more: dict[str, Any] = {
            "alt": self.alt,
            "levels": {name: list(values) for name, values in self.levels},
            "marks": [list(mark) for mark in self.marks],
        }
        return told | {name: value for name, value in more.items() if value}


def draw(figure: Figure, image: str) -> bytes:
    """Return *figure* as the bytes of a PNG or SVG file, the same each time.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    try:
        from matplotlib import rc_context  # noqa: PLC0415 - an extra, and slow to import
        from matplotlib.figure import Figure as Canvas  # noqa: PLC0415
    except ImportError:
        raise MissingExtraError(
            "figures are drawn by matplotlib: pip install 'caseline[reports]'"
        ) from None
    with rc_context({"svg.hashsalt": "caseline", "svg.fonttype": "path", "text.parse_math": False}):
        canvas = Canvas(figsize=_SIZE, layout="constrained")
        axes = canvas.add_subplot()
        _bars(axes, figure) if figure.style == "bars" else _lines(axes, figure)
        for name, values in figure.levels:
            axes.plot(
                _known(values), _LEVEL, color="black", drawstyle="steps-mid", label=_label(name)
            )
        for index, words in figure.marks:
            axes.axvline(index, color="firebrick", linewidth=1.0, label=_label(words))
        step = max(1, -(-len(figure.labels) // _MOST_TICKS))
        ticks = range(0, len(figure.labels), step)
        axes.set_xticks(list(ticks), [figure.labels[i] for i in ticks], rotation=30, ha="right")
        axes.set_title(figure.title)
        axes.set_ylabel(figure.unit)
        axes.set_ylim(bottom=0.0)
        if len(figure.series) + len(figure.levels) + len(figure.marks) > 1:
            axes.legend(fontsize="small")
        out = BytesIO()
        empty = {"Date": None} if image == "svg" else {"Software": None}
        canvas.savefig(out, format=image, metadata=empty)
    return out.getvalue()


def _bars(axes: Any, figure: Figure) -> None:
    width = 0.8 / max(1, len(figure.series))
    for number, (name, values) in enumerate(figure.series):
        shift = (number - (len(figure.series) - 1) / 2) * width
        places = [i + shift for i in range(len(values))]
        axes.bar(places, [v or 0.0 for v in values], width=width, label=_label(name))


def _lines(axes: Any, figure: Figure) -> None:
    for name, values in figure.series:
        axes.plot(_known(values), marker=".", markersize=3, linewidth=1.0, label=_label(name))


def _known(values: Sequence[float | None]) -> list[float]:
    return [float("nan") if v is None else v for v in values]


def _label(name: str) -> str:
    """Return *name* so that the legend shows it: what begins with _ is left out of legends."""
    return f" {name}" if name.startswith("_") else name
