"""To whom a message of a case goes, and which mail it answers, as its opened history tells it. Pure."""

from collections.abc import Sequence
from itertools import takewhile

from consumers.outbox.queued import to_complainant
from engine.complaint.told import parties
from engine.rules.reaching import way_to
from engine.store.batch import Recorded
from schemas.complaint.correspondence import MessageRecorded
from schemas.complaint.registration import ComplaintReceived


def address(history: Sequence[Recorded]) -> str:
    """Return the mail address of who complains or speaks for him, as it is known now; "" where none is."""
    way = way_to(parties(history), None)
    return (way.to if way is not None else None) or ""


def answered(event: MessageRecorded, history: Sequence[Recorded]) -> str | None:
    """Return the Message-ID of the mail that a message answers: a person's, the last mail that came before it."""
    before = list(takewhile(lambda said: said.event is not event, history))
    said = [one.event for one in before if isinstance(one.event, ComplaintReceived | MessageRecorded)]
    if event.in_reply_to is not None:
        named = (one.foreign_id for one in said if one.message == event.in_reply_to)
    elif event.automated or not to_complainant(event):
        return None
    else:
        named = (one.foreign_id for one in reversed(said) if one.channel == "email" and _came(one))
    found = next(named, None)
    return found if isinstance(found, str) else None


def _came(event: ComplaintReceived | MessageRecorded) -> bool:
    return isinstance(event, ComplaintReceived) or event.direction == "inbound"
