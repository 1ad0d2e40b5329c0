"""Who asks, and may he: every route names one right, and who has it nowhere gets no answer.

A door puts into a request who asks (``ASKER``). Where it does not, since it asks nobody who he is, everybody there
holds all rights. A route that names no right is for nobody.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.types import Scope

from engine.configuration.in_force import Book
from engine.rules import rights
from engine.rules.rights import Credentials, Wanted
from engine.store.batch import Recorded
from projections import units
from projections.runtime import copies
from projections.units import Confinement
from projections.views.campaigns import rows as campaigns
from projections.views.cases import rows as cases
from projections.views.problems import rows as problems
from schemas.complaint.assignment import ComplaintAssigned
from schemas.configuration.roles import Role
from schemas.streams.staff import StaffBound

ASKER: Final = "plaint.asker"
"""Key of a request's scope: the ``Credentials`` of who sends it; None where nobody proved who he is."""
UNTIL: Final = "plaint.until"
"""Key of a request's scope: when its proof ends, in seconds since 1970; absent: no answer outlasts it."""
Asked = Wanted | Literal["open"]
"""What a route asks for: a right, or nothing."""
OPEN: Final = "open"
"""In place of a right: whoever comes is answered. Probes, and links that are their own proof."""
DECLARED: Final = "x-plaint-right"
"""In the description of a route: its right."""

HOMES: Final[Mapping[str, str]] = {
    "": f"{copies.SCHEMA}.{copies.live(cases.CASES).name}",
    "problems": f"{copies.SCHEMA}.{copies.live(problems.PROBLEMS).name}",
    "campaigns": f"{copies.SCHEMA}.{copies.live(campaigns.RESPONDENTS).name}",
}
_FRESH_SECONDS: Final = 1.0
_BY_TAG: Final[Mapping[str, Asked]] = {
    "probes": OPEN,
    "messages": "receive",
    "cases": "see",
    "sla": "see",
    "replies": "figures",
    "funnel": "figures",
    "satisfaction": "figures",
    "campaigns": "figures",
    "causes": "figures",
    "remedies": "figures",
    "workload": "figures",
    "rates": "figures",
    "problems": "figures",
    "report": "figures",
    "audit": "audit",
}
_BY_PLACE: Final[Mapping[tuple[str, str], Asked]] = {
    ("POST", "/cases/search"): "texts",
    ("GET", "/cases/{reference}/rules"): "texts",
    ("GET", "/cases/{reference}/trail"): "see",
    ("GET", "/cases/{reference}/remedies"): "see",
}
"""Where the tag of a route would say otherwise; paths as the route's own router has them."""
_PAGES: Final[Mapping[tuple[str, str], Asked]] = {
    ("GET", "/"): "see",
    ("GET", "/cases"): "see",
    ("POST", "/cases"): "texts",
    ("GET", "/cases/{reference}"): "see",
    ("GET", "/p/{token}"): OPEN,
    ("POST", "/p/{token}"): OPEN,
}
"""Of routes without a tag, which are for people."""


class MayNot(PermissionError):
    """Who asks has no role that lets him; says which right is missing. Another role, or another asker, may."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"{reason}; who runs this installation gives roles")


class Unproven(PermissionError):
    """Nobody proved who asks."""

    def __init__(self) -> None:
        super().__init__("say who you are: by a signed token, or through the proxy of the mesh")


def right_of(route: Any, method: str) -> Asked | None:
    """Return what a route asks for: what it declares, else by its place or its tag; None: nobody may use it."""
    place = (method, getattr(route, "path", ""))
    declared: Asked | None = (getattr(route, "openapi_extra", None) or {}).get(DECLARED)
    if declared is not None:
        return declared
    tags = getattr(route, "tags", None) or ()
    if not tags:
        return _PAGES.get(place)
    return _BY_PLACE.get(place) or next((_BY_TAG[tag] for tag in tags if tag in _BY_TAG), None)


class Roles:
    """The roles in force, as they were read a second ago at most. Commands are judged by the very latest.

    ``book`` reads what is in force, ``ticks`` are seconds that never go back.
    """

    def __init__(self, book: Callable[[], Book], ticks: Callable[[], float]) -> None:
        self._book, self._ticks = book, ticks
        self._kept: Collection[Role] = ()
        self._at = float("-inf")

    @property
    def fresh(self) -> bool:
        """Whether they need not be read."""
        return self._ticks() - self._at < _FRESH_SECONDS

    def __call__(self) -> Collection[Role]:
        """Return them; reads them where that is due."""
        if not self.fresh:
            at = self._ticks()
            self._kept = tuple(self._book().roles.values())
            self._at = at
        return self._kept


@dataclass(frozen=True, slots=True)
class Asking:
    """Judges who asks. ``history`` reads a stream without keys."""

    roles: Roles
    history: Callable[[UUID], Collection[Recorded]]

    async def admit(self, request: Request) -> None:
        """Let a request through to its route, or not; what the route asks then is narrowed to the asker's units.

        Raises:
            Unproven: nobody proved who asks.
            MayNot: he has the route's right nowhere.
        """
        units.confine(None)
        if ASKER not in request.scope:
            return
        right = right_of(request.scope.get("route"), request.method)
        if right == OPEN:
            return
        who = asker(request.scope)
        if who is None:
            raise Unproven
        if right is None:
            raise MayNot("no role gives this")
        roles = await self._in_force()
        if (reason := rights.missing(right, who, roles)) is not None:
            raise MayNot(reason)
        scope = rights.scope(right, who, roles)
        units.confine(None if scope is None else Confinement(scope, HOMES))

    async def still(self, request: Request, now: datetime) -> bool:
        """Whether what ``admit`` found holds yet, for an answer without an end; else who asks has to ask again."""
        who, right = asker(request.scope), right_of(request.scope.get("route"), request.method)
        if who is None or right is None or right == OPEN:
            return ASKER not in request.scope
        if now.timestamp() >= request.scope.get(UNTIL, float("inf")):
            return False
        roles = await self._in_force()
        return rights.missing(right, who, roles) is None and rights.scope(right, who, roles) == units.confinement()

    async def _in_force(self) -> Collection[Role]:
        return self.roles() if self.roles.fresh else await run_in_threadpool(self.roles)

    def missing(self, request: Request, right: Wanted, case: UUID | None = None) -> str | None:
        """Return why the asker may not use a right, on a case where one is named; None if he may."""
        who = asker(request.scope)
        if who is None:
            return None if ASKER not in request.scope else "nobody proved who asks"
        roles = self.roles()
        everywhere = case is None or rights.scope(right, who, roles) is rights.EVERYWHERE
        unit = None if case is None or everywhere else unit_of(self.history(case))
        return rights.missing(right, who, roles, unit)


def asker(scope: Scope) -> Credentials | None:
    """Return who sends a request, as far as its door has proof."""
    found = scope.get(ASKER)
    return found if isinstance(found, Credentials) else None


def unit_of(history: Collection[Recorded]) -> str | None:
    """Return the business unit that a stream belongs to now; None where it has no event, or is about a person of staff.

    People work for several units, and their ids are met only where a case of theirs may be seen.
    """
    unit: str | None = None
    for one in history:
        if isinstance(one.event, StaffBound):
            return None
        unit = unit or one.envelope.business_unit
        if isinstance(one.event, ComplaintAssigned):
            unit = one.event.business_unit or unit
    return unit
