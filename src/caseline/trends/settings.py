"""The numbers that decide about changes, versions, fixes and costs."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

_WEIGHTS = "2026-11"


@cache
def read_weights(name: str) -> dict[str, Any]:
    """Return the tables of ``weights/2026-11/<name>.toml``.

    >>> read_weights("changes")["budget"]["episodes"]
    0.1
    """
    path = files("caseline.trends").joinpath("weights", _WEIGHTS, f"{name}.toml")
    return tomllib.loads(path.read_text(encoding="utf-8"))
