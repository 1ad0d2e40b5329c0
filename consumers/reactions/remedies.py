"""Who was given unusually much is said with figures when a remedy is proposed: a warning, never a refusal.

What was given is known by the views, so the case cannot find it out itself; the command carries the figures
seen. From then on the case asks for a reason before anything goes on that nobody owes.
"""

from collections.abc import Sequence
from typing import Final

from consumers.reactions.following import Reaction, World, proposed
from engine.complaint.case import Case
from engine.incoming import Asked
from engine.loading import load
from engine.store.batch import Recorded
from projections.views.remedies.ask import NAMES
from projections.views.remedies.person import Watch
from schemas.complaint.remedies import QuestionRemedies, RemedyProposed
from schemas.configuration.remedies import PersonLimit
from schemas.words import RuleRef

NAME: Final = "remedies"
_RULE: Final = "person-limit"


def react(events: Sequence[Recorded], world: World) -> list[Asked]:
    """Return a warning for every proposal whose complainant was given unusually much, where none stands yet.

    Raises:
        NotYet, Missing: the views have not come that far.
    """
    table = world.book().remedy_rules
    limit, rule = PersonLimit(), None
    if table is not None:
        limit, rule = table.person_limit, RuleRef(rule_set=table.id, version=table.version, rule=_RULE)
    cases = load(world.store, {one.stream for one in events})
    found = []
    with world.views.snapshot(NAMES, events[-1].position) as seen:
        watch = Watch(seen, limit, world.now())
        for one in events:
            case = cases[one.stream].state
            if not isinstance(case, Case) or case.remedies.questioned or case.complainant is None:
                continue
            if unusual := watch.unusual(case.complainant):
                remedy = one.event.remedy_id if isinstance(one.event, RemedyProposed) else None
                warning = QuestionRemedies(remedy_id=remedy, unusual=unusual)
                found.append(proposed(NAME, one, warning, world, what="question", rule=rule))
    return found


REMEDIES: Final = Reaction(NAME, frozenset({RemedyProposed.NAME}), react)
