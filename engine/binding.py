"""Which person an actor id is, recorded once, when a person whom a token proves comes for the first time."""

from datetime import datetime
from uuid import UUID

from engine.ids import derived
from engine.incoming import Circumstances
from engine.store.batch import Append, Batch, Conflict, NewEvent
from engine.store.store import Store
from engine.store.vault.keys import SubjectErased
from engine.streams.staff import stream_of, subject_of
from schemas.envelope import Envelope
from schemas.streams.staff import StaffBound


def bind(store: Store, person: StaffBound, around: Circumstances, now: datetime) -> bool:
    """Record who an actor is; False where that stands already, or was erased.

    Raises:
        DatabaseUnavailable: it is not known to be recorded; the person's next coming tries again.
    """
    stream = stream_of(person.actor)
    if store.read.versions([stream]):
        return False
    bound = person.model_copy(update={"subject_id": subject_of(person.actor)})
    try:
        store.commit(Batch(appends=(Append(stream, 0, (NewEvent(_envelope(stream, around, now), bound),)),)))
    except (Conflict, SubjectErased):
        return False
    return True


def _envelope(stream: UUID, around: Circumstances, now: datetime) -> Envelope:
    command = derived(stream, "bound")
    return Envelope(
        event_id=derived(command, "0"),
        occurred_at=now,
        actor=around.sender.actor,
        on_behalf_of=around.sender.on_behalf_of,
        identity=around.sender.identity,
        source=around.source,
        received_at=around.received_at,
        command_id=command,
        correlation_id=command,
        traceparent=around.traceparent,
        business_unit="main",
    )
