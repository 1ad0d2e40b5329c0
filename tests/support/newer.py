"""A program of the next release, as far as the log can tell: one more event, and more in two that exist.

As a process (``python -m support.newer``, settings in the environment) it is told a stream and what to
append to it, or to read, and answers.
"""

from typing import Any, ClassVar, Literal
from uuid import UUID, uuid4

from consumers.wiring import build
from consumers.wiring.build import Installation
from consumers.wiring.settings import from_environment
from engine.store.batch import Append, Batch, NewEvent
from engine.store.commit import Writer
from engine.store.herald import Herald
from engine.store.mapper import Mapper
from engine.store.read import Reader
from schemas.catalogue import EVENTS
from schemas.complaint.base import Event
from schemas.complaint.classification import ComplaintPrioritised
from schemas.complaint.correspondence import NoteAdded
from schemas.words import Frozen, Personal
from support.examples import envelope
from support.processes import heard, say


class Remark(Frozen):
    """A part that the shipped program does not know."""

    text: Personal[str]
    weight: int


class NoteAddedNewer(NoteAdded):
    """The same name with more fields: a code, a text, a list of texts."""

    shade: Literal["warm", "cold"] | None = None
    mood: Personal[str] | None = None
    remarks: tuple[Remark, ...] = ()


class PrioritisedNewer(ComplaintPrioritised):
    """The same name with one more value in a closed list."""

    priority: Literal["urgent", "cosmic"]  # type: ignore[assignment] # which is the point


class Teleported(Event):
    """An event of the next release."""

    NAME: ClassVar[str] = "complaint.teleported.v1"
    where: Personal[str]


CATALOGUE: dict[str, type[Event]] = {
    **EVENTS,
    NoteAdded.NAME: NoteAddedNewer,
    ComplaintPrioritised.NAME: PrioritisedNewer,
    Teleported.NAME: Teleported,
}


def example(what: str, subject: UUID) -> Event:
    match what:
        case "note":
            remarks = (Remark(text="first remark", weight=1), Remark(text="second remark", weight=2))
            return NoteAddedNewer(subject_id=subject, note="a newer note", shade="warm", mood="glad", remarks=remarks)
        case "priority":
            return PrioritisedNewer(subject_id=subject, priority="cosmic")
        case _:
            return Teleported(subject_id=subject, where="Mars")


class Program:
    """Reads and writes one installation by the newer catalogue."""

    def __init__(self, here: Installation) -> None:
        mapper = Mapper(CATALOGUE)
        self.reader = Reader(here.pool, here.store.keys, mapper)
        self.writer = Writer(here.pool, here.store.keys, here.store.set_aside, Herald(here.pool), mapper)

    def append(self, stream: UUID, what: str) -> int:
        """Append an example; return its version."""
        history = self.reader.stream(stream)
        subject = history[0].event.subject_id
        assert subject is not None
        new = NewEvent(envelope(event_id=uuid4()), example(what, subject))
        committed = self.writer.commit(Batch(appends=(Append(stream, len(history), (new,)),)))
        return committed.versions[stream]

    def read(self, stream: UUID) -> list[Any]:
        """Name and fields of every event of a stream, opened."""
        events = self.reader.stream(stream, open=True)
        return [[one.name, one.event.model_dump(mode="json", exclude_none=True)] for one in events]


def main() -> None:
    """Answer until nobody asks any more."""
    with build.opened(from_environment()) as here:
        program = Program(here)
        say("ready")
        while (asked := heard()) is not None:
            stream, what = UUID(asked[0]), asked[1]
            say(program.read(stream) if what == "read" else program.append(stream, what))


if __name__ == "__main__":
    main()
