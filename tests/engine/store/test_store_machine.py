"""Any sequence of saves, conflicts, kills, restarts and erasures, by two processes, against a model of plain lists."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)  # fmt: skip
from psycopg.conninfo import conninfo_to_dict

from engine.store.batch import Answer, Append, Batch, Committed, Conflict, NewEvent, Recorded, SeenMessage, SourceMove
from engine.store.database.pool import Pool, open_pool
from engine.store.store import Store
from engine.store.vault.erasure import Erasures, Order, Stale
from engine.store.vault.keys import SubjectErased, key_name
from engine.store.vault.ledger import FileLedger
from engine.store.vault.master import KeyFile
from schemas.complaint.correspondence import NoteAdded
from schemas.streams.subject import SubjectErased as SubjectErasedEvent
from schemas.words import ERASED
from support.examples import NAMESPACE, envelope, note
from support.held import held_commit
from support.postgres import ensure_template, fresh_database
from support.servers import Crashable, crashable_server
from support.soak import FACTOR

MASTER = KeyFile({"m1": bytes(range(32))})
NAMES = range(4)
"""Few streams, people, sources, commands and messages, so that they meet."""
STORES = st.integers(0, 1)


def named(kind: str, number: int) -> UUID:
    return uuid5(NAMESPACE, f"{kind} {number}")


@dataclass(frozen=True)
class Wish:
    """What a batch is to hold: by number, and how far it is beside what stands."""

    streams: dict[int, tuple[int, int, int]]
    """Stream -> how far its expected version is off, how many events, about whom."""
    sources: dict[int, bool]
    """Source -> does it expect what stands there."""
    commands: frozenset[int]
    messages: frozenset[int]


OFF = st.sampled_from([0, 0, 0, 0, 0, 0, 0, 1, -1])
WISHES = st.builds(
    Wish,
    streams=st.dictionaries(
        st.sampled_from(NAMES), st.tuples(OFF, st.integers(0, 3), st.sampled_from(NAMES)), max_size=4
    ),
    sources=st.dictionaries(st.sampled_from(NAMES), st.sampled_from([True, True, True, True, False]), max_size=2),
    commands=st.frozensets(st.integers(0, 30), max_size=1),
    messages=st.frozensets(st.integers(0, 30), max_size=1),
)


@dataclass(frozen=True)
class Entry:
    """An event as the model knows it."""

    stream: UUID
    version: int
    event_id: UUID
    subject: UUID
    text: str | tuple[UUID, ...]
    """Of a note; of an erasure the streams whose keys it destroyed."""


@dataclass
class Model:
    """The store as lists and dictionaries."""

    log: list[Entry] = field(default_factory=list)
    sources: dict[str, int] = field(default_factory=dict)
    answers: dict[UUID, tuple[Answer, int, int | None]] = field(default_factory=dict)
    messages: dict[bytes, SeenMessage] = field(default_factory=dict)
    keyed: set[tuple[UUID, UUID]] = field(default_factory=set)
    erased: set[UUID] = field(default_factory=set)
    made: int = 0

    def version(self, stream: UUID) -> int:
        return sum(entry.stream == stream for entry in self.log)

    def batch(self, wish: Wish) -> Batch:
        """The wish as a batch, by what stands now."""
        appends = tuple(self._append(number, *about) for number, about in wish.streams.items())
        moves = tuple(self._move(f"s{number}", right) for number, right in wish.sources.items())
        first = appends[0].stream if appends else None
        commands = (named("command", number) for number in wish.commands)
        self.made += 1
        fingerprint = self.made.to_bytes(16, "big")
        return Batch(
            appends=appends,
            sources=moves,
            answers=tuple(Answer(each, fingerprint, {"made": self.made}, first) for each in commands),
            messages=tuple(
                SeenMessage(named("message", number).bytes, named("stream", 0), UUID(bytes=fingerprint))
                for number in wish.messages
            ),
        )

    def _append(self, number: int, off: int, count: int, about: int) -> Append:
        stream = named("stream", number)
        return Append(stream, max(0, self.version(stream) + off), tuple(self._event(about) for _ in range(count)))

    def _event(self, about: int) -> NewEvent:
        self.made += 1
        event_id = named("event", self.made)
        return NewEvent(envelope(event_id=event_id), note(named("person", about), f"text {self.made}"))

    def _move(self, source: str, right: bool) -> SourceMove:  # noqa: FBT001 # a coin
        at = self.sources.get(source)
        expected = at if right else (at or 0) + 7
        return SourceMove(source, expected, (at or 0) + 1)

    def conflict(self, batch: Batch) -> tuple[Any, ...]:
        """What differs: streams, sources, commands, messages."""
        return (
            frozenset(each.stream for each in batch.appends if self.version(each.stream) != each.expected),
            frozenset(each.source for each in batch.sources if self.sources.get(each.source) != each.expected),
            frozenset(each.command_id for each in batch.answers if each.command_id in self.answers),
            frozenset(each.fingerprint for each in batch.messages if each.fingerprint in self.messages),
        )

    def people(self, batch: Batch) -> set[tuple[UUID, UUID]]:
        """Stream and data subject of every event."""
        return {(each.stream, subject_of(new)) for each in batch.appends for new in each.events}

    def write(self, batch: Batch) -> None:
        for each in batch.appends:
            for version, new in enumerate(each.events, start=each.expected + 1):
                entry = Entry(each.stream, version, new.envelope.event_id, subject_of(new), text_of(new))
                self.log.append(entry)
        self.keyed |= self.people(batch)
        self.sources |= {each.source: each.new for each in batch.sources}
        self.messages |= {each.fingerprint: each for each in batch.messages}
        for answer in batch.answers:
            reached = self.version(answer.stream) if answer.stream else None
            self.answers[answer.command_id] = (answer, len(self.log), reached)

    def erasure(self, subject: UUID) -> NewEvent:
        """The event that records the erasure of everything that there is of a person."""
        self.made += 1
        streams = () if subject in self.erased else tuple(stream for stream, whose in self.keyed if whose == subject)
        event = SubjectErasedEvent(
            subject=subject, streams=streams, request_id=named("request", self.made), reason="request"
        )
        return NewEvent(envelope(event_id=named("event", self.made)), event)

    def erase(self, subject: UUID, new: NewEvent) -> None:
        assert isinstance(new.event, SubjectErasedEvent)
        version = self.version(subject) + 1
        self.log.append(Entry(subject, version, new.envelope.event_id, subject, new.event.streams))
        self.erased.add(subject)

    def shown(self, entry: Entry) -> Any:
        return ERASED if entry.subject in self.erased and isinstance(entry.text, str) else entry.text


def subject_of(new: NewEvent) -> UUID:
    assert new.event.subject_id is not None
    return new.event.subject_id


def text_of(new: NewEvent) -> str:
    assert isinstance(new.event, NoteAdded)
    assert isinstance(new.event.note, str)
    return new.event.note


class StoreMachine(RuleBasedStateMachine):
    """Two stores of one database, each with its own pool and its own memory of keys, as two processes have."""

    def __init__(self, server: Crashable, contents: Path) -> None:
        super().__init__()
        self.server = server
        self.stack = ExitStack()
        template = ensure_template(server.maintenance)
        self.conninfo = self.stack.enter_context(fresh_database(server.maintenance, template=template))
        opened = [self._opened(number, contents) for number in range(2)]
        self.stores = [store for _, store in opened]
        ledger = FileLedger(contents / f"ledger of {conninfo_to_dict(self.conninfo)['dbname']}")
        self.erasures = [Erasures(pool, store.keys, store.contents, ledger) for pool, store in opened]
        self.model = Model()
        self.planned: list[Batch] = []
        self.restarts = 0

    def _opened(self, number: int, contents: Path) -> tuple[Pool, Store]:
        pool = self.stack.enter_context(open_pool(self.conninfo, max_size=3, name=f"process {number}"))
        return pool, self.stack.enter_context(Store(pool, MASTER, contents))

    def teardown(self) -> None:
        self.stack.close()

    @initialize(restarts=st.sampled_from([0, 0, 0, 0, 0, 0, 0, 1]))
    def begin(self, restarts: int) -> None:
        self.restarts = restarts

    # ------------------------------------------------------------------------------------------------------- writing

    @rule(number=STORES, wish=WISHES)
    def commit(self, number: int, wish: Wish) -> None:
        self._commit(self.stores[number], self.model.batch(wish))

    @rule(wish=WISHES)
    def plan(self, wish: Wish) -> None:
        """Prepared by what stands now, to be committed when something else may stand."""
        self.planned.append(self.model.batch(wish))

    @precondition(lambda self: self.planned)
    @rule(number=STORES, data=st.data())
    def commit_planned(self, number: int, data: st.DataObject) -> None:
        chosen = data.draw(st.integers(0, len(self.planned) - 1))
        self._commit(self.stores[number], self.planned.pop(chosen))

    @precondition(lambda self: self.planned)
    @rule(number=STORES)
    def commit_twice(self, number: int) -> None:
        """The same batch from both processes: it has its effect once."""
        batch = self.planned.pop()
        self._commit(self.stores[number], batch)
        self._commit(self.stores[1 - number], batch)

    @rule(number=STORES, wish=WISHES)
    def commit_while_killed(self, number: int, wish: Wish) -> None:
        """The backend is ended behind the COPY; the store tries again by itself."""
        batch = self.model.batch(wish)
        if any(self.model.conflict(batch)) or self._touches_erased(batch) or not batch.appends:
            return
        if not all(each.events for each in batch.appends):
            return
        store = self.stores[number]
        self._settle_keys(store, batch)
        with held_commit(store, self.conninfo, batch) as held:
            self._tell("SELECT pg_terminate_backend(%s)", held.pid)
            held.release()
            committed = held.committed()
        self.model.write(batch)
        assert committed.position == len(self.model.log)

    @rule(number=STORES, about=st.sampled_from(NAMES), off=st.sampled_from([0, 0, 1]))
    def erase(self, number: int, about: int, off: int) -> None:
        """By either process; decided on what stands, or on what does not stand any more."""
        subject, model = named("person", about), self.model
        new = model.erasure(subject)
        assert isinstance(new.event, SubjectErasedEvent)
        looked_at = {stream: model.version(stream) + off for stream in (*new.event.streams, subject)}
        order = Order(subject, new, new.event.streams, looked_at, model.version(subject))
        if off:
            with pytest.raises(Stale):
                self.erasures[number].carry_out(order)
            return
        entry = self.erasures[number].carry_out(order)
        model.erase(subject, new)
        assert entry.position == len(model.log)

    @precondition(lambda self: self.restarts > 0)
    @rule()
    def restart(self) -> None:
        self.restarts -= 1
        self.server.stop_immediately()
        self.server.start()

    def _commit(self, store: Store, batch: Batch) -> None:
        expected = self.model.conflict(batch)
        outcome = self._outcome(store, batch)
        if isinstance(outcome, Conflict) and outcome.keys and not any(expected) and not self._touches_erased(batch):
            # Another process has made a key for one of them since this one did: named, forgotten, tried again.
            assert outcome.keys <= {subject for pair, subject in self.model.keyed}
            outcome = self._outcome(store, batch)
        if self._touches_erased(batch):
            assert isinstance(outcome, SubjectErased | Conflict)
            self._must_name_the_erased(outcome, batch)
        elif any(expected):
            assert isinstance(outcome, Conflict)
            assert (outcome.streams, outcome.sources, outcome.commands, outcome.messages) == expected
        else:
            assert isinstance(outcome, Committed)
            self.model.write(batch)
            assert outcome.position == len(self.model.log)
            assert outcome.versions == {each.stream: self.model.version(each.stream) for each in batch.appends}

    def _outcome(self, store: Store, batch: Batch) -> Committed | Conflict | SubjectErased:
        try:
            return store.commit(batch)
        except (Conflict, SubjectErased) as refused:
            return refused

    def _touches_erased(self, batch: Batch) -> bool:
        return any(subject in self.model.erased for _, subject in self.model.people(batch))

    def _must_name_the_erased(self, outcome: Conflict | SubjectErased, batch: Batch) -> None:
        if isinstance(outcome, SubjectErased):
            assert outcome.subject in self.model.erased
            return
        gone = {subject for _, subject in self.model.people(batch)} & self.model.erased
        assert gone <= outcome.keys or any(self.model.conflict(batch))

    def _settle_keys(self, store: Store, batch: Batch) -> None:
        """Forget keys that were made for commits that failed, so that the killed one is not refused for them."""
        store.keys.drop(key_name(*pair) for pair in self.model.people(batch))

    def _tell(self, statement: str, *parameters: Any) -> None:
        with psycopg.connect(self.conninfo, autocommit=True) as connection:
            connection.execute(statement.encode(), parameters)

    # ------------------------------------------------------------------------------------------------------- reading

    @rule(number=STORES, data=st.data())
    def read_as_of(self, number: int, data: st.DataObject) -> None:
        model, read = self.model, self.stores[number].read
        position = data.draw(st.integers(0, len(model.log)))
        stream = named("stream", data.draw(st.sampled_from(NAMES)))
        versions = [entry.version for entry in model.log[:position] if entry.stream == stream]
        assert [one.version for one in read.stream(stream, as_of_position=position)] == versions
        if position == 0:
            return
        at = read.log(position - 1, 1)[0].recorded_at
        by_then = read.position_at(at)
        assert by_then >= position
        assert all(one.recorded_at == at for one in read.log(position - 1, by_then - position + 1))
        until = [entry.version for entry in model.log[:by_then] if entry.stream == stream]
        assert [one.version for one in read.stream(stream, as_of_recorded=at)] == until

    @invariant()
    def the_log_is_the_models(self) -> None:
        model, store = self.model, self.stores[len(self.model.log) % 2]
        log = store.read.log(0, 10_000, open=True)
        assert [one.position for one in log] == list(range(1, len(model.log) + 1))
        assert list(map(_entry_of, log)) == [
            (entry.stream, entry.version, entry.event_id, model.shown(entry)) for entry in model.log
        ]
        assert [one.recorded_at for one in log] == sorted(one.recorded_at for one in log)
        assert store.read.head().position == len(model.log)

    @invariant()
    def the_side_rows_are_the_models(self) -> None:
        model, store = self.model, self.stores[0]
        assert store.positions.look_up([f"s{number}" for number in NAMES]) == model.sources
        kept = store.answers.look_up([named("command", number) for number in range(31)])
        assert {of: (each.fingerprint, each.result, each.position, each.version) for of, each in kept.items()} == {
            of: (answer.fingerprint, answer.result, position, version)
            for of, (answer, position, version) in model.answers.items()
        }
        assert store.answers.messages([named("message", number).bytes for number in range(31)]) == model.messages


def _entry_of(one: Recorded) -> tuple[UUID, int, UUID, Any]:
    says = one.event.note if isinstance(one.event, NoteAdded) else one.event.model_dump()["streams"]
    return one.stream, one.version, one.envelope.event_id, says


@pytest.fixture(scope="module")
def server() -> Iterator[Crashable]:
    """Killed programs lose nothing by it that the system has; only a power cut would."""
    with crashable_server() as lent:
        with psycopg.connect(lent.conninfo, autocommit=True) as connection:
            for setting in ("fsync", "full_page_writes"):
                connection.execute(f"ALTER SYSTEM SET {setting} = off".encode())
            connection.execute("SELECT pg_reload_conf()")
        yield lent


@pytest.mark.slow
def test_two_stores_of_one_log_are_what_the_model_says(server: Crashable, tmp_path: Path) -> None:
    run_state_machine_as_test(
        lambda: StoreMachine(server, tmp_path),  # type: ignore[arg-type] # a way to make one does as well as the class
        settings=settings(
            max_examples=15 * FACTOR,
            stateful_step_count=30,
            phases=[Phase.generate],  # to shrink what fails takes minutes of databases; the steps are printed whole
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
