"""The files of a case over HTTP: what there is, and each of them to be saved."""

from typing import Annotated
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from projections.api.desk import Desk
from projections.api.route import RIGHT, router_of
from projections.replay.files import CaseFiles, files, find, media_type_of, name_of
from projections.replay.routes import stream_of
from schemas.channels.media_types import OCTETS


def routes(desk: Desk) -> APIRouter:
    """Return the routes of files."""
    router = router_of("cases")

    @router.get("/cases/{reference}/files")
    def listed(request: Request, reference: str, *, texts: Annotated[bool, Query()] = False) -> CaseFiles:
        """List the files of a case: attachments, and messages kept whole; their names with ``texts``."""
        stream = stream_of(desk, reference)
        log = desk.log_for(request, "history", stream, texts=texts)
        return files(stream, log.stream(stream, open=texts))

    if (octets_of := desk.octets_of) is not None:

        @router.get(
            "/cases/{reference}/files/{file}",
            openapi_extra={RIGHT: "texts"},
            response_class=Response,
            responses={200: {"content": {OCTETS: {"schema": {"type": "string", "format": "binary"}}}}},
        )
        def fetched(request: Request, reference: str, file: UUID) -> Response:
            """Fetch a file as it came, to be saved and not shown in place; noted as a reading."""
            stream = stream_of(desk, reference)
            log = desk.opened(request, stream)
            wanted = find(files(stream, log.stream(stream, open=True)), file)
            octets = octets_of(stream, file)
            kind = media_type_of(wanted, octets)
            return Response(octets, media_type=kind, headers=_saved_as(name_of(wanted, kind)))

    return router


def _saved_as(name: str) -> dict[str, str]:
    """Return the headers by which a browser saves a file instead of showing it (RFC 6266), and nobody keeps a copy."""
    plain = "".join(sign if sign.isascii() and sign.isprintable() and sign not in '"\\' else "_" for sign in name)
    return {
        "Content-Disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}",
        "Cache-Control": "no-store",
    }
