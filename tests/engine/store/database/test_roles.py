"""Login roles on a real server: the whole program works with the rights of a door, and what was recorded stays."""

from collections.abc import Iterator
from dataclasses import astuple
from functools import partial
from pathlib import Path

import psycopg
import pytest
from psycopg import Connection, sql
from psycopg.errors import InsufficientPrivilege, ReadOnlySqlTransaction
from psycopg.rows import TupleRow
from psycopg.sql import SQL

from consumers.wiring import presets
from engine.store.access_log import Access
from engine.store.batch import Batch, SetAside
from engine.store.database.errors import OlderProgramsRun, RoleRefused
from engine.store.database.migrate import migrate
from engine.store.database.opening import open_database, take_steps
from engine.store.database.pool import open_pool
from engine.store.database.roles import ADDED_TO, DOOR, Granted, Kind, grant, granted, own_rights, planned, renew
from engine.store.database.running import Presence
from engine.store.database.steps import steps_of
from engine.store.read import Reader
from engine.store.recorder import LogRecorder
from engine.store.vault.keys import Keys
from engine.store.vault.rotation import usage
from engine.store.vault.service_keys import ServiceKeys
from engine.store.vault.wrapping import WrappingKeys
from projections.runtime import versions
from projections.runtime.runner import Runner
from projections.views import all_views
from schemas.complaint.correspondence import AddNote
from support.erasing import MASTER, Eraser, eraser
from support.held import PATIENCE_SECONDS, later
from support.installation import derived
from support.roles import LoginRole, login_role


@pytest.fixture
def owner(database: str) -> Iterator[Connection[TupleRow]]:
    with psycopg.connect(database, autocommit=True) as opened:
        yield opened


@pytest.fixture
def door(database: str, owner: Connection[TupleRow]) -> Iterator[LoginRole]:
    with login_role(database, "door") as role:
        grant(owner, role.name, "door")
        yield role


@pytest.fixture
def projecting(database: str) -> Iterator[LoginRole]:
    with login_role(database, "views") as role:
        yield role


def ran(conninfo: str, *statements: str) -> list[str]:
    """Return what became of each statement under that role."""
    found = []
    with psycopg.connect(conninfo, autocommit=True) as connection:
        for statement in statements:
            try:
                connection.execute(statement.encode())
                found.append("done")
            except (InsufficientPrivilege, ReadOnlySqlTransaction):
                found.append("refused")
    return found


def catch_up(conninfo: str) -> int:
    with open_pool(conninfo, max_size=4, name="views") as pool:
        keys = Keys(pool, WrappingKeys(ServiceKeys(pool, MASTER)))
        return Runner(pool, Reader(pool, keys), all_views()).catch_up()


def live(desk: Eraser) -> None:
    """Have a message arrive, one parked, a note, a read, and a person erased."""
    desk.service.activate(presets.shipped(), desk.around(), desk.at)
    stream = desk.opened(channel="web_form", id="1", text="It broke. I demand a new one.")
    desk.give(stream, AddNote(note="Called back."))
    desk.give(stream, AddNote(note="Called back again."))
    aside = SetAside("dead_letter", derived("aside"), b"f" * 32, "malformed", "test", b"whole")
    desk.store.commit(Batch(set_aside=(aside,)))
    assert desk.store.set_aside.show(aside.id)[1] == b"whole"
    desk.store.set_aside.discard([aside.id])
    desk.store.set_aside.destroy_past_weeks()
    desk.store.access_log.note(Access("person:ann", "case", stream))
    desk.erased(desk.author(stream))
    assert desk.texts(stream)[0] == "erased"


def test_the_whole_program_works_with_the_rights_of_a_door_that_owns_the_views(
    owner: Connection[TupleRow], door: LoginRole, tmp_path: Path
) -> None:
    grant(owner, door.name, "projection")
    with open_database(door.conninfo, "auto").presence, eraser(door.conninfo, tmp_path) as desk:
        live(desk)
        assert desk.pool is not None
        usage(desk.pool)
        LogRecorder(desk.pool).max_notification_id()
        head = desk.store.read.head().position
    assert catch_up(door.conninfo) == head > 3


@pytest.mark.parametrize("table", ADDED_TO)
def test_a_door_changes_nothing_that_was_recorded(door: LoginRole, table: str) -> None:
    column = {"plaint.events": "name", "plaint.messages": "stream", "plaint.access_log": "actor"}.get(table, "number")
    assert ran(
        door.conninfo,
        f"SELECT count(*) FROM {table}",
        f"UPDATE {table} SET {column} = {column}",
        f"DELETE FROM {table}",
        f"TRUNCATE {table}",
        f"ALTER TABLE {table} DISABLE TRIGGER only_added_to",
        f"SELECT FROM {table} FOR UPDATE",
    ) == ["done", "refused", "refused", "refused", "refused", "refused"]


@pytest.mark.parametrize("table", ADDED_TO)
def test_not_even_the_owner_changes_it_by_mistake(owner: Connection[TupleRow], table: str) -> None:
    for statement in (f"UPDATE {table} SET recorded_at = now()", f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE"):
        if "recorded_at" not in statement or table in ("plaint.events", "plaint.access_log"):
            with pytest.raises(InsufficientPrivilege, match=f"of {table} is refused: it is only ever added to"):
                owner.execute(statement.encode())


def test_the_trigger_fires_for_statements_that_change_and_for_no_append(owner: Connection[TupleRow]) -> None:
    rows = owner.execute(
        "SELECT tgrelid::regclass::text, pg_get_triggerdef(oid) FROM pg_trigger "
        "WHERE tgname = 'only_added_to' ORDER BY 1"
    ).fetchall()
    assert [name for name, _ in rows] == sorted(ADDED_TO)
    assert {" ".join(text.split()[3:9]) for _, text in rows} == {"BEFORE DELETE OR UPDATE OR TRUNCATE"}
    assert all("FOR EACH STATEMENT" in text for _, text in rows)


def test_of_data_keys_a_door_changes_the_wrapping_alone(door: LoginRole) -> None:
    assert ran(
        door.conninfo,
        "UPDATE plaint_keys.data_keys SET wrapped = NULL, master_id = NULL",
        "UPDATE plaint_keys.data_keys SET key_id = key_id",
        "UPDATE plaint_keys.data_keys SET subject = subject",
        "DELETE FROM plaint_keys.data_keys",
        "DELETE FROM plaint_keys.erased_subjects",
        "DELETE FROM plaint.answers",
        "CREATE TABLE plaint.own ()",
        "DROP TABLE plaint.snapshots",
    ) == ["done", "refused", "refused", "refused", "refused", "refused", "refused", "refused"]


def test_every_table_of_the_write_side_has_its_rights_decided(owner: Connection[TupleRow]) -> None:
    """A new table of a migration belongs into `DOOR`, else the doors stop at it."""
    rows = owner.execute(
        "SELECT schemaname || '.' || tablename FROM pg_tables WHERE schemaname IN ('plaint', 'plaint_keys')"
    )
    assert {row[0] for row in rows} == DOOR.keys()


def test_the_role_of_the_views_makes_and_fills_them_and_writes_nothing_else(
    database: str, owner: Connection[TupleRow], projecting: LoginRole, tmp_path: Path
) -> None:
    with eraser(database, tmp_path) as desk:
        live(desk)
        head = desk.store.read.head().position
    grant(owner, projecting.name, "projection")
    with open_database(projecting.conninfo, "auto").presence:
        assert catch_up(projecting.conninfo) == head
    assert ran(
        projecting.conninfo,
        "SELECT count(*) FROM plaint.events",
        "INSERT INTO plaint.sources VALUES ('x', 1)",
        "UPDATE plaint_keys.data_keys SET wrapped = NULL, master_id = NULL",
        "DELETE FROM plaint.contacts",
    ) == ["done", "refused", "refused", "refused"]


def test_a_door_reads_views_that_their_owner_makes_later(
    owner: Connection[TupleRow], door: LoginRole, projecting: LoginRole
) -> None:
    grant(owner, projecting.name, "projection")
    with open_pool(projecting.conninfo, max_size=2, name="views") as pool, pool.connection() as connection:
        versions.ensure(connection, all_views())
    assert ran(door.conninfo, "SELECT FROM views.positions", "DELETE FROM views.positions") == ["done", "refused"]


def test_views_that_somebody_else_made_are_given_to_the_role_of_the_views(
    database: str, owner: Connection[TupleRow], projecting: LoginRole
) -> None:
    with open_pool(database, max_size=2, name="views") as pool, pool.connection() as connection:
        versions.ensure(connection, all_views())
    grant(owner, projecting.name, "projection")
    with open_pool(projecting.conninfo, max_size=2, name="views") as pool, pool.connection() as connection:
        for view in all_views():
            versions.drop(connection, view)
        versions.ensure(connection, all_views())


def test_one_role_owns_the_views_and_a_second_one_takes_its_place(
    database: str, owner: Connection[TupleRow], projecting: LoginRole
) -> None:
    with login_role(database, "other") as other:
        grant(owner, projecting.name, "projection")
        grant(owner, other.name, "projection")
        assert granted(owner) == [Granted(other.name, "projection")]
        assert ran(projecting.conninfo, "CREATE TABLE views.own ()") == ["refused"]
        assert ran(other.conninfo, "CREATE TABLE views.own ()") == ["done"]


def test_an_analyst_reads_analytics_alone(owner: Connection[TupleRow], projecting: LoginRole, database: str) -> None:
    owner.execute("CREATE SCHEMA analytics; CREATE TABLE analytics.early ()")
    with login_role(database, "analyst") as analyst:
        grant(owner, projecting.name, "projection")
        grant(owner, analyst.name, "analyst")
        owner.execute(SQL("GRANT CREATE, USAGE ON SCHEMA analytics TO {}").format(sql.Identifier(projecting.name)))
        assert ran(projecting.conninfo, "CREATE TABLE analytics.late ()") == ["done"]
        assert ran(
            analyst.conninfo,
            "SELECT FROM analytics.early",
            "SELECT FROM analytics.late",
            "DELETE FROM analytics.late",
            "SELECT FROM plaint.events",
            "SELECT FROM plaint_keys.data_keys",
            "SELECT FROM views.positions",
        ) == ["done", "done", "refused", "refused", "refused", "refused"]


def test_the_role_of_migrations_takes_over_the_tables_and_takes_steps(empty_database: str, tmp_path: Path) -> None:
    first, second = "0001_expand_one.sql", "0002_expand_two.sql"
    (tmp_path / first).write_text("CREATE TABLE plaint.one ();")
    with psycopg.connect(empty_database, autocommit=True) as owner, login_role(empty_database, "ddl") as role:
        migrate(owner, tmp_path)
        grant(owner, role.name, "migration")
        (tmp_path / second).write_text("ALTER TABLE plaint.one ADD COLUMN more integer; CREATE TABLE plaint.two ();")
        with psycopg.connect(role.conninfo, autocommit=True) as connection:
            assert [step.name for step in migrate(connection, tmp_path)] == [second]
            assert astuple(own_rights(connection)) == (role.name, False, False, True)


def test_a_fresh_database_is_made_whole_by_the_role_of_migrations_which_then_gives_a_door_its_rights(
    empty_database: str, tmp_path: Path
) -> None:
    with (
        psycopg.connect(empty_database, autocommit=True) as administrator,
        login_role(empty_database, "ddl") as role,
        login_role(empty_database, "door") as door,
    ):
        grant(administrator, role.name, "migration")
        with psycopg.connect(role.conninfo, autocommit=True) as connection:
            migrate(connection)
            grant(connection, door.name, "door")
            assert astuple(own_rights(connection)) == (role.name, False, True, True)
        with psycopg.connect(door.conninfo) as connection:
            assert astuple(own_rights(connection)) == (door.name, False, False, False)


def test_a_migration_gives_recorded_roles_their_rights_on_new_tables(
    owner: Connection[TupleRow], door: LoginRole
) -> None:
    owner.execute("DROP TABLE plaint.snapshots")
    owner.execute("CREATE TABLE plaint.snapshots (stream uuid)")
    assert ran(door.conninfo, "DELETE FROM plaint.snapshots") == ["refused"]
    renew(owner)
    assert ran(door.conninfo, "DELETE FROM plaint.snapshots") == ["done"]


def test_rights_given_by_several_at_once_are_given_one_after_the_other(
    database: str, owner: Connection[TupleRow], door: LoginRole, projecting: LoginRole
) -> None:
    failed: list[BaseException] = []

    def give(kind: Kind | None) -> None:
        try:
            with psycopg.connect(database, autocommit=True) as connection:
                for _ in range(5):
                    renew(connection) if kind is None else grant(connection, projecting.name, kind)
        except psycopg.Error as error:
            failed.append(error)

    threads = [later(partial(give, kind)) for kind in (None, None, "projection")]
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
    assert (failed, [thread.is_alive() for thread in threads]) == ([], [False] * 3)
    assert granted(owner) == sorted([Granted(door.name, "door"), Granted(projecting.name, "projection")], key=astuple)


def test_steps_that_were_taken_before_one_was_refused_have_their_rights_given_too(
    database: str, owner: Connection[TupleRow], door: LoginRole, tmp_path: Path
) -> None:
    for step in steps_of():
        (tmp_path / step.name).write_bytes(step.statements)
    anew = "DROP TABLE plaint.snapshots; CREATE TABLE plaint.snapshots (stream uuid);"
    (tmp_path / "9000_expand_anew.sql").write_text(anew, encoding="utf-8")
    (tmp_path / "9001_contract_more.sql").write_text("SELECT 1;", encoding="utf-8")
    with Presence(database, 9000), pytest.raises(OlderProgramsRun, match=r"9001_contract_more\.sql takes away"):
        take_steps(owner, tmp_path, contracts="take")
    assert ran(door.conninfo, "DELETE FROM plaint.snapshots") == ["done"]
    # Nothing was taken: what stands is let be.
    owner.execute(SQL("REVOKE DELETE ON plaint.snapshots FROM {}").format(sql.Identifier(door.name)))
    assert take_steps(owner, tmp_path, contracts="leave") == []
    assert ran(door.conninfo, "DELETE FROM plaint.snapshots") == ["refused"]


def test_rights_given_again_are_the_same_and_take_away_what_somebody_added(
    owner: Connection[TupleRow], door: LoginRole
) -> None:
    def rights() -> list[TupleRow]:
        return owner.execute(
            "SELECT relname, relacl::text FROM pg_class WHERE relnamespace = 'plaint'::regnamespace ORDER BY 1"
        ).fetchall()

    before = rights()
    owner.execute(SQL("GRANT ALL ON plaint.events TO {}").format(sql.Identifier(door.name)))
    assert rights() != before
    grant(owner, door.name, "door")
    assert rights() == before


def test_what_would_be_done_is_what_is_done_and_changes_nothing_itself(
    owner: Connection[TupleRow], projecting: LoginRole
) -> None:
    texts = [statement.as_string(owner) for statement in planned(owner, projecting.name, "projection")]
    assert granted(owner) == []
    assert grant(owner, projecting.name, "projection") == texts
    assert texts[:2] == [
        f"DELETE FROM plaint.roles WHERE kind = 'projection' AND role <> '{projecting.name}'",
        f"INSERT INTO plaint.roles (role, kind) VALUES ('{projecting.name}', 'projection') ON CONFLICT DO NOTHING",
    ]


def test_a_role_that_rights_do_not_bind_is_refused(database: str, owner: Connection[TupleRow], door: LoginRole) -> None:
    superuser = owner.info.user
    with pytest.raises(RoleRefused, match=r"no login role 'nobody_here': make it first \(CREATE ROLE \.\.\. LOGIN\)"):
        grant(owner, "nobody_here", "door")
    with pytest.raises(RoleRefused, match=f"'{superuser}' is a superuser, whom no rights bind"):
        grant(owner, superuser, "door")
    owner.execute(SQL("ALTER TABLE plaint.events OWNER TO {}").format(sql.Identifier(door.name)))
    with pytest.raises(RoleRefused, match=r"owns tables of the log and so may change them: give them to"):
        grant(owner, door.name, "door")


def test_rights_cannot_be_given_on_tables_that_are_not_there(empty_database: str) -> None:
    with (
        psycopg.connect(empty_database, autocommit=True) as connection,
        login_role(empty_database) as role,
        pytest.raises(RoleRefused, match="run `plaint store migrate` first"),
    ):
        grant(connection, role.name, "door")


def test_a_superuser_may_change_the_log_and_is_told_so(owner: Connection[TupleRow]) -> None:
    assert astuple(own_rights(owner)) == (owner.info.user, True, True, True)
