"""A process that appends as fast as it can, and says what was acknowledged: ``CONNINFO CONTENTS NUMBER``.

Each batch has two streams that all processes share, one of its own, a source, an answer, a message, a
conversation and a contact. What it is told is a list of streams: it works on them until told to rest.
"""

import random
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID, uuid4

from engine.store.batch import (
    Answer,
    Append,
    Batch,
    Conflict,
    ConversationKey,
    KnownContact,
    NewEvent,
    SeenMessage,
    SourceMove,
)  # fmt: skip
from engine.store.database.errors import DatabaseUnavailable
from engine.store.database.pool import open_pool
from engine.store.store import Store
from engine.store.vault.master import KeyFile
from support.examples import envelope, note
from support.processes import heard, say

MASTER = KeyFile({"m1": bytes(range(32))})
EVENTS = 4
"""Of one batch: two streams that are shared get one each, the third gets two."""


def text_of(event_id: UUID) -> str:
    """What the event says, so that the opened text can be compared."""
    return f"note of {event_id}"


def source_of(number: int) -> str:
    return f"crew:{number}"


@dataclass
class Worker:
    """One writer. ``acknowledged`` are batches, each the ids of its events; so are those ``in_doubt``."""

    store: Store
    number: int
    acknowledged: list[list[str]] = field(default_factory=list)
    in_doubt: list[list[str]] = field(default_factory=list)

    def work(self, streams: Sequence[UUID], rest: threading.Event) -> None:
        chance = random.Random(self.number)
        while not rest.is_set():
            try:
                self._once(chance.sample(streams, 2))
            except DatabaseUnavailable:
                time.sleep(0.05)  # the server is away

    def _once(self, shared: Sequence[UUID]) -> None:
        source = source_of(self.number)
        at = self.store.positions.look_up([source]).get(source)
        versions = self.store.read.versions(shared)
        own = uuid4()
        appends = (
            *(Append(each, versions.get(each, 0), (self._new(each),)) for each in shared),
            Append(own, 0, (self._new(own), self._new(own))),
        )
        ids = [str(new.envelope.event_id) for append in appends for new in append.events]
        try:
            self.store.commit(self._batch(appends, SourceMove(source, at, (at or 0) + 1)))
        except Conflict:
            return
        except DatabaseUnavailable:
            self.in_doubt.append(ids)
            raise
        self.acknowledged.append(ids)

    def _new(self, stream: UUID) -> NewEvent:
        event_id = uuid4()
        return NewEvent(envelope(event_id=event_id), note(stream, text_of(event_id)))

    def _batch(self, appends: tuple[Append, ...], move: SourceMove) -> Batch:
        own = appends[-1].stream
        return Batch(
            appends=appends,
            sources=(move,),
            answers=(Answer(own, own.bytes, {"by": self.number}, own),),
            messages=(SeenMessage(own.bytes, own, own),),
            conversations=(ConversationKey(own.bytes, own),),
            contacts=(KnownContact(own.bytes, own),),
        )


@contextmanager
def _working(worker: Worker, streams: Sequence[UUID]) -> Iterator[None]:
    rest = threading.Event()
    thread = threading.Thread(target=worker.work, args=(streams, rest))
    thread.start()
    yield
    rest.set()
    thread.join()


def main(conninfo: str, contents: str, number: str) -> None:
    """Say when ready; work while told streams; say what was acknowledged when told to rest."""
    with open_pool(conninfo, max_size=2, name=f"crew {number}") as pool, Store(pool, MASTER, Path(contents)) as store:
        pool.timeout = 2.0
        say("ready")
        while (streams := heard()) is not None:
            worker = Worker(store, int(number))
            with _working(worker, [UUID(each) for each in streams]):
                heard()
            say({"acknowledged": worker.acknowledged, "in_doubt": worker.in_doubt})


if __name__ == "__main__":
    main(*sys.argv[1:])
