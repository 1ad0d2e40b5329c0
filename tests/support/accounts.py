"""Every input offset accounted for: what a topic was given, against what the store made of it.

``settled`` answers by invariant: an empty text where it holds, else what is wrong, in offsets and
counts. G1: every offset is exactly once applied, a duplicate, a dead letter, parked or passed over.
G2: those are all that the partition holds. G3: versions and positions without holes, effects in the
order of the partition. G4: positions are what has had its effect. G5: the log and the topic read again
give the same rows. G6: no lag, in time. G7: dead letters once each, in their topic too.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

import orjson

from engine import parking
from engine.store.batch import Recorded
from engine.store.store import Store
from schemas.envelope import KafkaSource
from schemas.published.dead_letter import DeadLetter

Kind = Literal["message", "garbage", "either"]
"""A ``message`` must be taken, ``garbage`` must become a dead letter; ``either`` may be one or the other, once."""
Place = tuple[int, int]
"""Partition and offset."""
INVARIANTS: Final = ("G1", "G2", "G3", "G4", "G5", "G6", "G7")
_PAGE = 5_000


@dataclass(frozen=True, slots=True)
class Sent:
    """A record that the broker has acknowledged. Equal names are the same message."""

    place: Place
    name: str
    kind: Kind = "message"


@dataclass(slots=True)
class Effects:
    """What a store holds of one topic, by place."""

    applied: dict[Place, set[UUID]] = field(default_factory=dict)
    """The commands that a record became: one, if it had its effect once."""
    dead: Counter[Place] = field(default_factory=Counter)
    parked: Counter[Place] = field(default_factory=Counter)
    events: list[Recorded] = field(default_factory=list)

    def at(self, place: Place) -> int:
        """Return how many effects a record had; 1 is right for all but duplicates."""
        return len(self.applied.get(place, ())) + self.dead[place] + self.parked[place]


def message(name: str, *, follows: str | None = None, pad: int = 0) -> bytes:
    """Return a web form of this name, by nobody who is known; with ``follows`` it answers another one."""
    told = {
        "channel": "web_form",
        "system": "shop",
        "id": name,
        "author": {"name": "Ann", "contacts": [{"kind": "email", "value": f"{follows or name}@example.org"}]},
        "text": f"My kettle {name} is broken, I want a refund.{'.' * pad}",
        **({} if follows is None else {"in_reply_to": follows}),
    }
    return orjson.dumps(told)


def effects(store: Store, topic: str, after: int = 0, since: datetime | None = None) -> Effects:
    """Read what there is of a topic: in the log behind position ``after``, and set aside, as letters from ``since``."""
    found = Effects()
    for one in _log(store):
        found.events.append(one)
        source = one.envelope.source
        if one.position > after and isinstance(source, KafkaSource) and source.topic == topic:
            found.applied.setdefault((source.partition, source.offset), set()).add(one.envelope.correlation_id)
    dead = letters(store, topic)
    found.dead.update(place for place, letter in dead if since is None or letter.first_failed_at >= since)
    for row in store.set_aside.listed("parked", limit=100_000):
        waits = parking.unpack(store.set_aside.show(row.id)[1]).around.source
        if isinstance(waits, KafkaSource) and waits.topic == topic:
            found.parked[waits.partition, waits.offset] += 1
    return found


def letters(store: Store, topic: str) -> list[tuple[Place, DeadLetter]]:
    """Return the dead letters of a topic, each with its place."""
    rows = store.set_aside.listed("dead_letter", limit=100_000)
    found = [DeadLetter.from_octets(store.set_aside.show(row.id)[1]) for row in rows]
    return [((each.partition, each.offset), each) for each in found if each.topic == topic]


def settled(
    found: Effects,
    sent: Sequence[Sent],
    positions: Mapping[int, int],
    ends: Mapping[int, int],
    *,
    passed: Collection[Place] = (),
    marks: int = 0,
) -> dict[str, str]:
    """Return what is wrong by invariant, of all that stands before ``positions``; G5 and G6 are the caller's.

    ``passed`` are places that were passed over with a reason, ``marks`` offsets that are no records.
    """
    due = [one for one in sent if one.place[1] < positions.get(one.place[0], 0)]
    not_due = [one for one in sent if one.place[1] >= positions.get(one.place[0], 0)]
    once = _once(found, due, passed)
    early = [one.place for one in not_due if found.at(one.place)]
    reached = sum(positions.values())
    return {
        "G1": _list("lost, doubled or wrong", once),
        "G2": "" if len(due) + marks == reached else f"{len(due)} records and {marks} marks, yet {reached} passed",
        "G3": holes(found.events),
        "G4": _list("took effect beyond the position", early)
        or _list("position beyond the end", [(p, at) for p, at in positions.items() if at > ends.get(p, 0)]),
        "G7": _list("dead letter twice", [place for place, count in found.dead.items() if count > 1])
        or _list("dead letter of nothing", [each for each in found.dead if each not in {one.place for one in sent}]),
    }


def _once(found: Effects, due: Sequence[Sent], passed: Collection[Place]) -> list[Place]:
    """Return the places whose record is not in exactly one of the accounts."""
    wrong = []
    effects_of = Counter(dict.fromkeys({one.name for one in due}, 0))
    for one in due:
        count = found.at(one.place)
        effects_of[one.name] += count
        buried = one.kind == "garbage" and one.place not in passed
        if count > 1 or (buried and not found.dead[one.place]) or (one.kind == "message" and found.dead[one.place]):
            wrong.append(one.place)
    for one in due:
        total = effects_of[one.name]
        if one.kind != "garbage" and (total > 1 or (total == 0 and one.place not in passed)):
            wrong.append(one.place)
    return sorted(set(wrong))


def holes(events: Sequence[Recorded]) -> str:
    """Return where the log has a hole, an event twice, or effects in another order than their partition has them."""
    if [one.position for one in events] != list(range(1, len(events) + 1)):
        return "positions with holes"
    if len({one.envelope.event_id for one in events}) != len(events):
        return "an event twice"
    versions: dict[UUID, int] = {}
    last: dict[tuple[UUID, int], int] = {}
    began: dict[UUID, int] = {}
    for one in events:
        if one.version != versions.get(one.stream, 0) + 1:
            return f"version {one.version} behind {versions.get(one.stream, 0)}"
        versions[one.stream] = one.version
        source = one.envelope.source
        if isinstance(source, KafkaSource):
            began.setdefault(one.stream, source.offset)
            before = last.get((one.stream, source.partition), -1)
            waited = source.offset < began[one.stream]
            if source.offset < before and not waited:
                return f"offset {source.offset} of partition {source.partition} after {before}"
            if not waited:
                last[one.stream, source.partition] = source.offset
    return ""


def _log(store: Store) -> Iterator[Recorded]:
    after = 0
    while page := store.read.log(after, _PAGE):
        yield from page
        after = page[-1].position


def _list(what: str, places: Collection[object]) -> str:
    if not places:
        return ""
    shown = ", ".join(map(str, list(places)[:5]))
    return f"{len(places)} {what}: {shown}{' ...' if len(places) > 5 else ''}"
