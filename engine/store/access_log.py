"""Who read personal data: an append-only log with an order of its own, apart from the events.

It never waits for the writers of events, and they never wait for it. A refused read stands here
too. An entry holds codes and opaque ids, nothing typed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

import orjson

from engine.store.database.pool import Pool
from engine.store.session import reading
from schemas.words import ActorId, Code, Identity

What = Literal["case", "history", "search", "list", "content", "set_aside", "export", "page"]

_LOCK: Final = "SELECT pg_advisory_xact_lock(1886151017, 2)"
_ADD: Final = """
    INSERT INTO plaint.access_log (position, recorded_at, stream, actor, entry)
    SELECT coalesce(last.position, 0) + 1, greatest(clock_timestamp(), last.recorded_at), %s, %s, %s
    FROM (SELECT 1) AS always LEFT JOIN
         (SELECT position, recorded_at FROM plaint.access_log ORDER BY position DESC LIMIT 1) AS last ON true
    RETURNING position
"""
_SELECT: Final = "SELECT position, recorded_at, entry FROM plaint.access_log"


@dataclass(frozen=True, slots=True)
class Access:
    """One read, allowed or refused. ``stream`` is None where it was of many cases."""

    actor: ActorId
    what: What
    stream: UUID | None = None
    reason: Code | None = None
    identity: Identity = "local"
    on_behalf_of: ActorId | None = None
    refused: bool = False
    request: UUID | None = None


@dataclass(frozen=True, slots=True)
class RecordedAccess:
    """A read as it was recorded."""

    position: int
    recorded_at: datetime
    access: Access


class AccessLog:
    """Notes and lists reads. For any number of threads."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def note(self, access: Access) -> int:
        """Record a read, before it is answered; its position. Durable when this returns."""
        entry = orjson.dumps(access)
        with reading(self._pool) as connection, connection.transaction():
            connection.execute(_LOCK)
            row = connection.execute(_ADD, (access.stream, access.actor, entry)).fetchone()
        if row is None:
            raise LookupError("the read was not recorded")
        return int(row[0])

    def after(self, position: int, limit: int) -> list[RecordedAccess]:
        """At most ``limit`` reads behind ``position``, in order."""
        return self._entries(f"{_SELECT} WHERE position > %s ORDER BY position LIMIT %s", (position, limit))

    def of_stream(self, stream: UUID) -> list[RecordedAccess]:
        """Every read of one case, in order."""
        return self._entries(f"{_SELECT} WHERE stream = %s ORDER BY position", (stream,))

    def _entries(self, query: str, parameters: Sequence[object]) -> list[RecordedAccess]:
        with reading(self._pool) as connection:
            rows = connection.execute(query, parameters).fetchall()
        return [RecordedAccess(position, at, _access(bytes(entry))) for position, at, entry in rows]


def _access(entry: bytes) -> Access:
    said = orjson.loads(entry)
    known = {field: said.get(field) for field in Access.__dataclass_fields__ if field in said}
    for field in ("stream", "request"):
        if known.get(field) is not None:
            known[field] = UUID(known[field])
    return Access(**known)
