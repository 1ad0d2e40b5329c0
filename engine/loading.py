"""Streams from the store, folded: from their last snapshot on where there is one, from the beginning where not."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final
from uuid import UUID

from engine import streams_of
from engine.known import Loaded
from engine.store.batch import Recorded
from engine.store.snapshots import Kept, Since
from engine.store.store import Store
from engine.streams import folded
from engine.streams.folded import Folded, NotFolded, State
from schemas.complaint.assignment import ComplaintAssigned

FAR: Final = 200
"""A stream that had to be folded over so many events gets a snapshot. Folding fewer takes less time than reading one
of a long case, and most cases end before."""


def load(store: Store, streams: Iterable[UUID], by_history: Collection[UUID] = frozenset()) -> dict[UUID, Loaded]:
    """Return the streams that exist, folded; those in ``by_history`` with all their events.

    One query for all of them, a second one if a snapshot was damaged; then one more to keep new snapshots.

    Raises:
        DatabaseUnavailable: the database cannot be read now.
        UnknownEvent, UnreadableEvent: as the reader of the log.
    """
    found = store.snapshots.read(list(streams), by_history)
    begun = {stream: _begun(since.kept) for stream, since in found.items() if since.kept is not None}
    damaged = [stream for stream, state in begun.items() if state is None]
    if damaged:
        found.update(store.snapshots.read((), damaged))
    loaded = {
        stream: _loaded(since.events, last, begun.get(stream), whole=stream in by_history)
        for stream, since in found.items()
        if (last := since.last) is not None
    }
    _keep(store, found, loaded, damaged)
    return loaded


def _begun(kept: Kept) -> Folded | None:
    try:
        return folded.from_octets(kept.octets)
    except NotFolded:
        return None


def _loaded(events: Sequence[Recorded], last: Recorded | Kept, begun: Folded | None, *, whole: bool) -> Loaded:
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
        if one.history is None and len(events) >= FAR and isinstance(one.state, State) and one.business_unit:
            octets = folded.to_octets(Folded(one.state, one.business_unit))
            states[stream] = Kept(one.version, one.position, events[-1].recorded_at, octets)
    store.snapshots.keep(states, damaged)
