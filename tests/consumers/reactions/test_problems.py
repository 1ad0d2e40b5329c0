from dataclasses import replace
from uuid import UUID

from consumers.reactions import problems
from engine.configuration.in_force import Book
from engine.ids import derived
from engine.incoming import Done
from engine.store.database.pool import Pool
from engine.streams.problem import Problem
from engine.streams_of import fold
from projections.views.funnel.rows import Funnel
from projections.views.problems.rows import Problems
from projections.views.similar.rows import Similar
from schemas.complaint.base import Command
from schemas.complaint.investigation import CauseMended
from schemas.streams.problem import (
    AssignProblemAction,
    CloseProblem,
    CompleteProblemAction,
    OpenProblem,
    ProblemLinked,
    ProblemSuspected,
    UnlinkFromProblem,
)
from support.following import react, world
from support.installation import Desk
from support.views import build

LEAKS = (
    "The kettle leaks at the handle and the kitchen floor is wet every morning.",
    "My new kettle leaks: water runs from the handle of the kettle onto the kitchen floor.",
    "Water leaks out of the kettle near its handle, the kitchen floor gets wet.",
    "The handle of my kettle leaks water on the kitchen floor every morning, it is wet.",
)
OTHERS = ("The courier shouted at my mother.", "I was charged twice for one order.", "The invoice has a wrong name.")
VIEWS = (Funnel(), Problems(), Similar())


def acted(desk: Desk, pool: Pool) -> dict[str, int]:
    return dict(react(desk, pool, problems.REACTION, views=VIEWS).acted)


def say(desk: Desk, text: str) -> UUID:
    desk.later(minutes=1)
    author = {"contacts": [{"kind": "email", "value": f"{derived(UUID(int=0), text).hex}@example.org"}]}
    message = {"channel": "web_form", "system": "shop", "id": text, "text": text, "author": author}
    return desk.opened(**message, hints={"sense": "complaint"})


def order(desk: Desk, stream: UUID, command: Command) -> None:
    result = desk.give(stream, command, by="person:lead")
    assert isinstance(result, Done), result


def names(desk: Desk, stream: UUID) -> list[str]:
    return [one.name for one in desk.history(stream, open=False)]


def test_the_third_complaint_about_one_matter_is_one_alarm_and_later_ones_are_counted_to_it(
    desk: Desk, pool: Pool
) -> None:
    for text in OTHERS:
        say(desk, text)
    first = say(desk, LEAKS[0])
    problem = derived(first, "problem")
    second = say(desk, LEAKS[1])
    assert acted(desk, pool) == {}

    third = say(desk, LEAKS[2])
    assert acted(desk, pool) == {"problems": 1}
    assert acted(desk, pool) == {}
    fourth = say(desk, LEAKS[3])
    assert acted(desk, pool) == {"problems": 1}

    history = desk.history(problem, open=False)
    assert [type(one.event) for one in history] == [ProblemSuspected, ProblemLinked]
    assert isinstance(suspected := history[0].event, ProblemSuspected)
    assert set(suspected.complaints) == {first, second, third}
    assert history[1].event == ProblemLinked(complaint=fourth)
    assert [one.envelope.decided_by.rule for one in history if one.envelope.decided_by] == ["alike", "alike"]
    assert {one.envelope.actor for one in history} == {"rule:problems"}


def test_all_that_came_in_one_batch_is_one_alarm_too(desk: Desk, pool: Pool) -> None:
    streams = [say(desk, text) for text in (*OTHERS, *LEAKS)][len(OTHERS) :]
    acted(desk, pool)
    state = fold(desk.history(derived(streams[0], "problem"), open=False))
    assert isinstance(state, Problem)
    assert set(state.complaints) == set(streams)


def test_what_came_more_than_a_week_apart_is_not_one_matter(desk: Desk, pool: Pool) -> None:
    for text in (*OTHERS, *LEAKS[:2]):
        say(desk, text)
    desk.later(days=8)
    say(desk, LEAKS[2])
    assert acted(desk, pool) == {}


def test_a_person_closes_a_suspicion_and_it_is_not_raised_again(desk: Desk, pool: Pool) -> None:
    streams = [say(desk, text) for text in LEAKS[:3]]
    acted(desk, pool)
    problem = derived(streams[0], "problem")
    order(desk, problem, CloseProblem(mended=False))
    say(desk, LEAKS[3])
    assert acted(desk, pool) == {}
    assert names(desk, problem) == ["problem.suspected.v1", "problem.closed.v1"]


def test_whose_problem_is_mended_is_told_so_once_when_nothing_is_left_to_do(desk: Desk, pool: Pool) -> None:
    streams = [say(desk, text) for text in LEAKS[:3]]
    acted(desk, pool)
    problem = derived(streams[0], "problem")
    one, two = derived(problem, "a"), derived(problem, "b")
    order(desk, problem, OpenProblem(cause="supplier"))
    order(desk, problem, UnlinkFromProblem(complaint=streams[2]))
    for action in (one, two):
        order(desk, problem, AssignProblemAction(action_id=action, team="kitchen"))
    order(desk, problem, CompleteProblemAction(action_id=one))
    assert acted(desk, pool) == {}
    order(desk, problem, CompleteProblemAction(action_id=two))
    assert acted(desk, pool) == {"problems": 2}
    assert acted(desk, pool) == {}

    told = [[one.event for one in desk.history(each) if isinstance(one.event, CauseMended)] for each in streams]
    assert [[event.problem for event in events] for events in told] == [[problem], [problem], []]


def test_with_no_rules_in_force_nothing_is_suspected(desk: Desk, pool: Pool) -> None:
    for text in LEAKS:
        say(desk, text)
    build(pool, desk.store.read, list(VIEWS))
    here = world(desk, pool)
    log = [one for one in desk.store.read.log(0, 1_000) if one.name in problems.REACTION.names]
    assert len(problems.react(log, here)) == 1
    assert problems.react(log, replace(here, book=Book)) == []
