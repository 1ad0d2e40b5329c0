"""Imported histories and configurations become stored events with their own times and origin."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID, uuid5

from engine.complaint.number import case_number
from engine.configuration.in_force import Book
from engine.incoming import Circumstances, Sender
from engine.past import PastCase, PastFact
from engine.sla.policy import NoCalendar, applied_clocks
from engine.store.batch import ConversationKey, NewEvent
from engine.taking import Keyed
from schemas.complaint.base import Event
from schemas.complaint.clocks import SlaApplied
from schemas.complaint.registration import ComplaintRegistered
from schemas.envelope import Envelope, FileSource, Source
from schemas.words import RuleRef


class UnknownPolicy(LookupError):
    """An import is to be judged by a policy that is not in force, or whose calendar is not."""

    def __init__(self, policy: str) -> None:
        self.policy = policy
        super().__init__(f"no policy '{policy}' is in force with its calendars; activate it, or name another")


def stamped(case: PastCase, stream: UUID, around: Circumstances, book: Book) -> tuple[NewEvent, ...]:
    """Return the events of an imported case. All its ids derive from the stream.

    The promises that it is judged by are recorded where it was registered.

    Raises:
        UnknownPolicy: the case names one that is not in force.
    """
    unit = case.business_unit or book.desk.business_unit
    return tuple(
        NewEvent(_envelope(fact, index, case, stream, around, unit), _own(fact.event, stream))
        for index, fact in enumerate(_with_promises(case, book))
    )


def _with_promises(case: PastCase, book: Book) -> Sequence[PastFact]:
    if case.policy is None:
        return case.facts
    policy = book.policies.get(case.policy)
    if policy is None:
        raise UnknownPolicy(case.policy)
    try:
        clocks = applied_clocks(policy, book.latest_calendar)
    except NoCalendar as error:
        raise UnknownPolicy(case.policy) from error
    names = [fact.event.NAME for fact in case.facts]
    at = names.index(ComplaintRegistered.NAME) if ComplaintRegistered.NAME in names else 0
    applied = SlaApplied(
        subject_id=case.facts[at].event.subject_id,
        reason="first",
        policy=policy.id,
        policy_version=policy.version,
        clocks=clocks,
    )
    return (*case.facts[: at + 1], replace(case.facts[at], event=applied, why=None), *case.facts[at + 1 :])


def _own(event: Event, stream: UUID) -> Event:
    """An import cannot know the number, since it derives from the stream."""
    if isinstance(event, ComplaintRegistered):
        return event.model_copy(update={"number": case_number(stream)})
    return event


def _envelope(fact: PastFact, index: int, case: PastCase, stream: UUID, around: Circumstances, unit: str) -> Envelope:
    return Envelope(
        event_id=uuid5(stream, f"import/{index}"),
        occurred_at=fact.occurred_at,
        occurred_precision=fact.precision,
        zone=fact.zone,
        actor=fact.actor,
        on_behalf_of=_importer(around.sender),
        identity="workload",
        why=fact.why if fact.event.subject_id is not None else None,
        decided_by=_selected(fact.event),
        source=_source(around.source, fact.line or case.line),
        received_at=None,
        command_id=uuid5(stream, "import"),
        correlation_id=stream,
        traceparent=around.traceparent,
        business_unit=unit,
        origin="import",
    )


def _importer(sender: Sender) -> str | None:
    """Return the person who had the history imported; its own actors are those of the other system."""
    return sender.actor if sender.actor.startswith("person:") else sender.on_behalf_of


def _selected(event: Event) -> RuleRef | None:
    """The mapping named the policy, so its promises are the policy's act, as they are of a live case."""
    if not isinstance(event, SlaApplied):
        return None
    return RuleRef(rule_set=event.policy, version=event.policy_version, rule="policy.selected")


def _source(source: Source, line: int) -> Source:
    return source.model_copy(update={"line": line}) if isinstance(source, FileSource) else source


def conversations(case: PastCase, stream: UUID, keyed: Keyed) -> list[ConversationKey]:
    """Return the keys by which later messages find an imported case."""
    return [ConversationKey(keyed("conversation", name.encode()), stream) for name in case.external]


def configuration(events: Sequence[Event], around: Circumstances, now: datetime, version: int) -> tuple[NewEvent, ...]:
    """Return activations with their envelopes; ``version`` is the stream's present one."""
    command_id = uuid5(UUID(int=0), f"configuration/{version}/{now.isoformat()}")
    return tuple(
        NewEvent(
            Envelope(
                event_id=uuid5(command_id, str(index)),
                occurred_at=now,
                actor=around.sender.actor,
                identity=around.sender.identity,
                source=around.source,
                received_at=now,
                command_id=command_id,
                correlation_id=command_id,
                business_unit="main",
            ),
            event,
        )
        for index, event in enumerate(events)
    )
