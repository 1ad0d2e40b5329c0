"""The application service: the one way in for every door, the only caller of decider and store together.

``submit`` looks everything up in bulk, plans purely (``engine.planning``), commits once and
answers each item. A conflict means somebody else was first: everything is loaded and decided
again, and after a few tries each item goes alone, so that one contended case sinks no batch.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import NamedTuple
from uuid import UUID

from engine import knowledge, naming, past_events, planning, streams_of
from engine.complaint.change import changed
from engine.configuration import in_force
from engine.configuration.activation import Configuration, activation
from engine.configuration.admissible import refuse
from engine.configuration.in_force import Book
from engine.erased import Erased
from engine.erasing import Erasing
from engine.incoming import Circumstances, Done, Incoming, Refused, Result
from engine.known import Known
from engine.moulds import Moulds
from engine.past import PastCase
from engine.planning import Plan
from engine.replying import Replying
from engine.rules.replies import Checked
from engine.settling import Settled, Settling
from engine.store.batch import Append, Batch, Committed, Conflict, SourceMove
from engine.store.recall import Recall
from engine.store.store import Store
from engine.store.vault.erasure import Erasures
from engine.store.vault.fingerprint import opaque_id
from engine.store.vault.keys import Pair, SubjectErased
from engine.streams.folded import Folded
from engine.taking import Keyed
from schemas.configuration.activated import ConfigurationActivated
from schemas.configuration.replies import ReplyRules
from schemas.streams.subject import ErasureReason

_TRIES = 4
"""Of a batch whole, before its items go one by one."""
_TRIES_ALONE = 40
"""Of one item. Whenever it loses, another writer of the same case won, so this is how many may be ahead of it."""


class NoLedger(RuntimeError):
    """An erasure counts only with a line in the ledger, and none was given."""


class RecordResult(NamedTuple):
    """What an import's batch did: cases added, cases that were there already, events added."""

    added: int
    already: int
    events: int


class Service:
    """Takes what doors bring. Safe to share between threads: all that lasts is in the store."""

    def __init__(self, store: Store, erasures: Erasures | None = None) -> None:
        self._store = store
        self._keyed = store.fingerprint.of
        self._in_force = (Book(), 0)
        self._moulds = Moulds()
        self._recall = Recall[Folded]()
        self._erasures = erasures
        self._replying = Replying(store.read)

    @property
    def erasing(self) -> Erasing:
        """What erases persons, and tells what would go.

        Raises:
            NoLedger: this service was made without a ledger, so nothing may be erased.
        """
        return Erasing(self._store, self._with_ledger(), self._keyed, lambda: tuple(self.book().roles.values()))

    def erase(
        self, subject: UUID, reason: ErasureReason, request_id: UUID, around: Circumstances, now: datetime
    ) -> Erased | Refused:
        """Destroy a person's keys, but where a legal hold forbids it; the same request again changes nothing.

        Done for good when this returns: it stands in the ledger. Views and caches of other processes
        follow the log; the door waits for them.

        Raises:
            Contended: the person's cases are written to too fast; nothing has happened.
            LedgerUnavailable, DatabaseUnavailable: nothing has happened, or the next opening completes it.
            NoLedger: this service was made without a ledger.
        """
        return self.erasing.erase(subject, reason, request_id, around, now)

    def settle(self, now: datetime) -> Settled:
        """Make the ledger of erasures and the database agree, before any door opens.

        Raises:
            LedgerDamaged, LedgerUnavailable: no door may open.
            NoLedger: this service was made without a ledger.
        """
        return Settling(self._store, self._with_ledger(), self.erasing).settle(now)

    def _with_ledger(self) -> Erasures:
        if self._erasures is None:
            raise NoLedger("this service was made without a ledger of erasures: nothing can be erased")
        return self._erasures

    def judged(self, stream: UUID, text: str, rules: ReplyRules, *, public: bool, final: bool) -> Checked | None:
        """Return the verdict on a reply to a complaint before it is given, see ``Replying.judged``."""
        return self._replying.judged(stream, text, rules, public=public, final=final)

    def book(self) -> Book:
        """Return what is in force now; reads only what was activated since the last call."""
        return self._read_book()[0]

    def _read_book(self) -> tuple[Book, int]:
        """Return the book and its version as one, so that threads never pair one's with another's."""
        book, version = self._in_force
        for recorded in self._store.read.stream(streams_of.CONFIGURATION, after_version=version):
            if isinstance(recorded.event, ConfigurationActivated):
                book = in_force.activate(book, recorded.event)
            version = recorded.version
        self._in_force = (book, version)
        return book, version

    def activate(self, configurations: Iterable[Configuration], around: Circumstances, now: datetime) -> int:
        """Bring configurations into force that are not yet; returns how many were new.

        What is in force in the same or a higher version is left alone, so starting twice adds nothing.

        Raises:
            NotAdmissible: something in them is wrong, so none of them comes into force and all stays as it is.
        """
        wanted = list(configurations)
        for _ in range(_TRIES_ALONE):
            book, version = self._read_book()
            refuse(wanted, book.latest_calendar, book.templates)
            events = [activation(item) for item in wanted if not in_force.holds(book, item)]
            if not events:
                return 0
            stamped = past_events.configuration(events, around, now, version)
            try:
                self._store.commit(Batch(appends=(Append(streams_of.CONFIGURATION, version, stamped),)))
            except Conflict:
                continue
            return len(events)
        raise Conflict(streams=frozenset({streams_of.CONFIGURATION}))

    def submit(self, items: Sequence[Incoming], now: datetime) -> tuple[Result, ...]:
        """Have every item its effect exactly once; one result each, in order.

        The batch is atomic with its sources' positions. An item that was handled before gets its
        first answer again. An item that stays contended goes alone, in its place, so its
        neighbours go on without it.

        Raises:
            Conflict: a source's position was moved by somebody else, so the caller seeks and reads
                again; or one single item stayed contended through all tries.
            DatabaseUnavailable: nothing is known to be written; the same items may be submitted again.
        """
        for left in reversed(range(_TRIES if len(items) > 1 else _TRIES_ALONE)):
            try:
                return self._once(items, now)
            except Conflict as conflict:
                if conflict.sources or (left == 0 and len(items) == 1):
                    raise
        return tuple(result for item in items for result in self.submit([item], now))

    def pass_over(self, moves: Sequence[SourceMove]) -> None:
        """Move sources past what asks for nothing, by compare-and-set, all or none.

        Raises:
            Conflict: a source was moved by somebody else.
            DatabaseUnavailable: it is not known to have happened; the caller looks the positions up.
        """
        if moves:
            self._store.commit(Batch(sources=tuple(moves)))

    def _once(self, items: Sequence[Incoming], now: datetime) -> tuple[Result, ...]:
        """Plan and commit. Where a person was erased meanwhile, it is planned again without him, or turned away."""
        gone: frozenset[Pair] = frozenset()
        while True:
            keyed = cache(self._keyed)  # each name of a message is asked for about three times
            known = knowledge.gather(self._store, items, keyed, self._recall)
            book = self.book()  # after the cases: it knows whatever they were decided by
            known.gone = gone
            known.about = self._replying.about(items) if book.reply_rules else {}
            found = self._tried(items, known, book, keyed, now)
            if isinstance(found, tuple):
                return found
            if found <= gone:
                return self._turned_away(items, now)
            gone |= found

    def _tried(
        self, items: Sequence[Incoming], known: Known, book: Book, keyed: Keyed, now: datetime
    ) -> tuple[Result, ...] | frozenset[Pair]:
        """Return the results, or the pairs of stream and person for which nothing is sealed any more."""
        plan: Plan | None = None
        try:
            plan = planning.plan(items, known, book, keyed, self._store.contents.prepare, now, self._moulds)
            return plan.results if plan.batch == Batch() else _placed(plan, self._store.commit(plan.batch))
        except SubjectErased as met:
            return frozenset({(met.stream, met.subject)})
        except Conflict as conflict:
            streams = () if plan is None else [append.stream for append in plan.batch.appends]
            if not (erased := self._store.erased.pairs(streams, conflict.keys)):
                raise
            return erased

    def _turned_away(self, items: Sequence[Incoming], now: datetime) -> tuple[Result, ...]:
        if len(items) > 1:
            return tuple(result for item in items for result in self.submit([item], now))
        plan = planning.turned_away(items[0], self._keyed)
        if plan.batch != Batch():
            self._store.commit(plan.batch)
        return plan.results

    def record(self, cases: Sequence[PastCase], around: Circumstances, move: SourceMove | None = None) -> RecordResult:
        """Store imported histories. A case that is there already is left alone whole, one of an erased person left out.

        Raises:
            Conflict: the source's position was moved by somebody else, or another import runs beside this one.
            UnknownPolicy: a case names a policy that is not in force.
        """
        ids = {self.identify(case.key): case for case in cases}
        there = self._store.read.versions(list(ids))
        new = {stream: case for stream, case in ids.items() if stream not in there}
        book = self.book()
        batch = Batch(
            appends=tuple(
                Append(stream, 0, past_events.stamped(case, stream, around, book)) for stream, case in new.items()
            ),
            sources=() if move is None else (move,),
            conversations=tuple(
                key for stream, case in new.items() for key in past_events.conversations(case, stream, self._keyed)
            ),
        )
        if batch != Batch():
            try:
                self._store.commit(batch)
            except Conflict as conflict:
                if not (gone := self._of_erased(batch, conflict)):
                    raise
                done = self.record([case for stream, case in ids.items() if stream not in gone], around, move)
                return done._replace(already=done.already + len(gone))
        return RecordResult(len(new), len(cases) - len(new), sum(len(append.events) for append in batch.appends))

    def _of_erased(self, batch: Batch, conflict: Conflict) -> set[UUID]:
        """Return the streams of a batch in which somebody would speak who was erased."""
        gone = self._store.erased.pairs([append.stream for append in batch.appends], conflict.keys)
        return {
            append.stream
            for append in batch.appends
            for new in append.events
            if any((append.stream, owner) in gone for owner in naming.owned(new))
        }

    def identify(self, name: str) -> UUID:
        """Return the opaque id of a name in an imported source: always the same, telling nothing of the name."""
        return opaque_id(self._keyed("import", name.encode()))


def _placed(plan: Plan, committed: Committed) -> tuple[Result, ...]:
    """Return the results with the position at which they stand in the log."""
    return tuple(
        changed(result, position=committed.position, incarnation=committed.incarnation)
        if isinstance(result, Done) and (not result.already or result.position == 0)
        else result
        for result in plan.results
    )
