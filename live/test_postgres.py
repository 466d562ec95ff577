"""The catalog in PostgreSQL does what the embedded one does: the same checks on both."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from contextlib import closing
from datetime import UTC, datetime
from itertools import product
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from sqlglot import exp, parse_one

from caseline.errors import (
    InputError,
    ReadOnlyError,
    WorkspaceError,
    WorkspaceLockedError,
)
from caseline.store.cluster.catalog import LocalCatalog
from caseline.store.cluster.columns import declared_columns
from caseline.store.cluster.postgres import PostgresCatalog
from caseline.store.cluster.translation import literal, translate
from caseline.store.embedded import EmbeddedStore
from caseline.store.schema import question_text
from caseline.store.sight import Sight
from caseline.store.values import bound
from caseline.store.views import compose
from caseline.testing.engines.asked import ASKED, NOW_ONLY, PAST, Asked
from caseline.testing.engines.fleet import decide, load_fleet

if TYPE_CHECKING:
    from collections.abc import Callable

SERVER = os.environ.get("CASELINE_POSTGRES", "")
pytestmark = pytest.mark.skipif(not SERVER, reason="no PostgreSQL: run `make live`")
MARCH = datetime(2026, 3, 1, tzinfo=UTC)
NAMES = (f"p{os.getpid()}_{number}" for number in range(10**6))


def url_of(name: str) -> str:
    """Return the URL of the workspace *name* on the server."""
    return f"{SERVER}?schema={name}"


class Embedded(EmbeddedStore):
    """The embedded store, read as catalogs are read."""

    def read(self, table: str) -> pl.DataFrame:
        """Return all rows of *table*, as they are committed."""
        cursor = self.hub.cursor()
        return cursor.execute(f"SELECT * FROM catalog.{table}").pl()


@pytest.fixture
def postgres():
    catalog = PostgresCatalog(url_of(next(NAMES)))
    yield catalog
    catalog.close()


@pytest.fixture
def embedded(tmp_path):
    store = Embedded(tmp_path)
    yield store
    store.close()


@pytest.fixture
def local():
    catalog = LocalCatalog()
    yield catalog
    catalog.close()


@pytest.fixture(params=["embedded", "local", "postgres"])
def catalog(request):
    return request.getfixturevalue(request.param)


def rows_of(catalog: Any, table: str) -> list[tuple[Any, ...]]:
    """Return the rows of *table*, in an order of their own."""
    return sorted(catalog.read(table).rows(), key=repr)


def signatures(*names: str, template: str = "took <*> ms") -> pl.DataFrame:
    """Return a row for each of *names*."""
    return pl.DataFrame(
        [
            {"signature_id": n, "scheme": "t", "kind": "log", "template": template, "parts": ["a"]}
            for n in names
        ]
    )


# what is written is read ------------------------------------------------------------

VALUES: dict[str, list[Any]] = {
    "VARCHAR": [
        "",
        "ß 漢字 \U0001f600",
        "tab\tnewline\nquote'\\N",
        "nul \x00 \ue000 \ue0000",
        None,
    ],
    "VARCHAR[]": [[], ["", "a,b", '"{}'], ["x\x00", "\ue000e"], ["NULL"], None],
    "TIMESTAMP": [
        datetime.fromisoformat("0001-01-02"),
        datetime.fromisoformat("2026-03-01T01:02:03.456789"),
        datetime.fromisoformat("9999-12-30"),
        None,
    ],
    "DOUBLE": [0.1, -1e300, float("inf"), 5e-324, None],
    "BIGINT": [0, -(2**63), 2**63 - 1, None],
    "INTEGER": [0, -(2**31), 2**31 - 1, None],
    "UINTEGER[]": [[], [0, 2**32 - 1], [7]],
    "BOOLEAN": [True, False, None],
    "BLOB": [b"", b"\x00\xff\\x", b"shape"],
}


def every_kind_of_row(table: str) -> pl.DataFrame:
    """Return five rows of *table* that hold the awkward values of its types."""
    series = []
    for column in declared_columns()[table]:
        values = [v for v in VALUES[column.declared] if v is not None or not column.required]
        five = [values[number % len(values)] for number in range(5)]
        series.append(pl.Series(column.name, five, dtype=column.dtype))
    return pl.DataFrame(series)


@pytest.mark.parametrize("table", sorted(declared_columns()))
def test_every_table_comes_back_equal_in_types_and_values(embedded, postgres, table):
    rows = every_kind_of_row(table)
    for catalog in (embedded, postgres):
        before = catalog.read(table).height
        assert catalog.save(table, rows) == 5
        if not before:
            assert_frame_equal(catalog.read(table), rows, check_row_order=False)
    assert postgres.read(table).schema == embedded.read(table).schema


def test_aware_times_are_kept_in_utc(catalog):
    zone = pl.Datetime("us", "Asia/Tokyo")
    rows = pl.DataFrame({"ticket_id": ["t"], "customer_id": ["c"], "opened_at": [MARCH]})
    catalog.save("tickets", rows.with_columns(pl.col("opened_at").cast(zone)))
    assert catalog.read("tickets")["opened_at"].to_list() == [MARCH.replace(tzinfo=None)]


def test_columns_that_are_not_given_become_null(catalog):
    catalog.save("customers", pl.DataFrame({"customer_id": ["c"], "name": ["n"]}))
    catalog.save("customers", pl.DataFrame({"customer_id": ["c"], "tier": ["gold"]}))
    assert rows_of(catalog, "customers") == [("c", None, "gold", None, None, None)]


def test_wrong_tables_columns_and_missing_values_are_refused(postgres):
    with pytest.raises(InputError, match="no catalog table"):
        postgres.save("pg_class", signatures("a"))
    with pytest.raises(InputError, match="no catalog table"):
        postgres.read("pg_class")
    with pytest.raises(InputError, match="did you mean 'template'"):
        postgres.save("signatures", signatures("a").rename({"template": "templat"}))
    with pytest.raises(InputError, match="'template'"):
        postgres.save("signatures", signatures("a").drop("template"))
    with pytest.raises(InputError, match="'scheme'"):
        postgres.save("signatures", signatures("a").with_columns(scheme=pl.lit(None, pl.String)))
    with pytest.raises(InputError, match="column of its key"):
        postgres.remove("signatures", pl.DataFrame({"kind": ["log"]}))
    assert postgres.read("signatures").is_empty()


# replacing and removing: one law, two catalogs --------------------------------------

FEW = st.sampled_from(["a", "b", None])
ROWS = st.lists(
    st.tuples(
        st.sampled_from(["c1", "c2"]),
        st.sampled_from(["e1", "e2"]),
        FEW,
        FEW,
        st.sampled_from([MARCH, None]),
        st.sampled_from([MARCH, None]),
    ),
    max_size=6,
)
COLUMNS = ["customer_id", "environment_id", "tenant_key", "placement", "valid_from", "valid_to"]
STEPS = st.lists(
    st.tuples(st.sampled_from(["save", "remove"]), ROWS, st.integers(2, 6)), max_size=5
)


def frame_of(rows: list[tuple[Any, ...]], columns: int) -> pl.DataFrame:
    """Return tenancies of *rows* with the first *columns* of their columns."""
    types = {c.name: c.dtype for c in declared_columns()["tenancies"]}
    for name in ("valid_from", "valid_to"):
        types[name] = pl.Datetime("us", "UTC")
    frame = pl.DataFrame(rows, schema={n: types[n] for n in COLUMNS}, orient="row")
    return frame.select(COLUMNS[:columns])


@settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(steps=STEPS)
def test_saving_and_removing_change_both_catalogs_alike(embedded, postgres, steps):
    for catalog in (embedded, postgres):
        catalog.remove("tenancies", catalog.read("tenancies"))
    for act, rows, columns in steps:
        frame = frame_of(rows, columns)
        changed = [getattr(catalog, act)("tenancies", frame) for catalog in (embedded, postgres)]
        assert changed[0] == changed[1]
        assert rows_of(embedded, "tenancies") == rows_of(postgres, "tenancies")


def test_many_rows_replace_many(catalog):
    many = signatures(*(f"s{number}" for number in range(3000)))
    catalog.save("signatures", many)
    catalog.save("signatures", signatures(*(f"s{n}" for n in range(1000, 4000)), template="new"))
    templates = dict(catalog.read("signatures").select("signature_id", "template").iter_rows())
    assert len(templates) == 4000
    assert sum(template == "new" for template in templates.values()) == 3000


# transactions -----------------------------------------------------------------------


class Stopped(Exception):  # noqa: N818 - no error of the catalog's
    """Something outside went wrong."""


def stop_after(*steps: Callable[[], int]) -> None:
    """Go the *steps*, and fail."""
    for step in steps:
        step()
    raise Stopped


def test_a_transaction_is_seen_whole_or_not_at_all(catalog):
    others_see = not isinstance(catalog, LocalCatalog)  # it has no others
    catalog.save("signatures", signatures("old"))
    with pytest.raises(Stopped), catalog.transaction():
        stop_after(
            lambda: catalog.save("signatures", signatures("new")),
            lambda: catalog.remove("signatures", signatures("old")),
        )
    assert [row[0] for row in rows_of(catalog, "signatures")] == ["old"]
    with catalog.transaction():
        catalog.save("signatures", signatures("new"))
        with catalog.transaction():
            catalog.remove("signatures", signatures("old"))
        if others_see:
            assert [row[0] for row in rows_of(catalog, "signatures")] == ["old"]
    assert [row[0] for row in rows_of(catalog, "signatures")] == ["new"]


def test_a_refused_row_leaves_the_catalog_usable(catalog):
    with pytest.raises(Exception, match="scheme"):
        catalog.save("signatures", signatures("a").drop("scheme"))
    assert catalog.save("signatures", signatures("b")) == 1
    assert [row[0] for row in rows_of(catalog, "signatures")] == ["b"]


@pytest.mark.parametrize("kind", ["local", "postgres"])
def test_versions_grow_by_one_with_each_committed_change(request, kind):
    catalog = request.getfixturevalue(kind)
    assert catalog.versions() == {}
    catalog.save("signatures", signatures("a"))
    with pytest.raises(Stopped), catalog.transaction():
        stop_after(lambda: catalog.save("signatures", signatures("b")))
    assert catalog.versions() == {"signatures": 1}
    with catalog.transaction():
        catalog.save("signatures", signatures("b"))
        catalog.remove("signatures", signatures("a"))
    assert catalog.versions() == {"signatures": 3}
    catalog.save("signatures", signatures("b").clear())
    assert catalog.versions() == {"signatures": 3}


# who writes -------------------------------------------------------------------------


def test_one_session_writes_and_others_read_what_is_committed():
    url = url_of(next(NAMES))
    with pytest.raises(WorkspaceError, match="no workspace yet"):
        PostgresCatalog(url, read_only=True)
    writer = PostgresCatalog(url)
    writer.save("signatures", signatures("a"))
    with pytest.raises(WorkspaceLockedError, match="one process writes"):
        PostgresCatalog(url)
    reader = PostgresCatalog(url, read_only=True)
    with writer.transaction():
        writer.save("signatures", signatures("b"))
        assert reader.read("signatures").height == 1
    assert reader.read("signatures").height == 2
    for change in (reader.save, reader.remove):
        with pytest.raises(ReadOnlyError):
            change("signatures", signatures("c"))
    with writer.exclusive(), writer.exclusive():
        writer.save("signatures", signatures("b"))
    writer.close()
    with closing(PostgresCatalog(url)) as again:
        assert again.read("signatures").height == 2
    reader.close()


def test_workspaces_in_one_database_do_not_see_each_other(postgres):
    other = PostgresCatalog(url_of(next(NAMES)))
    other.save("signatures", signatures("a"))
    assert postgres.read("signatures").is_empty()
    other.close()


KILLED = """
    import os, signal, sys
    import polars as pl
    from caseline.store.cluster.postgres import PostgresCatalog

    catalog = PostgresCatalog(sys.argv[1])
    catalog.save("customers", pl.DataFrame({"customer_id": ["safe"]}))
    with catalog.transaction():
        catalog.save("customers", pl.DataFrame({"customer_id": ["half"]}))
        os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_writer_leaves_no_half_and_no_lock():
    url = url_of(next(NAMES))
    run = subprocess.run([sys.executable, "-c", textwrap.dedent(KILLED), url], check=False)
    assert run.returncode == -9
    catalog = opened_when_let_go(url)
    assert rows_of(catalog, "customers") == [("safe", *[None] * 5)]
    catalog.close()


def opened_when_let_go(url: str) -> PostgresCatalog:
    """Open it as soon as the server has found that the other side is gone."""
    for _ in range(1000):
        try:
            return PostgresCatalog(url)
        except WorkspaceLockedError:
            continue
    return PostgresCatalog(url)


def test_a_lost_session_says_so_and_what_was_committed_stays():
    url = url_of(next(NAMES))
    catalog = PostgresCatalog(url)
    catalog.save("signatures", signatures("a"))
    pid = catalog._writer.info.backend_pid
    catalog._reader.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    with pytest.raises(WorkspaceError, match="open the workspace again"):
        catalog.save("signatures", signatures("b"))
    with pytest.raises(WorkspaceError, match="open the workspace again"), catalog.exclusive():
        pytest.fail("somebody else may have the lock by now")
    catalog.close()
    again = opened_when_let_go(url)
    assert [row[0] for row in rows_of(again, "signatures")] == ["a"]
    again.close()


def test_no_password_is_told():
    for url in (
        "postgresql://ana:hidden-word@127.0.0.1:1/db",
        SERVER.replace("caseline@", "caseline:hidden-word@") + "?schema=w0;DROP",
    ):
        with pytest.raises((WorkspaceError, InputError)) as told:
            PostgresCatalog(url)
        assert "hidden-word" not in str(told.value)
    catalog = PostgresCatalog(url_of(next(NAMES)).replace("caseline@", "caseline:hidden-word@"))
    assert "hidden-word" not in repr(catalog)
    catalog.close()


# the same questions, in PostgreSQL's own words --------------------------------------


class InPostgres:
    """No warehouse: it lets translations be read as PostgreSQL's."""

    dialect = "postgres"

    def rewrite(self, tree: exp.Expr) -> exp.Expr:
        """Name each subquery, which PostgreSQL 15 wants; it has no arg_max."""
        for node in list(tree.find_all(exp.ArgMax)):
            last = f"(array_agg({node.this.sql()} ORDER BY {node.expression.sql()} DESC))[1]"
            node.replace(parse_one(last, dialect="postgres"))
        for number, query in enumerate(tree.find_all(exp.Subquery)):
            if isinstance(query.parent, exp.From | exp.Join) and not query.alias:
                query.set("alias", exp.TableAlias(this=exp.to_identifier(f"named_{number}")))
        return tree


def composed(asked: Asked, viewer: list[str] | None, as_of: datetime | None) -> str | None:
    """Return what is asked, put together for DuckDB; None if it reads more than the catalog."""
    sight = Sight(
        partitions=("touched",),
        all_partitions=("held",),
        past=as_of is not None,
        recalled=as_of is not None,
        scoped=viewer is not None,
        aliased=True,
    )
    sql = compose(question_text(asked.question), sight)
    return None if re.search(r"\b(touched|held|empty)\.", sql) else sql


SCOPE_IN_LISTS = {"changes_between", "fleet_changes"}
"""A viewer's part of a change's scope is found by lists in a way PostgreSQL does not have."""


def test_questions_on_the_catalog_alone_are_answered_alike_in_postgres(embedded, postgres):
    for catalog in (embedded, postgres):
        load_fleet(catalog)
        decide(catalog)
    columns = {table: [c.name for c in told] for table, told in declared_columns().items()}
    compared = 0
    for asked, viewer, as_of in product(ASKED, (None, ["c2", "c'4"]), (None, PAST)):
        sql = composed(asked, viewer, as_of)
        lists = viewer is not None and asked.question in SCOPE_IN_LISTS
        if sql is None or lists or (as_of is not None and asked.question in NOW_ONLY):
            continue
        given = bound(sql, {**asked.values, "as_of": as_of, "viewer": viewer})
        right = embedded.hub.cursor().execute(sql, given).pl()
        got = answer_of(postgres, sql, given, columns)
        frame = pl.DataFrame(got, schema=dict(right.schema), orient="row")
        told = f"{asked.question} {viewer} {as_of}"
        assert sorted(frame.rows(), key=repr) == sorted(right.rows(), key=repr), told
        compared += 1
    assert compared > 60


def answer_of(catalog: PostgresCatalog, sql: str, given: dict[str, Any], columns: Any) -> list[Any]:
    """Return the rows that PostgreSQL answers to *sql*, put together for DuckDB."""
    translated = translate(sql, InPostgres(), columns.__getitem__)
    places = {"value": lambda n: literal(given[n], InPostgres())}
    text = translated.filled(
        lambda kind, name: places.get(kind, lambda n: f"{catalog._schema}.{n}")(name)
    )
    return catalog._reader.cursor(binary=True).execute(text).fetchall()
