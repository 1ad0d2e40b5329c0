"""Every stored field is personal unless its type says that it cannot hold a person's words."""

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin
from uuid import UUID

import pytest
from pydantic import AwareDatetime, BaseModel, ConfigDict

from schemas.catalogue import EVENTS
from schemas.complaint.base import Event
from schemas.envelope import Envelope
from schemas.words import Code, ImpersonalMark, Personal, PersonalMark

IMPERSONAL_TYPES = (bool, int, float, Decimal, UUID, date, datetime, AwareDatetime, NoneType)


def open_texts(model: type[BaseModel], place: str = "") -> list[str]:
    """Fields of a model, and of the models in it, that could hold free text unsealed."""
    where = place or model.__name__
    return [
        found
        for name, info in model.model_fields.items()
        for found in _open(info.annotation, info.metadata, f"{where}.{name}")
    ]


def _open(annotation: Any, marks: Any, place: str) -> Iterator[str]:
    if any(isinstance(mark, PersonalMark) for mark in marks):
        return
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *more = get_args(annotation)
        yield from _open(inner, [*marks, *more], place)
    elif origin is Literal:
        return
    elif origin in (Union, UnionType, tuple):
        for arm in get_args(annotation):
            if arm is not Ellipsis:
                yield from _open(arm, marks, place)
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield from open_texts(annotation, place)
    elif annotation in IMPERSONAL_TYPES or _is_constrained_code(annotation, marks):
        return
    else:
        yield f"{place}: {annotation}"


def _is_constrained_code(annotation: Any, marks: Any) -> bool:
    if not any(isinstance(mark, ImpersonalMark) for mark in marks):
        return False
    return annotation is not str or any(getattr(mark, "pattern", None) for mark in marks)


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
