"""The contract with analysts: a view, its columns, their types and what is said of them stay as they are told here."""

import json
from pathlib import Path
from typing import Any

import pytest

from engine.store.database.pool import Pool
from projections.analytics import contract, install
from projections.runtime import versions
from projections.views import all_views
from support.histories import SECRET, Writer
from support.views import build

GOLDEN = Path(__file__).parents[2] / "golden" / "analytics.json"
Contract = dict[str, dict[str, Any]]


def of_database(pool: Pool) -> Contract:
    """What the database says of schema ``analytics``."""
    with pool.connection() as connection:
        rows = connection.execute(
            "SELECT c.relname, obj_description(c.oid), a.attname, format_type(a.atttypid, a.atttypmod), "
            "col_description(c.oid, a.attnum) FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid "
            "WHERE c.relnamespace = 'analytics'::regnamespace AND c.relkind = 'v' AND a.attnum > 0 ORDER BY 1, a.attnum"
        ).fetchall()
    found: Contract = {}
    for view, said, column, kind, comment in rows:
        columns = found.setdefault(view, {"comment": said, "columns": {}})["columns"]
        columns[column] = {"type": kind, "comment": comment}
    return found


@pytest.fixture
def built(pool: Pool) -> Pool:
    build(pool, Writer().configured().log())
    return pool


def test_the_contract_is_what_the_golden_file_tells(built: Pool) -> None:
    """Dropping, renaming or another type breaks what others built: that is a new version of the view beside this one.

    What is added belongs into the golden file as it stands in the message of this test.
    """
    found = of_database(built)
    assert found == json.loads(GOLDEN.read_text(encoding="utf-8")), json.dumps(found, indent=1, ensure_ascii=False)


def test_the_columns_stand_in_the_order_of_the_golden_file(built: Pool) -> None:
    told: Contract = json.loads(GOLDEN.read_text(encoding="utf-8"))
    assert {view: list(one["columns"]) for view, one in of_database(built).items()} == {
        view: list(one["columns"]) for view, one in told.items()
    }


def test_every_view_and_column_has_a_comment_and_says_how_fresh_it_is(built: Pool) -> None:
    for view, one in of_database(built).items():
        assert one["comment"], view
        assert [name for name, column in one["columns"].items() if not column["comment"]] == [], view
        assert one["columns"].keys() >= {"as_of_position", "as_of_time", "lag_seconds"}, view


def test_the_files_tell_the_columns_that_the_database_has(built: Pool) -> None:
    told = {one.name: list(one.names) for one in contract.published(all_views())}
    assert told == {view: list(one["columns"]) for view, one in of_database(built).items()}


def test_no_view_reads_plaintext(built: Pool) -> None:
    assert all("views_personal" not in one.query for one in contract.published(all_views()))
    assert SECRET not in repr(of_database(built))


def test_views_belong_to_a_role_that_no_login_has_and_that_owns_no_table(built: Pool) -> None:
    with built.connection() as connection:
        owners = connection.execute(
            "SELECT DISTINCT viewowner, rolcanlogin, rolbypassrls, rolsuper FROM pg_views "
            "JOIN pg_roles ON rolname = viewowner WHERE schemaname = 'analytics'"
        ).fetchall()
        tables = connection.execute(
            "SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relowner = to_regrole(%s)", (install.OWNER,)
        ).fetchone()
    assert (owners, tables) == ([(install.OWNER, False, False, False)], (0,))


def test_a_second_look_changes_nothing(built: Pool) -> None:
    question = "SELECT oid, relname, xmin::text FROM pg_class WHERE relnamespace = 'analytics'::regnamespace ORDER BY 2"
    with built.connection() as connection:
        before = connection.execute(question).fetchall()
        assert install.ensure(connection, all_views()) == []
        assert connection.execute(question).fetchall() == before


def test_a_definition_of_another_program_is_replaced_once_its_readers_are_gone(built: Pool) -> None:
    with built.connection() as connection:
        connection.execute("UPDATE views.contract SET digest = 'another' WHERE view = 'cases_v1'")
        connection.execute("COMMENT ON COLUMN analytics.cases_v1.stage IS 'another'")
    with built.connection() as reader, built.connection() as connection:
        reader.execute("SELECT FROM analytics.cases_v1")
        assert install.ensure(connection, all_views()) == ["cases_v1"]
        reader.rollback()
        assert install.ensure(connection, all_views()) == []
    assert of_database(built)["cases_v1"]["columns"]["stage"]["comment"].startswith("registration, ")


def test_dropped_views_stand_again_after_the_next_start(built: Pool) -> None:
    before = of_database(built)
    with built.connection() as connection:
        for view in all_views():
            versions.drop(connection, view)
    assert of_database(built) == {}
    build(built, Writer().configured().log())
    assert of_database(built) == before
