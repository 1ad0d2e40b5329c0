"""Events to campaigns: one row per person who may be asked, per survey that may, per invitation and per mark.

No name and no contact: a person is the opaque id of his stream.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import ClassVar, NamedTuple
from uuid import UUID

from sqlalchemy import Boolean, Column, Date, DateTime, Double, Index, Integer, MetaData, Text, Uuid

from engine.store.batch import Recorded
from engine.streams.survey import EVENTS
from projections import sql
from projections.runtime import versions
from projections.runtime.projection import Changes, PerStream
from projections.sql import Link
from projections.views.funnel.rows import SATISFIED_FROM, mean_share
from schemas.streams.survey import (
    RespondentAllowed,
    RespondentAnswered,
    RespondentDeclined,
    RespondentDelivery,
    RespondentEnrolled,
    RespondentFollowedUp,
    RespondentInvited,
    RespondentReminded,
)

VIEW, VERSION = "campaigns", 1

_metadata = MetaData(schema=versions.SCHEMA)

RESPONDENTS = versions.table(
    _metadata, VIEW, VERSION, "respondents",
    Column("stream", Uuid, primary_key=True),
    Column("business_unit", Text, nullable=False),
    Column("last_invited_at", DateTime(timezone=True), comment="Null: never asked."),
    Column("declined_at", DateTime(timezone=True), comment="When he asked to be asked no more."),
    Column("unreachable", Boolean, nullable=False, comment="The last mail to him came back."),
)  # fmt: skip
ENROLMENTS = versions.table(
    _metadata, VIEW, VERSION, "enrolments",
    Column("stream", Uuid, primary_key=True),
    Column("survey", Text, primary_key=True),
    Column("enrolled_at", DateTime(timezone=True), nullable=False),
    Column("about", Uuid, comment="The complaint or feedback that he was chosen by; null: a list."),
    Column("location", Text),
    Column("customer_segment", Text),
    Index(f"{VIEW}_survey_v{VERSION}", "survey", "enrolled_at"),
    Index(f"{VIEW}_about_v{VERSION}", "about"),
)  # fmt: skip
INVITATIONS = versions.table(
    _metadata, VIEW, VERSION, "invitations",
    Column("stream", Uuid, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("survey", Text, nullable=False),
    Column("survey_version", Integer, nullable=False),
    Column("wave", Date, comment="Day of the schedule; null: at once."),
    Column("invited_at", DateTime(timezone=True), nullable=False),
    Column("until", DateTime(timezone=True), nullable=False, comment="How long an answer is taken."),
    Column("by_mail", Boolean, nullable=False, comment="False: somebody calls."),
    Column("reminders", Integer, nullable=False),
    Column("answered_at", DateTime(timezone=True), comment="Null: not answered."),
    Column("channel", Text, comment="web_form: by himself; else who took the answer down was told it there."),
    Column("mean_share", Double, comment="Mean of the marks, each as a share of its best one."),
    Column("satisfied", Boolean, comment="That mean is at least 4 of 5."),
    Column("complaint", Uuid, comment="The complaint that was opened of a bad mark."),
    Index(f"{VIEW}_invited_v{VERSION}", "survey", "invited_at"),
)  # fmt: skip
MARKS = versions.table(
    _metadata, VIEW, VERSION, "marks",
    Column("stream", Uuid, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("parameter", Text, primary_key=True),
    Column("score", Integer, nullable=False),
    Column("out_of", Integer, nullable=False),
)  # fmt: skip


class Head(NamedTuple):
    """One person, in the order of the table's columns."""

    stream: UUID
    business_unit: str
    last_invited_at: datetime | None = None
    declined_at: datetime | None = None
    unreachable: bool = False


class Enrolled(NamedTuple):
    """One survey that may ask him, in the order of the table's columns."""

    stream: UUID
    survey: str
    enrolled_at: datetime
    about: UUID | None = None
    location: str | None = None
    customer_segment: str | None = None


class Invited(NamedTuple):
    """One invitation, in the order of the table's columns."""

    stream: UUID
    number: int
    survey: str
    survey_version: int
    wave: date | None
    invited_at: datetime
    until: datetime
    by_mail: bool
    reminders: int = 0
    answered_at: datetime | None = None
    channel: str | None = None
    mean_share: float | None = None
    satisfied: bool | None = None
    complaint: UUID | None = None


class Mark(NamedTuple):
    """One mark, in the order of the table's columns."""

    stream: UUID
    number: int
    parameter: str
    score: int
    out_of: int


@dataclass(frozen=True, slots=True)
class Whole:
    """All rows of one person."""

    head: Head
    enrolments: Mapping[str, Enrolled] = field(default_factory=dict)
    invitations: Mapping[int, Invited] = field(default_factory=dict)
    marks: tuple[Mark, ...] = ()


class Campaigns(PerStream[Whole]):
    """Whom campaigns may ask, whom they asked, and what he said."""

    name: ClassVar[str] = VIEW
    version: ClassVar[int] = VERSION
    tables = (RESPONDENTS, ENROLMENTS, INVITATIONS, MARKS)
    concerns = frozenset(event.NAME for event in EVENTS)

    def load(self, connection: Link, streams: Sequence[UUID]) -> Mapping[UUID, Whole]:
        enrolments: dict[UUID, dict[str, Enrolled]] = {}
        for values in sql.rows_of(connection, self.on(ENROLMENTS), streams):
            enrolments.setdefault(values[0], {})[values[1]] = Enrolled(*values)
        invitations: dict[UUID, dict[int, Invited]] = {}
        for values in sql.rows_of(connection, self.on(INVITATIONS), streams):
            invitations.setdefault(values[0], {})[values[1]] = Invited(*values)
        marks: dict[UUID, list[Mark]] = {}
        for values in sql.rows_of(connection, self.on(MARKS), streams):
            marks.setdefault(values[0], []).append(Mark(*values))
        heads = (Head(*values) for values in sql.rows_of(connection, self.on(RESPONDENTS), streams))
        return {
            one.stream: Whole(
                one, enrolments.get(one.stream, {}), invitations.get(one.stream, {}), tuple(marks.get(one.stream, ()))
            )
            for one in heads
        }

    def step(self, state: Whole | None, recorded: Recorded) -> Whole:
        at, stream = recorded.envelope.occurred_at, recorded.stream
        known = state or Whole(Head(stream, recorded.envelope.business_unit))
        match recorded.event:
            case RespondentEnrolled() as event:
                made = Enrolled(stream, event.survey, at, event.about, event.location, event.customer_segment)
                head = known.head._replace(unreachable=False)
                return replace(known, head=head, enrolments={**known.enrolments, event.survey: made})
            case RespondentInvited() as event:
                invited = Invited(
                    stream, event.number, event.survey, event.survey_version, event.wave, at, event.until,
                    event.mail is not None,
                )  # fmt: skip
                return replace(_with(known, invited), head=known.head._replace(last_invited_at=at))
            case RespondentDeclined():
                return replace(known, head=known.head._replace(declined_at=at))
            case RespondentAllowed():
                return replace(known, head=known.head._replace(declined_at=None))
            case RespondentDelivery(status=status):
                return replace(known, head=known.head._replace(unreachable=status == "failed"))
        return _of_invitation(known, recorded, at)

    def save(self, changes: Changes[Whole]) -> None:
        states = changes.states.values()
        sql.replace(changes.connection, self.on(RESPONDENTS), changes.old, (state.head for state in states))
        enrolments = (one for state in states for one in state.enrolments.values())
        sql.replace(changes.connection, self.on(ENROLMENTS), changes.old, enrolments)
        invitations = (one for state in states for one in state.invitations.values())
        sql.replace(changes.connection, self.on(INVITATIONS), changes.old, invitations)
        sql.replace(changes.connection, self.on(MARKS), changes.old, (one for state in states for one in state.marks))


def _of_invitation(known: Whole, recorded: Recorded, at: datetime) -> Whole:
    match recorded.event:
        case RespondentReminded(number=number, reminder=reminder) if number in known.invitations:
            return _with(known, known.invitations[number]._replace(reminders=reminder))
        case RespondentFollowedUp(number=number, complaint=complaint) if number in known.invitations:
            return _with(known, known.invitations[number]._replace(complaint=complaint))
        case RespondentAnswered() as event if event.number in known.invitations:
            return _answered(known, event, at)
    return known


def _answered(known: Whole, event: RespondentAnswered, at: datetime) -> Whole:
    mean = mean_share(event.scores)
    invited = known.invitations[event.number]._replace(
        answered_at=at, channel=event.channel, mean_share=float(mean), satisfied=mean >= SATISFIED_FROM
    )
    stream = known.head.stream
    named = {one.parameter: Mark(stream, event.number, one.parameter, one.score, one.out_of) for one in event.scores}
    return replace(_with(known, invited), marks=(*known.marks, *named.values()))


def _with(known: Whole, invited: Invited) -> Whole:
    return replace(known, invitations={**known.invitations, invited.number: invited})
