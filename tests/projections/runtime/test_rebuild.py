"""A second copy of a view beside the one that is read: built, fed, compared, read, given up."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Event as Flag
from typing import Any, ClassVar

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.store.batch import Recorded
from engine.store.database.pool import Pool
from projections.runtime import compare, copies, progress, rebuild, stuck
from projections.runtime.compare import Apart, NoSecondCopy
from projections.runtime.projection import Projection
from projections.views import all_views
from projections.views.cases import ask
from projections.views.cases.rows import CASES, CaseRow, Cases
from projections.views.funnel.rows import Funnel
from projections.views.search.rows import Search
from schemas.complaint.registration import ComplaintRegistered
from support.drawing import SHARED
from support.histories import FEEDBACK, RECEIVED, Writer, histories, registered, uid
from support.views import asking, build, empty, rows

PAUSE = Flag().wait


def begin(pool: Pool, view: Projection) -> bool:
    return rebuild.begin(pool, view, pause=PAUSE)


def stands(pool: Pool, *views: Projection) -> list[tuple[str, int, int, bool]]:
    """Copy, position and whether it is read, of each copy."""
    with pool.connection() as connection:
        found = progress.copies_of(connection, [(view.name, view.version) for view in views])
    return [(one.view, one.copy, one.position, one.live) for one in found]


def copied(pool: Pool, copy: copies.Copy) -> list[tuple[Any, ...]]:
    name = copies.of(CASES, copy).name
    with pool.connection() as connection:
        return sorted(connection.execute(f"SELECT * FROM views.{name}").fetchall(), key=repr)


def numbers(pool: Pool) -> list[str | None]:
    with asking(pool).snapshot([ask.NAME]) as snapshot:
        return sorted((one.number for one in ask.listing(snapshot, ask.CaseFilter()).cases), key=lambda one: one or "~")


def falsify(pool: Pool) -> None:
    """Break rows of the copy that is read, as a mistake of the program or of a person would have."""
    with pool.connection() as connection:
        connection.execute("UPDATE views.cases_list_v1 SET number = 'PL-WRONG' WHERE stream = %s", (uid("one"),))
        connection.execute("DELETE FROM views.cases_list_v1 WHERE stream = %s", (uid("two"),))


def _log() -> Writer:
    return Writer().configured().add("one", RECEIVED, registered()).add("two", RECEIVED).add("thanks", FEEDBACK)


def test_a_rebuild_runs_beside_and_is_then_fed_with_the_others(pool: Pool) -> None:
    writer = _log()
    build(pool, writer.log())
    assert begin(pool, Cases())
    assert stands(pool, Cases()) == [("cases", 1, 6, True), ("cases", 2, 0, False)]
    build(pool, writer.add("two", registered("PL-00000-00002")).log(), batch=2)
    assert stands(pool, Cases(), Funnel()) == [("cases", 1, 7, True), ("cases", 2, 7, False), ("funnel", 1, 7, True)]
    assert copied(pool, 2) == copied(pool, 1) != []


def test_a_second_begin_goes_on_with_the_first(pool: Pool) -> None:
    writer = _log()
    build(pool, writer.log())
    assert begin(pool, Cases())
    build(pool, writer.log(), batch=2)
    assert not begin(pool, Cases())
    assert stands(pool, Cases())[1] == ("cases", 2, 6, False)


def test_what_differs_is_counted_and_shown(pool: Pool) -> None:
    writer = _log()
    build(pool, writer.log())
    falsify(pool)
    begin(pool, Cases())
    build(pool, writer.log())
    found = compare.compare(pool, Cases())
    (table,) = found.tables
    assert (found.view, found.position, found.differs) == ("cases", 6, True)
    assert (table.table, table.now, table.rebuilt) == ("cases_list_v1", 2, 3)
    assert (table.only_now, table.only_rebuilt, table.changed) == (0, 1, 1)
    wrong = next(one for one in table.examples if one.key == {"stream": str(uid("one"))})
    gone = next(one for one in table.examples if one.key == {"stream": str(uid("two"))})
    assert (wrong.now, wrong.rebuilt) == ({"number": "PL-WRONG"}, {"number": "PL-00000-00001"})
    assert gone.now is None
    assert gone.rebuilt is not None


def test_of_words_of_persons_a_comparison_tells_that_they_differ_and_not_what_they_are(pool: Pool) -> None:
    writer = _log()
    build(pool, writer.log())
    with pool.connection() as connection:
        connection.execute("UPDATE views_personal.search_texts_v1 SET words = 'tea' WHERE position % 2 = 1")
        connection.execute("DELETE FROM views_personal.search_texts_v1 WHERE position % 2 = 0")
    begin(pool, Search())
    build(pool, writer.log())
    (table,) = compare.compare(pool, Search()).tables
    assert table.changed
    assert table.only_rebuilt
    shown = [one for example in table.examples for one in (example.now, example.rebuilt) if one is not None]
    assert {value for one in shown for value in one.values()} == {compare.WITHHELD}


def test_a_switch_has_the_rebuilt_rows_read_and_the_way_back_the_old_ones(pool: Pool) -> None:
    writer = _log()
    build(pool, writer.log())
    falsify(pool)
    begin(pool, Cases())
    build(pool, writer.log())
    assert numbers(pool) == ["PL-WRONG", None]
    assert rebuild.switch(pool, Cases()) == 2
    assert numbers(pool) == ["PL-00000-00001", None, None]
    build(pool, writer.add("two", registered("PL-00000-00002")).log())
    assert rebuild.switch(pool, Cases()) == 1
    assert numbers(pool) == ["PL-00000-00002", "PL-WRONG", None]


def test_who_asks_while_it_is_switched_is_answered_from_one_copy_throughout(pool: Pool) -> None:
    writer = _log()
    build(pool, writer.log())
    falsify(pool)
    begin(pool, Cases())
    build(pool, writer.log())
    with asking(pool).snapshot([ask.NAME]) as snapshot:
        before = ask.listing(snapshot, ask.CaseFilter())
        rebuild.switch(pool, Cases())
        assert ask.listing(snapshot, ask.CaseFilter()) == before
    assert len(numbers(pool)) == 3


def test_a_copy_that_is_behind_is_neither_compared_nor_read(pool: Pool) -> None:
    writer = _log()
    build(pool, writer.log())
    begin(pool, Cases())
    with pytest.raises(Apart) as caught:
        compare.compare(pool, Cases())
    assert (caught.value.position, caught.value.behind) == (6, 0)
    with pytest.raises(Apart):
        rebuild.switch(pool, Cases())
    assert stands(pool, Cases())[0] == ("cases", 1, 6, True)


def test_a_view_that_stands_once_says_how_to_make_a_second_copy(pool: Pool) -> None:
    build(pool, _log().log())
    with pytest.raises(NoSecondCopy, match="`plaint project rebuild cases` makes a second copy"):
        compare.compare(pool, Cases())


def test_a_copy_that_is_given_up_is_empty_and_fed_no_more(pool: Pool) -> None:
    writer = _log()
    build(pool, writer.log())
    begin(pool, Cases())
    build(pool, writer.log())
    assert rebuild.drop(pool, Cases(), pause=PAUSE)
    assert not rebuild.drop(pool, Cases(), pause=PAUSE)
    build(pool, writer.add("three", RECEIVED).log())
    assert stands(pool, Cases()) == [("cases", 1, 7, True)]
    assert copied(pool, 2) == []


def test_the_copy_that_is_not_read_is_given_up_also_after_a_switch(pool: Pool) -> None:
    writer = _log()
    build(pool, writer.log())
    begin(pool, Cases())
    build(pool, writer.log())
    rebuild.switch(pool, Cases())
    rebuild.drop(pool, Cases(), pause=PAUSE)
    assert stands(pool, Cases()) == [("cases", 2, 6, True)]
    assert len(numbers(pool)) == 3
    begin(pool, Cases())
    build(pool, writer.log())
    assert not compare.compare(pool, Cases()).differs


@contextmanager
def _long_question(pool: Pool) -> Iterator[None]:
    with asking(pool).snapshot([ask.NAME]) as snapshot:
        ask.listing(snapshot, ask.CaseFilter())
        yield


def test_a_long_question_stalls_no_switch_and_a_copy_is_emptied_when_it_ends(pool: Pool) -> None:
    writer = _log()
    build(pool, writer.log())
    begin(pool, Cases())
    build(pool, writer.log())
    question = _long_question(pool)
    question.__enter__()
    assert rebuild.switch(pool, Cases()) == 2
    waits: list[float] = []

    def until_it_ends(seconds: float) -> None:
        waits.append(seconds)
        assert len(numbers(pool)) == 3  # others are answered meanwhile
        question.__exit__(None, None, None)

    assert rebuild.drop(pool, Cases(), pause=until_it_ends)
    assert waits == [rebuild.PAUSE_SECONDS]


class Choosy(Cases):
    """Fails on a registered case until it is mended."""

    mended: ClassVar[bool] = False

    def step(self, state: CaseRow | None, recorded: Recorded) -> CaseRow:
        if isinstance(recorded.event, ComplaintRegistered) and not self.mended:
            raise ValueError("a secret of the case")
        return super().step(state, recorded)


class Mended(Choosy):
    mended = True


def test_a_rebuild_by_a_mended_program_is_whole_while_the_old_copy_stays_incomplete(pool: Pool) -> None:
    writer = _log()
    build(pool, writer.log(), [Choosy()])
    begin(pool, Mended())
    build(pool, writer.log(), [Mended()])
    with pool.connection() as connection:
        left = stuck.parked(connection, [Cases(), Cases().of(2)])
    assert [(one.copy, one.stream) for one in left] == [(1, uid("one"))]
    assert compare.compare(pool, Cases()).left_out == 1
    rebuild.switch(pool, Cases())
    with asking(pool).snapshot([ask.NAME]) as snapshot:
        assert snapshot.left_out == 0


def test_the_owner_tries_again_what_another_process_asks_for(pool: Pool) -> None:
    writer = _log()
    build(pool, writer.log(), [Choosy()])
    with pool.connection() as connection:
        assert stuck.ask_again(connection, "cases") == 1
        assert stuck.asked_again(connection) == {("cases", 1, 1)}


on_one_database = settings(max_examples=15, deadline=None, suppress_health_check=SHARED)


@on_one_database
@given(events=histories(), begun=st.integers(0, 60), batch=st.integers(1, 9), switched=st.booleans())
def test_a_rebuild_begun_anywhere_gives_the_rows_of_the_view_that_followed(
    pool: Pool, events: Sequence[Recorded], begun: int, batch: int, *, switched: bool
) -> None:
    empty(pool)
    log = Writer(list(events)).log()
    log.until = min(begun, len(events))
    build(pool, log, batch=batch)
    for view in all_views():
        begin(pool, view)
    log.until = None
    build(pool, log, batch=batch)
    for view in all_views():
        assert not compare.compare(pool, view).differs
        if switched:
            rebuild.switch(pool, view)
    followed = rows(pool)
    empty(pool)
    build(pool, log)
    assert rows(pool) == followed


def test_a_program_before_copies_is_brought_to_todays_shape(pool: Pool) -> None:
    writer = _log()
    build(pool, writer.log())
    with pool.connection() as connection:
        connection.execute("DROP SCHEMA analytics CASCADE")
        connection.execute("DROP VIEW views.freshness CASCADE")
        connection.execute("DROP TABLE views.contract")
        for view in all_views():
            for table in view.tables:
                connection.execute(f"DROP VIEW {table.schema}.{copies.live(table).name}")
                connection.execute(f"DROP TABLE {table.schema}.{copies.of(table, 2).name}")
        connection.execute("DROP TABLE views.pointers")
        for runtime, keys in (("positions", "view, version"), ("stuck", "view, version, stream")):
            connection.execute(f"ALTER TABLE views.{runtime} DROP COLUMN copy, ADD PRIMARY KEY ({keys})")
        connection.execute("ALTER TABLE views.stuck DROP COLUMN again")
    before = rows(pool)
    build(pool, writer.add("two", registered("PL-00000-00002")).log())
    assert rows(pool) != before
    assert stands(pool, Cases()) == [("cases", 1, 7, True)]
    assert numbers(pool) == ["PL-00000-00001", "PL-00000-00002", None]


def test_a_reader_may_read_and_not_change_the_pointer(pool: Pool) -> None:
    build(pool, _log().log())
    with pool.connection() as connection:
        connection.execute("CREATE ROLE onlooker")
        connection.execute("GRANT USAGE ON SCHEMA views TO onlooker")
        connection.execute("GRANT SELECT ON views.cases_list_v1_live TO onlooker")
        connection.execute("SET LOCAL ROLE onlooker")
        counted = connection.execute("SELECT count(*) FROM views.cases_list_v1_live").fetchone()
        assert counted == (3,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
            connection.execute("UPDATE views.pointers SET copy = 2")
        connection.rollback()
