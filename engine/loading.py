"""Streams from the store, folded: from their last snapshot on where there is one, from the beginning where not."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final
from uuid import UUID

from engine import streams_of
from engine.known import Loaded
from engine.store.batch import Recorded
from engine.store.recall import Recall, Remembered
from engine.store.snapshots import Kept, Place, Since
from engine.store.store import Store
from engine.streams import folded
from engine.streams.folded import Folded, NotFolded, State
from schemas.complaint.assignment import ComplaintAssigned

FAR: Final = 200
"""A stream that had to be folded over so many events gets a snapshot. Folding fewer takes less time than reading one
of a long case, and most cases end before."""


def load(
    store: Store,
    streams: Iterable[UUID],
    by_history: Collection[UUID] = frozenset(),
    recall: Recall[Folded] | None = None,
) -> dict[UUID, Loaded]:
    """Return the streams that exist, folded; those in ``by_history`` with all their events.

    Of what ``recall`` has, only what came since is read and folded; it is told of all that was loaded.
    One query for all of them, a second one if a snapshot was damaged; then one more to keep new snapshots.

    Raises:
        DatabaseUnavailable: the database cannot be read now.
        UnknownEvent, UnreadableEvent: as the reader of the log.
    """
    wanted = list(streams)
    known = {} if recall is None else recall.of(stream for stream in wanted if stream not in by_history)
    found = store.snapshots.read(wanted, by_history, {stream: one.place for stream, one in known.items()})
    begun = {stream: _begun(since.kept) for stream, since in found.items() if since.kept is not None}
    damaged = [stream for stream, state in begun.items() if state is None]
    if damaged:
        found.update(store.snapshots.read((), damaged))
    begun.update((stream, known[stream].folded) for stream, since in found.items() if since.held is not None)
    loaded = {
        stream: _loaded(since.events, last, begun.get(stream), whole=stream in by_history)
        for stream, since in found.items()
        if (last := since.last) is not None
    }
    _keep(store, found, loaded, damaged)
    if recall is not None:
        recall.keep(_to_recall(found, loaded))
    return loaded


def _begun(kept: Kept) -> Folded | None:
    try:
        return folded.from_octets(kept.octets)
    except NotFolded:
        return None


def _loaded(events: Sequence[Recorded], last: Recorded | Place, begun: Folded | None, *, whole: bool) -> Loaded:
    state = streams_of.fold(events, streams_of.nothing() if begun is None else begun.state)
    return Loaded(state, last.version, events if whole else None, _unit(events, begun), last.position)


def _unit(events: Sequence[Recorded], begun: Folded | None) -> str:
    """Return the business unit: where it was last assigned to, or where it began."""
    for recorded in reversed(events):
        if isinstance(recorded.event, ComplaintAssigned) and recorded.event.business_unit:
            return recorded.event.business_unit
    return events[0].envelope.business_unit if begun is None else begun.business_unit


def _keep(store: Store, found: Mapping[UUID, Since], loaded: Mapping[UUID, Loaded], damaged: Collection[UUID]) -> None:
    """Keep the states that took long; not of those with all their events, which a snapshot would not have shortened."""
    states = {}
    for stream, one in loaded.items():
        events = found[stream].events
        if len(events) >= FAR and (shortened := _folded(one)) is not None:
            octets = folded.to_octets(shortened)
            states[stream] = Kept(one.version, one.position, events[-1].recorded_at, octets)
    store.snapshots.keep(states, damaged)


def _folded(loaded: Loaded) -> Folded | None:
    """Return its state where a part of its events was enough, and it has one."""
    if loaded.history is None and isinstance(loaded.state, State) and loaded.business_unit:
        return Folded(loaded.state, loaded.business_unit)
    return None


def _to_recall(found: Mapping[UUID, Since], loaded: Mapping[UUID, Loaded]) -> dict[UUID, Remembered[Folded]]:
    states = {}
    for stream, one in loaded.items():
        last, kept = found[stream].last, _folded(one)
        if last is not None and kept is not None:
            states[stream] = Remembered(Place(last.version, last.position, last.recorded_at), kept)
    return states
