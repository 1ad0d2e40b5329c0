"""What a reply is judged by, from the opened history of its case: what was asked, of whom, and about what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from engine.complaint.given import Stored
from engine.text.replies.finding import About
from schemas.complaint.correspondence import ComplaintReplied, MessageRecorded, PartyAdded
from schemas.complaint.registration import ComplaintReceived, ComplaintRegistered
from schemas.words import Party, Point, Withheld

if TYPE_CHECKING:
    from engine.complaint.case import Case


def texts(history: Sequence[Stored]) -> About:
    """Return the texts and names that a reply is held against; what was erased is not among them."""
    everybody = list(parties(history))
    his = [one for one in everybody if one.role not in ("respondent", "authority")]
    return About(
        complaint=tuple(_complained(history)),
        names=tuple(_known(one.name for one in his)),
        other_names=tuple(_known(one.name for one in everybody if one not in his)),
        references=tuple(_references(history)),
        contacts=tuple(_known(contact.value for one in his for contact in one.contacts)),
    )


def with_facts(about: About, case: Case, *, public: bool, final: bool) -> About:
    """Return the same with what the facts of the case say, and for which kind of reply."""
    finding = case.investigation.finding
    nobody = finding is not None and finding.responsibility == "nobody"
    gesture = any(one.ground == "no_fault" and one.status == "approved" for one in case.remedies.known)
    number = case.registration.number
    return replace(about, number=number, public=public, final=final, no_fault=nobody or gesture)


def parties(history: Iterable[Stored]) -> Iterator[Party]:
    """Yield everybody in the case, in the order in which they joined."""
    for stored in history:
        match stored.event:
            case ComplaintReceived(parties=first):
                yield from first
            case PartyAdded(party=party):
                yield party


def _complained(history: Iterable[Stored]) -> list[str]:
    """Return what the complainant wrote since the last final reply: what the next one has to answer."""
    texts: list[str] = []
    for stored in history:
        match stored.event:
            case ComplaintReceived() as event:
                texts += _known((event.subject, event.body))
            case MessageRecorded(direction="inbound", automated=False) as event:
                if event.counterparty in (None, "complainant", "representative"):
                    texts += _known((event.body,))
            case ComplaintReplied(final=True):
                texts = []
    return texts


def _references(history: Iterable[Stored]) -> Iterator[str]:
    for stored in history:
        if isinstance(stored.event, ComplaintRegistered):
            yield from _known(one.number for one in stored.event.external_refs)
            yield from _known(text for point in stored.event.points for text in _of_point(point))


def _of_point(point: Point) -> tuple[str | Withheld | None, ...]:
    return point.order_reference, point.serial


def _known(texts: Iterable[str | Withheld | None]) -> Iterator[str]:
    """Yield the texts that are there: what was erased is not."""
    return (text for text in texts if isinstance(text, str) and text)
