"""Who read which case: noted before the answer, by the door."""

from collections.abc import Callable
from uuid import UUID

from fastapi import Request

from consumers.http.identity import sender
from engine.store.access_log import Access
from engine.store.read import Reader
from engine.store.store import Store
from projections.api.desk import Shown


class Reads:
    """Lends the log that opens texts, having noted who reads. Without identity everybody on loopback may.

    ``every``: note also who is shown a case without its texts.
    """

    def __init__(self, store: Store, person_of: Callable[[str], str], *, every: bool = False) -> None:
        self._store, self._person_of, self._every = store, person_of, every

    def __call__(self, request: Request, case: UUID) -> Reader:
        """Note the reading of a case and return the log with its keys."""
        who = sender(request, self._person_of)
        self._store.access_log.note(Access(actor=who.actor, what="case", stream=case, identity=who.identity))
        return self._store.read

    def noted(self, request: Request, what: Shown, case: UUID | None) -> None:
        """Note a search in texts, and a reading without texts where every reading is to be noted."""
        if self._every or what == "search":
            who = sender(request, self._person_of)
            self._store.access_log.note(Access(actor=who.actor, what=what, stream=case, identity=who.identity))
