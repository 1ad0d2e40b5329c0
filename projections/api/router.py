"""Gathers the routes of all questions."""

from fastapi import APIRouter

from projections.api import changes
from projections.api.desk import Desk
from projections.replay import configuration, file_routes, staff
from projections.replay import routes as replay
from projections.replay import sla_routes as sla
from projections.report import routes as report
from projections.views.audit_trail import routes as audit_trail
from projections.views.campaigns import routes as campaigns
from projections.views.cases import routes as cases
from projections.views.causes import routes as causes
from projections.views.funnel import routes as funnel
from projections.views.problems import routes as problems
from projections.views.rates import routes as rates
from projections.views.remedies import routes as remedies
from projections.views.replies import routes as replies
from projections.views.satisfaction import routes as satisfaction
from projections.views.sla_timers import routes as sla_timers
from projections.views.workload import routes as workload

_ALL = (
    cases.routes,
    funnel.routes,
    sla_timers.routes,
    audit_trail.routes,
    replay.routes,
    file_routes.routes,
    satisfaction.routes,
    campaigns.routes,
    causes.routes,
    remedies.routes,
    workload.routes,
    rates.routes,
    problems.routes,
    replies.routes,
    changes.routes,
    sla.routes,
    configuration.routes,
    staff.routes,
    report.routes,
)


def router(desk: Desk, prefix: str = "/v1") -> APIRouter:
    """Return all routes of the read side. Errors are those of ``projections.api.desk.STATUS``; the door maps them."""
    gathered = APIRouter(prefix=prefix)
    for routes in _ALL:
        gathered.include_router(routes(desk))
    return gathered
