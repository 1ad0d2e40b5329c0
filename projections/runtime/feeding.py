"""Feed the events of a batch to views: all at once, or stream by stream and event by event to find out what fails.

The rows of a large batch are worked out beside the writing: while the server takes in those of one view,
this process folds the events of the next ones. What a view knows of its streams is loaded first, for all
views; no view reads what another one writes.
"""

from collections.abc import Collection, Iterable, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from engine.store.batch import Recorded
from projections.runtime import stuck
from projections.runtime.books import Books
from projections.runtime.portion import Portion, portion
from projections.runtime.projection import Log, Projection, Work, by_stream
from projections.runtime.stuck import Key, Parked
from projections.sql import Link

MANY: Final = 256
"""From so many events on, folding beside the writing is worth its round trips."""
_LeftOut = dict[UUID, Parked]


@dataclass(frozen=True, slots=True)
class _Turn:
    """A view, what it hears of the batch, and its rows if they are worked out beside."""

    view: Projection
    events: Sequence[Recorded]
    folded: Future[Work] | None = None


def feed(connection: Link, views: Iterable[Projection], given: Portion, beside: Executor) -> None:
    """Write the effect of a batch on views, in the caller's transaction; what fails is parked.

    Raises:
        psycopg.OperationalError: trouble of the database; the caller rolls back and tries again.
    """
    incomplete = stuck.incomplete(connection)
    many = len(given.events) >= MANY
    turns = [_turn(connection, view, given, incomplete, beside if many else None) for view in views]
    for turn in turns:
        if not _written(connection, turn, given):
            _settle(connection, turn.view, turn.events, given)
        for gone in given.erased:
            turn.view.erase(connection, gone.subject, gone.streams)


def resume(connection: Link, view: Projection, log: Log, books: Books) -> int:
    """Try again what is parked; return how many streams are whole again. Each is one transaction.

    Only the owner of the view's group may do this, between two batches.
    """
    done = 0
    for one in stuck.parked(connection, [view]):
        with connection.transaction():
            reached = stuck.reached(connection, view)
            history = log.stream(one.stream, open=view.opens)
            events = [event for event in history if one.position <= event.position <= reached]
            stuck.forget(connection, one)
            _settle(connection, view, events, portion(events, events, books.at(reached)))
            done += not stuck.held(connection, view, {one.stream})
    return done


def _turn(
    connection: Link, view: Projection, given: Portion, incomplete: Collection[Key], beside: Executor | None
) -> _Turn:
    mine = given.of(view)
    if (view.name, view.version, view.copy) in incomplete and mine:
        held = stuck.held(connection, view, {one.stream for one in mine})
        stuck.count(connection, view, [one.stream for one in mine if one.stream in held])
        mine = [one for one in mine if one.stream not in held]
    if beside is None or not mine:
        return _Turn(view, mine)
    try:
        with connection.transaction():
            work = view.begin(connection, given.known(mine))
    except stuck.TRANSIENT:
        raise
    except Exception:  # noqa: BLE001 -- a view's own error must not stop the other views; found out in its turn
        return _Turn(view, mine)
    return _Turn(view, mine, beside.submit(_folded, work, mine))


def _folded(work: Work, events: Sequence[Recorded]) -> Work:
    work.take(events)
    return work


def _written(connection: Link, turn: _Turn, given: Portion) -> bool:
    """Write the rows that were worked out beside; False: there are none, or they could not be written."""
    if turn.folded is None:
        return False
    try:
        work = turn.folded.result()
        with connection.transaction():
            work.write(connection, given.book)
    except stuck.TRANSIENT:
        raise
    except Exception:  # noqa: BLE001 -- a view's own error must not stop the other views; found one by one
        return False
    return True


def _settle(connection: Link, view: Projection, events: Sequence[Recorded], given: Portion) -> None:
    """Feed one view in its turn, and park what fails."""
    if not events:
        return
    left_out = _together(connection, view, events, given)
    if left_out is None:
        left_out = _one_by_one(connection, view, events, given)
    stuck.park(connection, left_out)


def _together(connection: Link, view: Projection, events: Sequence[Recorded], given: Portion) -> _LeftOut | None:
    """Take all events at once. None: the rows could not be read or written, nothing was."""
    try:
        with connection.transaction():
            work, left_out = _taken(connection, view, events, given)
            work.write(connection, given.book)
    except stuck.TRANSIENT:
        raise
    except Exception:  # noqa: BLE001 -- a view's own error must not stop the other views; found one by one
        return None
    return left_out


def _one_by_one(connection: Link, view: Projection, events: Sequence[Recorded], given: Portion) -> _LeftOut:
    """Take stream by stream; the stream whose rows cannot be written is parked from its first event on."""
    left_out: _LeftOut = {}
    for stream, own in by_stream(events).items():
        try:
            with connection.transaction():
                work, found = _taken(connection, view, own, given)
                work.write(connection, given.book)
        except stuck.TRANSIENT:
            raise
        except Exception as error:  # noqa: BLE001 -- parked with its kind and place
            left_out[stream] = stuck.parked_from(view, own[0], error, len(own))
        else:
            left_out.update(found)
    return left_out


def _taken(connection: Link, view: Projection, events: Sequence[Recorded], given: Portion) -> tuple[Work, _LeftOut]:
    """Have a view take events in: all at once, and one by one where that fails, to find out which one it is."""
    known = given.known(events)
    work = view.begin(connection, known)
    try:
        work.take(events)
    except stuck.TRANSIENT:
        raise
    except Exception:  # noqa: BLE001 -- found out one by one
        work = view.begin(connection, known)
        return work, _stepped(view, work, events)
    return work, {}


def _stepped(view: Projection, work: Work, events: Sequence[Recorded]) -> _LeftOut:
    left_out: _LeftOut = {}
    for one in events:
        known = left_out.get(one.stream)
        if known is not None:
            left_out[one.stream] = replace(known, events=known.events + 1)
            continue
        try:
            work.step(one)
        except stuck.TRANSIENT:
            raise
        except Exception as error:  # noqa: BLE001 -- parked with its kind and place
            left_out[one.stream] = stuck.parked_from(view, one, error, 1)
    return left_out
