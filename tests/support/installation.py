"""A store and a service on a database of the test's own, with the shipped configuration in force."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import orjson
import pytest

from consumers import intake
from consumers.wiring import presets
from engine.complaint import decider
from engine.complaint.case import Case
from engine.incoming import Arrived, Asked, Circumstances, Done, Result, Sender
from engine.service import Service
from engine.store.batch import Recorded
from engine.store.database.pool import open_pool
from engine.store.store import Store
from engine.store.vault.master import KeyFile
from schemas.complaint.base import Command
from schemas.envelope import RequestSource
from schemas.words import Identity

MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
_REQUEST = RequestSource(request=UUID(int=7))


@dataclass
class Desk:
    """A service to talk to, at a time that the test sets."""

    store: Store
    service: Service
    conninfo: str
    at: datetime = MONDAY
    asked: int = field(default=0)

    def later(self, **by: float) -> None:
        """Let time pass."""
        self.at += timedelta(**by)

    def around(self, actor: str = "service:test") -> Circumstances:
        identity: Identity = "local" if actor.startswith("person:") else "workload"
        return Circumstances(Sender("test", actor, identity), _REQUEST, self.at, clock=self.at)

    def message(self, **fields: Any) -> Arrived:
        """Return a message that the intake takes."""
        taken = intake.from_octets(orjson.dumps(fields), self.around())
        assert isinstance(taken, Arrived), taken
        return taken

    def hear(self, **fields: Any) -> Result:
        """Have a channel message arrive now."""
        return self.service.submit([self.message(**fields)], self.at)[0]

    def opened(self, **fields: Any) -> UUID:
        """Have a message arrive that opens a stream; returns it."""
        result = self.hear(**fields)
        assert isinstance(result, Done)
        assert result.opened
        return result.stream

    def give(
        self, stream: UUID, command: Command, *, by: str = "person:ann", id: str | None = None, **more: Any
    ) -> Result:
        """Give a command now."""
        self.asked += 1
        asked = Asked(stream, command, id or f"{by}/{self.asked}", self.around(by), **more)
        return self.service.submit([asked], self.at)[0]

    def history(self, stream: UUID, *, open: bool = True) -> Sequence[Recorded]:
        return self.store.read.stream(stream, open=open)

    def names(self, stream: UUID) -> list[str]:
        """Return the event names of a stream, without prefix and version."""
        return [one.name.partition(".")[2].rpartition(".")[0] for one in self.history(stream, open=False)]

    def opened_stream(self) -> UUID:
        """Return the only complaint of the log."""
        (stream,) = {one.stream for one in self.store.read.log(0, 1000) if one.name == "complaint.received.v1"}
        return stream

    def case(self, stream: UUID) -> Case:
        state = decider.fold(self.history(stream, open=False))
        assert isinstance(state, Case)
        return state


@pytest.fixture
def desk(database: str, tmp_path: Path) -> Iterator[Desk]:
    """A desk with nothing but the shipped configuration in its log."""
    with (
        open_pool(database, max_size=8, name="test") as pool,
        Store(pool, KeyFile({"m1": bytes(range(32))}), tmp_path / "content") as store,
    ):
        service = Service(store)
        here = Desk(store, service, database)
        service.activate(presets.shipped(), here.around(), here.at)
        yield here


def derived(label: str) -> UUID:
    """Return a stable id for a test."""
    return uuid5(UUID(int=0), label)
