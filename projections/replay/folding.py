"""The state of a case before and after each of its events, as canonical JSON data."""

from collections.abc import Iterator, Sequence
from typing import Any, Literal

import orjson

from engine.complaint import decider
from engine.complaint.state_bytes import to_bytes
from engine.store.batch import Recorded
from engine.streams import feedback, problem, survey

Kind = Literal["complaint", "feedback", "problem", "survey"]


def kind_of(first: Recorded) -> Kind | None:
    """Return what a stream is by its first event; None where it is none of what people work on."""
    match first.event.NAME.partition(".")[0]:
        case "complaint":
            return "complaint"
        case "feedback":
            return "feedback"
        case "problem":
            return "problem"
        case "survey":
            return "survey"
        case _:
            return None


def folded(events: Sequence[Recorded]) -> dict[str, Any] | None:
    """Return the state after these events of one case, in stored order; None where there is none."""
    if not events:
        return None
    state: object
    match kind_of(events[0]):
        case "complaint":
            state = decider.fold(events)
        case "feedback":
            state = feedback.fold(events)
        case "problem":
            state = problem.fold(events)
        case "survey":
            state = survey.fold(events)
        case None:
            return None
    return _plain(state)


def states(history: Sequence[Recorded]) -> Iterator[tuple[Recorded, dict[str, Any] | None]]:
    """Yield each event of a case with the state after it; None where it is no case."""
    if not history:
        return
    match kind_of(history[0]):
        case "complaint":
            complaint: decider.State = decider.UNKNOWN
            for one in history:
                complaint = decider.evolve(complaint, one)
                yield one, _plain(complaint)
        case "feedback":
            thanks: feedback.State = feedback.UNKNOWN
            for one in history:
                thanks = feedback.evolve(thanks, one)
                yield one, _plain(thanks)
        case "problem":
            cause: problem.State = problem.UNKNOWN
            for one in history:
                cause = problem.evolve(cause, one)
                yield one, _plain(cause)
        case "survey":
            respondent: survey.State = survey.UNKNOWN
            for one in history:
                respondent = survey.evolve(respondent, one)
                yield one, _plain(respondent)
        case None:
            yield from ((one, None) for one in history)


def _plain(state: object) -> dict[str, Any]:
    data: dict[str, Any] = orjson.loads(to_bytes(state))
    return data
