"""The place of a fault is told by names of ours and by counting; what a sender calls a field stands nowhere."""

from collections.abc import Iterator
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from schemas.catalogue import COMMANDS
from schemas.channels import CHANNEL_MESSAGE
from schemas.input import first_fault
from schemas.published.cloudevent import CloudEvent
from schemas.published.command import CommandMessage

PHONE = "79161234567"
SHORT = Annotated[str, Field(max_length=3)]


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: int = 0


class Outer(BaseModel):
    model_config = ConfigDict(extra="forbid")

    inners: list[Inner] = []
    words: dict[SHORT, int] = {}
    value: JsonValue = None


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({PHONE: 1}, ""),
        ({"inners": [{}, {PHONE: 1}]}, "inners.1"),
        ({"inners": [{}, {"name": PHONE + "x"}]}, "inners.1.name"),
        ({"words": {PHONE: 1}}, "words"),
        ({"value": {PHONE: [object()]}}, "value"),
        ({"value": [{PHONE: object()}]}, "value.list.0"),
    ],
)
def test_the_path_ends_before_what_the_sender_named(given: dict[str, Any], path: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Outer.model_validate(given)
    told = first_fault(refused.value)
    assert told[0] == path
    assert PHONE not in "".join(told)


def mappings(schema: object, place: str) -> Iterator[str]:
    """Return where a JSON Schema lets a sender choose names whose values must be of a form."""
    if isinstance(schema, dict):
        if any(isinstance(schema.get(word), dict) for word in ("additionalProperties", "patternProperties")):
            yield place
        for name, below in schema.items():
            yield from mappings(below, f"{place}/{name}")
    elif isinstance(schema, list):
        for below in schema:
            yield from mappings(below, place)


def test_no_sender_fills_a_mapping_whose_values_could_be_at_fault() -> None:
    models: list[type[BaseModel]] = [*COMMANDS.values(), CloudEvent, CommandMessage]
    schemas = {"channels": CHANNEL_MESSAGE.json_schema(), **{one.__name__: one.model_json_schema() for one in models}}
    assert list(mappings(schemas, "")) == []
    assert list(mappings(Outer.model_json_schema(), "")) == ["/properties/words"]
