"""Golden files: what every stored name looked like in the log on the day it was first written.

``python -m support.golden`` (in ``tests/``, with the project on the path) writes the missing
ones. A file that exists is never rewritten: events of that shape may be in somebody's log. A field
that came later gets a further file.
"""

import base64
import hashlib
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from engine.store.batch import NewEvent
from engine.store.mapper import Draft, Mapper, Row, keys_of
from engine.store.vault.keys import DataKey, KeyName
from schemas.catalogue import EVENTS
from schemas.complaint.base import Event
from schemas.envelope import Envelope
from support.examples import NAMESPACE, NOON, whole

FOLDER = Path(__file__).parent.parent / "golden" / "events"
_OPEN = ("configuration.", "problem.")


def files_of(name: str) -> list[Path]:
    """The files of one stored name: the first shape, then ``+2`` and so on, each with fields that came later."""
    first = FOLDER / f"{name}.json"
    further = sorted(FOLDER.glob(f"{name}+*.json"), key=lambda path: int(path.stem.rpartition("+")[2]))
    return [first, *further] if first.exists() else []


def newest_of(name: str) -> dict[str, Any]:
    """The last shape in which an event was written."""
    found: dict[str, Any] = json.loads(files_of(name)[-1].read_text(encoding="utf-8"))
    return found


def _next_file(name: str) -> Path:
    count = len(files_of(name))
    return FOLDER / (f"{name}+{count + 1}.json" if count else f"{name}.json")


def example(event: type[Event]) -> NewEvent:
    """The event with every field set; without an owner where its kind has none."""
    made, envelope = whole(event), whole(Envelope)
    if event.NAME.startswith(_OPEN):
        return NewEvent(envelope.model_copy(update={"why": None}), made.model_copy(update={"subject_id": None}))
    return NewEvent(envelope, made)


def stream_of(name: str) -> UUID:
    return uuid5(NAMESPACE, f"stream of {name}")


def keys_for(names: Iterable[KeyName]) -> dict[KeyName, DataKey]:
    """Fixed keys, so that a golden box opens for ever."""
    return {name: DataKey.of(hashlib.sha256(b"golden" + name).digest()) for name in names}


def nonces() -> Callable[[], bytes]:
    counted = iter(range(1, 1000))
    return lambda: next(counted).to_bytes(12, "big")


def draft_of(event: type[Event]) -> Draft:
    return Mapper().draft(stream_of(event.NAME), 3, example(event))


def octets_of(event: type[Event]) -> bytes:
    """The state that this program writes for the example."""
    draft = draft_of(event)
    return Mapper().seal(draft, keys_for(keys_of([draft])), nonces()).state


def row_of(golden: dict[str, Any]) -> Row:
    return Row(7, NOON, UUID(golden["stream"]), golden["version"], golden["name"], base64.b64decode(golden["state"]))


def opened(new: NewEvent) -> dict[str, Any]:
    return {
        "meta": new.envelope.model_dump(mode="json", exclude_none=True),
        "data": new.event.model_dump(mode="json", exclude_none=True),
    }


def write_missing() -> list[str]:
    written = []
    for name, event in EVENTS.items():
        if not files_of(name) or row_of(newest_of(name)).state != octets_of(event):
            golden = {
                "name": name,
                "stream": str(stream_of(name)),
                "version": 3,
                "state": base64.b64encode(octets_of(event)).decode(),
                "opened": opened(example(event)),
            }
            _next_file(name).write_text(json.dumps(golden, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
            written.append(name)
    return written


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    print(*write_missing(), sep="\n")  # noqa: T201 # a tool
