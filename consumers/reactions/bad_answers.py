"""A bad mark in answer to a campaign opens a complaint at once, with a task to call, and a level where one is named.

A complaint and not a mere task, since only a complaint has an owner, promises of time, a reply and an end that the
customer is told; whoever finds it is none leaves it by its exit. It comes by the ordinary intake, as a form.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final
from uuid import UUID

from consumers.intake import Rejected, from_mapping
from consumers.reactions.following import World, proposed
from consumers.reactions.surveys import due_of, rule_of, what_to_do
from engine import streams_of
from engine.incoming import Arrived, Asked, Circumstances, Incoming, Sender
from engine.known import fingerprint_of
from engine.rules.surveys import is_bad
from engine.store.batch import Recorded
from engine.store.vault.fingerprint import opaque_id
from schemas.complaint.assignment import Escalate
from schemas.complaint.investigation import AssignAction
from schemas.configuration.survey import Survey, SurveyLanguage, said_in
from schemas.envelope import RuleSource
from schemas.streams.survey import FollowUpAnswer, RespondentAnswered, RespondentEnrolled

_NAME: Final = "campaigns"
_OF: Final[dict[SurveyLanguage, str]] = {"en": "of", "ru": "из"}


def followed_up(events: Sequence[Recorded], world: World) -> Iterator[Incoming]:
    """Yield for each answer with a bad mark the complaint that it is, what its person's stream learns, what to do."""
    surveys = world.book().surveys
    bad = [
        (one, one.event, survey)
        for one in events
        if isinstance(one.event, RespondentAnswered)
        and (survey := surveys.get(one.event.survey)) is not None
        and is_bad(one.event.scores, survey)
    ]
    histories = world.store.read.streams({answer.stream for answer, _, _ in bad}, open=True) if bad else {}
    for answer, event, survey in bad:
        yield from _followed_up(answer, event, survey, _enrolled(histories[answer.stream], event), world)


def _followed_up(
    answer: Recorded, event: RespondentAnswered, survey: Survey, enrolled: RespondentEnrolled | None, world: World
) -> Iterator[Incoming]:
    arrived = None if enrolled is None else _arrived(answer, event, enrolled, survey, world)
    if enrolled is None or arrived is None or survey.follow_up is None:
        return
    follow_up, rule = survey.follow_up, rule_of(survey, "bad-mark")
    own = opaque_id(fingerprint_of(arrived.message, world.store.fingerprint.of))
    complaint = streams_of.new_stream(own, "complaint")
    yield arrived
    told = FollowUpAnswer(number=event.number, complaint=complaint)
    yield proposed(_NAME, answer, told, world, what="follow-up", rule=rule)
    due = due_of(follow_up, world.book().calendar(follow_up.calendar), answer.envelope.received_at or world.now())
    task = AssignAction(kind="task", team=follow_up.team, due=due, what=what_to_do(enrolled.language))
    yield _on(complaint, proposed(_NAME, answer, task, world, what="task", rule=rule))
    if follow_up.level is not None:
        higher = Escalate(level=follow_up.level, reason="bad-rating", team=follow_up.team)
        yield _on(complaint, proposed(_NAME, answer, higher, world, what="escalate", rule=rule))


def _on(complaint: UUID, asked: Asked) -> Asked:
    return replace(asked, stream=complaint)


def _enrolled(history: Sequence[Recorded], event: RespondentAnswered) -> RespondentEnrolled | None:
    """Return who answered, as the survey knew him."""
    mine = [one.event for one in history if isinstance(one.event, RespondentEnrolled)]
    return next((one for one in reversed(mine) if one.survey == event.survey), None)


def _arrived(
    answer: Recorded, event: RespondentAnswered, enrolled: RespondentEnrolled, survey: Survey, world: World
) -> Arrived | None:
    contacts = [{"kind": one.kind, "value": one.value} for one in enrolled.party.contacts if isinstance(one.value, str)]
    if not contacts:
        return None
    language: SurveyLanguage = "ru" if (enrolled.language or "").startswith("ru") else "en"
    name = enrolled.party.name
    hints = {
        "sense": "complaint",
        "location": enrolled.location,
        "customer_segment": enrolled.customer_segment,
        "business_unit": answer.envelope.business_unit,
    }
    data = {
        "channel": "web_form",
        "system": "plaint",
        "form": f"survey/{survey.id}",
        "id": str(answer.envelope.event_id),
        "author": {"role": "complainant", "name": name if isinstance(name, str) else "", "contacts": contacts},
        "subject": said_in(survey.title, language),
        "text": _text(event, survey, language),
        "language": language,
        "hints": {key: value for key, value in hints.items() if value is not None},
    }
    sender = Sender(workload="reactions", actor=f"rule:{_NAME}", identity="workload")
    source = RuleSource(event_id=answer.envelope.event_id)
    rule = rule_of(survey, "bad-mark")
    found = from_mapping(data, Circumstances(sender, source, world.now(), decided_by=rule))
    return None if isinstance(found, Rejected) else found


def _text(event: RespondentAnswered, survey: Survey, language: SurveyLanguage) -> str:
    """Return the answer as a text: each mark under its question, then what the person wrote."""
    asked = {one.parameter: said_in(one.text, language) for one in survey.questions}
    lines = [
        f"{asked.get(one.parameter, one.parameter)}: {one.score} {_OF[language]} {one.out_of}" for one in event.scores
    ]
    comment = event.comment if isinstance(event.comment, str) else None
    return "\n".join([*([comment, ""] if comment else []), *lines])
