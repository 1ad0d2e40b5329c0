"""What stands beside an entry of the trail: its correction or its move, and the policy that the case had then.

A move is told by one event, of the case that the message left; it stands beside the entries of both cases.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, Table, and_, or_, select

from projections import sql
from projections.answers import Answer
from projections.replay.sentence import Language, sentence
from projections.sql import Link
from schemas.complaint.clocks import SlaApplied
from schemas.complaint.records import EntryCorrected, MessageMoved

Relation = Literal["corrects", "corrected_by", "moves", "moved_by", "brings", "brought_by"]
_BACK: Final[Mapping[Relation, Relation]] = {"corrects": "corrected_by", "moves": "moved_by", "brings": "brought_by"}
_TELLING: Final = (EntryCorrected.NAME, MessageMoved.NAME, SlaApplied.NAME)
_SAID: Final = ("complaint.received.v1", "complaint.message_recorded.v1")
"""Events whose ``message`` is the message that they bring."""


class Beside(Answer):
    """Another entry that this one corrects or moves, or that corrects or moves this one.

    A move ``brings`` the entry under which the case that it names holds the message too. That one is of another case.
    """

    relation: Relation
    case: UUID
    position: int
    version: int
    words: str


class Pinned(Answer):
    """A policy and its version."""

    policy: str
    version: int


class Surroundings:
    """What stands beside the entries of these cases; three queries, however many entries."""

    def __init__(self, link: Link, entries: Table, cases: Iterable[UUID], language: Language) -> None:
        self._language = language
        asked = list(dict.fromkeys(cases))
        own = entries.c.stream.in_(asked)
        columns = (entries.c[name] for name in ("position", "stream", "version", "name", "event_id", "facts"))
        query = select(*columns).order_by(entries.c.position)
        told = or_(own & entries.c.name.in_(_TELLING), moved_to(entries, asked))
        self._telling = sql.fetch(link, query.where(told))
        wanted = [
            row["facts"][field] for row in self._telling for field in ("event_id", "message") if _names(row, field)
        ]
        others = {row["facts"]["other"] for row in self._telling if row["name"] == MessageMoved.NAME}
        near = entries.c.stream.in_({*asked, *(row["stream"] for row in self._telling), *map(UUID, others)})
        self._named = (
            sql.fetch(link, query.where(near, or_(entries.c.event_id.in_(wanted), _brings(entries, wanted))))
            if wanted
            else []
        )
        self._pairs = list(self._paired())

    def beside(self, position: int) -> tuple[Beside, ...]:
        """Return what corrects or moves the entry at this position, or what it corrects or moves."""
        forth = [(relation, there) for relation, here, there in self._pairs if here["position"] == position]
        back = [(_BACK[relation], here) for relation, here, there in self._pairs if there["position"] == position]
        return tuple(self._shown(relation, row) for relation, row in (*forth, *back))

    def policy(self, case: UUID, version: int) -> Pinned | None:
        """Return the policy that the case had once its event of this version had happened."""
        found = [row for row in self._telling if row["name"] == SlaApplied.NAME and row["stream"] == case]
        then = [row["facts"] for row in found if row["version"] <= version]
        return Pinned(policy=then[-1]["policy"], version=then[-1]["policy_version"]) if then else None

    def _paired(self) -> Iterable[tuple[Relation, Mapping[str, Any], Mapping[str, Any]]]:
        for here in self._telling:
            for there in self._named:
                if _names(here, "message") and _is_brought(here, there):
                    yield "brings", here, there
                if there["stream"] != here["stream"]:
                    continue
                if _names(here, "event_id") and str(there["event_id"]) == here["facts"]["event_id"]:
                    yield "corrects", here, there
                if _names(here, "message") and there["facts"].get("message") == here["facts"]["message"]:
                    yield "moves", here, there

    def _shown(self, relation: Relation, row: Mapping[str, Any]) -> Beside:
        words = sentence(row["name"], row["facts"], self._language)
        return Beside(
            relation=relation, case=row["stream"], position=row["position"], version=row["version"], words=words
        )


def moved_to(entries: Table, cases: Sequence[UUID]) -> ColumnElement[bool]:
    """Return the condition of moves to one of these cases; each is an entry of the case that the message left."""
    other = entries.c.facts["other"].astext
    return and_(entries.c.name == MessageMoved.NAME, other.in_([str(one) for one in cases]))


def _is_brought(here: Mapping[str, Any], there: Mapping[str, Any]) -> bool:
    facts = here["facts"]
    return bool(facts["other"] == str(there["stream"]) and facts["message"] == there["facts"].get("message"))


def _names(row: Mapping[str, Any], field: str) -> bool:
    return {EntryCorrected.NAME: "event_id", MessageMoved.NAME: "message"}.get(row["name"]) == field


def _brings(entries: Table, messages: Sequence[str]) -> Any:
    return entries.c.name.in_(_SAID) & entries.c.facts["message"].astext.in_(messages)
