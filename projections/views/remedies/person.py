"""What one person was given, against the limit for one person and against all others: figures for a warning."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select

from projections import sql
from projections.answers import Snapshot
from projections.views.funnel.narrow import CASES
from projections.views.remedies.ask import PAYMENTS
from projections.views.remedies.watch import WatchFilter, numbers, usual_of, values
from schemas.complaint.remedies import Unusual
from schemas.configuration.remedies import PersonLimit

_ALL = WatchFilter()
_CENT = Decimal("0.01")


class Watch:
    """Looks at persons under one snapshot; what is usual among all is worked out once."""

    def __init__(self, snapshot: Snapshot, limit: PersonLimit, now: datetime) -> None:
        self._snapshot, self._limit, self._now = snapshot, limit, now
        self._usual: dict[str | None, tuple[float | None, int]] = {}

    def unusual(self, person: UUID) -> tuple[Unusual, ...]:
        """Return every bound that what this person was given passes: the limits first, then what is usual."""
        found = [*self._over_limits(person)]
        for currency in (None, *self._currencies(person)):
            row = self._row(self._measure(currency), person)
            bound, persons = self._bound(currency)
            if row is not None and bound is not None and float(row["value"]) > bound:
                found.append(_unusual(row, currency, "peers", Decimal(bound).quantize(_CENT), persons=persons))
        return tuple(found)

    def _over_limits(self, person: UUID) -> list[Unusual]:
        since = self._now - timedelta(days=self._limit.days)
        bounds: list[tuple[str | None, Decimal]] = [
            *([(None, Decimal(self._limit.remedies))] if self._limit.remedies is not None else []),
            *sorted(self._limit.sums.items()),
        ]
        found = []
        for currency, bound in bounds:
            row = self._row(self._measure(currency).where(PAYMENTS.c.at >= since), person)
            if row is not None and row["value"] > bound:
                found.append(_unusual(row, currency, "limit", bound, days=self._limit.days))
        return found

    def _measure(self, currency: str | None) -> Any:
        return numbers(_ALL) if currency is None else values(_ALL, currency)

    def _row(self, persons: Select[Any], person: UUID) -> Mapping[str, Any] | None:
        rows = sql.fetch(self._snapshot.connection, persons.where(CASES.c.complainant == person))
        return rows[0] if rows else None

    def _bound(self, currency: str | None) -> tuple[float | None, int]:
        if currency not in self._usual:
            usual = usual_of(self._snapshot, self._measure(currency), currency)
            self._usual[currency] = (None, 0) if usual is None else (usual.bound, usual.persons)
        return self._usual[currency]

    def _currencies(self, person: UUID) -> list[str]:
        query = (
            select(PAYMENTS.c.currency)
            .join(CASES, CASES.c.stream == PAYMENTS.c.stream)
            .where(CASES.c.complainant == person, PAYMENTS.c.currency.is_not(None))
            .distinct()
        )
        return sorted(row["currency"] for row in sql.fetch(self._snapshot.connection, query))


def _unusual(row: Mapping[str, Any], currency: str | None, against: Any, bound: Decimal, **more: Any) -> Unusual:
    return Unusual(
        measure="number" if currency is None else "value",
        against=against,
        currency=currency,
        value=Decimal(row["value"]),
        bound=bound,
        cases=row["cases"],
        **more,
    )
