"""Events to replies: one row per reply with its verdict, one per finding and article of it, one per person's score."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, ClassVar, NamedTuple
from uuid import UUID

from sqlalchemy import Boolean, Column, Date, DateTime, Double, Integer, MetaData, Text, Uuid

from engine.store.batch import Recorded
from projections import sql
from projections.answers import day_of
from projections.runtime import versions
from projections.runtime.projection import Changes, PerStream
from projections.sql import Link
from schemas.complaint.assignment import ComplaintAssigned
from schemas.complaint.correspondence import ComplaintReplied, ReplyReviewed

VIEW, VERSION = "replies", 1
BEST = 10
"""The best score that a person gives on a criterion."""

_metadata = MetaData(schema=versions.SCHEMA)

TEAMS = versions.table(
    _metadata, VIEW, VERSION, "teams",
    Column("stream", Uuid, primary_key=True),
    Column("team", Text, comment="As last assigned."),
)  # fmt: skip
REPLIES = versions.table(
    _metadata, VIEW, VERSION, "replies",
    Column("stream", Uuid, primary_key=True),
    Column("message", Uuid, primary_key=True),
    Column("replied_at", DateTime(timezone=True), nullable=False, comment="In world time."),
    Column("week", Date, nullable=False, comment="Monday of the week, in the zone of its event, else in UTC."),
    Column("author", Text, nullable=False, comment="Opaque id of who signed or gave it."),
    Column("team", Text, comment="That answered for the complaint then."),
    Column("final", Boolean, nullable=False),
    Column("score", Integer, comment="Of the reply check, of 100; null: it was not judged."),
    Column("passed", Boolean, comment="False: it went out with a written reason all the same."),
)  # fmt: skip
FINDINGS = versions.table(
    _metadata, VIEW, VERSION, "findings",
    Column("stream", Uuid, primary_key=True),
    Column("message", Uuid, primary_key=True),
    Column("finding", Text, primary_key=True),
)  # fmt: skip
ARTICLES = versions.table(
    _metadata, VIEW, VERSION, "articles",
    Column("stream", Uuid, primary_key=True),
    Column("message", Uuid, primary_key=True),
    Column("article", Text, primary_key=True),
)  # fmt: skip
REVIEWS = versions.table(
    _metadata, VIEW, VERSION, "reviews",
    Column("stream", Uuid, primary_key=True),
    Column("message", Uuid, primary_key=True),
    Column("reviewer", Text, primary_key=True, comment="Opaque id; never the author's."),
    Column("reviewed_at", DateTime(timezone=True), nullable=False),
    Column("mean", Double, nullable=False, comment="Mean of the criteria, of 100."),
)  # fmt: skip


class Reply(NamedTuple):
    """One reply, in the order of the table's columns."""

    stream: UUID
    message: UUID
    replied_at: datetime
    week: date
    author: str
    team: str | None
    final: bool
    score: int | None
    passed: bool | None


class Review(NamedTuple):
    """One person's score of a reply, in the order of the table's columns."""

    stream: UUID
    message: UUID
    reviewer: str
    reviewed_at: datetime
    mean: float


@dataclass(frozen=True, slots=True)
class Replied:
    """All rows of one complaint. The last word on a reply holds, and each reviewer's last score of it."""

    team: str | None = None
    replies: Mapping[UUID, Reply] = field(default_factory=dict)
    findings: Mapping[UUID, tuple[str, ...]] = field(default_factory=dict)
    articles: Mapping[UUID, tuple[str, ...]] = field(default_factory=dict)
    reviews: Mapping[tuple[UUID, str], Review] = field(default_factory=dict)


class Replies(PerStream[Replied]):
    """What was answered, how good it was by the check, and by a colleague."""

    name: ClassVar[str] = VIEW
    version: ClassVar[int] = VERSION
    tables = (TEAMS, REPLIES, FINDINGS, ARTICLES, REVIEWS)
    concerns = frozenset({ComplaintAssigned.NAME, ComplaintReplied.NAME, ReplyReviewed.NAME})

    def load(self, connection: Link, streams: Sequence[UUID]) -> Mapping[UUID, Replied]:
        found = {stream: Replied(team) for stream, team in sql.rows_of(connection, self.on(TEAMS), streams)}
        replies: dict[UUID, dict[UUID, Reply]] = {}
        for values in sql.rows_of(connection, self.on(REPLIES), streams):
            replies.setdefault(values[0], {})[values[1]] = Reply(*values)
        reviews: dict[UUID, dict[tuple[UUID, str], Review]] = {}
        for values in sql.rows_of(connection, self.on(REVIEWS), streams):
            reviews.setdefault(values[0], {})[values[1], values[2]] = Review(*values)
        findings = _by_message(sql.rows_of(connection, self.on(FINDINGS), streams))
        articles = _by_message(sql.rows_of(connection, self.on(ARTICLES), streams))
        return {
            stream: Replied(
                one.team,
                replies.get(stream, {}),
                findings.get(stream, {}),
                articles.get(stream, {}),
                reviews.get(stream, {}),
            )
            for stream, one in found.items()
        }

    def step(self, state: Replied | None, recorded: Recorded) -> Replied:
        state, event = state or Replied(), recorded.event
        match event:
            case ComplaintAssigned():
                return replace(state, team=event.team)
            case ComplaintReplied():
                return _replied(state, recorded, event)
            case ReplyReviewed() if event.scores:
                who = recorded.envelope.actor
                mean = 100 * sum(one.score for one in event.scores) / (BEST * len(event.scores))
                review = Review(recorded.stream, event.message, who, recorded.envelope.occurred_at, mean)
                return replace(state, reviews={**state.reviews, (event.message, who): review})
            case _:
                return state

    def save(self, changes: Changes[Replied]) -> None:
        states = changes.states

        def put(table: Any, rows: Iterable[tuple[Any, ...]]) -> None:
            sql.replace(changes.connection, self.on(table), changes.old, rows)

        put(TEAMS, ((stream, one.team) for stream, one in states.items()))
        put(REPLIES, (reply for one in states.values() for reply in one.replies.values()))
        put(FINDINGS, _rows(states, "findings"))
        put(ARTICLES, _rows(states, "articles"))
        put(REVIEWS, (review for one in states.values() for review in one.reviews.values()))


def _replied(state: Replied, recorded: Recorded, event: ComplaintReplied) -> Replied:
    envelope, checks = recorded.envelope, event.checks
    day = day_of(envelope.occurred_at, envelope.zone)
    reply = Reply(
        recorded.stream,
        event.message,
        envelope.occurred_at,
        day - timedelta(days=day.weekday()),
        event.signed_by or envelope.actor,
        state.team,
        event.final,
        None if checks is None else checks.score,
        None if checks is None else checks.passed,
    )
    return replace(
        state,
        replies={**state.replies, event.message: reply},
        findings={**state.findings, event.message: tuple(sorted(set(checks.findings))) if checks else ()},
        articles={**state.articles, event.message: tuple(sorted(set(event.articles or ())))},
    )


def _by_message(rows: Iterable[tuple[Any, ...]]) -> dict[UUID, dict[UUID, tuple[str, ...]]]:
    found: dict[UUID, dict[UUID, tuple[str, ...]]] = {}
    for stream, message, word in rows:
        mine = found.setdefault(stream, {})
        mine[message] = (*mine.get(message, ()), word)
    return found


def _rows(states: Mapping[UUID, Replied], name: str) -> Iterator[tuple[UUID, UUID, str]]:
    for stream, one in states.items():
        for message, words in getattr(one, name).items():
            yield from ((stream, message, word) for word in words)
