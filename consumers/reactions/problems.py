"""Complaints that are alike become a suspected problem, once; and whose problem was mended is told so.

Who is alike is asked of the views; the alarm names the oldest complaint of the group, so the same group is the
same problem whoever looks, and when. What a person closed or took out stays so.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final
from uuid import UUID

from consumers.reactions.following import Reaction, World, proposed
from engine.ids import derived
from engine.incoming import Asked
from engine.store.batch import Recorded
from engine.streams.problem import Problem
from engine.streams_of import fold
from engine.text.similarity import Sketch
from projections.answers import Snapshot
from projections.views.problems import ask as problems
from projections.views.similar import ask as similar
from projections.views.similar.ask import MOST
from schemas.complaint.investigation import ReportCauseMended
from schemas.complaint.registration import ComplaintReceived
from schemas.configuration.problems import ProblemRules
from schemas.streams.problem import LinkToProblem, ProblemActionCompleted, SuspectProblem
from schemas.words import RuleRef

NAME: Final = "problems"


def react(events: Sequence[Recorded], world: World) -> list[Asked]:
    """Return suspicions and links for complaints that were just received, and words for those whose cause is mended."""
    rules = world.book().problem_rules
    if rules is None:
        return []
    received = [one for one in events if isinstance(one.event, ComplaintReceived) and one.version == 1]
    completed = [one for one in events if isinstance(one.event, ProblemActionCompleted)]
    return [*_of_received(received, rules, world), *_of_completed(completed, rules, world)]


REACTION: Final = Reaction(NAME, frozenset({ComplaintReceived.NAME, ProblemActionCompleted.NAME}), react)


def _of_received(received: Sequence[Recorded], rules: ProblemRules, world: World) -> Iterator[Asked]:
    if not received:
        return
    with world.views.snapshot(similar.NAMES, received[-1].position) as snapshot:
        at = max(one.envelope.received_at or one.envelope.occurred_at for one in received)
        known = {row.stream: row.sketch for row in similar.latest(snapshot, at, rules.within_days, MOST)}
        suspected: dict[UUID, UUID] = {}
        for one in received:
            if one.stream in known and one.stream not in suspected:
                yield from _grouped(one, known, rules, world, snapshot, suspected)


def _grouped(
    to: Recorded,
    known: dict[UUID, Sketch],
    rules: ProblemRules,
    world: World,
    snapshot: Snapshot,
    suspected: dict[UUID, UUID],
) -> Iterator[Asked]:
    """Yield what follows from one complaint; ``suspected`` has who of this batch belongs to which problem."""
    group = similar.around(to.stream, known, least=rules.least_likeness)
    if len(group) == 1:
        return
    standing = next((suspected[one] for one in group if one in suspected), None) or next(
        iter(problems.open_among(snapshot, group)), None
    )
    rule = RuleRef(rule_set=rules.id, version=rules.version, rule="alike")
    if standing is not None:
        asked = proposed(NAME, to, LinkToProblem(complaint=to.stream), world, what="link", rule=rule)
        yield replace(asked, stream=standing)
        suspected[to.stream] = standing
    elif len(group) >= rules.suspect_from:
        oldest = similar.oldest(snapshot, group)
        problem = derived(oldest, "problem")
        command = SuspectProblem(complaints=group, within_days=rules.within_days, least=rules.least_likeness)
        yield replace(proposed(NAME, to, command, world, what="suspect", rule=rule), stream=problem)
        suspected.update(dict.fromkeys(group, problem))


def _of_completed(completed: Sequence[Recorded], rules: ProblemRules, world: World) -> Iterator[Asked]:
    if not rules.tell_when_mended:
        return
    rule = RuleRef(rule_set=rules.id, version=rules.version, rule="mended")
    for one in completed:
        state = fold(world.store.read.stream(one.stream))
        if isinstance(state, Problem) and not state.to_do and state.completed[-1] == _action(one):
            for complaint in state.complaints:
                command = ReportCauseMended(problem=one.stream)
                asked = proposed(NAME, one, command, world, what=f"mended/{complaint}", rule=rule)
                yield replace(asked, stream=complaint)


def _action(recorded: Recorded) -> UUID | None:
    return recorded.event.action_id if isinstance(recorded.event, ProblemActionCompleted) else None
