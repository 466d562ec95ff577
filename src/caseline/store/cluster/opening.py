"""Opens the store on a cluster by its URL, and the workspace's secret with the caller's key."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import SplitResult, unquote, urlsplit

import polars as pl

from caseline.errors import InputError, KeyMismatchError, WorkspaceError
from caseline.store.cluster.catalog import LocalCatalog
from caseline.store.cluster.engine import ClusterEngine
from caseline.store.keys import unwrapped, wrapped

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from caseline.store.cluster.catalog import Catalog
    from caseline.store.cluster.warehouse import Warehouse

_SECRET = "secret"  # noqa: S105 - the name of an entry
_SECRET_BYTES = 32
_Maker = TypeVar("_Maker")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SharedKey:
    """What keys the pseudonyms of a workspace that others share."""

    secret: bytes


def open_engine(
    url: str, *, key: str | bytes | None, read_only: bool = False
) -> tuple[ClusterEngine, SharedKey]:
    """Open the store that *url* names.

    Args:
        url: ``spark://host:port/shared/folder?catalog=postgresql://…``, or
            ``clickhouse://user:password@host:port/database?catalog=…``; what stands behind
            ``catalog=`` is all of the catalog's own URL.
        key: What the workspace's secret is wrapped with: others can read the catalog.
        read_only: Ask only.

    Raises:
        InputError: a URL of another kind, or without ``catalog=``.
        KeyMismatchError: no *key*, or not the one it was made with.
        MissingExtraError: the extra of this engine is not installed.
        WorkspaceError: a server does not answer.
    """
    place, _, catalog_url = url.partition("?catalog=")
    if not catalog_url:
        raise InputError(f"{shown(url)} has no catalog=; add ?catalog=postgresql://host/database")
    make_catalog = _of(_CATALOGS, "kind of catalog", catalog_url)
    make_warehouse = _of(_WAREHOUSES, "kind of engine", place)
    if not key:
        raise KeyMismatchError(f"{shown(url)} is shared with others: give key=, a long random one")
    catalog = make_catalog(catalog_url, read_only)
    try:
        secret = _secret(catalog, key, shown(url), read_only=read_only)
        warehouse = make_warehouse(urlsplit(place))
        engine = ClusterEngine(warehouse, catalog, name=shown(url), read_only=read_only)
    except BaseException:
        catalog.close()
        raise
    return engine, SharedKey(secret=secret)


def shown(url: str) -> str:
    """Return *url* as messages may show it: without user, password and catalog.

    >>> shown("clickhouse://ana:s3cret@db:8123/logs?catalog=postgresql://ana:s3cret@db/x")
    'clickhouse://db:8123/logs'
    """
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _secret(catalog: Catalog, key: str | bytes, name: str, *, read_only: bool) -> bytes:
    """Return the workspace's secret, made if this is its first opening."""
    with catalog.exclusive():
        kept = catalog.read("meta").filter(pl.col("name") == _SECRET)["value"]
        if not kept.is_empty():
            return unwrapped(str(kept[0]), key, name)
        if read_only:
            raise WorkspaceError(f"{name} holds no workspace; open it once without read_only")
        secret = secrets.token_bytes(_SECRET_BYTES)
        row = {"name": _SECRET, "value": wrapped(secret, key)}
        catalog.save("meta", pl.DataFrame([row]))
        return secret


def _of(makers: Mapping[str, _Maker], kind: str, url: str) -> _Maker:
    scheme = url.partition(":")[0]
    if scheme not in makers:
        raise InputError.unknown(kind, scheme, sorted(makers))
    return makers[scheme]


def _spark(url: SplitResult) -> Warehouse:
    from caseline.store.cluster.spark import SparkWarehouse  # noqa: PLC0415 - an extra

    return SparkWarehouse(f"sc://{url.netloc}", Path(unquote(url.path)))


def _clickhouse(url: SplitResult) -> Warehouse:
    from caseline.store.cluster.clickhouse import ClickHouseWarehouse  # noqa: PLC0415 - an extra
    from caseline.store.cluster.clickhouse_server import connect_clickhouse  # noqa: PLC0415

    return ClickHouseWarehouse(connect_clickhouse(url.geturl()))


def _duckdb(url: str, _: bool) -> Catalog:  # noqa: FBT001 - as all that make catalogs
    """Return a catalog in a file: for one client only, as in tests."""
    return LocalCatalog(Path(unquote(urlsplit(url).path)))


def _postgres(url: str, read_only: bool) -> Catalog:  # noqa: FBT001 - as all that make catalogs
    from caseline.store.cluster.postgres import PostgresCatalog  # noqa: PLC0415 - an extra

    return PostgresCatalog(url, read_only=read_only)


_WAREHOUSES: dict[str, Callable[[SplitResult], Warehouse]] = {
    "chdb": _clickhouse,
    "clickhouse": _clickhouse,
    "clickhouses": _clickhouse,
    "spark": _spark,
}
_CATALOGS: dict[str, Callable[[str, bool], Catalog]] = {"duckdb": _duckdb, "postgresql": _postgres}
