"""Do the conditions of a clock hold at an entry."""

from collections.abc import Iterable, Mapping, Sequence

from engine.sla.kinds import Value, When
from engine.sla.runs.story import Story
from engine.sla.runs.timeline import Timeline


def matches(story: Story, conditions: Sequence[When], index: int, *, leaving: bool = False) -> bool:
    """Whether one of the conditions holds at the entry; ``leaving`` asks a stage's name for its end, not its begin."""
    return index in hits(story, conditions, leaving=leaving)


def hits(story: Story, conditions: Sequence[When], *, leaving: bool = False) -> frozenset[int]:
    """Return the entries at which one of the conditions holds. Each condition is looked for once in a story."""
    known = story.hits.get((id(conditions), leaving))
    if known is None:
        if leaving and all("." in one.event for one in conditions):  # only the name of a stage knows a difference
            known = hits(story, conditions)
        else:
            known = frozenset(index for one in conditions for index in _hits(story, one, leaving=leaving))
        story.hits[id(conditions), leaving] = known
    return known


def _hits(story: Story, condition: When, *, leaving: bool) -> Iterable[int]:
    name, void = condition.event, story.void
    if "." not in name:
        return [index for index in _by_kind(story, name, leaving=leaving) if index not in void]
    found = story.by_type.get(name, ())
    if not condition.where:
        return [index for index in found if index not in void]
    return [index for index in found if index not in void and _holds(condition, story.entries[index].fields)]


def moments(story: Story, timeline: Timeline) -> list[int]:
    """Return the entries at which anything can happen to clocks of a kind: all others leave them as they are."""
    found = set(story.turns)
    for position, terms in timeline.steps:
        if position >= 0:
            found.add(position)
        if terms is not None:
            found.update(hits(story, terms.start), hits(story, terms.fulfil, leaving=True))
            found.update(hits(story, terms.cancel, leaving=True) if terms.cancel else ())
    return sorted(found)


def _holds(condition: When, fields: Mapping[str, object]) -> bool:
    for name, values in condition.where:  # noqa: SIM110  # a generator costs more than most conditions do
        if not _one_of(fields.get(name), values):
            return False
    return True


def _one_of(value: object, values: tuple[Value, ...]) -> bool:
    if isinstance(value, str):
        return value in values
    if isinstance(value, list):
        return any(_one_of(one, values) for one in value)
    return any(type(value) is type(one) and value == one for one in values)  # True is not 1 here


def _by_kind(story: Story, name: str, *, leaving: bool) -> Iterable[int]:
    """Return the entries at which the default of a kind holds that is no plain event."""
    if name == "remedy":
        return story.remedied
    if name == "public_closing":
        return [index for index in story.by_type.get("complaint.resolved", ()) if story.public[index]]
    stage, entered = name.removeprefix("stage:"), story.entered
    if leaving:
        return [index for index, left in enumerate(story.left) if stage in left and entered[index] != stage]
    return [index for index, one in enumerate(entered) if one == stage]
