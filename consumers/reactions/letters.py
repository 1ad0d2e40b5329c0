"""What a letter may say of a case: the facts that templates name, taken from its opened history. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from engine.complaint import decider, telling
from engine.complaint.case import Case
from engine.complaint.number import case_number
from engine.configuration.in_force import Book
from engine.links import Purpose, unsigned
from engine.rules.notices import Seen, worst_mark
from engine.sla.promised import expected_by
from engine.store.batch import Recorded
from engine.text.wording import NAMES, Facts, Written, chosen, language_of, write
from schemas.complaint.assignment import ComplaintEscalated
from schemas.complaint.base import Event
from schemas.complaint.clocks import DeadlineExtended, DeadlineMissed
from schemas.complaint.correspondence import PartyAdded, Rendered
from schemas.complaint.lifecycle import ComplaintRated, SurveyInvited
from schemas.complaint.registration import ComplaintReceived
from schemas.complaint.remedies import ComplaintCompensated
from schemas.complaint.waiting import InformationRequested
from schemas.configuration.notices import Notices
from schemas.configuration.survey import SurveyLanguage, said_in
from schemas.configuration.template import Template
from schemas.words import Channel, Party

_CALLED: Final = ("reply_channel", "call")
"""Field of a case, and its value, of a complainant who wants to be called."""
_STATUS_SHOWN: Final = timedelta(days=180)
"""How long a link shows where a complaint stands."""


@dataclass(frozen=True, slots=True)
class File:
    """A case with its history, opened. Holds personal text."""

    stream: UUID
    case: Case
    history: Sequence[Recorded] = field(repr=False)
    book: Book = field(repr=False)
    rules: Notices = field(repr=False)
    now: datetime

    @property
    def parties(self) -> tuple[Party, ...]:
        """Everybody in the case, in the order in which he came, with what is known of him."""
        found: list[Party] = []
        for one in self.history:
            if isinstance(one.event, ComplaintReceived):
                found.extend(one.event.parties)
            elif isinstance(one.event, PartyAdded):
                found.append(one.event.party)
        return tuple(found)

    @property
    def zone(self) -> str:
        """In which zone times are told."""
        version = self.book.latest_calendar.get(self.rules.calendar)
        return "UTC" if version is None else self.book.calendars[self.rules.calendar, version].timezone


def file_of(stream: UUID, history: Sequence[Recorded], book: Book, rules: Notices, now: datetime) -> File | None:
    """Return the file of a complaint; None where the stream holds none."""
    state = decider.fold(history)
    return File(stream, state, history, book, rules, now) if isinstance(state, Case) else None


def seen(file: File) -> Seen:
    """Return what the rules look at."""
    return telling.seen(file.case, file.stream)


def written(file: File, template: Template, channel: Channel, facts: Mapping[str, Any]) -> tuple[Written, Rendered]:
    """Return a text in the language of who reads it, and which template it was written from.

    Raises:
        engine.text.wording.NotWritable: the template fails over these facts.
    """
    wanted = file.rules.language if template.audience == "staff" else language(file)
    wording, found = chosen(template, channel, wanted, file.rules.language)
    links = {"link": None} if template.audience != "complainant" else {}
    known: Facts = {
        **dict.fromkeys(NAMES[template.audience]),
        **_allowed(template, {**of_case(file), **facts, **links}),
    }
    text = write(wording, found, known, file.zone)
    return text, Rendered(template=template.id, version=template.version, language=found)


def _allowed(template: Template, facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if name in NAMES[template.audience]}


def language(file: File) -> str | None:
    """Return the language of the complainant: what his message says of itself, or what its letters are."""
    if file.case.registration.language is not None:
        return file.case.registration.language
    first = next((one.event for one in file.history if isinstance(one.event, ComplaintReceived)), None)
    texts = (first.subject, first.body) if first is not None else ()
    return language_of(" ".join(text for text in texts if isinstance(text, str)))


def topic(file: File) -> str | None:
    """Return what the complaint is about, as a code."""
    of_points = (point.type for point in file.case.points if point.type is not None)
    return file.case.classification.type or next(of_points, None)


def of_case(file: File) -> dict[str, Any]:
    """Return what holds whatever has happened."""
    case = file.case
    return {
        "company": file.rules.company or None,
        "contact": file.rules.contact,
        "number": case_number(file.stream),
        "topic": topic(file),
        "received_at": file.history[0].envelope.occurred_at,
        "expected_by": expected_by(file.history, file.book.calendars, file.now) if case.lifecycle.is_open else None,
        "promised_at": _call_back(file),
        "name": _name(file),
        "channel": case.registration.channel,
        "priority": case.classification.priority,
        "team": case.assignment.team,
        "outcome": case.lifecycle.outcome,
        "ends_on": reopens_until(file),
        "link": _link(file, "status", file.case.cycle, file.now + _STATUS_SHOWN),
    }


def of_event(file: File, event: Event) -> dict[str, Any]:
    """Return what an event adds."""
    match event:
        case ComplaintEscalated():
            reason = None if event.clock is not None else event.reason
            return _clock(event.clock, event.due_at) | {
                "level": event.level, "percent": event.percent, "reason": reason, "team": event.team,
            }  # fmt: skip
        case DeadlineMissed() | DeadlineExtended():
            return _clock(event.clock, event.due_at)
        case InformationRequested():
            return {"asked": event.what if isinstance(event.what, str) else None, "answer_by": event.answer_by}
        case ComplaintCompensated():
            return {"remedies": (_given(file, event),)}
        case ComplaintRated():
            return {"score": worst_mark(event)}
        case SurveyInvited():
            until = event.until or file.now + _STATUS_SHOWN
            link = {"link": _link(file, "rate", event.cycle, until), "answer_by": event.until}
            return link | {"reminder": event.reminder} | _of_survey(file, event)
        case _:
            return {}


def _of_survey(file: File, event: SurveyInvited) -> dict[str, Any]:
    """Return what the survey says of itself, in the language of who reads it."""
    survey = file.book.surveys.get(event.survey)
    if survey is None:
        return {}
    wanted: SurveyLanguage = "ru" if (language(file) or file.rules.language).startswith("ru") else "en"
    return {
        "survey": said_in(survey.title, wanted),
        "incentive": said_in(survey.incentive, wanted) if survey.incentive else None,
    }


def reopens_until(file: File) -> datetime | None:
    """Return until when a word of the complainant takes the case up again; None while it goes on."""
    ended = file.case.lifecycle.ended_at
    return None if ended is None else ended + timedelta(days=file.book.desk.reopen_window_days)


def _clock(kind: str | None, due_at: datetime | None) -> dict[str, Any]:
    return {"clock": None if kind is None else kind.partition(":")[2] or kind, "due_at": due_at}


def _link(file: File, purpose: Purpose, cycle: int, until: datetime) -> str | None:
    """Return a link without its signature, which the text gets when it leaves; None where there are no pages."""
    return None if file.rules.pages is None else unsigned(file.rules.pages, purpose, cycle, until)


def _call_back(file: File) -> datetime | None:
    """Return until when the complainant, who wants to be called, was promised a call."""
    if _CALLED not in file.case.classification.fields:
        return None
    return min((one.due for one in file.case.clocks.promises if not one.kept), default=None)


def _given(file: File, event: ComplaintCompensated) -> tuple[str, str | None]:
    remedy = next((one for one in file.case.remedies.known if one.remedy_id == event.remedy_id), None)
    form = (remedy.form if remedy is not None else None) or "payment"
    amount = event.amount
    return form, None if amount is None else f"{amount.amount:f} {amount.currency}"


def _name(file: File) -> str | None:
    """Return how the complainant called himself last."""
    named = [party.name for party in file.parties if party.role == "complainant" and isinstance(party.name, str)]
    return named[-1] if named else None
