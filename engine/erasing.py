"""The erasure of a person: what goes, what a legal hold keeps, and how it ends after a crash or a restore.

Texts belong to pairs of stream and person; an erasure destroys the keys of all pairs of one person
but those of cases under legal hold, which go when the hold is released. Deciding reads the cases
outside of the lock; ``engine.store.vault.erasure`` compares it under the lock and the decision is
made anew where a case has gone on.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID, uuid5

from engine import naming, streams_of
from engine.complaint.case import Case
from engine.erased import Erased, Held, OthersText, Scope
from engine.incoming import Circumstances, Refused
from engine.rules import rights
from engine.store.batch import NewEvent, Recorded
from engine.store.store import Store
from engine.store.vault.erasure import Erasures, Order, Stale
from engine.store.vault.ledger import Discarded, Entry
from engine.taking import Keyed
from schemas.configuration.roles import Role
from schemas.envelope import Envelope
from schemas.streams.subject import ErasureReason, SubjectErased

_TRIES: Final = 40
"""Whenever a decision is stale, somebody wrote to a case of this person; so many may be ahead."""


class Contended(Exception):
    """The person's cases are written to faster than an erasure can be decided: try again."""

    def __init__(self, subject: UUID) -> None:
        self.subject = subject
        super().__init__(f"the cases of subject {subject} are being worked on too fast: erase again in a moment")


@dataclass(frozen=True, slots=True)
class Wish:
    """One erasure as it was asked for."""

    subject: UUID
    reason: ErasureReason
    request_id: UUID
    around: Circumstances
    now: datetime
    only: frozenset[UUID] | None = None
    """These streams alone; None: the person as a whole."""


class Erasing:
    """Erases persons. For any number of threads; all that lasts is in the store and the ledger."""

    def __init__(
        self, store: Store, erasures: Erasures, keyed: Keyed, roles: Callable[[], Collection[Role]] = tuple
    ) -> None:
        """``roles`` returns the roles in force, for who is asked for one."""
        self._store = store
        self._roles = roles
        self._erasures = erasures
        self._keyed = keyed

    def erase(
        self, subject: UUID, reason: ErasureReason, request_id: UUID, around: Circumstances, now: datetime
    ) -> Erased | Refused:
        """Erase a person, as somebody asks who has the right to; the same request again changes nothing.

        Raises:
            Contended: somebody else always was first; nothing has happened.
            LedgerUnavailable: nothing has happened, or the next opening completes it.
        """
        who, roles = around.sender.credentials, self._roles()
        if (missing := rights.missing("erase", who, roles)) is not None:
            return Refused("right_missing", missing)
        if rights.scope("erase", who, roles) is not rights.EVERYWHERE:
            return Refused("right_missing", "a person is erased from all business units, and your right covers some")
        return self.carry_on(Wish(subject, reason, request_id, around, now))

    def erase_complaint(self, stream: UUID, around: Circumstances, now: datetime) -> tuple[Erased, ...]:
        """Erase every person's texts in one stream, since the time for which it is kept is over.

        Nothing goes while a legal hold stands. Each person's destruction is one transaction and one request id
        of its own, so it may be asked for again after a crash.
        """
        if self._held(stream, self._store.read.stream(stream)) is not None:
            return ()
        wishes = [
            Wish(subject, "retention", uuid5(stream, f"retention/{subject}"), around, now, frozenset({stream}))
            for subject in self._erasures.subjects(stream)
        ]
        return tuple(done for wish in wishes if isinstance(done := self.carry_on(wish), Erased))

    def erase_released(self, around: Circumstances, now: datetime) -> tuple[Erased, ...]:
        """Erase what holds had kept of persons who were erased, where no hold stands any more."""
        done: list[Erased] = []
        for subject in self._erasures.left_out():
            histories = self._store.read.streams(self._erasures.live(subject))
            if any(self._held(stream, history) is None for stream, history in histories.items()):
                own = self._store.read.stream(subject)
                request = uuid5(subject, f"hold_released/{len(own)}")
                erased = self.carry_on(Wish(subject, "hold_released", request, around, now))
                done += [erased] if isinstance(erased, Erased) else []
        return tuple(done)

    def scope(self, subject: UUID, *, texts: bool = False) -> Scope:
        """Return what an erasure would do now. ``texts`` lists those of others that may name the person."""
        streams = self._erasures.streams(subject)
        live = [stream for stream, there in streams.items() if there]
        histories = self._store.read.streams(list(streams) if texts else live, open=texts)
        held = self._all_held((stream, histories[stream]) for stream in live)
        kept = {one.stream for one in held}
        own = tuple(one for one in self._store.read.stream(subject) if isinstance(one.event, SubjectErased))
        return Scope(
            subject,
            tuple(stream for stream in live if stream not in kept),
            held,
            tuple(stream for stream, there in streams.items() if not there),
            own,
            _others(subject, histories.values(), naming.NOTHING) if texts else (),
        )

    def subject_of(self, kind: str, comparable: str) -> UUID | None:
        """Return the person whom a contact reaches; None if nobody is known by it."""
        key = self._keyed("contact", f"{kind}:{comparable}".encode())
        return self._store.contacts.look_up([key]).get(key)

    def his_aside(self, entry: Entry) -> tuple[Discarded, ...]:
        """Return what of the messages set aside an erasure takes that has to hold again.

        That is what it took when it was done, which alone is known where his texts cannot be opened any
        more; and what a restore brought back that had gone another way by then. Later ones are not his:
        who writes after his erasure is a new person.
        """
        if not entry.whole:
            return entry.discarded
        event = entry.event
        histories = self._store.read.streams([*event.streams, *event.left_out], open=True)
        wanted = naming.person(event.subject, histories.values(), self._erasures.contacts(event.subject))
        found = naming.look_through(self._store.set_aside, wanted, self._keyed, until=entry.recorded_at)
        return tuple(dict.fromkeys((*entry.discarded, *found.his)))

    def carry_on(self, wish: Wish) -> Erased | Refused:
        """Carry out a wish whose right was looked at before.

        Raises:
            Contended, LedgerUnavailable: as ``erase``.
        """
        aside: naming.Aside | None = None
        for _ in range(_TRIES):
            own = self._store.read.stream(wish.subject)
            if (before := _recorded(own, wish.request_id)) is not None:
                return self._had_before(before)
            decided = self._decide(wish, own, aside)
            if not isinstance(decided, _Decided):
                return decided
            try:
                entry = self._erasures.carry_out(decided.order)
            except Stale:
                aside = decided.aside
                continue
            return replace(decided.result, position=entry.position, recorded_at=entry.recorded_at)
        raise Contended(wish.subject)

    def _decide(
        self, wish: Wish, own: Sequence[Recorded], before: naming.Aside | None
    ) -> "_Decided | Erased | Refused":
        live = self._erasures.live(wish.subject)
        chosen = [stream for stream in live if wish.only is None or stream in wish.only]
        if not chosen and (answer := self._nothing_left(wish, own)) is not None:
            return answer
        histories = self._store.read.streams(chosen, open=True)
        held = self._all_held(histories.items())
        kept = tuple(one.stream for one in held)
        going = tuple(stream for stream in chosen if stream not in kept)
        person = naming.person(wish.subject, histories.values(), self._erasures.contacts(wish.subject))
        wanted = person if wish.only is None else naming.NOTHING
        aside = naming.look_through(self._store.set_aside, wanted, self._keyed, before=before)
        order = Order(
            subject=wish.subject,
            new=_record(wish, going, kept),
            streams=going,
            versions={**{stream: _version(history) for stream, history in histories.items()}, wish.subject: len(own)},
            own_version=len(own),
            left_out=kept,
            whole=wish.only is None,
            discard=aside.his,
            seen=aside.seen,
        )
        result = Erased(
            wish.subject,
            wish.request_id,
            wish.reason,
            going,
            held,
            0,
            wish.now,
            discarded=tuple(one.id for one in aside.his),
            unread=aside.unread,
            may_name=aside.may_be,
            others=_others(wish.subject, histories.values(), person),
        )
        return _Decided(order, result, aside)

    def _had_before(self, recorded: Recorded) -> Erased:
        """Return what a request did before. Should its end have been cut off, it ends now."""
        event = _event(recorded)
        for entry in self._erasures.ledger.entries():
            if entry.event_id == recorded.envelope.event_id and not entry.done:
                self._erasures.finish(entry)
        held = self._all_held(self._store.read.streams(event.left_out).items())
        known = {one.stream: one for one in held}
        return Erased(
            event.subject,
            event.request_id,
            event.reason,
            event.streams,
            tuple(known.get(stream, Held(stream, ())) for stream in event.left_out),
            recorded.position,
            recorded.recorded_at,
            already=True,
        )

    def _nothing_left(self, wish: Wish, own: Sequence[Recorded]) -> Erased | Refused | None:
        """Answer where no key is left; None if only single cases were erased so far, and not the person as a whole."""
        before = [one for one in own if isinstance(one.event, SubjectErased)]
        if not before or wish.only is not None:
            return Refused("unknown_subject", "nothing is kept of such a person", {"subject": str(wish.subject)})
        if not self._store.erased.among([wish.subject]):
            return None
        single = {entry.event_id for entry in self._erasures.ledger.entries() if not entry.whole}
        whole = [one for one in before if one.envelope.event_id not in single]
        return self._had_before(whole[-1]) if whole else None

    def _all_held(self, histories: Iterable[tuple[UUID, Sequence[Recorded]]]) -> tuple[Held, ...]:
        found = (self._held(stream, history) for stream, history in histories)
        return tuple(held for held in found if held is not None)

    def _held(self, stream: UUID, history: Sequence[Recorded]) -> Held | None:
        state = streams_of.fold(history)
        if not isinstance(state, Case) or not state.records.held:
            return None
        return Held(stream, tuple(hold.holder for hold in state.records.holds if not hold.released))


@dataclass(frozen=True, slots=True)
class _Decided:
    order: Order
    result: Erased
    aside: naming.Aside


def _record(wish: Wish, streams: tuple[UUID, ...], left_out: tuple[UUID, ...]) -> NewEvent:
    """The event with its envelope; a request always gets the same ids, however often it is decided."""
    around = wish.around
    envelope = Envelope(
        event_id=uuid5(wish.subject, f"erased/{wish.request_id}"),
        occurred_at=around.clock or wish.now,
        actor=around.sender.actor,
        on_behalf_of=around.sender.on_behalf_of,
        identity=around.sender.identity,
        source=around.source,
        received_at=around.received_at,
        command_id=wish.request_id,
        correlation_id=wish.request_id,
        traceparent=around.traceparent,
        business_unit="main",
    )
    event = SubjectErased(
        subject=wish.subject, streams=streams, left_out=left_out, request_id=wish.request_id, reason=wish.reason
    )
    return NewEvent(envelope, event)


def _recorded(own: Sequence[Recorded], request_id: UUID) -> Recorded | None:
    """Return what was recorded of a request."""
    for one in own:
        if isinstance(one.event, SubjectErased) and one.event.request_id == request_id:
            return one
    return None


def _event(recorded: Recorded) -> SubjectErased:
    if not isinstance(recorded.event, SubjectErased):
        raise TypeError(f"{recorded.name} records no erasure")
    return recorded.event


def _version(history: Sequence[Recorded]) -> int:
    return history[-1].version if history else 0


def _others(subject: UUID, histories: Iterable[Sequence[Recorded]], person: naming.Person) -> tuple[OthersText, ...]:
    """Return the texts of others that stand in these cases and are not erased."""
    return tuple(
        OthersText(one.stream, one.version, one.name, owner, person.named_in(texts))
        for history in histories
        for one in history
        for owner, texts in naming.owned(one).items()
        if owner != subject
    )
