"""An analyst reads the contract and nothing else, only the rows of his units, whatever he tries."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg import Connection
from psycopg.rows import TupleRow

from engine.store.database.pool import Pool, open_pool
from engine.store.database.roles import grant
from projections.analytics import install
from projections.views import all_views
from schemas.complaint.assignment import ComplaintAssigned
from support.histories import APPLIED, FEEDBACK, PERSON, RECEIVED, Writer, registered, uid
from support.roles import LoginRole, login_role
from support.views import build

MOVED = ComplaintAssigned(
    subject_id=PERSON, team="north", assignee="person:k7", business_unit="west", reason="handover"
)
TOLD = (
    Writer()
    .configured()
    .add("here", RECEIVED, APPLIED, registered("PL-00000-00001"))
    .add("there", RECEIVED, APPLIED, registered("PL-00000-00002"), MOVED)
    .add("thanks", FEEDBACK)
)
REFUSALS = (psycopg.errors.InsufficientPrivilege, psycopg.errors.ObjectNotInPrerequisiteState)
VIEWS = ("cases_v1", "funnel_passages_v1", "funnel_cases_v1", "sla_clocks_v1", "audit_entries_v1", "cfpb_v1")


@pytest.fixture
def owner(database: str, pool: Pool) -> Iterator[Connection[TupleRow]]:
    """Whoever runs the database, after the views were built."""
    build(pool, TOLD.log())
    with psycopg.connect(database, autocommit=True) as opened:
        yield opened


@pytest.fixture
def analyst(database: str, owner: Connection[TupleRow]) -> Iterator[LoginRole]:
    with login_role(database, "analyst") as role:
        grant(owner, role.name, "analyst")
        yield role


def allowed(owner: Connection[TupleRow], role: LoginRole, *units: str) -> None:
    for unit in units:
        owner.execute("INSERT INTO analytics.units VALUES (%s, %s)", (role.name, unit))


def seen(connection: Connection[TupleRow]) -> list[str]:
    return [row[0] for row in connection.execute("SELECT number FROM analytics.cases_v1 ORDER BY 1").fetchall()]


def cases_of(connection: Connection[TupleRow], view: str) -> set[object]:
    column = "complaint_id" if view == "cfpb_v1" else "case_id"
    return {row[0] for row in connection.execute(f"SELECT {column} FROM analytics.{view}").fetchall()}


HERE, THERE = "PL-00000-00001", "PL-00000-00002"


def test_without_units_an_analyst_sees_all_rows(owner: Connection[TupleRow], analyst: LoginRole) -> None:
    with psycopg.connect(analyst.conninfo) as connection:
        assert seen(connection) == [HERE, THERE]


@pytest.mark.parametrize(
    ("units", "expected"),
    [(["main"], [HERE]), (["west"], [THERE]), (["main", "west"], [HERE, THERE]), (["*"], [HERE, THERE])],
)
def test_rows_follow_the_unit_that_a_case_has_now(
    owner: Connection[TupleRow], analyst: LoginRole, units: list[str], expected: list[str]
) -> None:
    allowed(owner, analyst, *units)
    with psycopg.connect(analyst.conninfo) as connection:
        assert seen(connection) == expected


def test_every_view_shows_the_rows_of_the_unit_alone(owner: Connection[TupleRow], analyst: LoginRole) -> None:
    allowed(owner, analyst, "west")
    with psycopg.connect(analyst.conninfo) as connection:
        for view in VIEWS:
            assert cases_of(connection, view) == {THERE if view == "cfpb_v1" else uid("there")}, view
        assert connection.execute("SELECT count(*) FROM analytics.feedback_v1").fetchone() == (0,)


def test_once_units_are_told_who_is_not_listed_sees_nothing(owner: Connection[TupleRow], analyst: LoginRole) -> None:
    owner.execute("INSERT INTO analytics.units VALUES ('somebody', 'main')")
    with psycopg.connect(analyst.conninfo) as connection:
        assert {view: cases_of(connection, view) for view in VIEWS} == {view: set() for view in VIEWS}


def test_who_may_read_the_tables_is_not_bound(owner: Connection[TupleRow], database: str) -> None:
    owner.execute("INSERT INTO analytics.units VALUES ('somebody', 'main')")
    with login_role(database, "door") as door:
        grant(owner, door.name, "door")
        with psycopg.connect(door.conninfo) as connection:
            assert seen(connection) == [HERE, THERE]


@pytest.mark.parametrize(
    "attempt",
    [
        "SET ROLE plaint_analytics",
        "SET SESSION AUTHORIZATION plaint_analytics",
        "SELECT FROM views.cases_list_v1_live",
        "SELECT FROM views.positions",
        "SELECT FROM plaint.events",
        "SELECT FROM views.freshness",
        "DELETE FROM analytics.cases_v1",
        "INSERT INTO analytics.units VALUES (session_user, '*')",
        "UPDATE analytics.units SET business_unit = '*'",
        "TRUNCATE analytics.units",
        "CREATE TABLE analytics.own ()",
        "CREATE OR REPLACE VIEW analytics.cases_v1 AS SELECT 1",
        "ALTER VIEW analytics.cases_v1 SET (security_barrier = false)",
        "GRANT plaint_analytics TO CURRENT_USER",
    ],
)
def test_what_an_analyst_may_not_do_is_refused(owner: Connection[TupleRow], analyst: LoginRole, attempt: str) -> None:
    allowed(owner, analyst, "main")
    with psycopg.connect(analyst.conninfo, autocommit=True) as connection:
        connection.execute("SET default_transaction_read_only = off")
        with pytest.raises(REFUSALS):
            connection.execute(attempt)
        assert seen(connection) == [HERE]


def test_no_setting_and_no_name_of_a_session_shows_more(owner: Connection[TupleRow], analyst: LoginRole) -> None:
    allowed(owner, analyst, "main")
    with psycopg.connect(analyst.conninfo, autocommit=True) as connection:
        for attempt in (
            "SET default_transaction_read_only = off",
            "SET plaint.business_unit = 'west'",
            "SET row_security = off",
            "CREATE TEMP TABLE units AS SELECT session_user::text AS role, '*' AS business_unit",
            "CREATE FUNCTION pg_temp.has_table_privilege(name, oid, text) RETURNS bool LANGUAGE sql AS 'SELECT true'",
            "CREATE FUNCTION pg_temp.session_user() RETURNS name LANGUAGE sql AS 'SELECT ''postgres''::name'",
            "SET search_path = pg_temp, views, analytics, pg_catalog",
        ):
            connection.execute(attempt)
            assert seen(connection) == [HERE]


def test_a_cheap_function_in_a_condition_is_given_no_row_of_another_unit(
    owner: Connection[TupleRow], analyst: LoginRole
) -> None:
    allowed(owner, analyst, "main")
    told: list[str] = []
    with psycopg.connect(analyst.conninfo, autocommit=True) as connection:
        connection.add_notice_handler(lambda notice: told.append(notice.message_primary or ""))
        connection.execute("SET default_transaction_read_only = off")
        connection.execute(
            "CREATE FUNCTION pg_temp.leak(text) RETURNS bool COST 0.0000001 LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE NOTICE '%', $1; RETURN true; END $$"
        )
        for view, column in (
            ("cases_v1", "number"),
            ("sla_clocks_v1", "number"),
            ("audit_entries_v1", "case_id::text"),
        ):
            connection.execute(f"SELECT FROM analytics.{view} WHERE pg_temp.leak({column})")
    assert HERE in told
    assert THERE not in told
    assert str(uid("there")) not in told


def test_the_sessions_of_an_analyst_are_bounded(analyst: LoginRole) -> None:
    with psycopg.connect(analyst.conninfo) as connection:
        found = connection.execute(
            "SELECT current_setting('statement_timeout'), current_setting('default_transaction_read_only')"
        ).fetchone()
    assert found == ("1min", "on")


def test_the_role_of_the_projections_defines_the_contract_without_being_a_superuser(
    owner: Connection[TupleRow], database: str
) -> None:
    """Its analyst was given his rights before there was a view to read."""
    with login_role(database, "views") as projecting, login_role(database, "analyst") as early:
        owner.execute("DROP SCHEMA analytics CASCADE; DROP SCHEMA views, views_personal CASCADE")
        grant(owner, projecting.name, "projection")
        grant(owner, early.name, "analyst")
        with open_pool(projecting.conninfo, max_size=3, name="views") as views:
            build(views, TOLD.log())
            with views.connection() as connection:
                assert install.ensure(connection, all_views()) == []
        with psycopg.connect(early.conninfo) as connection:
            assert seen(connection) == [HERE, THERE]
        holders = owner.execute("SELECT DISTINCT viewowner FROM pg_views WHERE schemaname = 'analytics'").fetchall()
        assert holders == [(install.OWNER,)]
