import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from engine.store.batch import (
    Answer,
    Append,
    Batch,
    Committed,
    Conflict,
    ConversationKey,
    KnownContact,
    SeenMessage,
    SetAside,
    SourceMove,
)  # fmt: skip
from engine.store.commit import LOCK, OutcomeUnknown
from engine.store.copying import copy_events
from engine.store.database.pool import Pool, open_pool
from engine.store.mapper import Sealed
from engine.store.store import Store
from engine.store.vault.keys import SubjectErased
from engine.store.vault.master import KeyFile
from schemas.words import ERASED
from support.examples import append, note
from support.proxy import Proxy, proxy_to

ANNA = uuid4()


def a_batch(stream: UUID, expected: int = 0, **more: Any) -> Batch:
    return Batch(appends=(append(stream, expected, note(ANNA, f"note of {stream}")),), **more)


def rows(pool: Pool, query: str) -> list[Any]:
    with pool.connection() as connection:
        return connection.execute(query).fetchall()


def destroy_keys(pool: Pool, subject: UUID) -> None:
    """As an erasure does it."""
    with pool.connection() as connection:
        destroy = "UPDATE plaint_keys.data_keys SET wrapped = NULL, master_id = NULL WHERE subject = %s"
        connection.execute(destroy, (subject,))
        connection.execute("UPDATE plaint_keys.destructions SET count = count + 1")


def test_events_of_several_streams_get_consecutive_positions_and_one_time(store: Store) -> None:
    one, two = uuid4(), uuid4()

    committed = store.commit(Batch(appends=(append(one, 0, note(ANNA), note(ANNA)), append(two, 0, note(ANNA)))))

    events = store.read.log(0, 10)
    assert (committed.position, committed.versions) == (3, {one: 2, two: 1})
    assert [(e.position, e.stream, e.version) for e in events] == [(1, one, 1), (2, one, 2), (3, two, 1)]
    assert {e.recorded_at for e in events} == {committed.recorded_at}


def test_everything_beside_the_events_is_written_with_them(store: Store) -> None:
    stream, command, message, aside = uuid4(), uuid4(), uuid4(), uuid4()
    content = store.contents.prepare(uuid4(), stream, ANNA, b"a photo", "image/png", "a.png")
    batch = a_batch(
        stream,
        sources=(SourceMove("topic:0", None, 17),),
        answers=(Answer(command, b"fp", {"ok": True}, stream),),
        messages=(SeenMessage(b"message", stream, message),),
        conversations=(ConversationKey(b"thread", stream),),
        contacts=(KnownContact(b"mail", ANNA),),
        contents=(content.content,),
        set_aside=(SetAside("dead_letter", aside, b"bad", "unreadable /body", "topic:0", b"payload"),),
    )

    committed = store.commit(batch)

    kept = store.answers.look_up([command, uuid4()])
    assert list(kept) == [command]
    answer = kept[command]
    assert (answer.fingerprint, answer.result, answer.position, answer.version) == (b"fp", {"ok": True}, 1, 1)
    assert answer.recorded_at == committed.recorded_at
    assert store.positions.look_up(["topic:0", "topic:1"]) == {"topic:0": 17}
    assert store.answers.messages([b"message", b"other"]) == {b"message": SeenMessage(b"message", stream, message)}
    assert store.conversations.look_up([b"thread"]) == {b"thread": stream}
    assert store.contacts.look_up([b"mail"]) == {b"mail": ANNA}
    assert store.contents.open(content.content.content_id) == b"a photo"
    assert store.set_aside.show(aside)[1] == b"payload"


def test_a_conflict_names_exactly_what_conflicted_and_writes_nothing(store: Store, pool: Pool) -> None:
    taken, free, command, gone = uuid4(), uuid4(), uuid4(), uuid4()
    store.commit(
        a_batch(
            taken,
            sources=(SourceMove("a", None, 1), SourceMove("b", None, 1)),
            answers=(Answer(command, b"1", {}, taken),),
            messages=(SeenMessage(b"seen", taken, uuid4()),),
        )
    )
    batch = Batch(
        appends=(append(taken, 0, note(ANNA)), append(free, 0, note(ANNA))),
        sources=(SourceMove("a", 0, 2), SourceMove("b", 1, 2), SourceMove("c", None, 1)),
        answers=(Answer(command, b"2", {}, taken), Answer(uuid4(), b"3", {}, free)),
        messages=(SeenMessage(b"seen", taken, uuid4()), SeenMessage(b"new", free, uuid4())),
        released=(gone,),
    )

    with pytest.raises(Conflict) as caught:
        store.commit(batch)

    conflict = caught.value
    named = (conflict.streams, conflict.sources, conflict.commands, conflict.messages, conflict.keys, conflict.parked)
    # The key too: who thinks that a stream is new has made one for it.
    assert [set(each) for each in named] == [{taken}, {"a"}, {command}, {b"seen"}, {ANNA}, {gone}]
    assert store.read.head().position == 1
    assert store.positions.look_up(["a", "b", "c"]) == {"a": 1, "b": 1}
    assert rows(pool, "SELECT count(*) FROM plaint.answers") == [(1,)]


@pytest.mark.parametrize("expected", [0, 2, 7])
def test_a_stream_is_appended_to_at_its_last_version_only(store: Store, expected: int) -> None:
    stream = uuid4()
    store.commit(a_batch(stream))

    with pytest.raises(Conflict) as caught:
        store.commit(a_batch(stream, expected))

    assert caught.value.streams == {stream}


def test_a_source_moves_only_from_where_it_is(store: Store) -> None:
    store.commit(Batch(sources=(SourceMove("s", None, 10),)))

    for expected in (None, 9, 11):
        with pytest.raises(Conflict) as caught:
            store.commit(Batch(sources=(SourceMove("s", expected, 20),)))
        assert caught.value.sources == {"s"}
    store.commit(Batch(sources=(SourceMove("s", 10, 3),)))

    assert store.positions.look_up(["s"]) == {"s": 3}


def test_an_append_without_events_only_asks_for_the_version(store: Store) -> None:
    stream = uuid4()

    store.commit(Batch(appends=(Append(stream, 0, ()),)))
    with pytest.raises(Conflict):
        store.commit(Batch(appends=(Append(stream, 1, ()),)))

    assert store.read.head().position == 0


def test_the_answer_to_a_command_without_events_has_the_version_that_its_stream_has(store: Store) -> None:
    stream, command, lost = uuid4(), uuid4(), uuid4()
    store.commit(a_batch(stream))

    store.commit(Batch(answers=(Answer(command, b"f", {}, stream), Answer(lost, b"f", {}))))

    kept = store.answers.look_up([command, lost])
    assert (kept[command].version, kept[command].position) == (1, 1)
    assert (kept[lost].version, kept[lost].stream) == (None, None)


def test_a_batch_that_names_a_stream_twice_is_a_mistake_of_its_maker(store: Store) -> None:
    stream = uuid4()

    with pytest.raises(ValueError, match="names each stream once"):
        store.commit(Batch(appends=(append(stream, 0, note(ANNA)), append(stream, 1, note(ANNA)))))


def test_the_first_claim_of_a_conversation_stays_unless_it_is_moved(store: Store) -> None:
    first, second, third = uuid4(), uuid4(), uuid4()
    store.commit(Batch(conversations=(ConversationKey(b"k", first),)))

    store.commit(Batch(conversations=(ConversationKey(b"k", second),)))
    assert store.conversations.look_up([b"k"]) == {b"k": first}
    store.commit(Batch(conversations=(ConversationKey(b"k", third, moves=True),)))
    assert store.conversations.look_up([b"k"]) == {b"k": third}


# ---------------------------------------------------------------------------------------------------------------- order


def test_eight_writers_leave_no_gap_in_the_log_and_no_hole_in_a_stream(store: Store) -> None:
    shared, rounds, writers = [uuid4() for _ in range(3)], 12, 8

    def write(number: int) -> int:
        done = 0
        for turn in range(rounds):
            own, common = uuid4(), shared[(number + turn) % 3]
            while True:
                expected = len(store.read.stream(common))
                try:
                    two, one = append(own, 0, note(ANNA), note(ANNA)), append(common, expected, note(own))
                    store.commit(Batch(appends=(two, one)))
                except Conflict:
                    continue
                done += 3
                break
        return done

    with ThreadPoolExecutor(writers) as threads:
        written = sum(threads.map(write, range(writers)))

    events = store.read.log(0, 10_000)
    versions: dict[UUID, list[int]] = {}
    for event in events:
        versions.setdefault(event.stream, []).append(event.version)
    assert [event.position for event in events] == list(range(1, written + 1))
    assert all(found == list(range(1, len(found) + 1)) for found in versions.values())
    times = [event.recorded_at for event in events]
    assert times == sorted(times)
    assert sum(len(versions[stream]) for stream in shared) == writers * rounds


@contextmanager
def held_open(pool: Pool) -> Iterator[psycopg.Connection[Any]]:
    """A transaction that has appended position n+1 and does not commit yet."""
    with pool.connection() as connection:
        connection.execute(LOCK)
        row = connection.execute("SELECT coalesce(max(position), 0), clock_timestamp() FROM plaint.events").fetchone()
        assert row is not None
        copy_events(connection, row[0], row[1], [Sealed(uuid4(), 1, "complaint.note_added.v1", b"{}")])
        yield connection


def test_no_position_becomes_visible_before_the_ones_below_it(store: Store, pool: Pool) -> None:
    store.commit(a_batch(uuid4()))
    committed: list[Committed] = []

    with held_open(pool) as transaction:
        later = threading.Thread(target=lambda: committed.append(store.commit(a_batch(uuid4()))))
        later.start()
        later.join(0.3)
        assert (later.is_alive(), store.read.head().position) == (True, 1)
        transaction.commit()
        later.join(10)

    assert committed[0].position == 3
    assert rows(pool, "SELECT position FROM plaint.events ORDER BY position") == [(1,), (2,), (3,)]


def test_a_rollback_leaves_no_gap(store: Store, pool: Pool) -> None:
    with held_open(pool) as transaction:
        transaction.rollback()

    assert store.commit(a_batch(uuid4())).position == 1


@pytest.mark.parametrize("mode", ["SHARE UPDATE EXCLUSIVE", "ROW SHARE"])
def test_vacuum_and_row_locks_do_not_hold_up_a_commit(store: Store, pool: Pool, mode: str) -> None:
    with pool.connection() as other:
        other.execute(f"LOCK TABLE plaint.events IN {mode} MODE")
        assert store.commit(a_batch(uuid4())).position == 1
        other.rollback()


def test_a_waiting_writer_does_not_hold_up_vacuum(store: Store, pool: Pool, database: str) -> None:
    store.commit(a_batch(uuid4()))
    with held_open(pool) as transaction, psycopg.connect(database, autocommit=True) as other:
        other.execute("SET lock_timeout = '2s'")
        other.execute("VACUUM plaint.events")
        transaction.rollback()


def test_time_never_goes_back_even_if_the_clock_did(store: Store, pool: Pool) -> None:
    store.commit(a_batch(uuid4()))
    with pool.connection() as connection:
        connection.execute("ALTER TABLE plaint.events DISABLE TRIGGER only_added_to")
        connection.execute("UPDATE plaint.events SET recorded_at = recorded_at + interval '1 day'")
    late = store.read.head().recorded_at

    assert store.commit(a_batch(uuid4())).recorded_at == late


# ----------------------------------------------------------------------------------------------------------------- keys


def test_two_processes_that_make_a_key_for_the_same_person_end_up_with_one(
    pool: Pool, master: KeyFile, tmp_path: Path
) -> None:
    stream = uuid4()
    with Store(pool, master, tmp_path) as one, Store(pool, master, tmp_path) as two:
        early = two.contents.prepare(uuid4(), stream, ANNA, b"x", "text/plain")
        one.commit(a_batch(stream))

        with pytest.raises(Conflict) as caught:
            two.commit(Batch(appends=(append(stream, 1, note(ANNA)),), contents=(early.content,)))
        again = two.contents.prepare(uuid4(), stream, ANNA, b"x", "text/plain")
        two.commit(Batch(appends=(append(stream, 1, note(ANNA, "second")),), contents=(again.content,)))

        assert caught.value.keys == {ANNA}
        texts = [event.event.model_dump()["note"] for event in one.read.stream(stream, open=True)]
        assert texts == [f"note of {stream}", "second"]
    assert rows(pool, "SELECT count(*) FROM plaint_keys.data_keys") == [(1,)]


def test_a_writer_that_remembers_a_destroyed_key_cannot_use_it(store: Store, pool: Pool) -> None:
    stream = uuid4()
    store.commit(a_batch(stream))
    store.read.stream(stream, open=True)
    destroy_keys(pool, ANNA)

    with pytest.raises(Conflict) as caught:
        store.commit(a_batch(stream, 1))
    with pytest.raises(SubjectErased) as refused:
        store.commit(a_batch(stream, 1))

    assert caught.value.keys == {ANNA}
    assert (refused.value.stream, refused.value.subject) == (stream, ANNA)


def test_a_reader_that_remembers_a_destroyed_key_opens_nothing_by_it(
    store: Store, pool: Pool, master: KeyFile, tmp_path: Path
) -> None:
    stream = uuid4()
    store.commit(a_batch(stream))
    with Store(pool, master, tmp_path) as other:
        assert other.read.stream(stream, open=True)[0].event == note(ANNA, f"note of {stream}")
        destroy_keys(pool, ANNA)

        assert other.read.stream(stream, open=True)[0].event.model_dump()["note"] == ERASED.model_dump()


# ------------------------------------------------------------------------------------------------------ unknown outcome


@pytest.fixture
def cuttable(database: str, master: KeyFile, tmp_path: Path) -> Iterator[tuple[Store, Proxy]]:
    with (
        proxy_to(database) as proxy,
        open_pool(proxy.conninfo, max_size=4, name="cut") as pool,
        Store(pool, master, tmp_path) as store,
    ):
        yield store, proxy


BATCHES: dict[str, Callable[[], Batch]] = {
    "events": lambda: a_batch(uuid4(), sources=(SourceMove("s", None, 1),)),
    "answers": lambda: Batch(answers=(Answer(uuid4(), b"f", {}),)),
    "messages": lambda: Batch(messages=(SeenMessage(b"m", uuid4(), uuid4()),)),
    "sources": lambda: Batch(sources=(SourceMove("s", None, 1),)),
    "nothing that counts": lambda: Batch(conversations=(ConversationKey(b"c", ANNA),)),
}


@pytest.mark.parametrize("cut", ["before_commit", "after_commit"])
@pytest.mark.parametrize("what", BATCHES)
def test_a_commit_whose_answer_is_lost_is_applied_once_and_reported_as_what_it_was(
    cuttable: tuple[Store, Proxy], pool: Pool, cut: Any, what: str
) -> None:
    store, proxy = cuttable
    batch = BATCHES[what]()
    proxy.cut = cut

    committed = store.commit(batch)

    assert proxy.cuts == 1
    assert committed.position == len(batch.appends)
    written = {
        table: rows(pool, f"SELECT count(*) FROM plaint.{table}")[0][0]
        for table in ("events", "answers", "messages", "sources")
    }
    whole = (batch.appends, batch.answers, batch.messages, batch.sources)
    assert list(written.values()) == [len(each) for each in whole]
    for event in store.read.log(0, 10):
        assert (event.recorded_at, event.position) == (committed.recorded_at, committed.position)


def test_an_outcome_that_cannot_be_asked_for_is_told_and_the_same_batch_later_conflicts(
    database: str, store: Store, master: KeyFile, tmp_path: Path
) -> None:
    with (
        proxy_to(database) as proxy,
        open_pool(proxy.conninfo, max_size=1, name="cut") as pool,
        Store(pool, master, tmp_path) as cut_off,
    ):
        pool.timeout = 1.0
        batch = a_batch(uuid4(), sources=(SourceMove("s", None, 1),))
        proxy.cut, proxy.refuse = "after_commit", True

        with pytest.raises(OutcomeUnknown):
            cut_off.commit(batch)

    with pytest.raises(Conflict):
        store.commit(batch)
    assert store.read.head().position == 1


def test_a_killed_backend_takes_nothing_with_it_and_the_next_commit_works(store: Store, pool: Pool) -> None:
    with held_open(pool) as transaction, pool.connection() as killer:
        killer.execute("SELECT pg_terminate_backend(%s)", (transaction.info.backend_pid,))
        with pytest.raises(psycopg.OperationalError):
            transaction.execute("SELECT 1")

    assert store.commit(a_batch(uuid4())).position == 1


def test_a_retry_of_a_refused_batch_is_a_new_batch(store: Store) -> None:
    stream = uuid4()
    batch = a_batch(stream)
    store.commit(batch)

    store.commit(replace(batch, appends=(append(stream, 1, note(ANNA)),)))

    assert [e.version for e in store.read.stream(stream)] == [1, 2]
