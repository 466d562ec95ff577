"""Figures of reports: what they show, and how they are drawn."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import Any

from caseline.errors import MissingExtraError

_SIZE = (8.0, 3.2)
_MOST_TICKS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """Bars over labels, one colour for each series.

    Args:
        name: Of its file, without the ending.
        title: Above it.
        labels: Along the bottom.
        series: The height at each label, by name; shape (n_labels,) each.
        unit: Of the heights.
    """

    name: str
    title: str
    labels: tuple[str, ...]
    series: tuple[tuple[str, tuple[float, ...]], ...]
    unit: str

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        series = {name: list(values) for name, values in self.series}
        return {"name": self.name, "title": self.title, "labels": list(self.labels),
                "series": series, "unit": self.unit}  # fmt: skip


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
    with rc_context({"svg.hashsalt": "caseline", "svg.fonttype": "path"}):
        canvas = Canvas(figsize=_SIZE, layout="constrained")
        axes = canvas.add_subplot()
        width = 0.8 / max(1, len(figure.series))
        for number, (name, values) in enumerate(figure.series):
            places = [i + (number - (len(figure.series) - 1) / 2) * width
                      for i in range(len(values))]  # fmt: skip
            axes.bar(places, values, width=width, label=name)
        step = max(1, -(-len(figure.labels) // _MOST_TICKS))
        ticks = range(0, len(figure.labels), step)
        axes.set_xticks(list(ticks), [figure.labels[i] for i in ticks], rotation=30, ha="right")
        axes.set_title(figure.title)
        axes.set_ylabel(figure.unit)
        if len(figure.series) > 1:
            axes.legend()
        out = BytesIO()
        empty = {"Date": None} if image == "svg" else {"Software": None}
        canvas.savefig(out, format=image, metadata=empty)
    return out.getvalue()
