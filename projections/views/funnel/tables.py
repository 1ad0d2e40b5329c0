"""The funnel's tables and the shape of their rows: one per complaint or feedback, one per stage of each cycle.

The others are kept beside them, in the same transactions, so that a question need not look at every case.

A stage of a cycle has one row, however often it was entered in that cycle. A stage that was skipped on
the way to a later one has a row too, passed in no time. How a row ended is exactly one of: ``passed``,
``exited``, not yet (null). The days are computed by ``dating`` and are what figures are grouped by.
"""

from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Double,
    Index,
    Integer,
    MetaData,
    Text,
    Uuid,
    text,
)  # fmt: skip
from sqlalchemy.dialects.postgresql import JSONB

from projections.runtime import versions
from schemas.words import ExitReason, Stage

VIEW, VERSION = "funnel", 3

_metadata = MetaData(schema=versions.SCHEMA)


def _instant(name: str, *, nullable: bool = True) -> Column[datetime]:
    return Column(name, DateTime(timezone=True), nullable=nullable)


CASES = versions.table(
    _metadata, VIEW, VERSION, "cases",
    Column("stream", Uuid, primary_key=True),
    Column("kind", Text, nullable=False, comment="complaint or feedback"),
    Column("number", Text, comment="What people call the complaint by."),
    Column("complainant", Uuid, comment="Opaque id of who complains; null until the receipt is stored."),
    Column("channel", Text, comment="Of the first message; null until its receipt is stored."),
    Column("type", Text, comment="As last classified."),
    Column("product", Text),
    Column("location", Text, comment="Named by the first message."),
    Column("team", Text, comment="As last assigned."),
    Column("origin", Text, nullable=False),
    Column("business_unit", Text, nullable=False, comment="Of the first event: past buckets keep it."),
    _instant("received_at", nullable=False),
    Column("received_day", Date, comment="Where only the day of receipt is known."),
    Column("received_zone", Text, comment="Of the receipt's own event."),
    Column("received_on", Date, nullable=False, comment="Day of receipt, see projections/README.md."),
    Column("zone", Text, nullable=False, comment="Days of the case are those of this zone."),
    Column("calendar", Text, comment="Pinned last; working time is counted by it."),
    Column("calendar_version", Integer),
    Column("zone_calendar", Text, comment="Pinned first; days are those of its zone."),
    Column("zone_calendar_version", Integer),
    Column("registered", Boolean, nullable=False),
    Column("cycle", Integer, nullable=False, comment="The running cycle; 0 for feedback."),
    Column("stage", Text, comment="Where it stands; null after an exit and for feedback."),
    Column("exit_reason", Text, comment="Of the running cycle."),
    Column("closed", Boolean, nullable=False, comment="The running cycle has ended, after an exit or without."),
    Column("reopenings", Integer, nullable=False),
    Column("waits", Integer, nullable=False, comment="How often information was requested from the complainant."),
    Column("rated", Boolean, nullable=False, comment="Some cycle of it was rated."),
    Column("satisfied", Boolean, comment="The complainant's last word in the running cycle; null: none."),
    Column("sense", Text, comment="Of feedback."),
    Column("became", Uuid, comment="The complaint that feedback turned into."),
    Index(f"{VIEW}_cases_received_v{VERSION}", "received_on", "stream"),
    Index(f"{VIEW}_cases_channel_v{VERSION}", "channel", "received_at"),
    *(
        Index(f"{VIEW}_cases_{name}_v{VERSION}", name, "stream", postgresql_where=text(f"{name} IS NOT NULL"))
        for name in ("product", "location", "team")
    ),
    *(
        Index(f"{VIEW}_cases_{name}_v{VERSION}", "stream", postgresql_where=text(few))
        for name, few in (
            ("dissatisfied", "satisfied IS FALSE"),
            ("reopened", "reopenings > 0"),
            ("heard", "rated OR waits > 0 OR satisfied IS TRUE"),
        )
    ),
)  # fmt: skip
PASSAGES = versions.table(
    _metadata, VIEW, VERSION, "passages",
    Column("stream", Uuid, primary_key=True),
    Column("cycle", Integer, primary_key=True),
    Column("stage", Text, primary_key=True),
    _instant("entered_at", nullable=False),
    _instant("since", nullable=False),
    _instant("left_at"),
    Column("seconds", Double, nullable=False, comment="Time in the stage until it was last left, wall clock."),
    Column("entries", Integer, nullable=False, comment="0: skipped."),
    Column("ended", Text, comment="passed, exited, or null while it stands there."),
    Column("exit_reason", Text),
    Column("entered_day", Date, comment="Where only the day is known."),
    Column("left_day", Date, comment="Where only the day is known."),
    Column("earlier", ARRAY(DateTime(timezone=True)), comment="Entering and leaving of all entries but the last."),
    Column("worked_seconds", Double, comment="The same time by the pinned calendar; null where none is."),
    Column("entered_on", Date, nullable=False, comment="Day on which it was first entered."),
    Column("left_on", Date, comment="Day on which it was last left."),
    Index(f"{VIEW}_passages_entered_v{VERSION}", "entered_on"),
    Index(
        f"{VIEW}_passages_here_v{VERSION}", "stage", "ended", "stream", "cycle",
        postgresql_where=text("ended IS NULL OR stage = 'closed'"),
    ),
    Index(
        f"{VIEW}_passages_skipped_v{VERSION}", "stage", "stream", "cycle", postgresql_where=text("entries = 0"),
    ),
    Index(
        f"{VIEW}_passages_exit_v{VERSION}", "exit_reason", "stream", "cycle",
        postgresql_where=text("exit_reason IS NOT NULL"),
    ),
    *(
        Index(
            f"{VIEW}_passages_{name}_v{VERSION}", "stage", name,
            postgresql_where=text("ended IS NOT NULL AND entries > 0"),
        )
        for name in ("seconds", "worked_seconds")
    ),
)  # fmt: skip
CELLS = versions.table(
    _metadata, VIEW, VERSION, "cells",
    Column("slice", Text, primary_key=True, comment="By which words it is counted, see views/funnel/cells.py."),
    Column("period", Text, primary_key=True, comment="day, month or ever."),
    Column("begins", Date, primary_key=True, comment="First day of the period; 0001-01-01 for ever."),
    Column("key", Text, primary_key=True, comment="The value of these words; empty: unknown."),
    Column("counted", JSONB, nullable=False, comment="What is counted, and how much of it; never 0."),
)  # fmt: skip
PEOPLE = versions.table(
    _metadata, VIEW, VERSION, "people",
    Column("complainant", Uuid, primary_key=True),
    Column("begins", Date, primary_key=True, comment="A month of receipt; 0001-01-01 for ever."),
    Column("counted", JSONB, nullable=False, comment="How often the person is counted in what; never 0."),
)  # fmt: skip
TIMES = versions.table(
    _metadata, VIEW, VERSION, "times",
    Column("stage", Text, primary_key=True),
    Column("kind", Text, primary_key=True, comment="seconds or worked_seconds."),
    Column("bucket", Integer, primary_key=True, comment="See views/funnel/times.py."),
    Column("n", BigInteger, nullable=False, comment="How many passages that were left took so long; never 0."),
)  # fmt: skip


class CaseRow(NamedTuple):
    """One complaint or feedback, in the order of the table's columns."""

    stream: UUID
    kind: str
    number: str | None
    complainant: UUID | None
    channel: str | None
    type: str | None
    product: str | None
    location: str | None
    team: str | None
    origin: str
    business_unit: str
    received_at: datetime
    received_day: date | None
    received_zone: str | None
    received_on: date
    zone: str = "UTC"
    calendar: str | None = None
    calendar_version: int | None = None
    zone_calendar: str | None = None
    zone_calendar_version: int | None = None
    registered: bool = False
    cycle: int = 0
    stage: Stage | None = None
    exit_reason: ExitReason | None = None
    closed: bool = False
    reopenings: int = 0
    waits: int = 0
    rated: bool = False
    satisfied: bool | None = None
    sense: str | None = None
    became: UUID | None = None


class Passage(NamedTuple):
    """One stage of one cycle, in the order of the table's columns. The last three are computed when written."""

    stream: UUID
    cycle: int
    stage: Stage
    entered_at: datetime
    """First entered."""
    since: datetime
    """Last entered."""
    left_at: datetime | None = None
    seconds: float = 0.0
    entries: int = 1
    ended: str | None = None
    exit_reason: ExitReason | None = None
    entered_day: date | None = None
    left_day: date | None = None
    earlier: list[datetime] | None = None
    worked_seconds: float | None = None
    entered_on: date | None = None
    left_on: date | None = None

    def left(self, at: datetime, day: date | None, ended: str, reason: ExitReason | None = None) -> "Passage":
        """Leave the stage. Time that would be negative counts as none."""
        spent = max(0.0, (at - self.since).total_seconds())
        return self._replace(left_at=at, left_day=day, seconds=self.seconds + spent, ended=ended, exit_reason=reason)

    def entered_again(self, at: datetime) -> "Passage":
        """Come back to the stage in the same cycle; its time goes on."""
        earlier = [*(self.earlier or ()), self.since, self.left_at or self.since]
        return self._replace(
            since=at, left_at=None, left_day=None, ended=None, exit_reason=None, entries=self.entries + 1,
            earlier=earlier,
        )  # fmt: skip

    def spans(self) -> list[tuple[datetime, datetime]]:
        """Return every time in the stage that has ended, as entering and leaving."""
        known = self.earlier or []
        ended = list(zip(known[::2], known[1::2], strict=True))
        return ended if self.left_at is None else [*ended, (self.since, self.left_at)]
