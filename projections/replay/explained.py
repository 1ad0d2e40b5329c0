"""How the deadlines of a recorded case came about, with the policies that were asked when each was promised."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from engine.complaint.case import Case
from engine.complaint.clocks import profile_of
from engine.complaint.decider import fold
from engine.sla.explain import Applied, Explanation, explain
from engine.sla.fact import from_stored
from engine.sla.marks import steps
from engine.sla.selection import Considered, considered
from engine.store.batch import Recorded
from projections.replay.as_of import NoSuchCase
from projections.replay.library import Library, Log
from projections.views.sla_timers.calendars import Compiled
from schemas.complaint.clocks import SlaApplied


def explained(log: Log, known: Library, case: UUID, at: datetime) -> tuple[Explanation, ...]:
    """Return every clock of a case as of ``at``, with how its deadline came about; none for what is no complaint.

    Raises:
        NoSuchCase: nothing is stored under this id.
    """
    history = [one for one in log.streams([case])[case] if one.position <= known.head]
    if not history:
        raise NoSuchCase(case)
    marks = steps(from_stored(one.event, one.envelope, one.recorded_at) for one in history)
    return explain(marks, Compiled().of(known.books.at(known.head)), at, None, _applied(history, known))


def _applied(history: Sequence[Recorded], known: Library) -> Mapping[int, Applied]:
    return {
        index: _promise(history, index, one, one.event, known)
        for index, one in enumerate(history)
        if isinstance(one.event, SlaApplied)
    }


def _promise(history: Sequence[Recorded], index: int, one: Recorded, event: SlaApplied, known: Library) -> Applied:
    since = one.envelope.occurred_at
    return Applied(event.policy, event.policy_version, event.reason, since, _asked(history[:index], one, event, known))


def _asked(
    before: Sequence[Recorded], one: Recorded, event: SlaApplied, known: Library
) -> tuple[Considered, ...] | None:
    """Return the policies that were asked; None where the promise was not selected but named, or kept."""
    state = fold(before)
    named = one.envelope.origin == "import" or event.reason == "calendar"
    if named or not isinstance(state, Case):
        return None
    policies = known.books.at(one.position).policies.values()
    asked = considered(policies, profile_of(state, one.envelope.business_unit))
    return asked if asked and asked[-1].holds and asked[-1].policy == event.policy else None
