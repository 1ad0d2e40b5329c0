"""Long lists as lines: a row is one line of JSON, and pages are asked for one by one while the reader takes them."""

from collections.abc import Callable, Iterator
from typing import Any, Final, TypeVar

from fastapi import Request
from starlette.responses import Response, StreamingResponse

from projections.answers import OfView, Question
from projections.api.accepting import chosen
from projections.api.route import JSON

LINES: Final = "application/x-ndjson"
PAGE: Final = 500
"""Rows that are read and written at once."""
POSITION: Final = "Plaint-Position"
"""Header of a streamed answer: the position of the log that its first page speaks of."""

AS_LINES: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "A page; as lines all rows from the cursor on, or as many as `limit` says. "
        f"Each page speaks of its own moment, the first one's position is in `{POSITION}`",
        "content": {LINES: {"schema": {"type": "string", "description": "A row of the list on each line, as JSON"}}},
    }
}
"""For the ``responses`` of a route that answers by ``listed``."""

Q = TypeVar("Q", bound=Question)
A = TypeVar("A", bound=OfView)


def listed(request: Request, wanted: Q, ask: Callable[[Q], A], rows: str) -> A | Response:
    """Return the page that ``ask`` gives, or all that follows as lines where the asker likes these better.

    ``rows`` names the field of the answer that holds its rows. Whatever is wrong with the question is raised here,
    before the first line; should a later page fail, the answer breaks off, which HTTP tells from an end.
    """
    if chosen(request.headers.get("accept"), (JSON, LINES)) != LINES:
        return ask(wanted)
    bounded = "limit" in wanted.model_fields_set
    first = ask(wanted if bounded else wanted.model_copy(update={"limit": PAGE}))
    headers = {POSITION: str(first.position), "Cache-Control": "no-store"}
    pages = _pages(first, wanted, ask, whole=not bounded)
    return StreamingResponse((_lines(page, rows) for page in pages), media_type=LINES, headers=headers)


def _pages(first: A, wanted: Q, ask: Callable[[Q], A], *, whole: bool) -> Iterator[A]:
    """Yield a page and those behind it; they need not wait for a position, since the first one has."""
    cursor = "cursor" if "cursor" in type(wanted).model_fields else "after"
    page = first
    yield page
    while whole and (following := getattr(page, "next", None)) is not None:
        page = ask(wanted.model_copy(update={cursor: following, "limit": PAGE, "at_least": None}))
        yield page


def _lines(page: OfView, rows: str) -> bytes:
    return b"".join(row.model_dump_json(by_alias=True).encode() + b"\n" for row in getattr(page, rows))
