"""Every stored field is personal unless its type says that it cannot hold a person's words."""

from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict

from schemas.catalogue import EVENTS
from schemas.complaint.base import Event
from schemas.envelope import Envelope
from schemas.words import Code, Personal
from support.field_classes import open_texts


@pytest.mark.parametrize("name", EVENTS)
def test_no_stored_field_can_hold_a_persons_words_unsealed(name: str) -> None:
    assert open_texts(EVENTS[name]) == []


def test_no_field_of_the_envelope_can_hold_a_persons_words_unsealed() -> None:
    assert open_texts(Envelope) == []


def test_a_free_text_field_is_found_wherever_it_stands() -> None:
    class Inner(BaseModel):
        typed: str | None = None
        coded: Code
        sealed: Personal[str]

    class Planted(Event):
        model_config = ConfigDict(frozen=True)
        several: tuple[Inner, ...]
        anything: dict[str, Any] | None = None

    assert [found.split(":")[0] for found in open_texts(Planted)] == [
        "Planted.several.typed",
        "Planted.anything",
    ]
