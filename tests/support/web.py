"""The HTTP door in this process, asked as a client on the same machine would ask it."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient, Response

from consumers.http import app
from consumers.wiring import clock, knowledge
from consumers.wiring.build import Installation

ADDRESS = "http://127.0.0.1:8080"


class Web:
    """Asks an application, one request after another, on an event loop of its own."""

    def __init__(self, application: FastAPI) -> None:
        self.application = application
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="web", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def get(self, path: str, **more: Any) -> Response:
        """Ask."""
        return self.ask("GET", path, **more)

    def post(self, path: str, **more: Any) -> Response:
        """Bring."""
        return self.ask("POST", path, **more)

    def ask(self, method: str, path: str, **more: Any) -> Response:
        """Send a request; an error of the application is its answer."""
        return asyncio.run_coroutine_threadsafe(self._ask(method, path, more), self._loop).result(60)

    async def _ask(self, method: str, path: str, more: dict[str, Any]) -> Response:
        transport = ASGITransport(self.application, raise_app_exceptions=False)
        async with AsyncClient(transport=transport, base_url=ADDRESS) as client:
            return await client.request(method, path, **more)


@contextmanager
def web(here: Installation) -> Iterator[Web]:
    """Lend the whole application of an installation."""
    built = app.build(
        here.service, here.store, here.views, clock=clock.now, new_id=clock.new_id, person_of=here.person_of,
        beside=app.Beside(articles=knowledge.shipped, note_every_reading=here.settings.access_log == "cases"),
    )  # fmt: skip
    with Web(built) as asked:
        yield asked
