"""Whether a field could hold a person's words unmarked."""

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin
from uuid import UUID

from pydantic import AwareDatetime, BaseModel

from schemas.words import ImpersonalMark, PersonalMark

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
