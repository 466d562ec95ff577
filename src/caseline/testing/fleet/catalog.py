"""What the simulated product can say: the vocabulary, read from data files."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

EDITION = "2026-11"
LEVELS = "DIWEF"
_LINE = re.compile(
    r"(?P<level>[DIWEF]) (?:(?P<weight>\d+) )?(?P<logger>\S+) \| (?P<text>.*)", re.DOTALL
)
_PLACE = re.compile(r"\{(\w+)\}")
_TRACE = re.compile(r" @(\w+)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """One kind of log line.

    Args:
        template_id: Its true identity, for the truth.
        service: The program that writes it.
        level: 0 debug, 1 information, 2 warning, 3 error, 4 fatal.
        logger: The class or module that writes it.
        text: The message, with typed places in braces.
        weight: How frequent it is among its service's lines.
        trace: A stack trace under it, or "".
        plugin: The plug-in that writes it, or "".
    """

    template_id: str
    service: str
    level: int
    logger: str
    text: str
    weight: float = 1.0
    trace: str = ""
    plugin: str = ""

    @property
    def literals(self) -> list[str]:
        """The fixed parts around the places: one more than there are places."""
        return _PLACE.split(self.text)[::2]

    @property
    def places(self) -> list[str]:
        """The types of the places, from left to right."""
        return _PLACE.findall(self.text)

    @property
    def marker(self) -> str:
        """The longest fixed part: it tells this line from every other."""
        return max(self.literals, key=len)

    @property
    def masked(self) -> str:
        """The text with ``<*>`` in its places."""
        return _PLACE.sub("<*>", self.text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One kind of trouble: what is logged, what people see, what helps.

    *later* is what a newer version of the product logs of it, where that differs.
    """

    name: str
    service: str
    owner: str
    component: str
    templates: tuple[Template, ...]
    later: tuple[Template, ...]
    subjects: tuple[str, ...]
    complaints: tuple[str, ...]
    cause: str
    steps: tuple[str, ...]
    article: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """All that the product can say."""

    background: dict[str, tuple[Template, ...]]
    plugins: dict[str, tuple[Template, ...]]
    families: dict[str, Family]
    service_formats: dict[str, tuple[str, ...]]
    formats: dict[str, dict[str, Any]]
    pools: dict[str, list[str]]
    wording: dict[str, list[str]]

    @property
    def services(self) -> list[str]:
        """The services of the product, in a fixed order."""
        return list(self.background)


def parse_template(
    entry: str, *, template_id: str, service: str, traces: dict[str, str], plugin: str = ""
) -> Template:
    """Return the template that one line of a vocabulary file describes.

    Raises:
        ValueError: the line is not ``LEVEL [WEIGHT] LOGGER | text``.

    >>> line = "W 2 c.e.Cache | Miss of {hex8}"
    >>> t = parse_template(line, template_id="t", service="api", traces={})
    >>> t.level, t.weight, t.places, t.masked
    (2, 2.0, ['hex8'], 'Miss of <*>')
    """
    found = _LINE.fullmatch(entry)
    if found is None:
        raise ValueError(f"{template_id}: write LEVEL WEIGHT LOGGER | text")
    text, trace = found["text"], ""
    named = _TRACE.search(text)
    if named:
        text, trace = text[: named.start()], traces[named[1]].rstrip("\n")
    return Template(
        template_id=template_id,
        service=service,
        level=LEVELS.index(found["level"]),
        logger=found["logger"],
        text=text,
        weight=float(found["weight"] or 1),
        trace=trace,
        plugin=plugin,
    )


@cache
def load_catalog(edition: str = EDITION) -> Catalog:
    """Return the vocabulary of *edition*, a dated folder beside this file."""
    background = _read(edition, "background")
    issues = _read(edition, "issues")
    traces = issues.pop("traces")
    plugin = background.pop("plugin")
    return Catalog(
        background={name: _service(name, body, traces) for name, body in background.items()},
        plugins={name: _plugin(name, plugin["lines"]) for name in plugin["names"]},
        families={name: _family(name, body, traces) for name, body in issues.items()},
        service_formats={name: tuple(body["formats"]) for name, body in background.items()},
        formats=_read(edition, "formats"),
        pools=_read(edition, "places"),
        wording=_read(edition, "wording"),
    )


def _read(edition: str, name: str) -> dict[str, Any]:
    folder = resources.files("caseline.testing.fleet") / "vocabulary" / edition
    return tomllib.loads((folder / f"{name}.toml").read_text(encoding="utf-8"))


def _service(name: str, body: dict[str, Any], traces: dict[str, str]) -> tuple[Template, ...]:
    return tuple(
        parse_template(line, template_id=f"bg-{name}-{i:02d}", service=name, traces=traces)
        for i, line in enumerate(body["lines"])
    )


def _plugin(name: str, lines: list[str]) -> tuple[Template, ...]:
    return tuple(
        parse_template(
            line.replace("{plugin}", name),
            template_id=f"pl-{name}-{i:02d}",
            service="api",
            traces={},
            plugin=name,
        )
        for i, line in enumerate(lines)
    )


def _family(name: str, body: dict[str, Any], traces: dict[str, str]) -> Family:
    texts = list(body["texts"])
    services = body.get("services", [body["service"]] * len([*texts, *body.get("later", ())]))
    if "trace" in body:
        texts[0] += f" @{body['trace']}"
    templates, later = (
        tuple(
            parse_template(line, template_id=f"{prefix}-{name}-{i}", service=by, traces=traces)
            for i, (line, by) in enumerate(zip(lines, services, strict=False))
        )
        for prefix, lines in (("is", texts), ("later", body.get("later", ())))
    )
    return Family(
        name=name,
        service=body["service"],
        owner=body["owner"],
        component=body["component"],
        templates=templates,
        later=later,
        subjects=tuple(body["subjects"]),
        complaints=tuple(body["complaints"]),
        cause=body["cause"],
        steps=tuple(body["steps"]),
        article=body["article"],
    )
