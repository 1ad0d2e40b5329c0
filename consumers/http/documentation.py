"""What ``/openapi.json`` says beyond the routes' own types: problems, messages, headers, who may come."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from fastapi import FastAPI
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict

from consumers.http.idempotency import REPLAYED
from consumers.http.problems import MEDIA_TYPE
from consumers.http.requirements import require
from schemas.channels import CHANNEL_MESSAGE
from schemas.published.cloudevent import CloudEvent

_PREFIX: Final = "message."
"""Of the models of messages, whose names would meet those of commands."""


class Fault(BaseModel):
    """One thing that is wrong with a request: where, and why."""

    path: str
    reason: str


class Problem(BaseModel):
    """An error (RFC 9457). ``code`` is stable and for programs, ``detail`` for people; ``type`` is made of the code.

    ``trace_id`` is the one that our log lines of the request have.
    """

    model_config = ConfigDict(extra="allow")
    type: str
    title: str
    status: int
    code: str
    detail: str
    trace_id: str | None = None
    errors: list[Fault] | None = None
    facts: dict[str, str | int | None] | None = None


ANY_PROBLEM: Final[dict[int | str, dict[str, Any]]] = {"default": {"model": Problem, "description": "A problem"}}
"""Every route may answer with one; it stands for the validation errors that FastAPI would describe its own way."""

_ASKED: Final[Mapping[str, str]] = {
    "reference": "A case, by its number (PL-...) or its id",
    "stream": "Id of the complaint, feedback, problem or respondent that the command is for",
    "problem": "Id of a problem",
    "calendar": "Id of a calendar that is in force",
    "letter": "Id of a dead letter",
    "subject": "Id of a person; a contact finds it",
    "actor": "Id of an actor as events name him: person:..., service:... or rule:...",
    "limit": "Rows of one page at most",
    "cursor": "`next` of the page before; absent: the first page",
    "language": "Of words for people",
    "texts": "Also what persons wrote, for who may see it; noted in the access log",
    "origin": "What came live, or what was imported",
    "business_unit": "Of this business unit alone",
    "team": "Of this team alone",
}
"""What parameters mean that mean the same wherever they stand, and are not described there."""

_REPLAYED: Final[dict[str, Any]] = {
    REPLAYED: {
        "description": "The same has come before: this is its first answer again, and nothing was done now",
        "schema": {"const": "true", "type": "string"},
    }
}
_ETAG: Final = {"ETag": {"description": "The stream's version, for If-Match", "schema": {"type": "string"}}}


def repeatable(status: int) -> dict[int | str, dict[str, Any]]:
    """Return the answers of a route where the same again is answered the same: ``status``, or a problem."""
    problem = {**ANY_PROBLEM["default"], "headers": _REPLAYED}
    return {status: {"headers": {**_ETAG, **_REPLAYED}}, "default": problem}


def called(route: APIRoute) -> str:
    """Return how clients call an operation: by what it is about, and its function's name."""
    return f"{route.tags[0]}_{route.name}" if route.tags else route.name


def install(app: FastAPI) -> None:
    """Have ``app`` describe itself whole."""
    plain = app.openapi
    app.openapi = _described(app, plain)  # type: ignore[method-assign] # FastAPI's documented way


def _described(app: FastAPI, plain: Callable[[], dict[str, Any]]) -> Callable[[], dict[str, Any]]:
    def describe() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = plain()
            for operation in _operations(document):
                _as_problems(operation)
                _explain(operation)
                _entitle(operation)
            document["components"]["schemas"].update(_messages())
            require(document)
            app.openapi_schema = document
        return app.openapi_schema

    return describe


def _operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in document["paths"].values():
        yield from path.values()


def _as_problems(operation: dict[str, Any]) -> None:
    """Give the description of errors the media type that they have."""
    content = operation["responses"].get("default", {}).get("content", {})
    for media in list(content):
        content[MEDIA_TYPE] = content.pop(media)


def _explain(operation: dict[str, Any]) -> None:
    """Say of parameters what they mean, where their own route does not."""
    for one in operation.get("parameters", ()):
        if one["name"] in _ASKED and "description" not in one["schema"]:
            one.setdefault("description", _ASKED[one["name"]])


def _entitle(operation: dict[str, Any]) -> None:
    """Have the claim of a route's function as its title, in place of the function's name."""
    claim, _, more = operation.pop("description", "").partition("\n")
    operation["summary"] = (claim or operation["summary"]).rstrip(".")
    if more.strip():
        operation["description"] = more.strip()


def _messages() -> dict[str, Any]:
    """Return the schemas of what ``/v1/messages`` takes, by the names they have among the components."""
    found: dict[str, Any] = {}
    for name, schema in (
        ("ChannelMessage", CHANNEL_MESSAGE.json_schema(ref_template=f"#/components/schemas/{_PREFIX}{{model}}")),
        ("CloudEvent", CloudEvent.model_json_schema(ref_template=f"#/components/schemas/{_PREFIX}{{model}}")),
    ):
        for part, definition in schema.pop("$defs", {}).items():
            found[f"{_PREFIX}{part}"] = definition
        found[f"{_PREFIX}{name}"] = schema
    return found


def reference(name: str) -> dict[str, str]:
    """Return a reference to the schema of a message."""
    return {"$ref": f"#/components/schemas/{_PREFIX}{name}"}
