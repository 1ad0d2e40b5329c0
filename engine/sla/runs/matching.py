"""Do the conditions of a clock hold at an entry."""

from collections.abc import Iterator, Mapping, Sequence

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


def _hits(story: Story, condition: When, *, leaving: bool) -> Iterator[int]:
    if "." not in condition.event:
        for index in range(len(story.entries)):
            if index not in story.void and _holds_by_kind(story, condition.event, index, leaving=leaving):
                yield index
        return
    for index in story.by_type.get(condition.event, ()):
        if index not in story.void and _holds(condition, story.entries[index].fields):
            yield index


def moments(story: Story, timeline: Timeline) -> list[int]:
    """Return the entries at which anything can happen to clocks of a kind: all others leave them as they are."""
    found = set(story.turns)
    for position, terms in timeline.steps:
        if position >= 0:
            found.add(position)
        if terms is not None:
            found |= hits(story, terms.start) | hits(story, terms.fulfil) | hits(story, terms.cancel)
            found |= hits(story, terms.fulfil, leaving=True)
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


def _holds_by_kind(story: Story, name: str, index: int, *, leaving: bool) -> bool:
    if name == "remedy":
        return index in story.remedied
    if name == "public_closing":
        return story.entries[index].type == "complaint.resolved" and story.public[index]
    stage = name.removeprefix("stage:")
    if leaving:
        return story.left[index] and story.entered[index] != stage
    return story.entered[index] == stage
