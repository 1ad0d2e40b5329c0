"""Who did what, when, under which rule, from which source; in words."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AwareDatetime, Field
from sqlalchemy import ColumnElement, Select, Table, or_, select

from projections import sql
from projections.answers import Answer, Moment, OfView, Question, Snapshot, day_of
from projections.replay.diff import Operation, changes
from projections.replay.sentence import Language, sentence
from projections.replay.texts import Text, TextLog, texts_of
from projections.views.audit_trail import rows as written
from projections.views.audit_trail.around import around
from projections.views.audit_trail.beside import Beside, Pinned, Surroundings, moved_to
from projections.views.audit_trail.rows import VERSION, VIEW
from schemas.envelope import Source
from schemas.words import Identity, Origin, RuleRef

NAME = (VIEW, VERSION)
MOST = 5000
"""Entries of one page at most."""


class TrailFilter(Question):
    """Which entries to show; every condition that is given must hold."""

    case: UUID | None = None
    """Also the moves of messages to this case, which are entries of the cases that they left."""
    actor: str | None = None
    name: str | None = None
    """Stored name without version, such as ``complaint.closed``."""
    subject: UUID | None = None
    """Whose words an event holds, or whom it names."""
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
    policy: Pinned | None
    """The policy of time promises that the case had then."""
    beside: tuple[Beside, ...]
    """Corrections and moves, each shown with the entry that it corrects or moves, and the reverse."""
    around: tuple[str, ...]
    """On whose behalf, by which rule and policy, from which source, and what stands beside it; in words."""
    changes: tuple[Operation, ...] | None
    """What it changed in the state of the case (RFC 6902); null where that was not asked for."""
    texts: tuple[Text, ...] | None
    """Personal texts; null where they were not asked for, none of an entry of another case."""


class Trail(OfView):
    """A page of the trail, in the order of the log."""

    entries: tuple[TrailEntry, ...]
    next: int | None
    """Position after which the next page begins; null on the last."""


def trail(
    snapshot: Snapshot,
    wanted: TrailFilter,
    language: Language = "en",
    log: TextLog | None = None,
    *,
    texts: bool = False,
    changed: bool = False,
) -> Trail:
    """Return entries in order, each with a sentence in words.

    ``texts`` opens the personal texts from ``log``: ask for them only for one who may see them, after the
    reading was recorded. ``changed`` computes from it what each event changed; it reads whole histories, so
    ask for it of one case.
    """
    table = snapshot.on(NAME, written.ENTRIES)
    query = question(table, snapshot.on(NAME, written.SUBJECTS), wanted)
    rows = sql.fetch(snapshot.connection, query)
    shown = rows[: wanted.limit]
    streams = list(dict.fromkeys(row["stream"] for row in shown))
    surroundings = Surroundings(snapshot.connection, table, streams, language)
    own = [one for one in streams if wanted.case in (None, one)]
    read = _Read(log, own, snapshot.position, texts=texts, changed=changed)
    entries = tuple(_entry(row, language, surroundings, read, wanted.case) for row in shown)
    return Trail(**snapshot.stamp(), entries=entries, next=shown[-1]["position"] if len(rows) > len(shown) else None)


def question(table: Table, subjects: Table, wanted: TrailFilter) -> Select[Any]:
    """Return the query of one page, and one entry more where there is another."""
    conditions = _conditions(table, wanted)
    if wanted.subject:
        of_him = select(subjects.c.position).where(
            subjects.c.subject == wanted.subject, subjects.c.position > wanted.after
        )
        conditions.append(table.c.position.in_(of_him))
    return select(table).where(*conditions).order_by(table.c.position).limit(wanted.limit + 1)


def _conditions(table: Table, wanted: TrailFilter) -> list[ColumnElement[bool]]:
    columns = {"actor": wanted.actor, "origin": wanted.origin, "business_unit": wanted.business_unit}
    conditions: list[ColumnElement[bool]] = [table.c[name] == value for name, value in columns.items() if value]
    if wanted.case:
        conditions.append(or_(table.c.stream == wanted.case, moved_to(table, [wanted.case])))
    if wanted.after:
        conditions.append(table.c.position > wanted.after)
    if wanted.name:
        conditions.append(table.c.name.startswith(f"{wanted.name}.v", autoescape=True))
    if wanted.from_:
        conditions.append(table.c.recorded_at >= wanted.from_)
    if wanted.to:
        conditions.append(table.c.recorded_at <= wanted.to)
    return conditions


class _Read:
    """What of the entries is not in the view but read from the log: texts and changes."""

    def __init__(
        self, log: TextLog | None, streams: Sequence[UUID], position: int, *, texts: bool, changed: bool
    ) -> None:
        self.texts: dict[int, tuple[Text, ...]] | None = {} if texts and log else None
        self.changes: dict[int, tuple[Operation, ...]] | None = {} if changed and log else None
        for stream in streams if log and (texts or changed) else ():
            history = log.stream(stream, as_of_position=position, open=texts) if log else ()
            if self.texts is not None:
                self.texts.update((one.position, texts_of(one)) for one in history)
            if self.changes is not None:
                self.changes.update(changes(history))


def _entry(
    row: Mapping[str, Any], language: Language, surroundings: Surroundings, read: _Read, asked: UUID | None
) -> TrailEntry:
    at: datetime = row["occurred_at"]
    by_day = row["occurred_precision"] == "day"
    own = {"occurred_at", "occurred_on", "case", "words", "texts", "policy", "beside", "around", "changes"}
    shared = TrailEntry.model_fields.keys() - own
    policy, beside = surroundings.policy(row["stream"], row["version"]), surroundings.beside(row["position"])
    return TrailEntry(
        occurred_at=None if by_day else at,
        occurred_on=day_of(at, row["zone"]) if by_day else None,
        case=row["stream"],
        words=sentence(row["name"], row["facts"], language),
        policy=policy,
        beside=beside,
        around=around(row, policy, beside, language, asked),
        changes=None if read.changes is None else read.changes.get(row["position"], ()),
        texts=None if read.texts is None else read.texts.get(row["position"], ()),
        **{name: row[name] for name in shared},
    )
