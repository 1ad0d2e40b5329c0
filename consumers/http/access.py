"""Who read which case: noted before the answer, by the door."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from fastapi import Request

from consumers.http.identity import sender
from engine.incoming import Sender
from engine.store.access_log import Access, What
from engine.store.read import Reader
from engine.store.store import Store
from projections.api.actor import Asking, MayNot
from projections.api.desk import Shown


class Reads:
    """Lends the log that opens texts, having noted who reads. Without identity everybody on loopback may.

    ``asking`` judges who may; what it refuses is noted, too. ``every``: note also who is shown a case without its
    texts.
    """

    def __init__(self, store: Store, person_of: Callable[[str], str], asking: Asking, *, every: bool = False) -> None:
        self._store, self._person_of, self._asking, self._every = store, person_of, asking, every

    def __call__(self, request: Request, case: UUID) -> Reader | None:
        """Note the reading of a case and return the log with its keys; None, and noted as refused, where he may not."""
        refused = self._asking.missing(request, "texts", case) is not None
        self._note(request, "case", case, refused=refused)
        return None if refused else self._store.read

    def noted(self, request: Request, what: Shown, case: UUID | None) -> None:
        """Note a search in texts, and a reading without texts where every reading is to be noted.

        Raises:
            MayNot: who asks may not; that is noted.
        """
        reason = self._asking.missing(request, "texts" if what == "search" else "see", case)
        if self._every or what == "search" or reason is not None:
            self._note(request, what, case, refused=reason is not None)
        if reason is not None:
            raise MayNot(reason)

    def _note(self, request: Request, what: What, case: UUID | None, *, refused: bool) -> None:
        noted = by(sender(request, self._person_of), what, stream=case, refused=refused)
        self._store.access_log.note(noted)


def by(who: Sender, what: What, **more: Any) -> Access:
    """Return a reading by whoever sends a request, and on whose behalf; ``more`` are its other fields."""
    return Access(actor=who.actor, what=what, identity=who.identity, on_behalf_of=who.on_behalf_of, **more)
