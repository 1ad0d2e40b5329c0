"""Reactions that follow the log: each reads it from a position of its own and proposes commands, nothing else.

One process at a time works, under a lock; the others wait to take over. A reaction gets the events it asked
for in batches, what it proposes is given to the service, and only then its position moves, by
compare-and-set. Whoever ends in between gives the same commands again, and their ids, which derive from the
event and from what they are for, make that harmless. The case decides in any case.

A reaction that works for the first time takes up what was recorded in the last day. Imported history causes
nothing, nor does what reached us more than a week ago: it is the past, be it played or delayed.
"""

import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event as Flag
from typing import Final, NamedTuple
from uuid import UUID

import psycopg
import structlog

from engine.configuration.in_force import Book
from engine.ids import derived
from engine.incoming import Asked, Circumstances, Done, Incoming, Refused, Result, Sender
from engine.store.batch import Conflict, Recorded, SourceMove
from engine.store.database.errors import DatabaseUnavailable
from engine.store.database.pool import Pool
from engine.store.read import Head
from engine.store.store import Store
from projections.answers import Views
from projections.runtime import owner
from projections.runtime.progress import Missing, NotYet
from projections.runtime.runner import Waiter
from projections.sql import Link
from schemas.complaint.base import Command
from schemas.envelope import RuleSource
from schemas.published.metrics import NO_METER, Meter
from schemas.words import RuleRef

BEGINS_BEFORE: Final = timedelta(days=1)
"""How far back a reaction looks that never worked before."""
THE_PAST: Final = timedelta(days=7)
"""What reached us longer ago causes nothing any more."""
PUT_BEHIND: Final = timedelta(seconds=15)
"""How long a reaction waits for one that goes first; so long nobody goes without a word because views lag."""
_WORKLOAD: Final = "reactions"
_DATABASE: Final = (psycopg.OperationalError, psycopg.InterfaceError, DatabaseUnavailable)
TRANSIENT: Final = (*_DATABASE, Conflict, Missing, NotYet)
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class World:
    """What a reaction may read: the log opened, the views, what is in force, and what time it is."""

    store: Store
    views: Views
    book: Callable[[], Book]
    now: Callable[[], datetime]
    meter: Meter = NO_METER


React = Callable[[Sequence[Recorded], World], Sequence[Incoming]]
Look = Callable[[World], Sequence[Incoming]]


def _nothing(_: Sequence[Recorded], __: World) -> tuple[Asked, ...]:
    return ()


@dataclass(frozen=True, slots=True)
class Reaction:
    """One reaction. It has no memory and writes nothing: the same events and the same world, the same commands.

    ``react`` gets the events of ``names`` (stored names, with version) in the order of the log, with their
    texts where ``texts`` says so. ``look`` is asked ``every`` so often, whatever happened, for what the
    calendar asks for. Either may raise ``NotYet`` or ``Missing`` where views lag: it is asked again.
    """

    name: str
    names: frozenset[str] = frozenset()
    react: React = _nothing
    texts: bool = False
    look: Look | None = None
    every: timedelta = timedelta(minutes=1)
    follows: tuple[str, ...] = ()
    """Reactions that go first: an event is taken when they have taken it, or is older than ``PUT_BEHIND``."""

    @property
    def source(self) -> str:
        """Under which name the store keeps its position."""
        return f"reaction:{self.name}"


def proposed(
    reaction: str, to: Recorded, command: Command, world: World, *, what: str, rule: RuleRef | None = None
) -> Asked:
    """Return a command for the stream of an event, by a rule.

    ``what`` tells commands for one event apart: with the event it makes the id, so the same proposal from any
    replica is the same command.
    """
    around = Circumstances(_sender(reaction), RuleSource(event_id=to.envelope.event_id), world.now(), decided_by=rule)
    return Asked(to.stream, command, str(derived(to.envelope.event_id, f"{reaction}/{what}")), around)


def from_then(asked: Asked, stream: UUID, at: datetime) -> Asked:
    """Return a command for another stream, about what was said at ``at``: the log knows it, so a rule may say so."""
    around = replace(asked.around, sender=replace(asked.around.sender, back_dating=True))
    return replace(asked, stream=stream, around=around, occurred_at=at)


def on_schedule(
    reaction: str, stream: UUID, command: Command, world: World, *, id: str, rule: RuleRef | None = None
) -> Asked:
    """Return a command that no event asks for but the calendar. ``id`` names what is due, the same from any replica."""
    around = Circumstances(_sender(reaction), RuleSource(), world.now(), decided_by=rule)
    return Asked(stream, command, f"{reaction}/{id}", around)


def _sender(reaction: str) -> Sender:
    return Sender(workload=_WORKLOAD, actor=f"rule:{reaction}", identity="workload")


class Pace(NamedTuple):
    """How much is read at once, and how long is waited between two looks."""

    batch: int = 200
    poll_seconds: float = 1.0


_Places = dict[str, int | None]
"""Name of a reaction -> how far it has come; None: it never worked."""


class Overtaken(Exception):
    """Another process has moved the position of a reaction: the lock was lost unawares."""


@dataclass(slots=True)
class Passed:
    """What was done: by reaction the commands that had an effect now."""

    acted: Counter[str] = field(default_factory=Counter)
    put_off: dict[str, str] = field(default_factory=dict)
    """Reaction -> why it has not come to the end."""


class Follower:
    """Has all reactions of one process follow the log. Any number may run; the one that holds the lock works."""

    def __init__(
        self,
        pool: Pool,
        world: World,
        submit: Callable[[Sequence[Incoming], datetime], tuple[Result, ...]],
        reactions: Sequence[Reaction],
        pace: Pace = Pace(),  # noqa: B008 # a tuple
    ) -> None:
        self._pool, self._world, self._submit, self._pace = pool, world, submit, pace
        self._reactions = tuple(reactions)
        self._looked: dict[str, datetime] = {}
        self._told: set[tuple[str, str]] = set()

    def run(self, stop: Flag, waiter: Waiter) -> None:
        """Work whenever this process has the lock, until ``stop`` is set; trouble of the database is survived.

        Raises:
            engine.store.mapper.UnknownEvent: this program is older than the log; a newer one must go on.
        """
        while not stop.is_set():
            try:
                with owner.sole(self._pool, "reactions") as link:
                    while link is not None and not stop.is_set():
                        if not self._round(link, stop).acted:
                            waiter.wait(self._pace.poll_seconds)
            except (Overtaken, *_DATABASE) as error:
                self._tell("", str(error) or type(error).__name__)
            stop.wait(self._pace.poll_seconds)

    def once(self) -> Passed | None:
        """Bring every reaction to the end of the log as it is now; None, with nothing done, while another works.

        What a reaction's own commands lead to is for the next time.

        Raises:
            DatabaseUnavailable, psycopg.Error, Overtaken: nothing more is done; what was done stays.
        """
        with owner.sole(self._pool, "reactions") as link:
            return None if link is None else self._round(link, Flag())

    def _round(self, link: Link, stop: Flag) -> Passed:
        """Have every reaction its turn; one whose views lag is put off alone."""
        link.execute("SELECT 1")  # the lock is held as long as its session answers
        passed, head = Passed(), self._world.store.read.head()
        known = self._world.store.positions.look_up([one.source for one in self._reactions])
        places: _Places = {one.name: known.get(one.source) for one in self._reactions}
        for reaction in self._reactions:
            try:
                self._follow(reaction, places, self._limit(reaction, places, head), link, passed, stop)
                self._look(reaction, passed)
            except (Conflict, Missing, NotYet) as error:
                passed.put_off[reaction.name] = str(error)
                if isinstance(error, Missing):
                    self._tell(reaction.name, str(error))
        if passed.acted:
            _log.info("reactions_acted", **passed.acted)
        return passed

    def _limit(self, reaction: Reaction, places: _Places, head: Head) -> int:
        """Return up to where a reaction may read: what is recorded later is for the next round, of all of them."""
        first = [places[name] or 0 for name in reaction.follows if name in places]
        if min(first, default=head.position) >= head.position:
            return head.position
        return max(min(first), self._world.store.read.position_at(self._world.now() - PUT_BEHIND))

    def _follow(self, reaction: Reaction, places: _Places, limit: int, link: Link, passed: Passed, stop: Flag) -> None:
        """Bring one reaction up to ``limit``, batch by batch."""
        read, place = self._world.store.read, places[reaction.name]
        after = read.position_at(self._world.now() - BEGINS_BEFORE) if place is None else place
        while (after < limit or place is None) and not stop.is_set():
            events = read.log(after, self._pace.batch, open=reaction.texts, names=reaction.names)
            events = [one for one in events if one.position <= limit]
            reached = events[-1].position if len(events) == self._pace.batch else max(after, limit)
            link.execute("SELECT 1")
            self._give(reaction, self._asked(reaction, self._fresh(events)), passed)
            if not self._world.store.positions.move_alone(SourceMove(reaction.source, place, reached)):
                raise Overtaken(f"{reaction.name}: another process has moved the position")
            place = after = places[reaction.name] = reached

    def _look(self, reaction: Reaction, passed: Passed) -> None:
        now = self._world.now()
        last = self._looked.get(reaction.name)
        if reaction.look is None or (last is not None and now < last + reaction.every):
            return
        self._give(reaction, reaction.look(self._world), passed)
        self._looked[reaction.name] = now

    def _fresh(self, events: Sequence[Recorded]) -> list[Recorded]:
        """Return the events that may cause something: none of imported history, none of the past."""
        since = self._world.now() - THE_PAST
        return [
            one
            for one in events
            if one.envelope.origin != "import" and (one.envelope.received_at or one.envelope.occurred_at) >= since
        ]

    def _asked(self, reaction: Reaction, events: Sequence[Recorded]) -> Sequence[Incoming]:
        """Return what a reaction proposes; an event that it cannot take is told and passed over, alone."""
        if not events:
            return ()
        try:
            return reaction.react(events, self._world)
        except TRANSIENT:
            raise
        except Exception as error:  # noqa: BLE001 # one case that a reaction fails at must not hold up all others
            if len(events) > 1:
                return [asked for one in events for asked in self._asked(reaction, [one])]
            where = {"position": events[0].position, "case": str(events[0].stream), "at": _line_of(error)}
            self._world.meter.count("plaint_reactions_errors_total", reaction=reaction.name)
            _log.error("reaction_failed", name=reaction.name, kind=type(error).__name__, **where)
            return ()

    def _give(self, reaction: Reaction, asked: Sequence[Incoming], passed: Passed) -> None:
        for start in range(0, len(asked), self._pace.batch):
            some = asked[start : start + self._pace.batch]
            for one, result in zip(some, self._submit(some, self._world.now()), strict=True):
                if isinstance(result, Done) and result.events:
                    passed.acted[reaction.name] += 1
                    self._world.meter.count("plaint_reactions_total", reaction=reaction.name)
                elif isinstance(one, Asked) and isinstance(result, Refused) and _is_news(result):
                    about = {"case": str(one.stream), "command": one.command.NAME, "code": result.code}
                    self._world.meter.count("plaint_reactions_refused_total", reaction=reaction.name)
                    _log.info("reaction_refused", name=reaction.name, **about)

    def _tell(self, reaction: str, reason: str) -> None:
        """Say once why a reaction waits; the same trouble is not told again and again."""
        if (reaction, reason) not in self._told:
            self._told.add((reaction, reason))
            _log.warning("reactions_put_off", name=reaction or "all", reason=reason)


def _is_news(refused: Refused) -> bool:
    return not refused.already and refused.code != "command_reused"


def _line_of(error: Exception) -> str:
    """Return where it was raised: all that may be told of a mistake whose words may be somebody's."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{Path(last.filename).name}:{last.lineno}"
