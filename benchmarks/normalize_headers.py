"""How many messages of raw lines equal what their labels say, system by system.

And how many lines of headers that nobody has seen, made at random, are cut exactly right:
by the known formats alone, and with those found by the columns that lines share.

Reads ``$CASELINE_DATA/loghub2k`` (default: ``../shared/data`` beside the repository).

    uv run python benchmarks/normalize_headers.py [--misses 3] [--styles 200]
"""

from __future__ import annotations

import argparse
import csv
import os
from collections import Counter
from pathlib import Path

from header_styles import make_messages, make_style

from caseline.normalize.arrays import ZEROED
from caseline.normalize.headers import split_headers
from caseline.normalize.layouts import Field
from caseline.normalize.recognition import recognizer_for
from caseline.normalize.settings import NormalizeSettings


def read_system(folder: Path) -> tuple[list[bytes], list[str]]:
    """Return the raw lines of a system and the content its labels say."""
    labels = next(folder.glob("*_structured_corrected.csv"))
    raw = next(folder.glob("*.log"))
    with labels.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
        contents = [row["Content"] for row in csv.DictReader(file)]
    lines = raw.read_bytes().replace(b"\r\n", b"\n").split(b"\n")
    return lines[: len(contents)], contents


def unknown_headers(styles: int, lines: int = 200) -> tuple[float, float]:
    """Return the share of lines cut exactly: by known formats alone, and with found ones."""
    known = found = 0
    recognizer = recognizer_for(NormalizeSettings())
    for seed in range(styles):
        messages = make_messages(lines, seed)
        written = make_style(seed).lines(messages)
        found += sum(map(str.__eq__, split_headers(written), messages))
        rows = recognizer.rows([line.encode().translate(ZEROED) for line in written])
        starts = rows[:, Field.MESSAGE_START].tolist()
        cut = [line[start:] for line, start in zip(written, starts, strict=True)]
        known += sum(map(str.__eq__, cut, messages))
    return known / (styles * lines), found / (styles * lines)


def main() -> None:
    """Print the share of unknown headers, that of each system, and their mean."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--misses", type=int, default=0, help="lines to show that differ")
    parser.add_argument("--styles", type=int, default=200, help="unknown headers to make")
    options = parser.parse_args()
    shown = options.misses
    before, after = unknown_headers(options.styles)
    print(
        f"unknown headers, {options.styles} styles: known formats {before:.4f}, found {after:.4f}"
    )
    root = Path(__file__).parents[1]
    data = Path(os.environ.get("CASELINE_DATA", root.parent / "shared" / "data")) / "loghub2k"
    if not data.is_dir():
        raise SystemExit(f"no {data}; set CASELINE_DATA to the folder that holds loghub2k")
    shares = []
    for folder in sorted(p for p in data.iterdir() if p.is_dir()):
        lines, contents = read_system(folder)
        found = split_headers(lines)
        misses = [
            (line, message, content)
            for line, message, content in zip(lines, found, contents, strict=True)
            if message != content
        ]
        shares.append(1 - len(misses) / len(lines))
        print(f"{folder.name:14} {shares[-1]:7.4f}  {len(misses):5} differ")
        kinds = Counter(line[:18] for line, _, _ in misses)
        for start, _ in kinds.most_common(shown):
            line, message, content = next(m for m in misses if m[0].startswith(start))
            print(f"    line    {line!r}\n    message {message!r}\n    label   {content!r}")
    print(f"{'mean':14} {sum(shares) / len(shares):7.4f}")


if __name__ == "__main__":
    main()
