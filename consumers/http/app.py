"""The HTTP door: messages and commands in, answers of the views out, every error a problem."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import version
from typing import Final
from uuid import UUID

from fastapi import Depends, FastAPI
from starlette.middleware.gzip import GZipMiddleware

from consumers.http import commands, documentation, files, messages, observed, platform, probes, problems, public
from consumers.http.access import Reads
from consumers.http.door import Door
from consumers.http.heads import Heads
from consumers.http.helping import helping
from consumers.http.identity import Identified, Identity, LoopbackOnly, caller
from consumers.http.limits import Bounded, Limits, NotTooMany
from consumers.http.paths import PlainPaths
from consumers.http.platform import Platform
from consumers.http.probes import Checks, Exposition, Working, no_figures
from consumers.http.ruling import ruling
from consumers.http.shell import Shell
from engine.service import Service
from engine.store.store import Store
from engine.text.knowledge import Article
from projections.answers import Views
from projections.api.actor import Asking, Roles
from projections.api.desk import Desk
from projections.api.router import router as questions
from projections.pages import routes as pages
from schemas.channels.mail.automatic import NOTHING_OWN, OwnMail
from schemas.published.metrics import NO_METER, Meter

_DESCRIPTION = """
Event-sourced complaint processing. Messages and commands go in by `POST`; every answer of a view
states the position of the log it speaks of and takes `at_least`. The same message, or command under the same
`Idempotency-Key`, has its effect once and is answered the same again. Errors are problems of RFC 9457. Who asks proves
himself by a token, a certificate or both; an installation without identity serves loopback alone and asks nobody.
The right that a role must give for an operation is its `x-plaint-right`.
"""
_WORTH_PACKING: Final = 1_024
"""Octets from which on an answer is compressed for who takes that."""


@dataclass(frozen=True, slots=True)
class Options:
    """What an installation has chosen, and lends to this door.

    ``ticks`` are seconds of a clock that never goes back. ``meter`` is told of requests, ``exposition`` tells all
    figures. ``checks`` is what probes ask; absent: they ask the store alone. ``articles`` returns the knowledge base.
    """

    own: OwnMail = NOTHING_OWN
    note_every_reading: bool = False
    limits: Limits = field(default_factory=Limits)
    ticks: Callable[[], float] = lambda: 0.0
    meter: Meter = NO_METER
    exposition: Exposition = no_figures
    checks: Checks | None = None
    articles: Callable[[], Sequence[Article]] = tuple
    platform: Platform | None = None
    """Absent: nothing is told to whoever runs it."""
    identity: Identity | None = None
    """Absent: nobody is asked who he is, and only loopback is served."""


_NO_OPTIONS: Final = Options()


def build(
    service: Service,
    store: Store,
    views: Views,
    *,
    clock: Callable[[], datetime],
    new_id: Callable[[], UUID],
    person_of: Callable[[str], str],
    options: Options = _NO_OPTIONS,
) -> FastAPI:
    """Return the application; without an identity it serves loopback only, since it knows nobody there."""
    asking = Asking(Roles(service.book, options.ticks), store.read.stream)
    app = FastAPI(
        title="Plaint",
        version=version("plaint"),
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        redirect_slashes=False,
        responses=documentation.ANY_PROBLEM,
        generate_unique_id_function=documentation.called,
        dependencies=[Depends(asking.admit)],
    )
    app.add_middleware(Bounded, seconds=options.limits.seconds)
    app.add_middleware(GZipMiddleware, minimum_size=_WORTH_PACKING, compresslevel=5)
    app.add_middleware(NotTooMany, limits=options.limits, caller=caller, ticks=options.ticks)
    app.add_middleware(PlainPaths)
    if options.identity is None:
        app.add_middleware(LoopbackOnly)
    else:
        app.add_middleware(Identified, identity=options.identity)
    app.add_middleware(Shell)
    app.add_middleware(Heads)
    problems.install(app)
    documentation.install(app)
    checks = options.checks or Working(store)
    observed.install(app, options.meter, options.ticks, new_id, checks)
    app.include_router(probes.router(checks, options.exposition))
    door = Door(service, store, clock, new_id, person_of, options.own)
    app.include_router(messages.router(door))
    app.include_router(commands.router(door))
    app.include_router(files.router(door))
    app.include_router(public.router(door))
    if options.platform is not None:
        app.include_router(platform.router(door, options.platform))
    reads = Reads(store, person_of, asking, every=options.note_every_reading)
    help_of, rules = helping(service, options.articles), ruling(store, views)
    desk = Desk(
        views,
        store.read,
        clock,
        reads,
        reads.noted,
        rules,
        help_of,
        lambda: checks.leaving,
        asking.still,
        files.octets_of(store.contents),
    )
    app.include_router(questions(desk))
    app.include_router(pages.routes(desk))
    return app
