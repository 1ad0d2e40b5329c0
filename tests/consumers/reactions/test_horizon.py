from datetime import datetime, timedelta

from consumers.reactions.horizon import MARGIN, TOLERATED, Guard, Horizon, Source, of_partitions
from engine.store.standings import Standing, StandingRow
from support.installation import MONDAY

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


def row(
    *, end: int | None, position: int | None, measured: datetime | None = None, reached: datetime | None = None
) -> StandingRow:
    said = Standing("kafka:c/t/0", "in", 0, "m", "running", None, MONDAY, end, reached, measured)
    return StandingRow(said, MONDAY, position, 0.0)


def through(one: StandingRow) -> datetime | None:
    (source,) = of_partitions([one])
    assert source.name == "in/0"
    return source.through


def test_a_partition_that_was_read_to_its_end_is_known_up_to_when_the_end_was_asked_for() -> None:
    measured, reached = MONDAY + HOUR, MONDAY
    assert through(row(end=10, position=10, measured=measured, reached=reached)) == measured
    assert through(row(end=0, position=None, measured=measured)) == measured


def test_a_partition_with_something_left_is_known_up_to_the_last_record_that_was_read() -> None:
    assert through(row(end=10, position=9, measured=MONDAY + HOUR, reached=MONDAY)) == MONDAY
    assert through(row(end=10, position=None, measured=MONDAY + HOUR)) is None
    assert through(row(end=None, position=9, measured=MONDAY + HOUR, reached=MONDAY)) == MONDAY


def test_a_consumer_that_does_not_say_when_it_asked_is_believed_no_further_than_its_last_record() -> None:
    assert through(row(end=10, position=10, reached=MONDAY)) == MONDAY


def test_clocks_act_up_to_the_source_that_is_furthest_behind() -> None:
    now = MONDAY + HOUR
    guard = Guard(HOUR)
    assert guard.look([], now, 0.0) == Horizon(now - MARGIN)
    behind, ahead = Source("behind", now - 30 * SECOND), Source("ahead", now + HOUR)
    assert guard.look([behind, ahead], now, 0.0) == Horizon(now - 30 * SECOND - MARGIN)
    assert guard.look([ahead], now, 0.0) == Horizon(now - MARGIN)


def test_a_source_is_passed_over_after_the_patience_and_waited_for_anew_once_it_was_there() -> None:
    guard = Guard(HOUR)
    slow = Source("slow", MONDAY)
    at = MONDAY + TOLERATED + SECOND
    assert guard.look([slow], at, 100.0) == Horizon(MONDAY - MARGIN, held_by=(slow,))
    assert guard.look([slow], at, 100.0 + 3599) == Horizon(MONDAY - MARGIN, held_by=(slow,))
    assert guard.look([slow], at, 100.0 + 3600) == Horizon(at - MARGIN, passed_over=(slow,))
    there = Source("slow", at)
    assert guard.look([there], at, 3800.0) == Horizon(at - MARGIN)
    assert guard.look([slow], at, 3900.0) == Horizon(MONDAY - MARGIN, held_by=(slow,))


def test_a_source_of_which_nothing_is_known_holds_everything_back() -> None:
    unknown = Source("new", None)
    found = Guard(HOUR).look([unknown], MONDAY, 0.0)
    assert found.held_by == (unknown,)
    assert found.through < MONDAY - 365 * 24 * HOUR


def test_the_patience_is_measured_by_a_clock_that_never_goes_backwards() -> None:
    guard = Guard(HOUR)
    slow = Source("slow", MONDAY)
    guard.look([slow], MONDAY + 2 * HOUR, 0.0)
    assert guard.look([slow], MONDAY + 90 * HOUR, 10.0).held_by == (slow,)
    assert guard.look([slow], MONDAY + HOUR, 3600.0).passed_over == (slow,)
