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
from schemas.streams.survey import EnrolRespondent
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
        histories = world.store.read.streams(streams[start : start + _OPENED], open=True)
        for stream, history in histories.items():
            found = _person(stream, history, survey, campaign, world)
            if found is None:
                continue
            yield _enrolled(stream, found, survey, world)
            left -= 1
            if left == 0:
                return


def _candidates(survey: Survey, since: datetime, until: datetime, names: frozenset[str], world: World) -> list[UUID]:
    read = world.store.read
    after, last = read.position_at(since), read.position_at(until)
    streams: dict[UUID, None] = {}
    while after < last:
        events = read.log(after, _BATCH, names=names)
        live = (one for one in events if one.position <= last and one.envelope.origin != "import")
        streams.update(dict.fromkeys(one.stream for one in live))
        after = events[-1].position if len(events) == _BATCH else last
    with world.views.snapshot(ask.NAMES) as snapshot:
        known = ask.chosen_by(snapshot, survey.id, list(streams))
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


def _person(
    stream: UUID, history: Sequence[Recorded], survey: Survey, campaign: Campaign, world: World
) -> _Person | None:
    if history[0].event.NAME.startswith("feedback."):
        return _of_feedback(history)
    rules = world.book().notices
    file = None if rules is None else letters.file_of(stream, history, world.book(), rules, world.now())
    if file is None or not isinstance(file.case.stage, Closed) or OPT_OUT in file.case.classification.fields:
        return None
    left = file.case.stage.after_exit
    if left is not None and left.reason in survey.unless_exit:
        return None
    quiet = world.now() - timedelta(days=campaign.quiet_days)
    if any(isinstance(one.event, SurveyInvited) and one.envelope.occurred_at > quiet for one in history):
        return None  # he was asked about this case a short while ago
    way = way_to(file.parties, None)
    if way is None or way.to is None:
        return None
    name = letters.of_case(file)["name"]
    handlers = tuple(sorted(file.case.handlers))
    return _Person(way.to, name, letters.language(file), _unit(history), handlers)


def _of_feedback(history: Sequence[Recorded]) -> _Person | None:
    state, first = feedback.fold(history), history[0].event
    if not isinstance(state, Feedback) or not isinstance(first, FeedbackReceived):
        return None
    if first.automated or state.complaint is not None or state.sense not in _PLEASED:
        return None
    way = way_to((party.model_copy(update={"role": "complainant"}) for party in first.parties), None)
    if way is None or way.to is None:
        return None
    name = next((party.name for party in first.parties if isinstance(party.name, str)), None)
    return _Person(way.to, name, first.language, _unit(history))


def _unit(history: Sequence[Recorded]) -> str:
    return history[-1].envelope.business_unit
