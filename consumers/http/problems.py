"""Every error is a problem of RFC 9457, and none repeats what was sent."""

import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

import orjson
import psycopg
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from consumers import tracing
from consumers.http.shell import ALWAYS
from engine.incoming import Refused
from engine.sla.calendar import BeyondCalendar
from engine.store.database.errors import DatabaseUnavailable
from engine.store.mapper import UnknownEvent
from projections.api import desk
from projections.api.actor import MayNot, Unproven
from projections.units import OfAllUnits
from schemas.refusals import RefusalCode

MEDIA_TYPE: Final = "application/problem+json"
_NOT_FOUND: frozenset[RefusalCode] = frozenset({"unknown_complaint", "unknown_subject"})
_FORBIDDEN: frozenset[RefusalCode] = frozenset(
    {"right_missing", "self_approval", "person_required", "own_reply", "own_rating", "same_person", "back_dating"}
)
_TITLES: Mapping[int, str] = {
    400: "The request is not what it should be",
    401: "Who asks is not known",
    403: "Not allowed",
    404: "Not found",
    405: "Not this method",
    406: "Not in this form",
    408: "Too slow",
    409: "The case forbids it",
    410: "Gone",
    412: "The case has moved on",
    413: "Too large",
    415: "Not this kind of content",
    422: "The content is not what it should be",
    429: "Too many requests",
    500: "A fault of ours",
    503: "Not possible at the moment",
}
_CODES: Mapping[int, str] = {406: "not_acceptable", 415: "media_type", 422: "invalid"}
"""Where the code is not made of the title."""
_DETAILS: Mapping[int, str] = {
    404: "there is no such path; the door's /openapi.json names those that there are",
    405: "this path takes {Allow}",
}
_OUR_NAME: Final = re.compile(r"[a-z0-9_]{1,40}|Idempotency-Key|If-Match|Last-Event-ID")
_QUOTING: Final = frozenset({"uuid_parsing", "union_tag_invalid", "value_error", "assertion_error", "decimal_parsing"})
_BUSY: Final = 503
_log = structlog.get_logger()


def problem(status: int, code: str, detail: str, *, headers: Mapping[str, str] | None = None, **more: Any) -> Response:
    """Return a problem; ``code`` is stable and for programs, ``detail`` is for people."""
    body = {
        "type": f"urn:plaint:problem:{code}",
        "title": _TITLES.get(status, "A problem"),
        "status": status,
        "code": code,
        "detail": detail,
        **({"trace_id": trace} if (trace := tracing.ids().get("trace_id")) else {}),
        **more,
    }
    return Response(orjson.dumps(body), status, dict(headers or {}), MEDIA_TYPE)


def refused(refusal: Refused, headers: Mapping[str, str] | None = None) -> Response:
    """Return the problem that a refused command is."""
    if refusal.code in _NOT_FOUND:
        status = 404
    elif refusal.code in _FORBIDDEN:
        status = 403
    elif refusal.code == "stale_version":
        status = 412
    elif refusal.code == "command_reused":
        status = 422
    else:
        status = 409
    return problem(status, refusal.code, refusal.reason, headers=headers, facts=refusal.facts)


def install(app: FastAPI) -> None:
    """Have ``app`` answer every error with a problem."""
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Unproven, _unproven)
    app.add_exception_handler(MayNot, _may_not)
    app.add_exception_handler(OfAllUnits, _may_not)
    for kind in desk.STATUS:
        app.add_exception_handler(kind, _question)
    app.add_exception_handler(DatabaseUnavailable, _unavailable)
    app.add_exception_handler(psycopg.OperationalError, _unavailable)
    app.add_exception_handler(UnknownEvent, _too_old)
    app.add_exception_handler(psycopg.DataError, _unfit)
    for kind in (OverflowError, BeyondCalendar):
        app.add_exception_handler(kind, _beyond)
    app.add_exception_handler(Exception, _fault)


def _invalid(_: Request, error: Exception) -> Response:
    found = error.errors() if isinstance(error, RequestValidationError) else []
    errors = [{"path": _path(item["loc"]), "reason": _reason(item)} for item in found]
    return problem(422, "invalid", "some fields are not what they should be", errors=errors)


def _path(place: Sequence[object]) -> str:
    """Return where, without what cannot be a name of ours: a sender's own key may be anything."""
    return ".".join(str(step) for step in place if _OUR_NAME.fullmatch(str(step)))


def _reason(item: Mapping[str, Any]) -> str:
    """Return why, in words that quote nothing: some of the library's messages repeat what they could not read."""
    if item["type"] == "json_invalid":
        return f"is no JSON from character {item['loc'][-1]} on; send one JSON object"
    return f"is not valid ({item['type']})" if item["type"] in _QUOTING else str(item["msg"])


def _http(_: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
    if headers.get("Allow") == "GET":
        headers["Allow"] = "GET, HEAD"
    detail = str(error.detail) if isinstance(error, HTTPException) else ""
    if detail == HTTPStatus(status).phrase:  # the framework's own, which say no more than the status
        detail = _DETAILS.get(status, detail).format(Allow=headers.get("Allow", ""))
    code = _CODES.get(status) or _TITLES.get(status, "problem").lower().replace(" ", "_")
    return problem(status, code, detail, headers=headers)


def _question(_: Request, error: Exception) -> Response:
    status = next(status for kind, status in desk.STATUS.items() if isinstance(error, kind))
    code = re.sub(r"(?<!^)(?=[A-Z])", "_", type(error).__name__).lower()
    headers = {"Retry-After": f"{getattr(error, 'retry_after', 1):.0f}"} if status == _BUSY else None
    return problem(status, code, str(error), headers=headers)


def _unproven(_: Request, error: Exception) -> Response:
    return problem(401, "unproven", str(error), headers={"WWW-Authenticate": 'Bearer realm="plaint"'})


def _may_not(_: Request, error: Exception) -> Response:
    return problem(403, "right_missing", str(error))


def _unfit(_: Request, __: Exception) -> Response:
    """A text that PostgreSQL cannot hold (NUL) was to be looked for."""
    return problem(422, "invalid", "holds a character that no text has; leave control characters out")


def _beyond(_: Request, __: Exception) -> Response:
    """A day or an instant at the very end of what a calendar holds, and something was to be counted on from it."""
    return problem(422, "invalid", "a time or number is outside of what can be counted; send years such as 2026")


def _unavailable(_: Request, error: Exception) -> Response:
    reason = str(error) if isinstance(error, DatabaseUnavailable) else "the database went away"
    return problem(_BUSY, "database_unavailable", reason, headers={"Retry-After": "5"})


def _too_old(request: Request, error: Exception) -> Response:
    """A newer replica can answer it: what is asked for again may reach one."""
    _log.error("program_too_old", path=request.url.path, method=request.method, reason=str(error))
    return problem(_BUSY, "program_too_old", str(error), headers={"Retry-After": "5"})


def _fault(request: Request, error: Exception) -> Response:
    _log.error("request_failed", path=request.url.path, method=request.method, kind=type(error).__name__)
    return problem(500, "fault", "the request met a fault of ours; it is in the log", headers=ALWAYS)
