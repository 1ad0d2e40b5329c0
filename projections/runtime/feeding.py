"""Feed the events of a batch to views: all at once, or stream by stream and event by event to find out what fails."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from uuid import UUID

from engine.store.batch import Recorded
from projections.runtime import stuck
from projections.runtime.books import Books
from projections.runtime.portion import Portion, portion
from projections.runtime.projection import Log, Projection, Work, by_stream
from projections.runtime.stuck import Parked
from projections.sql import Link

_LeftOut = dict[UUID, Parked]


def feed(connection: Link, views: Iterable[Projection], given: Portion) -> None:
    """Write the effect of a batch on views, in the caller's transaction; what fails is parked.

    Raises:
        psycopg.OperationalError: trouble of the database; the caller rolls back and tries again.
    """
    incomplete = stuck.incomplete(connection)
    for view in views:
        mine = given.of(view)
        if mine and (view.name, view.version, view.copy) in incomplete:
            mine = _free(connection, view, mine)
        _settle(connection, view, mine, given)
        for gone in given.erased:
            view.erase(connection, gone.subject, gone.streams)


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


def _free(connection: Link, view: Projection, events: Sequence[Recorded]) -> list[Recorded]:
    """Count what stays left out of a view, and return the other events."""
    held = stuck.held(connection, view, {one.stream for one in events})
    stuck.count(connection, view, [one.stream for one in events if one.stream in held])
    return [one for one in events if one.stream not in held]


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
