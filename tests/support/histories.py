"""Random histories for views: real events in any order, also in orders that no desk would produce."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from importlib import resources
from typing import Any
from uuid import UUID, uuid4, uuid5

from hypothesis import strategies as st

from engine.configuration.activation import activation
from engine.sla.policy import applied_clocks
from engine.store.batch import Append, Batch, NewEvent, Recorded
from engine.store.store import Store
from engine.store.vault.plan import Parts, plan_of, put_back, take_out
from schemas.complaint.assignment import ComplaintAssigned
from schemas.complaint.base import Event
from schemas.complaint.classification import ComplaintClassified, ComplaintPrioritised
from schemas.complaint.clocks import ComplaintPromised, SlaApplied
from schemas.complaint.correspondence import ComplaintReplied, MessageRecorded, NoteAdded
from schemas.complaint.investigation import ActionAssigned, CauseEstablished, InvestigationStarted
from schemas.complaint.lifecycle import (
    ComplaintClosed,
    ComplaintDiscontinued,
    ComplaintRated,
    ComplaintReopened,
    ComplaintResolved,
    OutcomeAccepted,
    OutcomeDisputed,
    Score,
    SurveyInvited,
)  # fmt: skip
from schemas.complaint.registration import ComplaintReceived, ComplaintRegistered
from schemas.complaint.remedies import (
    ComplaintCompensated,
    RemedyAccepted,
    RemedyApproved,
    RemedyOffered,
    RemedyProposed,
    RemedyRejected,
    RemedyReversed,
)  # fmt: skip
from schemas.complaint.waiting import InformationProvided, InformationRequested
from schemas.configuration import Calendar, Policy, load
from schemas.envelope import Envelope, RequestSource
from schemas.streams.feedback import FeedbackBecameComplaint, FeedbackClassified, FeedbackReceived
from schemas.streams.subject import SubjectErased
from schemas.words import ERASED, Money, Origin, Party, Point, Precision

NAMES = UUID("0196f0a0-0000-7000-8000-0000000000aa")
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
INCARNATION = uuid5(NAMES, "incarnation")
SECRET = "Ivan Petrovich Secretov"
"""Personal text of every event that has some; no view may hold it."""


def uid(label: object) -> UUID:
    return uuid5(NAMES, str(label))


def preset(kind: str, name: str) -> str:
    folder = resources.files("engine.configuration.presets")
    return folder.joinpath(kind).joinpath(f"{name}.yaml").read_text(encoding="utf-8")


def _configuration() -> tuple[Calendar, Policy]:
    calendar = load(preset("calendars", "desk"), "desk")
    policy = load(preset("policies", "default"), "default")
    assert isinstance(calendar, Calendar)
    assert isinstance(policy, Policy)
    return calendar, policy


CALENDAR, POLICY = _configuration()
CONFIGURATION: tuple[Event, ...] = (activation(CALENDAR), activation(POLICY))
CLOCKS = applied_clocks(POLICY, {CALENDAR.id: CALENDAR.version})
PERSON = uid("person")

RECEIVED = ComplaintReceived(
    subject_id=PERSON, channel="email", message=uid("opening"), body=SECRET, subject=SECRET,
    parties=(Party(role="complainant", subject_id=PERSON, name=SECRET),),
)  # fmt: skip
APPLIED = SlaApplied(subject_id=PERSON, reason="first", policy=POLICY.id, policy_version=1, clocks=CLOCKS)
REFUND, GIFT = uid("refund"), uid("gift")
TEN = Money(amount=Decimal("10.50"), currency="EUR")
FEEDBACK = FeedbackReceived(subject_id=PERSON, channel="review", message=uid("thanks"), body=SECRET, sense="thanks")


def registered(number: str = "PL-00000-00001", *, begins: bool = False) -> ComplaintRegistered:
    points = (Point(point=1, type="delivery", product="kettle", serial=SECRET),)
    return ComplaintRegistered(subject_id=PERSON, number=number, points=points, starts_investigation=begins)


COMPLAINT_EVENTS: tuple[Event, ...] = (
    RECEIVED, APPLIED, registered(), registered(begins=True),
    ComplaintClassified(subject_id=PERSON, type="product"),
    ComplaintPrioritised(subject_id=PERSON, priority="urgent"),
    ComplaintAssigned(subject_id=PERSON, team="north", assignee="person:k7", business_unit="west", reason="handover"),
    InvestigationStarted(subject_id=PERSON),
    CauseEstablished(subject_id=PERSON, cause="process", responsibility="company", findings=SECRET),
    ActionAssigned(subject_id=PERSON, action_id=uid("action"), due=START + timedelta(days=3)),
    InformationRequested(subject_id=PERSON, request_id=uid("request"), what=SECRET),
    InformationRequested(subject_id=PERSON, request_id=uid("other request"), from_="department"),
    InformationProvided(subject_id=PERSON, request_id=uid("request")),
    MessageRecorded(
        subject_id=PERSON, direction="outbound", message=uid("reply"), channel="email", purpose="final", body=SECRET
    ),
    MessageRecorded(subject_id=PERSON, direction="inbound", message=uid("again"), channel="email", body=SECRET),
    ComplaintReplied(subject_id=PERSON, message=uid("reply"), final=True),
    ComplaintPromised(subject_id=PERSON, promise_id=uid("promise"), what=SECRET, due=START + timedelta(days=5)),
    ComplaintResolved(subject_id=PERSON, outcome="upheld", findings=SECRET),
    ComplaintResolved(subject_id=PERSON, outcome="not_upheld"),
    OutcomeAccepted(subject_id=PERSON), OutcomeDisputed(subject_id=PERSON, grounds=SECRET),
    ComplaintDiscontinued(subject_id=PERSON, stage="registration", reason="withdrawn"),
    ComplaintDiscontinued(subject_id=PERSON, stage="investigation", reason="duplicate", of=uid("case 2")),
    ComplaintClosed(subject_id=PERSON, reason="decision", cycle=1),
    ComplaintReopened(subject_id=PERSON, reason="disputed", cycle=2),
    ComplaintReopened(subject_id=PERSON, reason="mistake", cycle=3),
    ComplaintRated(subject_id=PERSON, survey="direct", cycle=1, scores=(Score(parameter="overall", score=4),)),
    ComplaintRated(subject_id=PERSON, survey="direct", cycle=2, scores=(Score(parameter="overall", score=2),)),
    NoteAdded(subject_id=PERSON, note=SECRET),
    SurveyInvited(subject_id=PERSON, survey="direct", survey_version=1, cycle=1),
    ComplaintRated(
        subject_id=PERSON, survey="direct", cycle=1,
        scores=(Score(parameter="speed", score=5), Score(parameter="recommend", score=9, out_of=10)),
    ),
    CauseEstablished(subject_id=PERSON, cause="people", responsibility="nobody", departments=("desk", "store")),
    RemedyProposed(subject_id=PERSON, remedy_id=REFUND, form="refund", ground="fault", head="price", amount=TEN),
    RemedyProposed(subject_id=PERSON, remedy_id=GIFT, form="extra_service", ground="no_fault"),
    RemedyApproved(subject_id=PERSON, remedy_id=REFUND, amount=TEN),
    RemedyRejected(subject_id=PERSON, remedy_id=GIFT, reason=SECRET),
    RemedyOffered(subject_id=PERSON, remedy_ids=(REFUND, GIFT)), RemedyAccepted(subject_id=PERSON, remedy_ids=(GIFT,)),
    ComplaintCompensated(subject_id=PERSON, remedy_id=REFUND, amount=TEN, reference=SECRET),
    ComplaintCompensated(subject_id=PERSON, remedy_id=GIFT),
    RemedyReversed(subject_id=PERSON, remedy_id=REFUND, amount=TEN, reference=SECRET),
)  # fmt: skip
FEEDBACK_EVENTS: tuple[Event, ...] = (
    FEEDBACK,
    FeedbackClassified(subject_id=PERSON, sense="suggestion"),
    FeedbackBecameComplaint(subject_id=PERSON, complaint=uid("case 1")),
)


@dataclass(frozen=True, slots=True)
class End:
    """Where a list of events ends."""

    position: int
    recorded_at: datetime | None
    incarnation: UUID = INCARNATION


@dataclass(slots=True)
class ListedLog:
    """A log kept in a list. ``until`` hides what lies behind that position, as if it had not happened yet."""

    events: Sequence[Recorded]
    until: int | None = None
    reads: list[tuple[int, int]] = field(default_factory=list)
    opened: list[int] = field(default_factory=list)
    """Positions that were read with their texts."""

    def head(self) -> End:
        shown = self._shown()
        return End(len(shown), shown[-1].recorded_at if shown else None)

    def log(
        self, after: int, limit: int, *, open: bool = False, names: Collection[str] | None = None
    ) -> Sequence[Recorded]:
        """Without ``open`` the texts stand open too, so that a view that keeps one is found out."""
        if not open:
            self.reads.append((after, limit))
        found = [one for one in self._shown()[after:] if names is None or one.name in names]
        if open:
            self.opened.extend(one.position for one in found[:limit])
        return self._opened(found[:limit]) if open else found[:limit]

    def both(self, after: int, limit: int, opens: Collection[str]) -> tuple[Sequence[Recorded], Sequence[Recorded]]:
        events = self.log(after, limit)
        wanted = [one for one in events if one.event.NAME in opens]
        self.opened.extend(one.position for one in wanted)
        return events, self._opened(wanted)

    def stream(self, stream: UUID, *, as_of_position: int | None = None, open: bool = False) -> Sequence[Recorded]:
        found = [
            one
            for one in self._shown()
            if one.stream == stream and (as_of_position is None or one.position <= as_of_position)
        ]
        return self._opened(found) if open else found

    def streams(self, ids: Collection[UUID]) -> Mapping[UUID, Sequence[Recorded]]:
        return {one: self.stream(one) for one in ids}

    def _opened(self, events: Sequence[Recorded]) -> Sequence[Recorded]:
        """The texts as their keys stand at the end: an erasure that is stored has destroyed its keys everywhere."""
        gone = {
            (stream, one.event.subject)
            for one in self._shown()
            if isinstance(one.event, SubjectErased)
            for stream in one.event.streams
        }
        return [without_texts(one, {subject for stream, subject in gone if stream == one.stream}) for one in events]

    def _shown(self) -> Sequence[Recorded]:
        return self.events[: self.until]


def without_texts(one: Recorded, subjects: Collection[UUID]) -> Recorded:
    """The event as it is read once the keys of these persons are destroyed."""
    if not subjects:
        return one
    parts: Parts = []
    take_out(plan_of(type(one.event)), one.event, "/", None, parts)
    said = one.event.model_dump(mode="python", by_alias=True)
    for subject, texts in parts:
        for pointer in texts if subject in subjects else ():
            put_back(_listed(said), pointer, ERASED)
    return one._replace(event=type(one.event).model_validate(said))


def _listed(node: Any) -> Any:
    """Tuples as lists, in place, so that a pointer leads into them."""
    for key, value in node.items() if isinstance(node, dict) else enumerate(node):
        if isinstance(value, tuple):
            node[key] = list(value)
        if isinstance(value, dict | list | tuple):
            _listed(node[key])
    return node


@dataclass(slots=True)
class Writer:
    """Puts events in log order: position, version and recorded time follow, one second apart."""

    events: list[Recorded] = field(default_factory=list)
    versions: dict[UUID, int] = field(default_factory=dict)

    def add(
        self,
        stream: object,
        *events: Event,
        at: datetime = START,
        precision: Precision = "instant",
        zone: str | None = None,
        origin: Origin = "live",
        actor: str = "person:k7",
        recorded_at: datetime | None = None,
    ) -> "Writer":
        for event in events:
            position = len(self.events) + 1
            key = stream if isinstance(stream, UUID) else uid(stream)
            self.versions[key] = self.versions.get(key, 0) + 1
            around = Envelope(
                event_id=uid(f"event {position}"), occurred_at=at, occurred_precision=precision, zone=zone,
                actor=actor, identity="token", why=SECRET if event.subject_id else None,
                source=RequestSource(request=uid(f"request {position}")),
                received_at=at, command_id=uid(f"command {position}"), correlation_id=uid(key), business_unit="main",
                origin=origin,
            )  # fmt: skip
            stored = recorded_at or START + timedelta(seconds=position)
            one = Recorded(position, stored, key, self.versions[key], event.NAME, around, event)
            self.events.append(one)
        return self

    def configured(self) -> "Writer":
        """Bring calendar and policy into force."""
        return self.add("configuration", *CONFIGURATION)

    def log(self, until: int | None = None) -> ListedLog:
        return ListedLog(self.events, until)


def _told(steps: Sequence[tuple[int, int, int]], *, receipts: bool) -> list[Recorded]:
    writer = Writer().configured()
    at = START
    for case, what, hours in steps:
        at += timedelta(hours=hours)
        kinds = FEEDBACK_EVENTS if case >= _COMPLAINTS else COMPLAINT_EVENTS
        first = uid(f"case {case}") not in writer.versions
        event = kinds[0] if first and receipts else kinds[what % len(kinds)]
        origin: Origin = "import" if case % 2 else "live"
        writer.add(f"case {case}", event, at=at, origin=origin)
    return writer.events


_COMPLAINTS = 4


@st.composite
def histories(draw: st.DrawFn, most: int = 60, *, receipts: bool | None = None) -> list[Recorded]:
    """A log of a few cases whose events are mixed: any event after any other, also back in world time.

    With ``receipts`` each begins with its own, as in every log that the service writes; None: some do.
    """
    step = st.tuples(st.integers(0, _COMPLAINTS + 1), st.integers(0, len(COMPLAINT_EVENTS) - 1), st.integers(-5, 60))
    begun = draw(st.booleans()) if receipts is None else receipts
    return _told(draw(st.lists(step, max_size=most)), receipts=begun)


def moved(one: Recorded, **changes: object) -> Recorded:
    """The same event with other columns."""
    return one._replace(**changes)  # type: ignore[arg-type] # names and types are the test's own


def stored(store: Store, events: Sequence[Recorded]) -> list[UUID]:
    """Store a history under streams of its own, without its configurations; returns them."""
    streams: dict[UUID, list[NewEvent]] = {}
    for one in events:
        streams.setdefault(one.stream, []).append(NewEvent(one.envelope, one.event))
    new = {uuid4(): several for several in streams.values() if not several[0].event.NAME.startswith("configuration")}
    if new:
        store.commit(Batch(appends=tuple(Append(stream, 0, tuple(several)) for stream, several in new.items())))
    return list(new)
