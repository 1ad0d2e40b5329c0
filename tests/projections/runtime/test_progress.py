from datetime import timedelta
from threading import Event as Flag

import pytest

from engine.store.database.pool import Pool
from projections.runtime import progress
from projections.runtime.progress import Missing, NotYet
from projections.views import all_views
from projections.views.cases.ask import NAME as CASES
from projections.views.cases.rows import Cases
from projections.views.funnel.ask import NAME as FUNNEL
from projections.views.funnel.rows import Funnel
from support.histories import INCARNATION, RECEIVED, START, Writer, registered
from support.views import asking, build


def test_a_view_tells_where_it_stands_and_how_far_behind(pool: Pool) -> None:
    writer = Writer().configured().add("case", RECEIVED)
    build(pool, writer.log())
    log = writer.add("case", registered()).add("other", RECEIVED).log()
    with pool.connection() as connection:
        found = progress.status(connection, all_views(), log.head())
    assert [(one.reached.view, one.lag_events, one.lag_seconds) for one in found] == [
        (view.name, 2, 2.0) for view in all_views()
    ]
    assert found[0].reached.recorded_at == START + timedelta(seconds=3)
    assert found[0].reached.incarnation == INCARNATION


def test_waiting_ends_when_the_position_is_reached(pool: Pool) -> None:
    log = Writer().configured().add("case", RECEIVED).log()
    build(pool, log, [Cases()])
    waits: list[float] = []

    def while_waiting(seconds: float) -> None:
        waits.append(seconds)
        log.events = [*log.events, *Writer(list(log.events), {}).add("later", RECEIVED).events[-1:]]
        build(pool, log, [Cases()])

    progress.wait_for(pool, [CASES], 4, 5.0, pause=while_waiting)
    assert waits == [0.02]


def test_waiting_is_bounded_and_says_when_to_ask_again(pool: Pool) -> None:
    build(pool, Writer().configured().log(), [Cases()])
    with pytest.raises(NotYet) as caught:
        progress.wait_for(pool, [CASES], 3, 0.05, pause=Flag().wait)
    assert (caught.value.asked, caught.value.reached, caught.value.retry_after) == (3, 2, 1.0)


def test_a_view_that_never_ran_is_named(pool: Pool) -> None:
    with pytest.raises(Missing, match=r"no tables of cases v1: let `plaint project --once` make and fill them"):
        progress.wait_for(pool, [CASES], 1, 1.0, pause=Flag().wait)


def test_an_answer_from_views_at_different_positions_is_not_given(pool: Pool) -> None:
    writer = Writer().configured()
    build(pool, writer.log(), [Cases(), Funnel()])
    build(pool, writer.add("case", RECEIVED).log(), [Cases()])
    with pytest.raises(NotYet), asking(pool).snapshot([CASES, FUNNEL]):
        pass


def test_a_snapshot_shows_no_row_behind_its_position(pool: Pool) -> None:
    writer = Writer().configured().add("case", RECEIVED)
    build(pool, writer.log())
    with asking(pool).snapshot([CASES]) as snapshot:
        build(pool, writer.add("other", RECEIVED).log())
        counted = snapshot.connection.execute("SELECT count(*) FROM views.cases_list_v1").fetchone()
        assert (snapshot.position, counted) == (3, (1,))
