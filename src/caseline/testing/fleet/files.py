"""The log files of a fleet: which service writes where, in which format, in which zone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from caseline.testing.fleet.plan import Plan

_VOLUME = {
    "gateway": 3.0,
    "api": 4.0,
    "billing": 1.5,
    "scheduler": 1.0,
    "sync": 1.5,
    "identity": 1.5,
    "storage": 2.0,
    "worker": 1.5,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFile:
    """One log file of one service on one host.

    Args:
        environment: Index into the plan's environments.
        placement: The cell, or "".
        format: A name in formats.toml.
        share: Its share of the environment's lines.
        skew: What the host's clock adds to the true time, in microseconds.
        labelled: True if its lines carry the tenant key.
        spelling: Which of the format's spellings of a tenant key; odd ones of
            three and more write the key in capitals.
    """

    environment: int
    placement: str
    host: str
    service: str
    format: str
    share: float
    skew: int
    labelled: bool
    spelling: int
    capitals: bool

    @property
    def path(self) -> str:
        """Where it lies on its host."""
        return f"logs/{self.service}.log"


def list_files(plan: Plan, rng: np.random.Generator) -> list[LogFile]:
    """Return the log files of the fleet, those of an environment side by side."""
    files: list[LogFile] = []
    for i, environment in enumerate(plan.environments):
        cells = environment.cells
        total = sum(_VOLUME[s] for s in set(environment.services))
        for cell in cells:
            host = f"{environment.environment_id}-{cell + '-' if cell else ''}app1"
            skew = _draw_skew(plan, rng)
            for service in sorted(set(environment.services)):
                formats = plan.catalog.service_formats[service]
                share = _VOLUME[service] / total / len(cells)
                files.append(
                    LogFile(
                        environment=i,
                        placement=cell,
                        host=host,
                        service=service,
                        format=plan.formats.get(
                            (i, service), formats[int(rng.integers(len(formats)))]
                        ),
                        share=share * _cell_share(plan, i, cell),
                        skew=skew,
                        labelled=bool(rng.random() < plan.settings.tenant_label_share)
                        and environment.kind == "multi_tenant",
                        spelling=int(rng.integers(0, 6)),
                        capitals=bool(rng.random() < 0.2),  # noqa: PLR2004 - one file in five
                    )
                )
    return files


def _cell_share(plan: Plan, environment: int, cell: str) -> float:
    """Return how a cell's volume compares with its share of the cells."""
    weights = [t.weight for t in plan.tenants(environment) if t.placement == cell]
    whole = plan.environments[environment].weight
    cells = plan.environments[environment].cells
    return sum(weights) * len(cells) / whole if cell and whole else 1.0


def _draw_skew(plan: Plan, rng: np.random.Generator) -> int:
    wrong = rng.random() < plan.settings.clock_skew_share
    drift = rng.normal(0, plan.settings.clock_skew_seconds)
    return round(drift * 1_000_000) if wrong else 0


def file_index(files: list[LogFile]) -> dict[tuple[int, str, str], int]:
    """Return the file's number by (environment, placement, service)."""
    return {(f.environment, f.placement, f.service): i for i, f in enumerate(files)}
