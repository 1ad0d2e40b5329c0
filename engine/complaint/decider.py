"""The complaint as a decider: commands in, events out; the table of contents of its concerns.

``decide`` reads the case, ``evolve`` writes it, one line per concern in each. Nothing here reads a
clock, draws an id or touches the world: all of that comes in with ``Given``.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, assert_never, get_args

from engine.complaint import (
    assignment,
    classification,
    clocks,
    closing,
    correspondence,
    investigation,
    lifecycle,
    records,
    registration,
    remedies,
    waiting,
)
from engine.complaint.case import BLANK, UNKNOWN, Case, State, Unknown
from engine.complaint.change import changed
from engine.complaint.given import Fact, Given, Happened
from engine.complaint.handling import ADDITIVE, workers
from schemas.complaint.base import Event
from schemas.complaint.registration import Receive
from schemas.refusals import Refusal

__all__ = ["UNKNOWN", "Case", "ComplaintCommand", "State", "Unknown", "decide", "evolve", "fold", "fold_on"]

ComplaintCommand = (
    Receive
    | registration.Commands
    | classification.Commands
    | assignment.Commands
    | correspondence.Commands
    | waiting.Commands
    | investigation.Commands
    | remedies.Commands
    | clocks.Commands
    | lifecycle.Commands
    | records.Commands
)


# ------------------------------------------------------------------------------------------------ decide


def decide(command: ComplaintCommand, state: State, given: Given) -> tuple[Event, ...]:
    """Return the events that follow from ``command``, in order, each with its ``subject_id``.

    What already holds returns ``()``, so asking twice is harmless. A command that brings text, or a
    further payment, is the same one only under the same ``given.command_id``: the state keeps no text
    to compare with.

    Raises:
        Refusal: the command contradicts the case. Nothing follows from it, now or on repetition.
    """
    if isinstance(state, Case) and given.command_id in state.additions:
        return ()
    events = _asked(command, state, given)
    return (*events, *_consequences(events, state, given))


def _asked(command: ComplaintCommand, state: State, given: Given) -> tuple[Event, ...]:
    if isinstance(command, Receive):
        return _receive(command, state, given)
    if isinstance(state, Unknown):
        raise Refusal("unknown_complaint", "no such complaint", complaint=str(given.stream))
    if isinstance(command, registration.Commands):
        return registration.decide(command, state, given)
    if isinstance(command, classification.Commands):
        return classification.decide(command, state, given)
    if isinstance(command, assignment.Commands):
        return assignment.decide(command, state, given)
    if isinstance(command, correspondence.Commands):
        return correspondence.decide(command, state, given)
    if isinstance(command, waiting.Commands):
        return waiting.decide(command, state, given)
    if isinstance(command, investigation.Commands):
        return investigation.decide(command, state, given)
    if isinstance(command, remedies.Commands):
        return remedies.decide(command, state, given)
    if isinstance(command, clocks.Commands):
        return clocks.decide(command, state, given)
    if isinstance(command, lifecycle.Commands):
        return lifecycle.decide(command, state, given)
    if isinstance(command, records.Commands):
        return records.decide(command, state, given)
    assert_never(command)


def _receive(command: Receive, state: State, given: Given) -> tuple[Event, ...]:
    """The first message opens the complaint; a later one is recorded and, if a person wrote it, may move it."""
    content = command.content
    if isinstance(state, Unknown) or state.registration.message is None:
        return registration.open_case(command, given)
    if correspondence.knows(state, content.message):
        return ()
    record = correspondence.received(content)
    if content.automated is not None or content.direction != "inbound":
        return (record,)
    events = (record, *correspondence.joined(content, state))
    if record.counterparty not in ("complainant", "representative"):
        return events
    if state.lifecycle.is_open:
        return (*events, *waiting.answered_by(content.message, content.subject_id, state.waiting))
    if content.sense == "complaint":
        return (*events, *lifecycle.voiced_again(content.message, content.subject_id, state, given))
    return events


def _consequences(events: tuple[Event, ...], state: State, given: Given) -> tuple[Event, ...]:
    """Return what the policy and the stage table add to what was asked for."""
    if not events:
        return ()
    after = fold_on(state, (Happened(event, given) for event in events))
    if isinstance(after, Unknown):
        return ()
    return (*closing.closed_by_word(after, events[-1], given), *clocks.reapplied(after, events, given))


# ------------------------------------------------------------------------------------------------ evolve

_Step = Callable[[Any, Any, Any], Any]
"""(part, event, circumstances) -> part; each concern's own types are checked in its module."""


def _owned(events: Any, part: str, step: _Step) -> dict[type[Event], tuple[str, _Step]]:
    return dict.fromkeys(get_args(events), (part, step))


_OWNERS: Final[Mapping[type[Event], tuple[str, _Step]]] = {
    **_owned(registration.Events, "registration", registration.evolve),
    **_owned(classification.Events, "classification", classification.evolve),
    **_owned(assignment.Events, "assignment", assignment.evolve),
    **_owned(correspondence.Events, "correspondence", correspondence.evolve),
    **_owned(waiting.Events, "waiting", waiting.evolve),
    **_owned(investigation.Events, "investigation", investigation.evolve),
    **_owned(remedies.Events, "remedies", remedies.evolve),
    **_owned(clocks.Events, "clocks", clocks.evolve),
    **_owned(lifecycle.Events, "lifecycle", lifecycle.evolve),
    **_owned(records.Events, "records", records.evolve),
}
"""Every event's owner; a test holds it against the catalogue."""


def evolve(state: State, fact: Fact) -> State:
    """Return the state after one stored fact. Never refuses: it has happened, in whatever order it was stored."""
    return _apply(changed(state if isinstance(state, Case) else BLANK), fact)


def fold(facts: Iterable[Fact]) -> State:
    """Return the state after these facts, in stored order."""
    return fold_on(UNKNOWN, facts)


def fold_on(state: State, facts: Iterable[Fact]) -> State:
    """Return the state after these facts, which follow on ``state``."""
    case: Case | None = None
    for fact in facts:
        if case is None:
            case = changed(state if isinstance(state, Case) else BLANK)
        case = _apply(case, fact)
    return state if case is None else case


def _apply(case: Case, fact: Fact) -> Case:
    """Apply a fact to a case that nobody else holds yet, in its place: a copy for each event is half of a fold."""
    event, around = fact.event, fact.envelope
    kind = type(event)
    part, step = _OWNERS[kind]
    _put(case, part, step(getattr(case, part), event, around))
    if kind in ADDITIVE and case.additions[-1:] != (around.command_id,):
        _put(case, "additions", (*case.additions, around.command_id))
    if at_work := [person for person in workers(event, around.actor) if person not in case.handlers]:
        _put(case, "handlers", (*case.handlers, *at_work))
    return lifecycle.move(case, event)


_put: Final = object.__setattr__
"""The case is frozen for all others."""
