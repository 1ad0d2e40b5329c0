"""Whoever has been answered is asked how satisfied he is, reminded, and called where a mark is bad.

Invitations and reminders are events of the case; who writes them to him follows the log like all letters.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from consumers.reactions.following import Reaction, World, on_schedule, proposed
from engine.complaint.case import Case
from engine.complaint.stage import Closed, Exited
from engine.incoming import Asked
from engine.known import Loaded
from engine.loading import load
from engine.rules.surveys import OPT_OUT, Ended, is_bad, not_asked, survey_for, survey_of, taken_until
from engine.sla.calendar import compile_calendar, from_us, to_us
from engine.sla.target import add_own, counts_after, days_of, duration, end_day, end_of_day
from engine.store.batch import Recorded
from schemas.complaint.assignment import Escalate
from schemas.complaint.correspondence import ComplaintReplied
from schemas.complaint.investigation import AssignAction
from schemas.complaint.lifecycle import ComplaintClosed, ComplaintRated, ComplaintResolved, InviteSurvey, SurveyInvited
from schemas.configuration.calendar import Calendar
from schemas.configuration.survey import FollowUp, Survey
from schemas.words import RuleRef

NAME: Final = "surveys"
_ENDS: Final = (ComplaintResolved, ComplaintReplied, ComplaintClosed)
_LOOKS_BACK: Final = timedelta(days=1)
"""Reminders that fell due while nothing ran are caught up with for so long."""
_AT_ONCE: Final = 500


def react(events: Sequence[Recorded], world: World) -> list[Asked]:
    """Return an invitation for each cycle that has ended with an answer, and what follows from each bad mark."""
    surveys = world.book().surveys
    if not surveys:
        return []
    cases = load(world.store, {one.stream for one in events})
    found: list[Asked] = []
    for one in events:
        loaded = cases[one.stream]
        if isinstance(one.event, ComplaintRated):
            found.extend(_followed_up(one, one.event, loaded, world))
        elif isinstance(one.event, _ENDS):
            found.extend(_invited(one, loaded, surveys, world))
    return found


def look(world: World) -> list[Asked]:
    """Return a reminder for each invitation that is due one; who has answered meanwhile gets none."""
    return [asked for survey in world.book().surveys.values() for asked in _reminders(survey, world)]


SURVEYS: Final = Reaction(
    NAME,
    frozenset({*(one.NAME for one in _ENDS), ComplaintRated.NAME}),
    react,
    look=look,
    every=timedelta(minutes=10),
)


# ------------------------------------------------------------------------------------------------ asking


def _invited(one: Recorded, loaded: Loaded, surveys: Mapping[str, Survey], world: World) -> Iterator[Asked]:
    if not isinstance(loaded.state, Case):
        return
    case, ended = loaded.state, _ended(loaded.state, loaded.business_unit or "")
    survey = survey_for(ended, surveys.values())
    if survey is None or not_asked(ended, survey) is not None:
        return
    command = InviteSurvey(
        survey=survey.id, survey_version=survey.version, cycle=case.cycle, until=taken_until(world.now(), survey)
    )
    yield proposed(NAME, one, command, world, what="invite", rule=rule_of(survey, "after-cycle"))


def _ended(case: Case, business_unit: str) -> Ended:
    stage = case.stage
    left = stage if isinstance(stage, Exited) else stage.after_exit if isinstance(stage, Closed) else None
    return Ended(
        business_unit,
        is_open=case.lifecycle.is_open,
        answered=isinstance(stage, Closed) or case.correspondence.final_reply(case.records.moved),
        rated=case.lifecycle.rating(case.cycle) is not None,
        exit=None if left is None else left.reason,
        opted_out=OPT_OUT in case.classification.fields,
    )


def _reminders(survey: Survey, world: World) -> Iterator[Asked]:
    for number, days in enumerate(survey.remind_after_days, 1):
        due = world.now() - timedelta(days=days)
        for one in _invitations(due - _LOOKS_BACK, due, survey, world):
            if isinstance(one.event, SurveyInvited):
                command = InviteSurvey(
                    survey=survey.id,
                    survey_version=one.event.survey_version,
                    cycle=one.event.cycle,
                    until=one.event.until,
                    reminder=number,
                )
                name = f"remind/{one.stream}/{one.event.cycle}/{number}"
                yield on_schedule(NAME, one.stream, command, world, id=name, rule=rule_of(survey, "reminder"))


def _invitations(since: datetime, until: datetime, survey: Survey, world: World) -> Iterator[Recorded]:
    """Yield the first invitations to a survey that were recorded between two instants and are unanswered."""
    read = world.store.read
    after, last = read.position_at(since), read.position_at(until)
    while after < last:
        events = read.log(after, _AT_ONCE, names=frozenset({SurveyInvited.NAME}))
        mine = [one for one in events if one.position <= last and _first_of(one, survey)]
        cases = load(world.store, {one.stream for one in mine})
        yield from (one for one in mine if _waits(one, cases))
        after = events[-1].position if len(events) == _AT_ONCE else last


def _first_of(one: Recorded, survey: Survey) -> bool:
    event = one.event
    return (
        isinstance(event, SurveyInvited)
        and event.survey == survey.id
        and event.reminder is None
        and one.envelope.origin != "import"
    )


def _waits(one: Recorded, cases: Mapping[UUID, Loaded]) -> bool:
    """Whether the cycle that he was asked about is still the last one, and unrated."""
    case, event = cases[one.stream].state, one.event
    return (
        isinstance(case, Case)
        and isinstance(event, SurveyInvited)
        and not case.lifecycle.is_open
        and case.cycle == event.cycle
        and case.lifecycle.rating(event.cycle) is None
    )


# ------------------------------------------------------------------------------------------------ a bad mark


def _followed_up(one: Recorded, event: ComplaintRated, loaded: Loaded, world: World) -> Iterator[Asked]:
    survey, case = survey_of(event.survey, world.book().surveys), loaded.state
    if survey is None or survey.follow_up is None or not is_bad(event.scores, survey) or not isinstance(case, Case):
        return
    follow_up, rule = survey.follow_up, rule_of(survey, "bad-mark")
    team = follow_up.team or case.assignment.team
    due = due_of(follow_up, world.book().calendar(follow_up.calendar), one.envelope.received_at or world.now())
    what = what_to_do(case.registration.language)
    task = AssignAction(kind="task", team=team, owner=case.assignment.assignee, due=due, what=what)
    yield proposed(NAME, one, task, world, what="task", rule=rule)
    if follow_up.level is not None:
        higher = Escalate(level=follow_up.level, reason="bad-rating", team=team)
        yield proposed(NAME, one, higher, world, what="escalate", rule=rule)


def what_to_do(language: str | None) -> str:
    """Return what the task says, in the language of the person."""
    if (language or "").startswith("ru"):
        return "Позвонить заявителю: он поставил плохую оценку"
    return "Call the complainant: he gave a bad mark"


def due_of(follow_up: FollowUp, calendar: Calendar, at: datetime) -> datetime:
    """Return until when somebody must have called whose bad mark came ``at``."""
    open_time, start, target = compile_calendar(calendar), to_us(at), follow_up.within
    if not target.in_days:
        return from_us(add_own(open_time, target.unit, start, duration(target)))
    begun = counts_after(open_time, target, start, open_time.day_of(start))
    day = end_day(open_time, target.unit, begun, days_of(target, begun), (), target.by)
    return from_us(end_of_day(open_time, target.unit, day, target.by))


def rule_of(survey: Survey, rule: str) -> RuleRef:
    """Return how the record names what of a survey decided."""
    return RuleRef(rule_set=f"survey:{survey.id}", version=survey.version, rule=rule)
