"""Do the conditions of a clock hold at an entry."""

from collections.abc import Mapping, Sequence

from engine.sla.kinds import Value, When
from engine.sla.runs.story import Story


def matches(story: Story, conditions: Sequence[When], index: int, *, leaving: bool = False) -> bool:
    """Whether one of the conditions holds at the entry; ``leaving`` asks a stage's name for its end, not its begin."""
    if index in story.void:
        return False
    entry = story.entries[index]
    for condition in conditions:
        if "." in condition.event:
            if condition.event == entry.type and _holds(condition, entry.fields):
                return True
        elif _holds_by_kind(story, condition.event, index, leaving=leaving):
            return True
    return False


def _holds(condition: When, fields: Mapping[str, object]) -> bool:
    return all(_one_of(fields.get(name), values) for name, values in condition.where)


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
