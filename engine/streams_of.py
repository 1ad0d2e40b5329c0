"""Which kind of stream is this, and its decider: complaint, feedback, problem or whom surveys ask."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Literal
from uuid import UUID

from engine.complaint import decider
from engine.complaint.case import Case
from engine.complaint.given import Fact, Given
from engine.ids import derived
from engine.incoming import Done, Refused, Result
from engine.store.vault.fingerprint import opaque_id
from engine.streams import feedback, problem, survey
from schemas.complaint.base import Command, Event
from schemas.refusals import Refusal

Kind = Literal["complaint", "feedback", "problem", "survey"]
StreamState = decider.State | feedback.State | problem.State | survey.State

CONFIGURATION: Final = derived(UUID(int=0), "plaint/configuration")
"""The one stream of all activations."""


def nothing() -> StreamState:
    """Return the state of a stream that does not exist."""
    return decider.UNKNOWN


def kind(state: StreamState) -> Kind:
    """Return the kind of a stream; one that does not exist counts as a complaint."""
    if isinstance(state, feedback.Feedback):
        return "feedback"
    if isinstance(state, survey.Respondent):
        return "survey"
    return "problem" if isinstance(state, problem.Problem) else "complaint"


def decide(command: Command, state: StreamState, given: Given) -> Sequence[Event]:
    """Return the events of ``command``, by the decider that its name belongs to.

    Raises:
        Refusal: the command contradicts the stream, or is for another kind of stream.
    """
    wanted = command.NAME.partition(".")[0]
    if not isinstance(state, decider.Unknown) and kind(state) != wanted:
        raise Refusal("unknown_complaint", f"this is a {kind(state)}, and the command is for a {wanted}")
    if isinstance(command, decider.ComplaintCommand):
        return decider.decide(command, state if isinstance(state, Case) else decider.UNKNOWN, given)
    if isinstance(command, feedback.FeedbackCommand):
        return feedback.decide(command, state if isinstance(state, feedback.Feedback) else feedback.UNKNOWN, given)
    if isinstance(command, problem.ProblemCommand):
        return problem.decide(command, state if isinstance(state, problem.Problem) else problem.UNKNOWN, given)
    if isinstance(command, survey.SurveyCommand):
        return survey.decide(command, state if isinstance(state, survey.Respondent) else survey.UNKNOWN, given)
    raise Refusal("unknown_command", f"no decider takes {command.NAME}")


def evolve(state: StreamState, fact: Fact) -> StreamState:
    """Return the state after one event, by the decider that its name belongs to."""
    named = fact.event.NAME.partition(".")[0]
    if named == "feedback":
        return feedback.evolve(state if isinstance(state, feedback.Feedback) else feedback.UNKNOWN, fact)
    if named == "problem":
        return problem.evolve(state if isinstance(state, problem.Problem) else problem.UNKNOWN, fact)
    if named == "survey":
        return survey.evolve(state if isinstance(state, survey.Respondent) else survey.UNKNOWN, fact)
    if named != "complaint":
        return state  # configuration, persons and staff have no decider: nobody gives them commands by name
    return decider.evolve(state if isinstance(state, Case) else decider.UNKNOWN, fact)


def fold(facts: Sequence[Fact], state: StreamState = decider.UNKNOWN) -> StreamState:
    """Return the state after these facts, which follow on ``state``: a whole history, or what came since."""
    if facts and facts[0].event.NAME.startswith("complaint.") and isinstance(state, decider.State):
        return decider.fold_on(state, facts)
    for fact in facts:
        state = evolve(state, fact)
    return state


def new_stream(command_id: UUID, kind: Kind) -> UUID:
    """Return the id of the stream that a message opens: the same message always opens the same."""
    return derived(command_id, f"stream/{kind}")


def respondent(contact: bytes, keyed: Callable[[str, bytes], bytes]) -> UUID:
    """Return the id of the stream of whom surveys ask, by the keyed hash of his contact (``Contact.octets``)."""
    return opaque_id(keyed("respondent", contact))


def part_id(command_id: UUID, label: str) -> UUID:
    """Return the id of a part of what a command brings: a file, a consequence."""
    return derived(command_id, label)


def result_fields(result: Result) -> dict[str, Any]:
    """Return what is kept of a result under its command's id."""
    if isinstance(result, Refused):
        return {"status": "refused", "code": result.code, "reason": result.reason, "facts": result.facts}
    if isinstance(result, Done):
        return {"status": "done", "stream": str(result.stream), "kind": result.kind, "version": result.version}
    raise TypeError("a parked message has no answer of its own")


def first_answer(result: Mapping[str, Any] | None, position: int, *, same: bool) -> Result:
    """Return the answer given before, or a refusal where the id came with other content now."""
    if not same:
        return Refused("command_reused", "this id was used for another command; use a new one")
    if result is None:
        return Refused("already_handled", "it had its effect; the answer itself is no longer kept", already=True)
    if result["status"] == "refused":
        return Refused(result["code"], result["reason"], dict(result["facts"]), already=True)
    return Done(UUID(result["stream"]), result["version"], position, 0, already=True, kind=result["kind"])
