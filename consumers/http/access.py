"""Who read which case: noted before the answer, by the door."""

from collections.abc import Callable
from uuid import UUID

from fastapi import Request

from consumers.http.identity import sender
from engine.store.access_log import Access
from engine.store.read import Reader
from engine.store.store import Store


class Reads:
    """Lends the log that opens texts, having noted who reads. Without identity everybody on loopback may."""

    def __init__(self, store: Store, person_of: Callable[[str], str]) -> None:
        self._store, self._person_of = store, person_of

    def __call__(self, request: Request, case: UUID) -> Reader:
        """Note the reading of a case and return the log with its keys."""
        who = sender(request, self._person_of)
        self._store.access_log.note(Access(actor=who.actor, what="case", stream=case, identity=who.identity))
        return self._store.read
