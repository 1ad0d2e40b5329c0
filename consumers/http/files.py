"""Files over HTTP: one that is added to a case by hand, and the octets of those that there are."""

from email.message import Message
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Header, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from consumers.http import idempotency
from consumers.http.documentation import repeatable
from consumers.http.door import Accepted, Door
from consumers.http.problems import problem
from engine import streams_of
from engine.attached import attached
from engine.incoming import Asked
from engine.known import command_id_of
from engine.store.vault.content import NOT_AT_HAND, ContentErased, Contents
from projections.api.actor import DECLARED
from projections.api.route import router_of
from projections.replay.files import FileAway, FileErased, OctetsOf
from schemas.complaint.correspondence import AddAttachment

_LONGEST_NAME: Final = 255
_BODY: Final = {"required": True, "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}}
Named = Annotated[
    str | None,
    Header(
        alias="Content-Disposition",
        max_length=2_000,
        description='Under which name it is kept, sealed: attachment; filename="photo.jpg", or filename* of RFC 6266',
    ),
]


class AddedFile(Accepted):
    """What became of it; ``file`` is its id among the files of the case."""

    file: UUID | None = None


def octets_of(contents: Contents) -> OctetsOf:
    """Return what opens a file."""

    def opened(case: UUID, file: UUID) -> bytes:
        try:
            return contents.open(file, case)
        except ContentErased:
            raise FileErased from None
        except NOT_AT_HAND as error:
            why = "the content store cannot be read" if isinstance(error, OSError) else str(error)
            raise FileAway(why) from None

    return opened


def router(door: Door) -> APIRouter:
    """Return the route by which somebody adds a file."""
    routes = router_of("commands")

    @routes.post(
        "/v1/complaints/{stream}/files",
        response_model=AddedFile,
        responses=repeatable(200),
        summary="Add a file to a case: the body is its octets, the header Content-Type what it is",
        openapi_extra={DECLARED: AddAttachment.RIGHT, "requestBody": _BODY},
    )
    async def add(
        request: Request,
        stream: UUID,
        disposition: Named = None,
        key: idempotency.Key = None,
        match: idempotency.Match = None,
    ) -> Response:
        expected, data = idempotency.version(match), await request.body()
        if match is not None and expected is None:
            return problem(400, "if_match", 'If-Match takes one ETag as it was given, such as "7"')
        if not data:
            return problem(422, "invalid", "the body is empty; send the octets of a file")
        kind, name = request.headers.get("content-type"), file_name(disposition)
        wish = await run_in_threadpool(attached, data, kind, name)
        around, own = door.around(request), idempotency.plain(key) or str(door.new_id())
        asked = Asked(stream, wish, own, around, expected=expected, data=data)
        file = streams_of.part_id(command_id_of(asked, door.store.fingerprint.of), "file")
        return await door.answer(asked, 200, {"file": str(file)})

    return routes


def file_name(disposition: str | None) -> str | None:
    """Return the last part of the name in a Content-Disposition, without what no name has."""
    if disposition is None:
        return None
    header = Message()
    header["Content-Disposition"] = "".join(sign for sign in _written(disposition) if sign.isprintable())
    last = (header.get_filename() or "").replace("\\", "/").rpartition("/")[2]
    return "".join(sign for sign in last if sign.isprintable())[:_LONGEST_NAME] or None


def _written(header: str) -> str:
    """Return a header as its octets were meant: many programs send UTF-8 as it is."""
    try:
        return header.encode("latin-1").decode()
    except UnicodeError:
        return header
