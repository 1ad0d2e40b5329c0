"""What process mining reads of the log: the events of complaints, case by case, without any text of a person."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, LiteralString
from uuid import UUID

from psycopg.rows import class_row

from projections.exports.tables import Span
from projections.sql import Link

_EVENTS: Final[LiteralString] = """
    SELECT e.case_id, c.number, e.position, e.event_id, e.name, e.occurred_at, e.recorded_at, e.actor, e.origin, e.facts
    FROM analytics.audit_entries_v1 AS e JOIN analytics.cases_v1 AS c USING (case_id)
    WHERE e.position BETWEEN %s AND %s AND e.name LIKE 'complaint.%%' ORDER BY e.case_id, e.case_version
"""
_HIDDEN: Final = frozenset({"subject_id"})


@dataclass(frozen=True, slots=True)
class Step:
    """One event of one complaint."""

    case_id: UUID
    number: str | None
    position: int
    event_id: UUID
    name: str
    occurred_at: datetime
    recorded_at: datetime
    actor: str
    origin: str
    facts: Mapping[str, Any]

    @property
    def activity(self) -> str:
        """The stored name without its version, such as ``complaint.received``."""
        return self.name.rpartition(".v")[0]

    def plain_facts(self) -> dict[str, str | int | float | bool]:
        """Return the fields that are single values, by name; lists and structures stay in the log."""
        return {
            name: value
            for name, value in sorted(self.facts.items())
            if isinstance(value, str | int | float) and name not in _HIDDEN
        }


def steps(connection: Link, span: Span) -> Iterator[Step]:
    """Yield the events of all complaints within ``span``, case by case, each in the order of its history."""
    with connection.cursor(name="histories", row_factory=class_row(Step)) as cursor:
        cursor.itersize = 2000
        yield from cursor.execute(_EVENTS, (span.since, span.until))
