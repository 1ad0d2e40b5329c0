"""The HTTP door: messages and commands in, answers of the views out, every error a problem."""

from collections.abc import Callable, Sequence
from datetime import datetime
from importlib.metadata import version
from typing import NamedTuple
from uuid import UUID

from fastapi import FastAPI, Request
from starlette.responses import Response

from consumers.http import commands, documentation, messages, probes, problems, public
from consumers.http.access import Reads
from consumers.http.door import Door
from consumers.http.helping import helping
from consumers.http.identity import LoopbackOnly
from consumers.http.limits import Bounded
from consumers.http.ruling import ruling
from engine.service import Service
from engine.store.store import Store
from engine.text.knowledge import Article
from projections.answers import Views
from projections.api.desk import Desk
from projections.api.router import router as questions
from projections.pages import routes as pages
from schemas.channels.mail.automatic import NOTHING_OWN, OwnMail

_DESCRIPTION = """
Event-sourced complaint processing. Messages and commands go in by `POST`; every answer of a view
states the position of the log it speaks of and takes `at_least`. Errors are problems of RFC 9457.
"""


class Beside(NamedTuple):
    """What an installation has chosen. ``articles`` reads the knowledge base when it is asked."""

    own: OwnMail = NOTHING_OWN
    articles: Callable[[], Sequence[Article]] = tuple
    note_every_reading: bool = False


def build(
    service: Service,
    store: Store,
    views: Views,
    *,
    clock: Callable[[], datetime],
    new_id: Callable[[], UUID],
    person_of: Callable[[str], str],
    beside: Beside = Beside(),  # noqa: B008 # a tuple
) -> FastAPI:
    """Return the application; it serves loopback only, since it knows nobody's identity."""
    app = FastAPI(
        title="Plaint",
        version=version("plaint"),
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        responses=documentation.ANY_PROBLEM,
    )
    app.add_middleware(Bounded)
    app.add_middleware(LoopbackOnly)
    problems.install(app)
    documentation.install(app)
    app.include_router(probes.router(store))
    door = Door(service, store, clock, new_id, person_of, beside.own)
    app.include_router(messages.router(door))
    app.include_router(commands.router(door))
    app.include_router(public.router(door))
    reads = Reads(store, person_of, every=beside.note_every_reading)
    help_of = helping(service, beside.articles)
    desk = Desk(views, store.read, clock, reads, reads.noted, ruling(store, views), help_of)
    app.include_router(questions(desk))
    app.include_router(pages.routes(desk))
    app.middleware("http")(_no_sniffing)
    return app


async def _no_sniffing(request: Request, call_next: Callable[[Request], object]) -> Response:
    """Answers are what they say they are, are framed by nobody and load nothing from elsewhere."""
    answer: Response = await call_next(request)  # type: ignore[misc] # starlette types the next step loosely
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'"
    )
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer
