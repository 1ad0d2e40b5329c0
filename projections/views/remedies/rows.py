"""Events to the ledger: one row per remedy, one per sum or thing given or taken back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar, Final, Literal, NamedTuple
from uuid import UUID

from sqlalchemy import BigInteger, Column, Date, DateTime, MetaData, Numeric, Text, Uuid

from engine.store.batch import Recorded
from projections import sql
from projections.answers import day_of
from projections.runtime import versions
from projections.runtime.projection import Changes, PerStream
from projections.sql import Link
from schemas.complaint.base import Event
from schemas.complaint.remedies import (
    ComplaintCompensated,
    RemedyAccepted,
    RemedyApproved,
    RemedyOffered,
    RemedyProposed,
    RemedyRefused,
    RemedyRejected,
    RemedyReversed,
)  # fmt: skip
from schemas.words import Money

VIEW, VERSION = "remedies", 1

Status = Literal["proposed", "approved", "rejected", "offered", "accepted", "refused", "given", "reversed"]

_metadata = MetaData(schema=versions.SCHEMA)


def _money(name: str) -> Column[Decimal]:
    return Column(name, Numeric)


LEDGER = versions.table(
    _metadata, VIEW, VERSION, "ledger",
    Column("stream", Uuid, primary_key=True),
    Column("remedy_id", Uuid, primary_key=True),
    Column("status", Text, nullable=False, comment="What was said of it last."),
    Column("form", Text, comment="Null where its proposal is not in the log."),
    Column("ground", Text),
    Column("head", Text, comment="Of money."),
    _money("proposed"),
    _money("approved"),
    Column("currency", Text, comment="Of proposed and approved."),
    Column("proposed_at", DateTime(timezone=True)),
)  # fmt: skip
PAYMENTS = versions.table(
    _metadata, VIEW, VERSION, "payments",
    Column("stream", Uuid, primary_key=True),
    Column("version", BigInteger, primary_key=True, comment="Of the event in its stream."),
    Column("remedy_id", Uuid, nullable=False),
    Column("kind", Text, nullable=False, comment="given or reversed"),
    _money("amount"),
    Column("currency", Text),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("day", Date, comment="Where only the day is known."),
)  # fmt: skip


class Remedy(NamedTuple):
    """One remedy, in the order of the table's columns."""

    stream: UUID
    remedy_id: UUID
    status: Status
    form: str | None = None
    ground: str | None = None
    head: str | None = None
    proposed: Decimal | None = None
    approved: Decimal | None = None
    currency: str | None = None
    proposed_at: datetime | None = None


class Payment(NamedTuple):
    """Something given or taken back, in the order of the table's columns."""

    stream: UUID
    version: int
    remedy_id: UUID
    kind: Literal["given", "reversed"]
    amount: Decimal | None
    currency: str | None
    at: datetime
    day: date | None


@dataclass(frozen=True, slots=True)
class Book:
    """All rows of one complaint."""

    remedies: Mapping[UUID, Remedy] = field(default_factory=dict)
    payments: tuple[Payment, ...] = ()


_SAYS: Final[Mapping[type[Event], Status]] = {
    RemedyProposed: "proposed", RemedyApproved: "approved", RemedyRejected: "rejected", RemedyOffered: "offered",
    RemedyAccepted: "accepted", RemedyRefused: "refused", ComplaintCompensated: "given", RemedyReversed: "reversed",
}  # fmt: skip


class Remedies(PerStream[Book]):
    """What complainants were given, on which ground, and what was taken back."""

    name: ClassVar[str] = VIEW
    version: ClassVar[int] = VERSION
    tables = (LEDGER, PAYMENTS)
    concerns = frozenset(event.NAME for event in _SAYS)

    def load(self, connection: Link, streams: Sequence[UUID]) -> Mapping[UUID, Book]:
        remedies: dict[UUID, dict[UUID, Remedy]] = {}
        for values in sql.rows_of(connection, self.on(LEDGER), streams):
            remedies.setdefault(values[0], {})[values[1]] = Remedy(*values)
        payments: dict[UUID, list[Payment]] = {}
        for values in sql.rows_of(connection, self.on(PAYMENTS), streams):
            payments.setdefault(values[0], []).append(Payment(*values))
        return {stream: Book(found, tuple(payments.get(stream, ()))) for stream, found in remedies.items()}

    def step(self, state: Book | None, recorded: Recorded) -> Book:
        state, event = state or Book(), recorded.event
        status = _SAYS[type(event)]
        remedies = dict(state.remedies)
        for remedy_id in _named(event):
            known = remedies.get(remedy_id, Remedy(recorded.stream, remedy_id, status))
            remedies[remedy_id] = _said(known._replace(status=status), event, recorded)
        if isinstance(event, ComplaintCompensated | RemedyReversed):
            return Book(remedies, (*state.payments, _payment(event, recorded)))
        return Book(remedies, state.payments)

    def save(self, changes: Changes[Book]) -> None:
        remedies = (remedy for state in changes.states.values() for remedy in state.remedies.values())
        sql.replace(changes.connection, self.on(LEDGER), changes.old, remedies)
        payments = (payment for state in changes.states.values() for payment in state.payments)
        sql.replace(changes.connection, self.on(PAYMENTS), changes.old, payments)


def _named(event: Event) -> Sequence[UUID]:
    match event:
        case RemedyOffered() | RemedyAccepted() | RemedyRefused():
            return event.remedy_ids
        case RemedyProposed() | RemedyApproved() | RemedyRejected() | ComplaintCompensated() | RemedyReversed():
            return (event.remedy_id,)
        case _:
            return ()


def _said(remedy: Remedy, event: Event, recorded: Recorded) -> Remedy:
    match event:
        case RemedyProposed():
            remedy = remedy._replace(
                form=event.form, ground=event.ground, head=event.head, proposed_at=recorded.envelope.occurred_at
            )
            return _priced(remedy, event.amount)._replace(proposed=event.amount.amount if event.amount else None)
        case RemedyApproved():
            return _priced(remedy, event.amount)._replace(approved=event.amount.amount if event.amount else None)
        case _:
            return remedy


def _priced(remedy: Remedy, amount: Money | None) -> Remedy:
    return remedy if amount is None else remedy._replace(currency=amount.currency)


def _payment(event: ComplaintCompensated | RemedyReversed, recorded: Recorded) -> Payment:
    envelope = recorded.envelope
    return Payment(
        stream=recorded.stream,
        version=recorded.version,
        remedy_id=event.remedy_id,
        kind="given" if isinstance(event, ComplaintCompensated) else "reversed",
        amount=event.amount.amount if event.amount else None,
        currency=event.amount.currency if event.amount else None,
        at=envelope.occurred_at,
        day=day_of(envelope.occurred_at, envelope.zone) if envelope.occurred_precision == "day" else None,
    )
