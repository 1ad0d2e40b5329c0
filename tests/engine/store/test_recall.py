"""A stream that is remembered is the same stream, whoever wrote to it since, and whatever became of the log."""

from collections.abc import Sequence
from uuid import UUID, uuid4

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import loading, streams_of
from engine.complaint.state_bytes import to_bytes
from engine.known import Loaded
from engine.store.batch import Recorded
from engine.store.recall import Recall, Remembered
from engine.store.snapshots import Place, Since, Snapshots
from engine.streams.folded import Folded
from schemas.complaint.correspondence import AddNote
from support.drawing import SHARED
from support.histories import histories, stored
from support.installation import Desk


class Reads:
    """Counts the events that the database hands over for decisions."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.events = 0
        plain = Snapshots.read

        def read(snapshots: Snapshots, *asked: object) -> dict[UUID, Since]:
            found = plain(snapshots, *asked)  # type: ignore[arg-type] # handed on as they came
            self.events += sum(len(since.events) for since in found.values())
            return found

        monkeypatch.setattr(Snapshots, "read", read)

    def since(self) -> int:
        """Return how many since the last look."""
        seen, self.events = self.events, 0
        return seen


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Reads:
    return Reads(monkeypatch)


def opened(desk: Desk) -> UUID:
    return desk.opened(channel="messenger", network="max", id="1", text="My kettle is broken, I want a refund!")


def load(desk: Desk, stream: UUID, recall: Recall[Folded] | None = None) -> Loaded:
    return loading.load(desk.store, [stream], recall=recall)[stream]


def test_of_a_stream_that_is_remembered_only_what_came_since_is_read(desk: Desk, reads: Reads) -> None:
    stream, recall = opened(desk), Recall[Folded]()
    first = load(desk, stream, recall)
    assert reads.since() >= first.version
    assert load(desk, stream, recall) == first
    assert reads.since() == 0
    desk.give(stream, AddNote(note="by another process"))
    reads.since()
    later = load(desk, stream, recall)
    assert reads.since() == 1
    assert later == load(desk, stream)
    assert later.version == first.version + 1


def test_the_service_reads_a_case_once_and_then_what_came_since(desk: Desk, reads: Reads) -> None:
    stream = opened(desk)
    desk.give(stream, AddNote(note="first"))
    reads.since()
    for _ in range(3):
        desk.give(stream, AddNote(note="again"))
        assert reads.since() == 1


def test_what_is_decided_by_the_events_themselves_gets_all_of_them(desk: Desk) -> None:
    stream, recall = opened(desk), Recall[Folded]()
    load(desk, stream, recall)
    whole = loading.load(desk.store, [stream], {stream}, recall)[stream]
    assert len(whole.history or ()) == whole.version
    assert load(desk, stream, recall).history is None


def lose(desk: Desk, after: int) -> None:
    """What a restore does that goes back in time."""
    with psycopg.connect(desk.conninfo, autocommit=True) as connection:
        connection.execute("ALTER TABLE plaint.events DISABLE TRIGGER USER")
        connection.execute("DELETE FROM plaint.events WHERE position > %s", (after,))
        connection.execute("ALTER TABLE plaint.events ENABLE TRIGGER USER")


@pytest.mark.parametrize("written_again", [0, 2, 4, 7])
def test_after_a_restore_that_lost_events_what_is_left_counts(desk: Desk, written_again: int) -> None:
    stream, recall = opened(desk), Recall[Folded]()
    left = load(desk, stream)
    for number in range(4):
        desk.give(stream, AddNote(note=f"lost {number}"))
    ahead = load(desk, stream, recall)
    lose(desk, left.position)
    desk.later(days=1)
    for number in range(written_again):
        desk.give(stream, AddNote(note="another"), id=f"again {number}")
    found = load(desk, stream, recall)
    assert found == load(desk, stream)
    assert (found.version, found == ahead) == (left.version + written_again, False)


def test_after_a_restore_that_lost_a_whole_stream_it_is_gone(desk: Desk) -> None:
    before = desk.store.read.head().position
    stream, recall = opened(desk), Recall[Folded]()
    load(desk, stream, recall)
    lose(desk, before)
    assert loading.load(desk.store, [stream], recall=recall) == {}


@settings(deadline=None, max_examples=25, suppress_health_check=SHARED)
@given(events=histories(), data=st.data())
def test_a_stream_is_the_same_from_whatever_was_remembered_of_it(
    desk: Desk, events: list[Recorded], data: st.DataObject
) -> None:
    streams = {stream: desk.store.read.stream(stream) for stream in stored(desk.store, events)}
    recall = Recall[Folded](most=data.draw(st.integers(1, 3)))
    for stream, several in streams.items():
        if cut := data.draw(st.integers(0, len(several))):
            recall.keep({stream: remembered(several[:cut])})
    for _ in range(2):
        found = loading.load(desk.store, [*streams, uuid4()], recall=recall)
        assert found == loading.load(desk.store, streams)
        assert all(to_bytes(one.state) == to_bytes(streams_of.fold(streams[key])) for key, one in found.items())


def remembered(events: Sequence[Recorded]) -> Remembered[Folded]:
    """Return a stream as it was folded when these were all its events."""
    state, last = streams_of.fold(events), events[-1]
    units = [unit for one in events if (unit := getattr(one.event, "business_unit", None))]
    place = Place(last.version, last.position, last.recorded_at)
    return Remembered(place, Folded(state, [events[0].envelope.business_unit, *units][-1]))  # type: ignore[arg-type] # of a stream that has a state


def test_of_too_many_those_that_were_used_last_stay(desk: Desk) -> None:
    one = remembered(desk.store.read.stream(opened(desk)))
    first, second, third = (uuid4() for _ in range(3))
    recall = Recall[Folded](most=2)
    recall.keep({first: one, second: one})
    assert recall.of([first]) == {first: one}
    recall.keep({third: one})
    assert recall.of([first, second, third]) == {first: one, third: one}
