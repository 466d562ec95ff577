"""Draw the house in docs/architecture.md: the tree of src/caseline and its layers.

Run: ``python scripts/draw_house.py`` prints the drawing; ``--write`` puts it into the
page (``make docs``). A test compares the page with the drawing.
"""

from __future__ import annotations

import ast
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HOUSE = ROOT / "src" / "caseline"
PAGE = ROOT / "docs" / "architecture.md"
BEGIN, END = "<!-- house: drawn by `make docs` -->", "<!-- house: end -->"


def read_layers(project: Path = ROOT / "pyproject.toml") -> list[list[str]]:
    """Return the names of each layer of the import contract, the highest first."""
    contracts = tomllib.loads(project.read_text())["tool"]["importlinter"]["contracts"]
    [layers] = [c["layers"] for c in contracts if c["type"] == "layers"]
    return [layer.strip("()").replace(":", "|").replace(" ", "").split("|") for layer in layers]


def list_rooms(house: Path = HOUSE) -> dict[str, str]:
    """Return what stands in the house, by name: the first line of its docstring."""
    homes = {path.stem: path for path in house.glob("*.py") if path.stem != "__init__"}
    homes |= {path.parent.name: path for path in house.glob("*/__init__.py")}
    return {name: _first_line(path) for name, path in homes.items()}


def list_shelves(house: Path = HOUSE) -> dict[str, str]:
    """Return the folders that hold data and no code, by name: their README's heading."""
    shelves = [path for path in house.glob("*/README.md") if not any(path.parent.glob("*.py"))]
    return {path.parent.name: path.read_text().partition("\n")[0].lstrip("# ") for path in shelves}


def draw(rooms: dict[str, str], layers: list[list[str]], house: Path = HOUSE) -> str:
    """Return the drawing: the tree in the order of the layers, then the layers."""
    order = [name for layer in layers for name in layer]
    present = [name for name in order if name in rooms]
    missing = sorted(set(rooms) - set(order))
    if missing:
        raise SystemExit(f"in no layer of pyproject.toml: {', '.join(missing)}")
    told = {n + ("/" if (house / n).is_dir() else ".py"): rooms[n] for n in present}
    told |= {f"{name}/": f"(data) {words}" for name, words in sorted(list_shelves(house).items())}
    width = max(map(len, told))
    tree = [f"├── {label:<{width}}  {words}" for label, words in told.items()]
    tree[-1] = tree[-1].replace("├", "└", 1)
    rows = ["  ".join(name for name in layer if name in rooms) for layer in layers]
    rule = "each row may import the rows below it:"
    return "\n".join(["src/caseline/", *tree, "", rule, "", *_stack(rows)])


def _stack(rows: list[str]) -> list[str]:
    width = max(map(len, rows))
    return [f"  │ {row:^{width}} │" for row in rows if row]


def place(page: str, drawing: str) -> str:
    """Return *page* with *drawing* between its two marks."""
    head, _, rest = page.partition(BEGIN)
    _, mark, tail = rest.partition(END)
    if not mark:
        raise SystemExit(f"{PAGE.name} has no place for the drawing: {BEGIN} … {END}")
    return f"{head}{BEGIN}\n```text\n{drawing}\n```\n{END}{tail}"


def _first_line(path: Path) -> str:
    text = ast.get_docstring(ast.parse(path.read_text())) or ""
    return text.partition("\n")[0].rstrip(".")


def main(*options: str) -> None:
    """Print the drawing, or write it into the page."""
    drawing = draw(list_rooms(), read_layers())
    if "--write" in options:
        PAGE.write_text(place(PAGE.read_text(), drawing))
    else:
        print(drawing)


if __name__ == "__main__":
    main(*sys.argv[1:])
