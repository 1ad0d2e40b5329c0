"""A stream loaded with a snapshot of any age, with none, or with a broken one is the same stream."""

import threading
from typing import Final
from uuid import UUID, uuid4

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consumers.bench.data import Supply, around
from engine import knowledge, loading, streams_of
from engine.complaint.state_bytes import to_bytes
from engine.draft import Draft
from engine.incoming import Asked, Done, Refused, Result
from engine.known import Loaded
from engine.store.batch import Recorded
from engine.store.snapshots import Kept
from engine.streams.folded import Folded, State, to_octets
from schemas.complaint.clocks import ReportMiss
from schemas.complaint.correspondence import AddNote
from schemas.complaint.records import CorrectEntry
from support.drawing import SHARED
from support.histories import histories, stored
from support.installation import Desk

slow_at_times = settings(deadline=None, max_examples=25, suppress_health_check=SHARED)
LONG: Final = 10_000


def replayed(desk: Desk, stream: UUID) -> Loaded:
    """Return the stream folded from its beginning, by nothing that loading is made of."""
    events = desk.store.read.stream(stream)
    unit = events[0].envelope.business_unit
    for one in events:
        unit = getattr(one.event, "business_unit", None) or unit
    return Loaded(streams_of.fold(events), len(events), None, unit, events[-1].position)


def loaded(desk: Desk, stream: UUID) -> Loaded:
    """Return what loading finds; it is the same as by replay."""
    found = loading.load(desk.store, [stream])[stream]
    assert found == replayed(desk, stream)
    assert to_bytes(found.state) == to_bytes(replayed(desk, stream).state)
    return found


def kept_at(desk: Desk, stream: UUID, version: int) -> Kept:
    """Keep the state of a stream as it was; returns the snapshot."""
    events = desk.store.read.stream(stream)[:version]
    state, last = streams_of.fold(events), events[-1]
    assert isinstance(state, State)
    unit = next(
        (unit for one in reversed(events) if (unit := getattr(one.event, "business_unit", None))),
        events[0].envelope.business_unit,
    )
    kept = Kept(version, last.position, last.recorded_at, to_octets(Folded(state, unit)))
    assert desk.store.snapshots.keep({stream: kept}, [stream]) == 1
    return kept


def events_read(desk: Desk, stream: UUID) -> int:
    """Return how many events the database hands over for the next decision."""
    return len(desk.store.snapshots.read([stream])[stream].events)


def execute(desk: Desk, statement: str) -> None:
    with psycopg.connect(desk.conninfo, autocommit=True) as connection:
        connection.execute(statement)


@slow_at_times
@given(events=histories(), data=st.data())
def test_a_stream_is_the_same_from_whatever_snapshot_it_is_folded_on(
    desk: Desk, events: list[Recorded], data: st.DataObject
) -> None:
    streams = stored(desk.store, events)
    cuts = {stream: data.draw(st.integers(0, replayed(desk, stream).version)) for stream in streams}
    for stream, cut in cuts.items():
        if cut:
            kept_at(desk, stream, cut)
    found = loading.load(desk.store, [*streams, uuid4()])
    assert found == {stream: replayed(desk, stream) for stream in streams}
    assert all(events_read(desk, stream) == found[stream].version - cut for stream, cut in cuts.items())


@pytest.fixture
def long_case(desk: Desk) -> UUID:
    """A case of ten thousand events."""
    case = Supply(3).long_case(LONG)
    desk.service.record([case], around())
    return desk.service.identify(case.key)


def test_of_a_case_of_ten_thousand_events_only_those_since_the_last_load_are_read(desk: Desk, long_case: UUID) -> None:
    assert events_read(desk, long_case) == LONG
    first = loaded(desk, long_case)
    assert events_read(desk, long_case) == 0
    assert loaded(desk, long_case) == first
    for number in range(1, 4):
        done = desk.give(long_case, AddNote(note="one more"))
        assert isinstance(done, Done)
        assert done.version == LONG + number
        assert events_read(desk, long_case) == number
    assert loaded(desk, long_case).version == LONG + 3
    execute(desk, "TRUNCATE plaint.snapshots")
    assert events_read(desk, long_case) == LONG + 3
    assert loaded(desk, long_case).version == LONG + 3
    assert events_read(desk, long_case) == 0


@pytest.fixture
def near(monkeypatch: pytest.MonkeyPatch) -> int:
    """Let a stream count as long after a few events."""
    monkeypatch.setattr(loading, "FAR", 4)
    return 4


def opened(desk: Desk) -> UUID:
    return desk.opened(channel="messenger", network="max", id="1", text="My kettle is broken, I want a refund!")


def noted(desk: Desk, stream: UUID, count: int) -> list[Result]:
    return [desk.give(stream, AddNote(note=f"note {number}")) for number in range(count)]


def test_a_short_case_gets_no_snapshot_and_a_long_one_a_new_one_now_and_then(desk: Desk, near: int) -> None:
    stream, seen = opened(desk), []
    before = loaded(desk, stream).version
    for _ in range(3 * near):
        seen.append(events_read(desk, stream))
        noted(desk, stream, 1)
        loaded(desk, stream)
    assert max(seen) <= before
    assert seen.count(0) >= 3


@pytest.mark.parametrize(
    "loss",
    [
        "DROP TABLE plaint.snapshots",
        "TRUNCATE plaint.snapshots",
        "UPDATE plaint.snapshots SET fold = sha256('another program')",
        "UPDATE plaint.snapshots SET anchor = sha256('another log')",
        "UPDATE plaint.snapshots SET version = version - 1",
        "UPDATE plaint.snapshots SET state = state || '\\x00'",
        "UPDATE plaint.snapshots SET state = set_byte(state, 90, get_byte(state, 90) # 1)",
        "UPDATE plaint.snapshots SET state = ''",
    ],
)
@pytest.mark.usefixtures("near")
def test_whatever_becomes_of_a_snapshot_the_case_goes_on(desk: Desk, loss: str) -> None:
    stream = opened(desk)
    noted(desk, stream, 6)
    loaded(desk, stream)
    assert events_read(desk, stream) < 4
    execute(desk, loss)
    before = loaded(desk, stream)
    assert [result.version - before.version for result in noted(desk, stream, 3) if isinstance(result, Done)] == [
        1, 2, 3,
    ]  # fmt: skip
    assert loaded(desk, stream).version == before.version + 3
    assert loss.startswith("DROP") or events_read(desk, stream) < 6, "it was kept anew"


def test_after_a_restore_that_lost_events_the_case_goes_on_from_what_is_left(desk: Desk, near: int) -> None:
    stream = opened(desk)
    left = loaded(desk, stream)
    noted(desk, stream, 2 * near)
    ahead = loaded(desk, stream)
    kept_at(desk, stream, ahead.version)
    execute(desk, "ALTER TABLE plaint.events DISABLE TRIGGER USER")
    execute(desk, f"DELETE FROM plaint.events WHERE position > {left.position}")  # a number
    execute(desk, "ALTER TABLE plaint.events ENABLE TRIGGER USER")
    assert loaded(desk, stream) == left
    desk.later(days=1)
    for number in range(2 * near):
        assert isinstance(desk.give(stream, AddNote(note="another"), id=f"again {number}"), Done)
    assert loaded(desk, stream).version == ahead.version
    assert loaded(desk, stream) != ahead
    assert events_read(desk, stream) < 2 * near


@pytest.mark.usefixtures("near")
def test_an_erasure_between_snapshot_and_load_changes_nothing_in_the_state(desk: Desk) -> None:
    stream = opened(desk)
    noted(desk, stream, 6)
    before = loaded(desk, stream)
    execute(desk, "UPDATE plaint_keys.data_keys SET wrapped = NULL, master_id = NULL")
    execute(desk, "UPDATE plaint_keys.destructions SET count = count + 1")
    assert any("erased" in one.event.model_dump_json() for one in desk.history(stream))
    assert loaded(desk, stream) == before
    execute(desk, "TRUNCATE plaint.snapshots")
    assert loaded(desk, stream) == before


@pytest.mark.usefixtures("near")
def test_what_is_decided_by_the_events_themselves_gets_all_of_them(desk: Desk) -> None:
    stream = opened(desk)
    noted(desk, stream, 6)
    loaded(desk, stream)
    first = desk.history(stream)[0].envelope.event_id
    assert isinstance(desk.give(stream, CorrectEntry(event_id=first, note="it was another day")), Done)
    refused = desk.give(stream, CorrectEntry(event_id=uuid4(), note="it was another day"))
    assert isinstance(refused, Refused)
    assert refused.code == "unknown_entry"
    desk.later(days=100)
    miss = ReportMiss(clock="resolution", cycle=1, instance=1, due_at=desk.at)
    assert isinstance(desk.give(stream, miss, by="rule:clock"), Done)
    assert desk.names(stream)[-1] == "deadline_missed"
    events = desk.store.read.stream(stream)
    assert loading.load(desk.store, [stream], [stream])[stream].history == events
    assert loading.load(desk.store, [stream])[stream].history is None


def test_a_history_that_was_not_read_is_never_taken_for_an_empty_one(desk: Desk) -> None:
    stream, keyed = opened(desk), desk.store.fingerprint.of
    item = Asked(stream, AddNote(note="a note"), "1", desk.around("person:ann"))
    known = knowledge.gather(desk.store, [item], keyed)
    draft = Draft(known, desk.service.book(), keyed, desk.store.contents.prepare, desk.at)
    with pytest.raises(LookupError, match="is decided by the history"):
        draft.decide(stream, CorrectEntry(event_id=uuid4()), item, uuid4())
    assert draft.decide(stream, item.command, item, uuid4()) == 1


@pytest.mark.usefixtures("near")
def test_processes_that_race_for_one_case_decide_over_the_same_one(desk: Desk) -> None:
    stream = opened(desk)
    start, results = threading.Barrier(4), []

    def work(who: str) -> None:
        start.wait()
        for number in range(10):
            results.append(desk.give(stream, AddNote(note="a note"), by=f"person:{who}", id=f"{who} {number}"))
            assert loading.load(desk.store, [stream])[stream].version >= number

    def lose() -> None:
        start.wait()
        for _ in range(10):
            execute(desk, "TRUNCATE plaint.snapshots")

    workers = [threading.Thread(target=work, args=(who,)) for who in ("ann", "bob", "cat")]
    workers.append(threading.Thread(target=lose))
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(results) == 30
    assert all(isinstance(result, Done) for result in results)
    assert desk.names(stream).count("note_added") == 30
    loaded(desk, stream)
