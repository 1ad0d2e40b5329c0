"""How a partition stands is what its consumer said last, beside the position that is stored."""

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from engine.store.batch import Batch, SourceMove
from engine.store.standings import Standing
from support.installation import Desk

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
ONE = Standing("kafka:c/t/1", "in", 1, "a", "running", None, AT, 10, AT)


def test_the_last_word_on_a_partition_stands_with_its_position(desk: Desk) -> None:
    zero = replace(ONE, source="kafka:c/t/0", partition=0, end_offset=None, reached=None)
    desk.store.standings.say([ONE, zero])
    desk.store.commit(Batch(sources=(SourceMove(ONE.source, None, 7),)))

    first, second = desk.store.standings.all()
    assert (first.said, first.position) == (zero, None)
    assert (second.said, second.position) == (ONE, 7)
    assert 0 <= second.silent_seconds < 60


def test_what_is_not_known_now_leaves_what_was_known(desk: Desk) -> None:
    desk.store.standings.say([ONE])
    later = AT + timedelta(hours=1)
    desk.store.standings.say(
        [replace(ONE, member="b", state="stopped", reason="topic_replaced", since=later, end_offset=None, reached=None)]
    )
    (row,) = desk.store.standings.all()
    assert desk.store.standings.stopped([ONE.source, "other"]) == {ONE.source: "topic_replaced"}
    assert row.said == replace(ONE, member="b", state="stopped", reason="topic_replaced", since=later)


def test_nothing_said_is_nothing_kept_and_what_is_forgotten_is_gone(desk: Desk) -> None:
    desk.store.standings.say([])
    desk.store.standings.say([ONE])
    desk.store.standings.forget([ONE.source])
    assert desk.store.standings.all() == []


ID = UUID(int=7)
MINE = replace(ONE, source=f"kafka:c/{ID}/1")


@pytest.mark.parametrize("reason", ["below_start", "beyond_end", "truncated"])
def test_a_stop_for_good_outlives_the_late_word_of_whoever_had_the_partition_before(desk: Desk, reason: str) -> None:
    stopped = replace(MINE, member="owner", state="stopped", reason=reason)
    desk.store.standings.say([stopped])
    desk.store.standings.say([replace(MINE, member="zombie")])
    desk.store.standings.say([replace(MINE, member="zombie", state="stopped", reason="no_answer")])
    assert [row.said for row in desk.store.standings.all()] == [stopped]
    assert desk.store.standings.stopped([MINE.source]) == {MINE.source: reason}


def test_a_stop_that_passes_by_itself_gives_way_to_whoever_reads_on(desk: Desk) -> None:
    desk.store.standings.say([replace(MINE, member="one", state="stopped", reason="no_answer")])
    desk.store.standings.say([replace(MINE, member="two")])
    assert [row.said for row in desk.store.standings.all()] == [replace(MINE, member="two")]


def test_an_adoption_lifts_a_stop_and_one_that_was_judged_before_it_is_kept_no_more(desk: Desk) -> None:
    desk.store.topics.admitted("c", {"in": ID})
    stopped = replace(MINE, state="stopped", reason="below_start")
    desk.store.standings.say([stopped])
    desk.store.topics.adopt("in", "c", ID)
    assert desk.store.standings.all() == []
    desk.store.standings.say([stopped])
    assert desk.store.standings.all() == []
    desk.store.standings.say([replace(stopped, adopted=1)])
    assert desk.store.standings.stopped([MINE.source]) == {MINE.source: "below_start"}


def test_a_stop_that_is_said_while_it_is_adopted_is_not_left_behind(desk: Desk) -> None:
    desk.store.topics.admitted("c", {"in": ID})
    stopped = replace(MINE, state="stopped", reason="truncated")
    for adopted in range(20):
        saying = threading.Thread(target=desk.store.standings.say, args=([replace(stopped, adopted=adopted)],))
        saying.start()
        desk.store.topics.adopt("in", "c", ID)
        saying.join()
        assert desk.store.standings.all() == []
