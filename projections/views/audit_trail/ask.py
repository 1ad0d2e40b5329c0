"""Who did what, when, under which rule, from which source; in words."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AwareDatetime, Field
from sqlalchemy import ColumnElement, select

from projections import sql
from projections.answers import Answer, Moment, OfView, Question, Snapshot, day_of
from projections.replay.sentence import Language, sentence
from projections.replay.texts import Text, TextLog, texts_of
from projections.runtime import copies
from projections.views.audit_trail import rows as written
from projections.views.audit_trail.rows import VERSION, VIEW
from schemas.envelope import Source
from schemas.words import Identity, Origin, RuleRef

NAME = (VIEW, VERSION)
ENTRIES = copies.live(written.ENTRIES)
MOST = 5000
"""Entries of one page at most."""


class TrailFilter(Question):
    """Which entries to show; every condition that is given must hold."""

    case: UUID | None = None
    actor: str | None = None
    name: str | None = None
    """Stored name without version, such as ``complaint.closed``."""
    subject: UUID | None = None
    origin: Origin | None = None
    business_unit: str | None = None
    from_: AwareDatetime | None = Field(default=None, alias="from")
    """Recorded then or later."""
    to: AwareDatetime | None = None
    """Recorded then or earlier."""
    after: int = 0
    """A position: ``next`` of the page before."""
    limit: Annotated[int, Field(ge=1, le=MOST)] = 500


class TrailEntry(Answer):
    """One event. ``occurred_on`` stands instead of ``occurred_at`` where only the day is known."""

    position: int
    recorded_at: Moment
    occurred_at: Moment | None
    occurred_on: date | None
    zone: str | None
    received_at: Moment | None
    claimed_at: Moment | None
    claim_differs: bool
    case: UUID
    version: int
    name: str
    words: str
    event_id: UUID
    subject_id: UUID | None
    actor: str
    on_behalf_of: str | None
    identity: Identity
    decided_by: RuleRef | None
    source: Source
    command_id: UUID
    correlation_id: UUID
    causation_id: UUID | None
    traceparent: str | None
    origin: Origin
    business_unit: str
    facts: Mapping[str, Any]
    has_why: bool
    texts: tuple[Text, ...] | None
    """Personal texts; null where they were not asked for."""


class Trail(OfView):
    """A page of the trail, in the order of the log."""

    entries: tuple[TrailEntry, ...]
    next: int | None
    """Position after which the next page begins; null on the last."""


def trail(snapshot: Snapshot, wanted: TrailFilter, language: Language = "en", log: TextLog | None = None) -> Trail:
    """Return entries in order, each with a sentence in words.

    With ``log`` the personal texts are opened from it: give it only for one who may see them,
    after the reading was recorded.
    """
    query = select(ENTRIES).where(*_conditions(wanted)).order_by(ENTRIES.c.position).limit(wanted.limit + 1)
    rows = sql.fetch(snapshot.connection, query)
    shown = rows[: wanted.limit]
    opened = {} if log is None else _opened(log, shown, snapshot.position)
    entries = tuple(_entry(row, language, None if log is None else opened.get(row["position"], ())) for row in shown)
    return Trail(**snapshot.stamp(), entries=entries, next=shown[-1]["position"] if len(rows) > len(shown) else None)


def _conditions(wanted: TrailFilter) -> list[ColumnElement[bool]]:
    columns = {
        "stream": wanted.case, "actor": wanted.actor, "subject_id": wanted.subject, "origin": wanted.origin,
        "business_unit": wanted.business_unit,
    }  # fmt: skip
    conditions: list[ColumnElement[bool]] = [ENTRIES.c[name] == value for name, value in columns.items() if value]
    if wanted.after:
        conditions.append(ENTRIES.c.position > wanted.after)
    if wanted.name:
        conditions.append(ENTRIES.c.name.startswith(f"{wanted.name}.v", autoescape=True))
    if wanted.from_:
        conditions.append(ENTRIES.c.recorded_at >= wanted.from_)
    if wanted.to:
        conditions.append(ENTRIES.c.recorded_at <= wanted.to)
    return conditions


def _opened(log: TextLog, rows: Sequence[Mapping[str, Any]], position: int) -> dict[int, tuple[Text, ...]]:
    streams = dict.fromkeys(row["stream"] for row in rows)
    return {
        recorded.position: texts_of(recorded)
        for stream in streams
        for recorded in log.stream(stream, as_of_position=position, open=True)
    }


def _entry(row: Mapping[str, Any], language: Language, texts: tuple[Text, ...] | None) -> TrailEntry:
    at: datetime = row["occurred_at"]
    by_day = row["occurred_precision"] == "day"
    own = {"occurred_at", "occurred_on", "case", "words", "texts"}
    shared = TrailEntry.model_fields.keys() - own
    return TrailEntry(
        occurred_at=None if by_day else at,
        occurred_on=day_of(at, row["zone"]) if by_day else None,
        case=row["stream"],
        words=sentence(row["name"], row["facts"], language),
        texts=texts,
        **{name: row[name] for name in shared},
    )
