"""What a reply is judged by: the texts of its case, opened for this alone, and what other people got lately.

Nothing of it is kept but sketches of replies, in memory: numbers that no text can be made from.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final, NamedTuple
from uuid import UUID

from engine.complaint.case import Case
from engine.complaint.decider import fold
from engine.complaint.told import parties, texts, with_facts
from engine.incoming import Asked, Incoming
from engine.rules.replies import Checked, check
from engine.store.batch import Recorded
from engine.store.read import Reader
from engine.text.replies.finding import About
from engine.text.similarity import Sketch, sketch
from schemas.complaint.correspondence import MessageRecorded, Reply
from schemas.configuration.replies import ReplyRules

_LOOKED_BACK: Final = 5_000
"""Positions of the log in which a process that just began looks for replies."""
_KEPT: Final = 200
"""Replies of others that a new one is compared with, the latest."""
_BATCH: Final = 500
_OURS: Final = ("final", "interim")


class Said(NamedTuple):
    """A reply that somebody got: in which case, whose it is, and what is compared of it."""

    stream: UUID
    subject: UUID | None
    sketch: Sketch


class Lately(NamedTuple):
    """The latest replies, up to a position of the log."""

    position: int
    said: tuple[Said, ...]


class Replying:
    """Looks up what replies are judged by. Safe to share between threads: what it keeps is replaced as one."""

    def __init__(self, read: Reader) -> None:
        self._read = read
        self._lately: Lately | None = None

    def about(self, items: Iterable[Incoming]) -> dict[UUID, About]:
        """Return what is known beside the replies among ``items``, by stream; asks nothing where there are none.

        Raises:
            DatabaseUnavailable, UnknownEvent, UnreadableEvent: as the reader of the log.
        """
        streams = {item.stream for item in items if isinstance(item, Asked) and isinstance(item.command, Reply)}
        if not streams:
            return {}
        lately = self._said_lately()
        histories = self._read.streams(streams, open=True)
        return {stream: _about(stream, history, lately) for stream, history in histories.items()}

    def judged(self, stream: UUID, text: str, rules: ReplyRules, *, public: bool, final: bool) -> Checked | None:
        """Return the verdict on a reply before it is given; None where there is no such complaint.

        Raises:
            DatabaseUnavailable, UnknownEvent, UnreadableEvent: as the reader of the log.
        """
        history = self._read.stream(stream, open=True)
        state = fold(history) if history and history[0].name.startswith("complaint.") else None
        if not isinstance(state, Case):
            return None
        about = _about(stream, history, self._said_lately())
        return check(text, with_facts(about, state, public=public, final=final), rules)

    def _said_lately(self) -> tuple[Said, ...]:
        """Return the latest replies; reads only what was recorded since the last call."""
        head = self._read.head().position
        known = self._lately or Lately(max(0, head - _LOOKED_BACK), ())
        said = [*known.said]
        after, full = known.position, True
        while full and after < head:
            found = self._read.log(after, _BATCH, open=True, names={MessageRecorded.NAME})
            said += _replies(found)
            full = len(found) == _BATCH
            after = found[-1].position if full else head
        self._lately = Lately(max(after, known.position), tuple(said[-_KEPT:]))
        return self._lately.said


def _replies(found: Iterable[Recorded]) -> Iterator[Said]:
    for recorded in found:
        event = recorded.event
        if isinstance(event, MessageRecorded) and event.purpose in _OURS and isinstance(event.body, str):
            yield Said(recorded.stream, event.subject_id, sketch(event.body))


def _about(stream: UUID, history: Sequence[Recorded], lately: Iterable[Said]) -> About:
    own = {party.subject_id for party in parties(history)} | {recorded.event.subject_id for recorded in history}
    others = tuple(said.sketch for said in lately if said.stream != stream and said.subject not in own)
    return replace(texts(history), others=others)
