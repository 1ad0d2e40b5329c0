"""Which messages wait to be sent by e-mail, as the log tells it, and which of them leave together. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from engine.store.batch import Recorded
from schemas.complaint.base import Event
from schemas.complaint.correspondence import DeliveryReported, MessageRecorded, Queued
from schemas.streams.survey import Mail, RespondentDelivery, RespondentInvited, RespondentReminded
from schemas.words import DeliveryStatus

NAMES: Final = frozenset(
    {
        MessageRecorded.NAME,
        DeliveryReported.NAME,
        RespondentInvited.NAME,
        RespondentReminded.NAME,
        RespondentDelivery.NAME,
    }
)
"""The stored events that say so."""
MOST_TOGETHER: Final = 50
"""Messages in one mail."""
ENDED: Final[frozenset[DeliveryStatus]] = frozenset({"sent", "delivered", "failed"})
"""After these nothing is to be sent any more."""


@dataclass(slots=True)
class Waiting:
    """A message that is to be sent. No text: that is opened when it leaves."""

    message: UUID
    stream: UUID
    position: int
    since: datetime
    queued: Queued
    of_survey: bool = False
    """It asks somebody of whom there may be no case."""
    tries: int = 0
    next_at: datetime | None = None

    def is_due(self, now: datetime) -> bool:
        """Whether it may leave."""
        return all(at is None or at <= now for at in (self.queued.not_before, self.next_at))


def take(waiting: dict[UUID, Waiting], recorded: Recorded) -> None:
    """Note a message that is to be sent by e-mail, or that one need be sent no more."""
    event = recorded.event
    if isinstance(event, DeliveryReported | RespondentDelivery):
        if event.status in ENDED:
            waiting.pop(event.message, None)
    elif isinstance(event, MessageRecorded) and event.queued is not None and _is_ours(event, recorded):
        since = max(recorded.recorded_at, event.queued.not_before or recorded.recorded_at)
        waiting[event.message] = Waiting(event.message, recorded.stream, recorded.position, since, event.queued)
    elif (mail := asking(event)) is not None and mail.channel == "email" and recorded.envelope.origin != "import":
        since = max(recorded.recorded_at, mail.queued.not_before or recorded.recorded_at)
        waiting[mail.message] = Waiting(
            mail.message, recorded.stream, recorded.position, since, mail.queued, of_survey=True
        )


def asking(event: Event) -> Mail | None:
    """Return the mail of an event by which a campaign asks somebody."""
    return event.mail if isinstance(event, RespondentInvited | RespondentReminded) else None


def _is_ours(event: MessageRecorded, recorded: Recorded) -> bool:
    return (
        event.channel == "email"
        and event.direction == "outbound"
        and (event.to is not None or to_complainant(event))
        and event.delivery not in ENDED
        and recorded.envelope.origin != "import"
    )


def to_complainant(event: MessageRecorded) -> bool:
    """Whether who complains is written to, so that his address is known though the message names none."""
    if event.counterparty is None:
        return event.purpose in ("interim", "final")
    return event.counterparty in ("complainant", "representative")


def groups(due: Sequence[Waiting]) -> Iterable[Sequence[Waiting]]:
    """Yield what may leave together: messages to the same team or person of ours, a bounded number at a time."""
    together: dict[tuple[str | None, str | None], list[Waiting]] = {}
    for one in due:
        if one.queued.bundled:
            together.setdefault((one.queued.team, one.queued.staff), []).append(one)
        else:
            yield [one]
    for group in together.values():
        for start in range(0, len(group), MOST_TOGETHER):
            yield group[start : start + MOST_TOGETHER]
