"""The personal texts of an event, as far as they were opened."""

from collections.abc import Iterator, Sequence
from typing import Any, Literal, Protocol
from uuid import UUID

from engine.store.batch import Recorded
from engine.store.vault.plan import Plan, is_withheld, plan_of
from projections.answers import Answer


class TextLog(Protocol):
    """What replay needs of ``engine.store.read.Reader``: streams, and their texts where it has keys."""

    def stream(self, stream: UUID, *, as_of_position: int | None = None, open: bool = False) -> Sequence[Recorded]: ...


class Text(Answer):
    """One personal field. ``withheld`` says why there is no value: not opened, or erased for good."""

    field: str
    """A JSON Pointer into the event, or ``why`` of its envelope."""
    value: Any = None
    withheld: Literal["sealed", "erased"] | None = None


def texts_of(recorded: Recorded) -> tuple[Text, ...]:
    """Return the personal fields of an event that have a value, in the order of the event's fields."""
    data = recorded.event.model_dump(mode="json", exclude_none=True)
    found = list(_found(plan_of(type(recorded.event)), data, ""))
    if recorded.envelope.why is not None:
        why = recorded.envelope.model_dump(mode="json", include={"why"})["why"]
        found.append(_text("why", why))
    return tuple(found)


def _found(plan: Plan, node: dict[str, Any], place: str) -> Iterator[Text]:
    for key in plan.personal:
        if node.get(key) is not None:
            yield _text(f"{place}/{key}", node[key])
    for key, inner in plan.single:
        if isinstance(node.get(key), dict):
            yield from _found(inner, node[key], f"{place}/{key}")
    for key, inner in plan.repeated:
        for index, child in enumerate(node.get(key) or ()):
            if isinstance(child, dict):
                yield from _found(inner, child, f"{place}/{key}/{index}")


def _text(field: str, value: Any) -> Text:
    if is_withheld(value):
        return Text(field=field, withheld=value["withheld"])
    return Text(field=field, value=value)
