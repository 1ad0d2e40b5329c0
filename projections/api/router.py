"""Gathers the routes of all questions."""

from fastapi import APIRouter

from projections.api.desk import Desk
from projections.replay import routes as replay
from projections.views.audit_trail import routes as audit_trail
from projections.views.cases import routes as cases
from projections.views.funnel import routes as funnel
from projections.views.sla_timers import routes as sla_timers

_ALL = (cases.routes, funnel.routes, sla_timers.routes, audit_trail.routes, replay.routes)


def router(desk: Desk, prefix: str = "/v1") -> APIRouter:
    """Return all routes of the read side. Errors are those of ``projections.api.desk.STATUS``; the door maps them."""
    gathered = APIRouter(prefix=prefix)
    for routes in _ALL:
        gathered.include_router(routes(desk))
    return gathered
