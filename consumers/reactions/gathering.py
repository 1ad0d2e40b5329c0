"""Whom a campaign asks by his case: the people of complaints closed, or of feedback received, before a wave."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from consumers.reactions import letters
from consumers.reactions.following import World, on_schedule
from consumers.reactions.surveys import rule_of
from engine.complaint.stage import Closed
from engine.incoming import Asked
from engine.rules.campaigns import Wave, gathers_since
from engine.rules.reaching import way_to
from engine.rules.surveys import OPT_OUT
from engine.store.batch import Recorded
from engine.streams import feedback
from engine.streams.feedback import Feedback
from engine.streams_of import respondent
from projections.views.campaigns import ask
from schemas.channels.message import Contact
from schemas.complaint.lifecycle import ComplaintClosed, SurveyInvited
from schemas.configuration.survey import Campaign, Source, Survey
from schemas.streams.feedback import FeedbackReceived
from schemas.streams.survey import EnrolRespondent, RespondentEnrolled
from schemas.words import Sense

_NAME: Final = "campaigns"
_FOR: Final = timedelta(days=1)
"""After a wave has begun, people are chosen by their cases for so long."""
_BATCH: Final = 1_000
_OPENED: Final = 100
"""Streams whose texts are opened at a time."""
_PLEASED: Final[frozenset[Sense]] = frozenset({"thanks", "compliment", "suggestion", "question", "review", "unknown"})


class _Person(NamedTuple):
    """Whom to ask. Personal."""

    contact: str
    name: str | None
    language: str | None
    business_unit: str
    handled_by: tuple[str, ...] = ()


def enrolments(survey: Survey, campaign: Campaign, wave: Wave, world: World, most: int) -> Iterator[Asked]:
    """Yield an enrolment for each person whom this wave chooses by his case, and who was not chosen by it before."""
    names: dict[Source, str] = {"closed_cases": ComplaintClosed.NAME, "feedback": FeedbackReceived.NAME}
    wanted = [name for source, name in names.items() if source in campaign.who]
    if not wanted or world.now() >= wave.at + _FOR:
        return
    streams = _candidates(survey, gathers_since(campaign, wave), wave.at, frozenset(wanted), world)
    left = most
    for start in range(0, len(streams), _OPENED):
        for asked in _chosen(streams[start : start + _OPENED], survey, campaign, world):
            yield asked
            left -= 1
            if left == 0:
                return


def _chosen(streams: Sequence[UUID], survey: Survey, campaign: Campaign, world: World) -> list[Asked]:
    """Return an enrolment for each of these cases whose person may be asked; only of such a case texts are opened."""
    read = world.store.read
    may = [
        one for one, history in read.streams(streams).items() if _may_be_asked(one, history, survey, campaign, world)
    ]
    histories = read.streams(may, open=True) if may else {}
    people = ((stream, _person(stream, history, world)) for stream, history in histories.items())
    asked = [_enrolled(stream, found, survey, world) for stream, found in people if found is not None]
    with world.views.snapshot(ask.NAMES) as snapshot:
        declined = ask.declined(snapshot, [one.stream for one in asked])
    return [one for one in asked if one.stream not in declined]


def _candidates(survey: Survey, since: datetime, until: datetime, names: frozenset[str], world: World) -> list[UUID]:
    """Return the cases of a stretch of time that have brought nobody to the survey, in the order of the log.

    Who was chosen is read from the log: the views keep the case that chose a person last, and he may have had several.
    """
    read = world.store.read
    after, last, head = read.position_at(since), read.position_at(until), read.head().position
    streams, known = dict[UUID, None](), set[UUID | None]()
    while after < head:
        events = read.log(after, _BATCH, names=names | {RespondentEnrolled.NAME})
        for one in events:
            if isinstance(one.event, RespondentEnrolled):
                known.update([one.event.about] if one.event.survey == survey.id else [])
            elif one.position <= last and one.envelope.origin != "import":
                streams[one.stream] = None
        after = events[-1].position if len(events) == _BATCH else head
    return [stream for stream in streams if stream not in known]


def _enrolled(stream: UUID, who: _Person, survey: Survey, world: World) -> Asked:
    octets = Contact(kind="email", value=who.contact).octets
    command = EnrolRespondent(
        survey=survey.id,
        contact=who.contact,
        name=who.name,
        language=who.language,
        business_unit=who.business_unit,
        about=stream,
        handled_by=who.handled_by,
    )
    own = respondent(octets, world.store.fingerprint.of)
    rule = rule_of(survey, "gathering")
    return on_schedule(_NAME, own, command, world, id=f"enrol/{survey.id}/{stream}", rule=rule)


def _may_be_asked(stream: UUID, history: Sequence[Recorded], survey: Survey, campaign: Campaign, world: World) -> bool:
    """Tell whether a case speaks for asking its person, by what stands open in it."""
    if history[0].event.NAME.startswith("feedback."):
        return _is_pleased(history)
    file = _file(stream, history, world)
    if file is None or not isinstance(file.case.stage, Closed) or OPT_OUT in file.case.classification.fields:
        return False
    left = file.case.stage.after_exit
    if left is not None and left.reason in survey.unless_exit:
        return False
    quiet = world.now() - timedelta(days=campaign.quiet_days)  # or he was asked about it a short while ago
    return not any(isinstance(one.event, SurveyInvited) and one.envelope.occurred_at > quiet for one in history)


def _file(stream: UUID, history: Sequence[Recorded], world: World) -> letters.File | None:
    rules = world.book().notices
    return None if rules is None else letters.file_of(stream, history, world.book(), rules, world.now())


def _person(stream: UUID, history: Sequence[Recorded], world: World) -> _Person | None:
    """Return whom mail reaches; None where it reaches nobody. ``history`` is opened."""
    if history[0].event.NAME.startswith("feedback."):
        return _of_feedback(history)
    file = _file(stream, history, world)
    if file is None:
        return None
    way = way_to(file.parties, None)
    if way is None or way.to is None:
        return None
    name = letters.of_case(file)["name"]
    handlers = tuple(sorted(file.case.handlers))
    return _Person(way.to, name, letters.language(file), _unit(history), handlers)


def _is_pleased(history: Sequence[Recorded]) -> bool:
    state, first = feedback.fold(history), history[0].event
    if not isinstance(state, Feedback) or not isinstance(first, FeedbackReceived) or first.automated:
        return False
    return state.complaint is None and state.sense in _PLEASED


def _of_feedback(history: Sequence[Recorded]) -> _Person | None:
    first = history[0].event
    if not isinstance(first, FeedbackReceived):
        return None
    way = way_to((party.model_copy(update={"role": "complainant"}) for party in first.parties), None)
    if way is None or way.to is None:
        return None
    name = next((party.name for party in first.parties if isinstance(party.name, str)), None)
    return _Person(way.to, name, first.language, _unit(history))


def _unit(history: Sequence[Recorded]) -> str:
    return history[-1].envelope.business_unit
