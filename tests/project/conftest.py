"""The project's own scripts are tested as modules."""

from __future__ import annotations

import sys
from pathlib import Path

for folder in ("scripts", "benchmarks"):
    sys.path.insert(0, str(Path(__file__).resolve().parents[2] / folder))
