"""What remedies there were and what they cost, by form, ground and head."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field
from sqlalchemy import ColumnElement, and_, func, select, tuple_

from projections import sql
from projections.answers import Answer, Moment, OfView, Snapshot
from projections.api import paging
from projections.runtime import copies
from projections.views.funnel import ask as funnel
from projections.views.funnel import narrow
from projections.views.funnel.narrow import CASES, Dimension, Narrowed, Period
from projections.views.remedies import rows as written
from projections.views.remedies.rows import VERSION, VIEW, Status
from schemas.words import PlainDecimal, RemedyForm, RemedyGround, RemedyHead

NAME = (VIEW, VERSION)
NAMES = (NAME, funnel.NAME)
LEDGER, PAYMENTS = copies.live(written.LEDGER), copies.live(written.PAYMENTS)
PAID_ON = narrow.local_day(PAYMENTS.c.at, PAYMENTS.c.day)
"""Day on which something was given or taken back; its case must be joined."""
OF_REMEDY = and_(PAYMENTS.c.stream == LEDGER.c.stream, PAYMENTS.c.remedy_id == LEDGER.c.remedy_id)
_ZERO = Decimal(0)


class RemedyFilter(Narrowed):
    """Which remedies. ``of`` says whether days are those of the complaint's receipt or of giving and taking back."""

    of: Literal["receipt", "giving"] = "receipt"
    form: RemedyForm | None = None
    ground: RemedyGround | None = None
    head: RemedyHead | None = None


class CostFilter(RemedyFilter):
    """By what to add up."""

    per: Literal["form", "ground", "head"] | Dimension = "form"
    by: Period | None = None


class LedgerFilter(RemedyFilter):
    """Which rows of the ledger."""

    status: Status | None = None
    limit: Annotated[int, Field(ge=1, le=500)] = 50
    cursor: str | None = None
    """``next`` of the page before."""


class Cost(Answer):
    """Money of one currency; ``net`` = ``given`` - ``reversed``."""

    currency: str
    given: PlainDecimal
    reversed: PlainDecimal
    net: PlainDecimal


class Sums(Answer):
    """How many remedies, how far each came, and what they cost."""

    remedies: int
    given: int
    """Remedies of which anything was given."""
    reversed: int
    """Remedies of which anything was taken back."""
    statuses: Mapping[Status, int]
    """By what was said last; they add up to ``remedies``."""
    costs: tuple[Cost, ...]


class SumsOf(Answer):
    """One period, one value, or both; a null ``key`` stands for what is not known."""

    begins: date | None
    key: str | None
    sums: Sums


class Costs(OfView):
    """Remedies and what they cost; each number of the whole is the sum of the groups'.

    Of days of giving, a remedy counts in each period in which something of it was given or taken back.
    """

    whole: Sums
    groups: tuple[SumsOf, ...]


class Entry(Answer):
    """One remedy."""

    case: UUID
    number: str | None
    complainant: UUID | None
    remedy: UUID
    status: Status
    form: RemedyForm | None
    ground: RemedyGround | None
    head: RemedyHead | None
    proposed: PlainDecimal | None
    approved: PlainDecimal | None
    currency: str | None
    proposed_at: Moment | None
    costs: tuple[Cost, ...]


class Ledger(OfView):
    """A page of remedies, the latest received complaint first; ``count`` is how many there are."""

    count: int
    remedies: tuple[Entry, ...]
    next: str | None


def costs(snapshot: Snapshot, wanted: CostFilter) -> Costs:
    """Add remedies up, for the whole and broken down."""
    key = (LEDGER if wanted.per in ("form", "ground", "head") else CASES).c[wanted.per]
    groups = _sums(snapshot, wanted, key)
    whole = _sums(snapshot, wanted, None).get((), Sums(remedies=0, given=0, reversed=0, statuses={}, costs=()))
    made = (SumsOf(begins=group[0] if wanted.by else None, key=group[-1], sums=sums) for group, sums in groups.items())
    in_order = sorted(made, key=lambda one: narrow.order(one.begins, one.key))
    return Costs(**snapshot.stamp(), whole=whole, groups=tuple(in_order))


def ledger(snapshot: Snapshot, wanted: LedgerFilter) -> Ledger:
    """List remedies, those of the latest received complaint first.

    Raises:
        projections.api.paging.BadCursor: the cursor is not one of ours.
    """
    order = (CASES.c.received_at, LEDGER.c.stream, LEDGER.c.remedy_id)
    query = _remedies(
        select(LEDGER, CASES.c.received_at, CASES.c.number, CASES.c.complainant), wanted
    )  # fmt: skip
    if wanted.status is not None:
        query = query.where(LEDGER.c.status == wanted.status)
    count = sql.fetch(snapshot.connection, select(func.count().label("n")).select_from(query.subquery()))[0]["n"]
    if wanted.cursor is not None:
        query = query.where(tuple_(*order) < paging.after(VIEW, wanted.cursor, (datetime, UUID, UUID)))
    query = query.order_by(*(column.desc() for column in order)).limit(wanted.limit + 1)
    rows = sql.fetch(snapshot.connection, query)
    shown = rows[: wanted.limit]
    paid = _paid(snapshot, [row["stream"] for row in shown])
    last = shown[-1] if len(rows) > len(shown) else None
    return Ledger(
        **snapshot.stamp(),
        count=count,
        remedies=tuple(_entry(row, paid.get((row["stream"], row["remedy_id"]), ())) for row in shown),
        next=paging.cursor(VIEW, last["received_at"], last["stream"], last["remedy_id"]) if last else None,
    )


def forms_given(snapshot: Snapshot, streams: Sequence[UUID]) -> dict[UUID, list[RemedyForm]]:
    """Return the forms of what each of these complaints was given and kept, each form once."""
    if not streams:
        return {}
    query = (
        select(LEDGER.c.stream, LEDGER.c.form)
        .where(LEDGER.c.stream.in_(streams), LEDGER.c.status == "given", LEDGER.c.form.is_not(None))
        .distinct()
        .order_by(LEDGER.c.stream, LEDGER.c.form)
    )
    found: dict[UUID, list[RemedyForm]] = {}
    for row in sql.fetch(snapshot.connection, query):
        found.setdefault(row["stream"], []).append(row["form"])
    return found


def _of_kind(wanted: RemedyFilter) -> list[ColumnElement[bool]]:
    given = [(name, getattr(wanted, name)) for name in ("form", "ground", "head")]
    return narrow.of_dimensions(wanted) + [LEDGER.c[name] == value for name, value in given if value]


def _remedies(query: Any, wanted: RemedyFilter) -> Any:
    """Of days of giving, those of which something was given or taken back then."""
    query = query.select_from(LEDGER).join(CASES, CASES.c.stream == LEDGER.c.stream).where(*_of_kind(wanted))
    if wanted.of == "receipt":
        return query.where(*narrow.of_days(wanted, CASES.c.received_on))
    moved = select(PAYMENTS.c.stream).where(OF_REMEDY, *narrow.of_days(wanted, PAID_ON)).correlate(LEDGER, CASES)
    return query.where(moved.exists())


def _payments(query: Any, wanted: RemedyFilter) -> Any:
    query = query.select_from(PAYMENTS).join(LEDGER, OF_REMEDY).join(CASES, CASES.c.stream == LEDGER.c.stream)
    day = CASES.c.received_on if wanted.of == "receipt" else PAID_ON
    return query.where(*_of_kind(wanted), *narrow.of_days(wanted, day))


def _sums(snapshot: Snapshot, wanted: CostFilter, key: ColumnElement[Any] | None) -> dict[tuple[Any, ...], Sums]:
    parts = narrow.parts(
        None if key is None else wanted.by, key, CASES.c.received_on if wanted.of == "receipt" else PAID_ON
    )
    each = func.count(tuple_(LEDGER.c.stream, LEDGER.c.remedy_id).distinct()).label("n")
    which = _remedies if wanted.of == "receipt" else _payments
    counted = which(select(*parts, LEDGER.c.status, each), wanted)
    moved = _payments(select(*parts, PAYMENTS.c.kind, each), wanted)
    money = _payments(
        select(*parts, PAYMENTS.c.kind, PAYMENTS.c.currency, func.sum(PAYMENTS.c.amount).label("sum")), wanted
    ).where(PAYMENTS.c.amount.is_not(None))  # fmt: skip
    names = [part.name for part in parts]
    found = [
        _by_group(snapshot, counted.group_by(*parts, LEDGER.c.status), names),
        _by_group(snapshot, moved.group_by(*parts, PAYMENTS.c.kind), names),
        _by_group(snapshot, money.group_by(*parts, PAYMENTS.c.kind, PAYMENTS.c.currency), names),
    ]
    return {
        group: _summed(*(one.get(group, ()) for one in found))
        for group in dict.fromkeys(group for one in found for group in one)
    }


def _by_group(snapshot: Snapshot, query: Any, names: Sequence[str]) -> dict[tuple[Any, ...], list[Mapping[str, Any]]]:
    found: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for row in sql.fetch(snapshot.connection, query):
        found.setdefault(tuple(row[name] for name in names), []).append(row)
    return found


def _summed(
    counted: Sequence[Mapping[str, Any]], moved: Sequence[Mapping[str, Any]], money: Sequence[Mapping[str, Any]]
) -> Sums:
    numbers = {row["kind"]: row["n"] for row in moved}
    return Sums(
        remedies=sum(row["n"] for row in counted),
        given=numbers.get("given", 0),
        reversed=numbers.get("reversed", 0),
        statuses=dict(sorted((row["status"], row["n"]) for row in counted)),
        costs=_costs(money),
    )


def _costs(money: Sequence[Mapping[str, Any]]) -> tuple[Cost, ...]:
    sums = {(row["currency"], row["kind"]): row["sum"] for row in money}
    made = []
    for currency in sorted({currency for currency, _ in sums}):
        given, taken = sums.get((currency, "given"), _ZERO), sums.get((currency, "reversed"), _ZERO)
        made.append(Cost(currency=currency, given=given, reversed=taken, net=given - taken))
    return tuple(made)


def _paid(snapshot: Snapshot, streams: Sequence[UUID]) -> dict[tuple[UUID, UUID], list[Mapping[str, Any]]]:
    if not streams:
        return {}
    which = (PAYMENTS.c.stream, PAYMENTS.c.remedy_id, PAYMENTS.c.kind, PAYMENTS.c.currency)
    query = (
        select(*which, func.sum(PAYMENTS.c.amount).label("sum"))
        .where(PAYMENTS.c.stream.in_(streams), PAYMENTS.c.amount.is_not(None))
        .group_by(*which)
    )
    found: dict[tuple[UUID, UUID], list[Mapping[str, Any]]] = {}
    for row in sql.fetch(snapshot.connection, query):
        found.setdefault((row["stream"], row["remedy_id"]), []).append(row)
    return found


def _entry(row: Mapping[str, Any], money: Sequence[Mapping[str, Any]]) -> Entry:
    plain = {name: row[name] for name in Entry.model_fields if name in row}
    return Entry(**plain, case=row["stream"], remedy=row["remedy_id"], costs=_costs(money))
