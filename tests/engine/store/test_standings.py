"""How a partition stands is what its consumer said last, beside the position that is stored."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

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
