"""Streams that were loaded lately, as they were folded then: a next decision reads only what came since.

A memory is a shortcut and nothing else. It names the place of the last event in it, and the log is asked whether
that event stands there (see ``snapshots``): after a restore it is passed over, however the log has grown
since. States are immutable and hold no text that a person typed, so threads share them, and an erasure finds
nothing in them.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Generic, TypeVar
from uuid import UUID

from engine.store.snapshots import Place

MOST: Final = 1_000
"""Streams that are remembered: those used last. Some kilobytes each."""
Folded = TypeVar("Folded")
"""A folded stream, as the caller has it."""


@dataclass(frozen=True, slots=True)
class Remembered(Generic[Folded]):
    """A folded stream, up to the event that stands at ``place``."""

    place: Place
    folded: Folded


class Recall(Generic[Folded]):
    """Remembers folded streams of one log, for the threads of one process."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._streams: OrderedDict[UUID, Remembered[Folded]] = OrderedDict()

    def of(self, streams: Iterable[UUID]) -> Mapping[UUID, Remembered[Folded]]:
        """Return what is remembered of these streams."""
        with self._lock:
            found = {stream: one for stream in streams if (one := self._streams.get(stream)) is not None}
            for stream in found:
                self._streams.move_to_end(stream)
        return found

    def keep(self, streams: Mapping[UUID, Remembered[Folded]]) -> None:
        """Remember these, whatever was remembered of them; of too many those that were used last stay."""
        with self._lock:
            for stream, one in streams.items():
                self._streams[stream] = one
                self._streams.move_to_end(stream)
            while len(self._streams) > self._most:
                self._streams.popitem(last=False)
