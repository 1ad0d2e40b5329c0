"""What routing rules may know of recorded complaints: the words as they came, and what stood beside them then."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Final
from uuid import UUID

from engine.complaint.case import Case
from engine.complaint.decider import fold
from engine.rules.conditions import Facts
from engine.store.batch import Recorded
from engine.text import tone
from engine.text.words import language_of
from projections.answers import Snapshot
from projections.views.cases import beside
from projections.views.cases.beside import Other
from schemas.complaint.registration import ComplaintReceived
from schemas.words import Personal, Tone

ROUTER: Final = "rule:routing"
"""The actor of all that routing decides."""

StreamsOf = Callable[[Collection[UUID]], Mapping[UUID, list[UUID]]]
"""``Keys.streams_of``: in which streams something of a person is kept."""


@dataclass(frozen=True, slots=True)
class Known:
    """One complaint before any rule: its facts, the case so far, and the person's other complaints, latest first."""

    facts: Facts
    case: Case
    received: Recorded
    earlier: tuple[UUID, ...]


def before_rules(history: Sequence[Recorded]) -> list[Recorded]:
    """Return the events up to the first that routing brought about: all of them where it brought about none."""
    return list(takewhile(lambda one: one.envelope.actor != ROUTER, history))


def gathered(
    histories: Iterable[Sequence[Recorded]],
    snapshot: Snapshot,
    streams_of: StreamsOf,
    window: timedelta,
    *,
    before: Callable[[Sequence[Recorded]], list[Recorded]] = before_rules,
) -> dict[UUID, Known]:
    """Return what is known of each of these complaints, as it was before rules looked at it first.

    ``histories`` are opened; where the words were erased, nothing is known of them. Others about the same
    product are looked for in a ``window`` before each, see ``engine.rules.routing.window``. ``before`` says
    which part of a history rules looked at: for those that look again it is all of it.
    """
    begun = {one[0].stream: before(one) for one in histories if one}
    cases = {stream: state for stream, past in begun.items() if isinstance(state := fold(past), Case)}
    persons = _of_persons(cases, snapshot, streams_of)
    products = _of_products(cases, begun, snapshot, window)
    found: dict[UUID, Known] = {}
    for stream, case in cases.items():
        received = _receipt(begun[stream])
        if received is not None:
            found[stream] = _known(case, received, persons.get(case.complainant, ()), products)
    return found


def _receipt(past: Sequence[Recorded]) -> Recorded | None:
    return next((one for one in past if isinstance(one.event, ComplaintReceived)), None)


def _of_persons(
    cases: Mapping[UUID, Case], snapshot: Snapshot, streams_of: StreamsOf
) -> Mapping[UUID | None, Sequence[Other]]:
    kept = streams_of({case.complainant for case in cases.values() if case.complainant is not None})
    others = {one.stream: one for one in beside.complaints(snapshot, {one for ones in kept.values() for one in ones})}
    return {
        person: sorted((others[one] for one in ones if one in others), key=lambda other: other.opened_at, reverse=True)
        for person, ones in kept.items()
    }


def _of_products(
    cases: Mapping[UUID, Case], begun: Mapping[UUID, Sequence[Recorded]], snapshot: Snapshot, window: timedelta
) -> Sequence[Other]:
    if not window:
        return ()
    products = {point.product for case in cases.values() for point in case.points if point.product}
    times = [one.envelope.occurred_at for past in begun.values() for one in past[:1]]
    return beside.of_products(snapshot, products, min(times) - window, max(times)) if products else ()


def _known(case: Case, received: Recorded, mine: Sequence[Other], products: Sequence[Other]) -> Known:
    at, own = received.envelope.occurred_at, received.stream
    before = [one for one in mine if one.stream != own and one.opened_at <= at]
    named = {point.product for point in case.points if point.product}
    like = [one.opened_at for one in products if one.product in named and one.stream != own and one.opened_at <= at]
    facts = _facts(case, received, tuple(one.opened_at for one in before), tuple(like))
    return Known(facts, case, received, tuple(one.stream for one in before))


def _facts(case: Case, received: Recorded, earlier: tuple[datetime, ...], like: tuple[datetime, ...]) -> Facts:
    event = received.event
    if not isinstance(event, ComplaintReceived):
        raise TypeError("facts begin with a receipt")
    taken, points = case.classification, case.points
    subject, text = _open(event.subject), _open(event.body)
    said = "\n".join(one for one in (subject, text) if one)
    readable = event.body is None or isinstance(event.body, str)
    return Facts(
        received_at=received.envelope.occurred_at,
        channel=event.channel,
        type=tuple(one for one in (taken.type, *(point.type for point in points)) if one),
        subtype=tuple(one for one in (taken.subtype, *(point.subtype for point in points)) if one),
        product=tuple(point.product for point in points if point.product),
        location=event.location,
        segment=event.customer_segment,
        language=event.language or (language_of(said) if said else None),
        business_unit=case.assignment.business_unit or received.envelope.business_unit,
        regulation=taken.regulation,
        tone=taken.tone or heard(subject, text),
        party=tuple(sorted({party.role for party in case.parties})),
        public=event.public,
        vulnerable=bool(event.vulnerable),
        claimed=tuple(point.claimed for point in points if point.claimed),
        subject=subject,
        text=text,
        addressed_to=_open(event.addressed_to),
        readable=readable,
        has_phone=any(contact.kind == "phone" for party in event.parties for contact in party.contacts),
        earlier=earlier,
        same_product=like,
        reopened=case.cycle > 1,
    )


def heard(subject: str | None, text: str | None) -> Tone | None:
    """Return the tone of a first message; None where there are no words."""
    return tone.hear((subject, text)).tone if subject or text else None


def _open(value: Personal[str] | None) -> str | None:
    return value if isinstance(value, str) else None
