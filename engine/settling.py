"""The opening of an installation: the ledger of erasures and the database are made to agree before any door opens.

What a crash left, and what a restore brings back, stands in ``engine.store.vault.ledger``.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from engine.erasing import Contended, Erasing, Wish
from engine.incoming import Circumstances, Sender
from engine.store.batch import NewEvent, Recorded
from engine.store.store import Store
from engine.store.vault.erasure import Erasures, Order, Stale
from engine.store.vault.ledger import Entry
from schemas.envelope import Envelope
from schemas.streams.subject import SubjectErased

_TRIES: Final = 40
_AT_ONCE: Final = 500
"""Persons whose streams are read at once."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What the opening of an installation had to make good."""

    completed: int = 0
    """Erasures that a crash had interrupted."""
    again: int = 0
    """Erasures that a restored backup had brought back."""
    entered: int = 0
    """Erasures that the ledger did not have."""
    incarnation: UUID | None = None
    """The log had lost events: this is its new incarnation."""

    @property
    def anything(self) -> bool:
        """Whether there was anything to make good."""
        return self != Settled()


class Settling:
    """Compares once; every opening makes one."""

    def __init__(self, store: Store, erasures: Erasures, erasing: Erasing) -> None:
        self._store = store
        self._erasures = erasures
        self._erasing = erasing

    def settle(self, now: datetime) -> Settled:
        """Make the ledger and the database agree, before any door opens.

        What a crash cut off is completed; what a restored backup brought back is erased again; what
        the ledger does not have is entered; a log that lost events begins a new incarnation.

        Raises:
            LedgerDamaged, LedgerUnavailable: no door may open.
        """
        if self._erasures.comparing.agrees():
            return Settled()
        octets = self._erasures.ledger.octets()
        entries = self._erasures.ledger.entries()
        recorded = self._recorded_of(entries)
        incarnation = self._lost(entries, recorded)
        done = [entry for entry in entries if entry.done]
        undone = self._erasures.comparing.brought_back(done)
        again = [entry for entry in done if entry.event_id not in recorded or entry.event_id in undone]
        for entry in again:
            self._again(entry, stands=entry.event_id in recorded)
        cut_off = [entry for entry in entries if not entry.done]
        completed = sum([self._complete(entry, now, stands=entry.event_id in recorded) for entry in cut_off])
        entered = self._enter({entry.event_id for entry in entries})
        self._erasures.comparing.note_agreement(octets)
        return Settled(completed, len(again), entered, incarnation)

    def _recorded_of(self, entries: Sequence[Entry]) -> set[UUID]:
        """Return the ids of those of these erasures that the log has."""
        subjects = list(dict.fromkeys(entry.event.subject for entry in entries))
        found: set[UUID] = set()
        for start in range(0, len(subjects), _AT_ONCE):
            histories = self._store.read.streams(subjects[start : start + _AT_ONCE])
            found.update(one.envelope.event_id for history in histories.values() for one in history)
        return found

    def _lost(self, entries: Sequence[Entry], recorded: Collection[UUID]) -> UUID | None:
        """Begin a new incarnation where the log lacks an erasure that stood in its present one."""
        head = self._store.read.head()
        lost = [
            entry.position
            for entry in entries
            if entry.done and entry.incarnation == head.incarnation and entry.event_id not in recorded
        ]
        if not lost:
            return None
        return self._erasures.comparing.begin_incarnation(min(head.position, min(lost) - 1), head.incarnation)

    def _complete(self, entry: Entry, now: datetime, *, stands: bool) -> bool:
        """Carry an interrupted erasure to its end, but for what a hold keeps by now; False if it came to nothing."""
        if stands:
            self._erasures.finish(entry)
            return True
        if self._superseded(entry):
            self._erasures.ledger.withdraw(entry.event_id)
            return False
        if _named(entry.event).isdisjoint(self._erasures.live(entry.event.subject)):
            self._again(entry, stands=False)
            return True
        around = _circumstances(entry.new.envelope, now)
        only = None if entry.whole else frozenset(_named(entry.event))
        self._erasing.carry_on(
            Wish(entry.event.subject, entry.event.reason, entry.event.request_id, around, now, only=only)
        )
        return True

    def _superseded(self, entry: Entry) -> bool:
        """Whether other erasures have done since what this one was to do, so that it would be a second one."""
        history = self._store.read.stream(entry.event.subject)
        others = [one.event for one in history if isinstance(one.event, SubjectErased)]
        if not others or (entry.whole and not self._store.erased.among([entry.event.subject])):
            return False
        return _named(entry.event) <= {stream for event in others for stream in _named(event)}

    def _again(self, entry: Entry, *, stands: bool) -> None:
        """Have a finished erasure hold in a restored database: exactly its pairs, and its event if that was lost."""
        discard = self._erasing.his_aside(entry)
        for _ in range(_TRIES):
            history = self._store.read.stream(entry.event.subject)
            own = len(history)
            if stands or any(one.envelope.event_id == entry.event_id for one in history):
                self._erasures.erase_again(entry, discard)
                return
            order = Order(
                subject=entry.event.subject,
                new=entry.new,
                streams=entry.event.streams,
                versions={entry.event.subject: own},
                own_version=own,
                left_out=entry.event.left_out,
                whole=entry.whole,
                discard=discard,
                decided=False,
            )
            try:
                self._erasures.carry_out(order)
            except Stale:
                continue
            return
        raise Contended(entry.event.subject)

    def _enter(self, known: Collection[UUID]) -> int:
        """Enter what was recorded into a ledger that does not have it: it is new, or was lost."""
        count = 0
        subjects = self._erasures.comparing.destroyed()
        for start in range(0, len(subjects), _AT_ONCE):
            for history in self._store.read.streams(subjects[start : start + _AT_ONCE]).values():
                for one in history:
                    if isinstance(one.event, SubjectErased) and one.envelope.event_id not in known:
                        self._enter_one(one, one.event)
                        count += 1
        return count

    def _enter_one(self, one: Recorded, event: SubjectErased) -> None:
        new = NewEvent(one.envelope, event)
        whole = bool(self._store.erased.among([event.subject]))
        head = self._store.read.head()
        entry = Entry(new, one.position, head.incarnation, one.recorded_at, whole)
        self._erasures.ledger.intend(entry)
        self._erasures.finish(entry)


def _named(event: SubjectErased) -> set[UUID]:
    """Return the streams of an erasure, those left out too."""
    return {*event.streams, *event.left_out}


def _circumstances(envelope: Envelope, now: datetime) -> Circumstances:
    """Return the circumstances that a stored envelope tells of, for what is carried out on its behalf."""
    sender = Sender("ledger", envelope.actor, envelope.identity, envelope.on_behalf_of)
    return Circumstances(
        sender,
        envelope.source,
        envelope.received_at or now,
        traceparent=envelope.traceparent,
        clock=envelope.occurred_at,
    )
