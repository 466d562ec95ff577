"""Draws a quiet fleet: customers, environments, tenancies, versions, plug-ins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from caseline.testing.fleet.plan import (
    DAY,
    Change,
    Customer,
    Environment,
    Plan,
    Span,
    Tenancy,
    draw_some,
)

if TYPE_CHECKING:
    import numpy as np

    from caseline.testing.fleet.catalog import Catalog
    from caseline.testing.fleet.settings import Settings

REGIONS = ("eu-central", "eu-north", "us-east", "us-west", "ap-south")
TIERS = ("enterprise", "business", "standard")
SLAS = {"enterprise": "gold", "business": "silver", "standard": "bronze"}
ZONES = {
    "eu-central": ("Europe/Berlin", "Europe/Paris"),
    "eu-north": ("Europe/Helsinki", "UTC"),
    "us-east": ("America/New_York", "UTC"),
    "us-west": ("America/Los_Angeles", "UTC"),
    "ap-south": ("Asia/Kolkata", "Asia/Singapore"),
}
_TENANTS_EACH = 25
_QUIET_SERVICES = ("billing", "scheduler", "sync", "identity", "worker", "storage")


def draw_fleet(settings: Settings, catalog: Catalog, rng: np.random.Generator) -> Plan:
    """Return a fleet in which nothing unusual happens yet."""
    plan = Plan(settings=settings, catalog=catalog)
    _draw_customers(plan, rng)
    _draw_shared(plan, rng)
    _draw_single(plan, rng)
    _draw_versions(plan, rng)
    _draw_parts(plan, rng)
    return plan


def platform_versions(count: int) -> list[str]:
    """Return *count* versions on two branches, older first.

    >>> platform_versions(4)
    ['7.4.0', '7.4.1', '8.0.0', '8.0.1']
    """
    old = count // 2
    return [f"7.4.{i}" for i in range(old)] + [f"8.0.{i}" for i in range(count - old)]


def _draw_customers(plan: Plan, rng: np.random.Generator) -> None:
    count, growth = plan.settings.customers, plan.settings.customer_growth
    newcomers = round(count * growth / (1 + growth))
    sizes = rng.lognormal(0, 1.2, count)
    values = sizes * rng.lognormal(10, 0.5, count)
    ranks = sizes.argsort().argsort() / count
    for i in range(count):
        late = i >= count - newcomers
        joined = plan.start + round(rng.uniform(0.05, 0.95) * plan.settings.days * DAY)
        tier = TIERS[0] if ranks[i] > 0.85 else TIERS[1] if ranks[i] > 0.5 else TIERS[2]  # noqa: PLR2004 - tiers by rank
        plan.customers.append(
            Customer(
                customer_id=f"customer-{i + 1:03d}",
                tier=tier,
                region=REGIONS[int(rng.choice(5, p=(0.35, 0.15, 0.25, 0.15, 0.1)))],
                annual_value=round(float(values[i]), 2),
                weight=float(sizes[i]),
                joined_at=joined if late else plan.start - round(rng.uniform(30, 900)) * DAY,
            )
        )


def _draw_shared(plan: Plan, rng: np.random.Generator) -> None:
    tenants = [
        i for i in range(len(plan.customers)) if rng.random() < plan.settings.share_multi_tenant
    ]
    if not tenants:
        return
    houses = max(1, round(len(tenants) / _TENANTS_EACH))
    first = len(plan.environments)
    for number in range(houses):
        region = REGIONS[number % len(REGIONS)]
        cells = [f"cell-{c + 1}" for c in range(int(rng.integers(2, 5)))]
        plan.environments.append(
            _environment(plan, rng, environment_id=f"shared-{number + 1}", region=region)
        )
        plan.environments[-1].kind = "multi_tenant"
        plan.environments[-1].cells = cells
        plan.environments[-1].services = plan.catalog.services
        if plan.environments[-1].telemetry == "none":
            plan.environments[-1].telemetry = "push"
    for i in tenants:
        house = first + int(rng.integers(houses))
        cells = plan.environments[house].cells
        _settle(plan, i, house, key=f"t{i + 1:03d}", placement=cells[int(rng.integers(len(cells)))])


def _draw_single(plan: Plan, rng: np.random.Generator) -> None:
    housed = {t.customer for t in plan.tenancies}
    for i, customer in enumerate(plan.customers):
        hybrid = rng.random() < plan.settings.hybrid_share
        staged = rng.random() < plan.settings.staging_share
        if i in housed and not hybrid:
            continue
        name = customer.customer_id
        production = _environment(plan, rng, environment_id=f"{name}-prod", region=customer.region)
        plan.environments.append(production)
        _settle(plan, i, len(plan.environments) - 1)
        if staged:
            staging = _environment(
                plan, rng, environment_id=f"{name}-staging", region=customer.region
            )
            staging.stage, staging.timezone = "staging", production.timezone
            plan.environments.append(staging)
            _settle(plan, i, len(plan.environments) - 1, share=0.1)


def _environment(
    plan: Plan, rng: np.random.Generator, *, environment_id: str, region: str
) -> Environment:
    push, none = plan.settings.push_share, plan.settings.none_share
    draw = rng.random()
    telemetry = "push" if draw < push else "none" if draw < push + none else "bundle"
    others = rng.choice(_QUIET_SERVICES, size=2, replace=False)
    plugins = list(plan.catalog.plugins)
    zones = ZONES[region]
    return Environment(
        environment_id=environment_id,
        kind="single_tenant",
        stage="production",
        region=region,
        telemetry=telemetry,
        timezone=zones[int(rng.random() < 0.3)],  # noqa: PLR2004 - most use the region's first
        weight=0.0,
        calm=float(rng.choice((0.0, 1.0), p=(0.1, 0.9)) * rng.uniform(0.7, 1.1)),
        services=["api", *("gateway" for _ in range(int(rng.random() < 0.4))), *map(str, others)],  # noqa: PLR2004
        plugins=[plugins[i] for i in range(len(plugins)) if rng.random() < 1.5 / (i + 3)],
    )


def _settle(
    plan: Plan,
    customer: int,
    environment: int,
    *,
    key: str = "",
    placement: str = "",
    share: float = 1.0,
) -> None:
    who = plan.customers[customer]
    plan.environments[environment].weight += who.weight * share
    plan.tenancies.append(
        Tenancy(
            customer=customer,
            environment=environment,
            tenant_key=key,
            placement=placement,
            weight=who.weight * share,
            valid_from=who.joined_at,
        )
    )


def _draw_versions(plan: Plan, rng: np.random.Generator) -> None:
    live = platform_versions(plan.settings.live_versions)
    for environment in plan.environments:
        at = int(rng.integers(len(live)))
        since = plan.start - round(rng.uniform(20, 300) * DAY)
        environment.versions = [(live[at], since)]
    months = plan.settings.days / 30
    movers = draw_some(rng, list(range(len(plan.environments))), min(0.15 * months, 0.9))
    for i in movers:
        now = live.index(plan.environments[i].versions[0][0])
        if now + 1 < len(live):
            at = plan.at_day(rng.uniform(0.5, max(0.6, plan.settings.days - 0.5)))
            plan.upgrade(i, live[now + 1], at)
            _plan_change(plan, i, at)


def _plan_change(plan: Plan, environment: int, at: int) -> None:
    value = plan.environments[environment].versions[-1][0]
    plan.changes.append(
        Change(
            kind="release",
            component="platform",
            value=value,
            environments=(environment,),
            starts_at=at,
            ends_at=at + DAY // 24,
        )
    )


def _draw_parts(plan: Plan, rng: np.random.Generator) -> None:
    for i, environment in enumerate(plan.environments):
        since = environment.versions[0][1]
        plan.spans.extend(
            Span(
                environment=i,
                component=name,
                kind="plugin",
                value=f"{rng.integers(1, 4)}.{rng.integers(0, 6)}",
                valid_from=since,
            )
            for name in environment.plugins
        )
        for component, values in {
            "auth": ("local", "saml", "ldap"),
            "database": ("pg-15", "pg-16"),
        }.items():
            value = values[int(rng.integers(len(values)))]
            plan.spans.append(
                Span(
                    environment=i,
                    component=component,
                    kind="configuration",
                    value=value,
                    valid_from=since,
                )
            )
        if rng.random() < 0.3:  # noqa: PLR2004 - a flag that some have
            plan.spans.append(
                Span(
                    environment=i, component="new-editor", kind="flag", value="on", valid_from=since
                )
            )
