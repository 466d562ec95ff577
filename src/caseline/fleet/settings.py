"""What decides how a line finds its customer and its version."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from importlib.resources import files

_RULES = "2026-11"


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetSettings:
    """How tenants, placements and versions are told apart.

    Args:
        product_components: Names of the component that stands for the product, best first.
        no_tenant: What lines write where they name no tenant.
        upgrade: Two versions of a component may overlap this long.
        trace_minutes: Lines of a trace tell of each other within about so long.
        trace_tenants: An id that so many tenants share, or fewer, is a trace.
        foreign_letters: Names of so many characters, or more, can tell a line foreign.
        foreign_collections: A host is known from so many collections on.
        generic_words: Words in names of machines and installations that are anybody's.
    """

    product_components: tuple[str, ...]
    no_tenant: frozenset[str]
    upgrade: timedelta
    trace_minutes: int
    trace_tenants: int
    foreign_letters: int
    foreign_collections: int
    generic_words: frozenset[str]


@cache
def shipped_settings() -> FleetSettings:
    """Return the settings that ship: ``rules/2026-11/attribution.toml``.

    >>> shipped_settings().upgrade.days
    7
    """
    path = files("caseline.fleet").joinpath("rules", _RULES, "attribution.toml")
    rules = tomllib.loads(path.read_text(encoding="utf-8"))
    return FleetSettings(
        product_components=tuple(rules["product_components"]),
        no_tenant=frozenset(rules["no_tenant"]),
        upgrade=timedelta(days=rules["upgrade_days"]),
        trace_minutes=rules["trace_minutes"],
        trace_tenants=rules["trace_tenants"],
        foreign_letters=rules["foreign_letters"],
        foreign_collections=rules["foreign_collections"],
        generic_words=frozenset(rules["generic_words"]),
    )
