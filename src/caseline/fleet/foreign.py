"""Lines of one environment's collection that are another customer's: kept out.

Only what a line says of itself counts (its tenant's field, its host), and only where the
fleet knows it to be somebody else's. That a message speaks of another is no evidence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from caseline.fleet.spelling import spelled
from caseline.records.batches import Reject

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from caseline.fleet.holdings import Holding
    from caseline.fleet.settings import FleetSettings
    from caseline.fleet.timelines import Codes, Interval
    from caseline.records.batches import RawBatch

    KnownHosts = Callable[[], pl.DataFrame]
    """Gives environment_id, host, collections: where hosts were seen."""


class Foreigners:
    """Tells which lines of a collection belong to another customer's environment.

    Args:
        holdings: What each environment holds, by its id.
        settings: How much a name must say.
        hosts: Asks for the hosts that are known; None to go by names alone.
    """

    def __init__(
        self,
        holdings: Mapping[str, Holding],
        settings: FleetSettings,
        hosts: KnownHosts | None = None,
    ) -> None:
        self._holdings = holdings
        self._settings = settings
        self._hosts = hosts
        self._customers = {
            name: frozenset(customer for *_, customer in holding.customers)
            for name, holding in holdings.items()
        }
        self._keys: dict[str, dict[str, list[Interval[str]]]] = {}
        for name, holding in holdings.items():
            for key, intervals in holding.tenants.items():
                self._keys.setdefault(key, {})[name] = intervals
        self._judged: dict[tuple[str, str], bool] = {}
        self._named = {spelled(name): name for name in holdings if self._says_much(name)}

    def split(self, batch: RawBatch, moments: Codes) -> tuple[pl.DataFrame, list[Reject]]:
        """Return the batch's own rows, and what of it is foreign as rejects.

        Args:
            batch: Rows of a collection; what comes without an environment has none to
                be foreign to.
            moments: When each row happened, in microseconds, shape (n,).
        """
        here, frame = batch.source.environment_id, batch.frame
        if here is None or here not in self._holdings:
            return frame, []
        foreign = self._by_host(frame["host"], here)
        foreign |= self._by_tenant(frame, here, moments)
        if not foreign.any():
            return frame, []
        if "source_name" in frame.columns:
            names = frame["source_name"]
        else:
            names = pl.Series([batch.source.name]).new_from_index(0, frame.height)
        counts = names.to_frame("name").filter(pl.Series(foreign)).group_by("name").len()
        detail = "its tenant or host is another customer's"
        rejects = [
            Reject(reason="foreign_line", lines=lines, name=name, detail=detail)
            for name, lines in sorted(counts.iter_rows())
        ]
        return frame.filter(pl.Series(~foreign)), rejects

    def _by_tenant(self, frame: pl.DataFrame, here: str, moments: Codes) -> NDArray[np.bool_]:
        """Return which rows have a tenant key that only others' environments know then."""
        found = np.zeros(frame.height, dtype=bool)
        keys = frame["tenant"].unique().drop_nulls().to_list()
        for key in keys:
            held = self._held_elsewhere(spelled(key), here)
            if not held:
                continue
            rows = np.flatnonzero((frame["tenant"] == key).fill_null(value=False).to_numpy())
            then = np.zeros(len(rows), dtype=bool)
            for start, end, _ in held:
                then |= (moments[rows] >= start) & (moments[rows] < end)
            mentioned = frame["message"].gather(rows).bin.contains(key.encode()).to_numpy()
            found[rows] |= then & ~mentioned
        return found

    def _held_elsewhere(self, key: str, here: str) -> list[Interval[str]]:
        known = self._keys.get(key, {})
        letters = any(c.isalpha() for c in key)
        if not known or here in known or not letters or len(key) < self._settings.foreign_letters:
            return []
        own = self._customers[here]
        held = [interval for intervals in known.values() for interval in intervals]
        return [] if any(customer in own for *_, customer in held) else held

    def _by_host(self, hosts: pl.Series, here: str) -> NDArray[np.bool_]:
        """Return which rows come from a host that is another customer's."""
        distinct = hosts.unique().drop_nulls().to_list()
        fresh = [host for host in distinct if (here, host) not in self._judged]
        known = self._places_of_domains() if any(map(self._domain, fresh)) else {}
        for host in fresh:
            self._judged[here, host] = self._is_strange(host, here, known)
        strange = [host for host in distinct if self._judged[here, host]]
        found: NDArray[np.bool_] = hosts.is_in(strange).fill_null(value=False).to_numpy()
        return found.copy()

    def _is_strange(self, host: str, here: str, known: Mapping[str, frozenset[str]]) -> bool:
        words = f"-{spelled(host)}-"
        if f"-{spelled(here)}-" in words:
            return False
        named = [key for key in self._named if f"-{key}-" in words]
        places = {self._named[key] for key in named if len(key) == max(map(len, named))}
        if not places and any(here in seen for seen in known.values()):
            places |= known.get(self._domain(host) or "", frozenset())
        own = self._customers[here]
        return bool(places) and all(
            self._customers.get(place) and not own & self._customers[place] for place in places
        )

    def _domain(self, host: str) -> str | None:
        """Return the domain that a host's name gives, if it can be somebody's own."""
        domain = host.casefold().partition(".")[2]
        last = domain.rpartition(".")
        said = self._hosts is not None and last[0] and any(c.isalpha() for c in last[2])
        return domain if said and last[2] not in self._settings.generic_words else None

    def _places_of_domains(self) -> dict[str, frozenset[str]]:
        """Return in which environments each domain was seen, by hosts known for long enough."""
        found: dict[str, set[str]] = {}
        seen = self._hosts() if self._hosts is not None else pl.DataFrame(schema=_SEEN)
        often = seen.filter(pl.col("collections") >= self._settings.foreign_collections)
        for environment, host in often.select("environment_id", "host").iter_rows():
            domain = self._domain(host)
            if domain is not None:
                found.setdefault(domain, set()).add(environment)
        return {domain: frozenset(places) for domain, places in found.items()}

    def _says_much(self, environment: str) -> bool:
        """Return whether a host's name with this id in it must be of the environment.

        ``acme-prod`` is one's, ``production-eu`` is anybody's.
        """
        settings = self._settings
        return any(
            len(word) >= settings.foreign_letters
            and any(c.isalpha() for c in word)
            and word not in settings.generic_words
            for word in spelled(environment).split("-")
        )


_SEEN = {"environment_id": pl.String, "host": pl.String, "collections": pl.Int64}
