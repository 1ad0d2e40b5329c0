"""Where the personal text of an event stands, and whose it is; worked out once per class.

A personal field belongs to the ``subject_id`` of the nearest enclosing model that declares one;
the ``why`` of an envelope belongs to its event's.
"""

from dataclasses import dataclass
from functools import cache
from types import UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin
from uuid import UUID

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from schemas.words import PersonalMark, Withheld

SEALED_MARK: Final = {"withheld": "sealed"}
ERASED_MARK: Final = {"withheld": "erased"}

Parts = list[tuple[UUID | None, dict[str, Any]]]
"""Each owner, and his personal values by JSON Pointer."""


class NotSealable(ValueError):
    """An event cannot be stored: its personal text has no owner, or is withheld itself."""

    def __init__(self, name: str, field: str, problem: str) -> None:
        self.name, self.field = name, field
        super().__init__(f"{name}: {field} {problem}")


@dataclass(frozen=True, slots=True)
class Plan:
    """Personal fields of one model, and the fields whose models have some."""

    owner: bool
    personal: tuple[str, ...]
    single: tuple[tuple[str, "Plan"], ...]
    repeated: tuple[tuple[str, "Plan"], ...]

    @property
    def idle(self) -> bool:
        return not (self.personal or self.single or self.repeated)


@cache
def plan_of(model: type[BaseModel]) -> Plan:
    """The plan of a stored model.

    Raises:
        TypeError: the class cannot be stored faithfully: personal text stands in a container
            that a plan cannot follow or is more than text, a nullable field has a default other
            than None, or a field that leads to personal text is stored under another name.
    """
    personal: list[str] = []
    single: list[tuple[str, Plan]] = []
    repeated: list[tuple[str, Plan]] = []
    for name, info in model.model_fields.items():
        _must_keep_none(model, name, info)
        if _is_personal(info):
            _must_be_text(model, name, info)
            personal.append(name)
            continue
        for found, where in ((_models(info.annotation), single), (_items(info.annotation), repeated)):
            plan = _merged([plan_of(each) for each in found])
            if not plan.idle:
                _must_have_no_alias(model, name, info)
                where.append((name, plan))
    return Plan("subject_id" in model.model_fields, tuple(personal), tuple(single), tuple(repeated))


def take_out(plan: Plan, model: BaseModel, place: str, owner: UUID | None, parts: Parts) -> None:
    """Gather the personal values of a model in ``parts``, by owner; ``place`` is a JSON Pointer and ends in a slash."""
    fields = model.__dict__
    if plan.owner:
        owner = fields.get("subject_id")
    texts = None
    for name in plan.personal:
        value = fields.get(name)
        if value is not None:
            if texts is None:
                texts = _texts_of(owner, parts)
            texts[place + name] = value
    for name, inner in plan.single:
        child = fields.get(name)
        if child is not None:
            take_out(inner, child, f"{place}{name}/", owner, parts)
    for name, inner in plan.repeated:
        children = fields.get(name)
        if children:
            for index, child in enumerate(children):
                take_out(inner, child, f"{place}{name}/{index}/", owner, parts)


def _texts_of(owner: UUID | None, parts: Parts) -> dict[str, Any]:
    """There are few owners in an event, mostly one; a dictionary would hash each id again and again."""
    for known, texts in parts:
        if known is owner or known == owner:
            return texts
    texts = {}
    parts.append((owner, texts))
    return texts


def put_back(state: Any, pointer: str, value: Any) -> None:
    """Set what a JSON Pointer names; a place that is not there is passed over."""
    *path, last = pointer.split("/")[1:]
    node = state
    try:
        for step in path:
            node = node[int(step)] if isinstance(node, list) else node[step]
        node[last] = value
    except (KeyError, IndexError, TypeError, ValueError):
        return


def is_withheld(value: Any) -> bool:
    """Is this a mark instead of a text."""
    return value.__class__ is dict and "withheld" in value


def _merged(plans: list[Plan]) -> Plan:
    if len(plans) == 1:
        return plans[0]
    return Plan(
        any(plan.owner for plan in plans),
        tuple(dict.fromkeys(key for plan in plans for key in plan.personal)),
        tuple(dict.fromkeys(row for plan in plans for row in plan.single)),
        tuple(dict.fromkeys(row for plan in plans for row in plan.repeated)),
    )


def _is_personal(info: FieldInfo) -> bool:
    return any(isinstance(mark, PersonalMark) for mark in info.metadata) or _has_mark(info.annotation)


def _has_mark(annotation: Any) -> bool:
    if get_origin(annotation) is Annotated:
        inner, *marks = get_args(annotation)
        return any(isinstance(mark, PersonalMark) for mark in marks) or _has_mark(inner)
    if get_origin(annotation) in (Union, UnionType):
        return any(_has_mark(arm) for arm in get_args(annotation))
    if get_origin(annotation) is not None and any(_has_mark(arm) for arm in get_args(annotation)):
        raise TypeError(f"{annotation} holds personal text in a container: give it a model of its own")
    return False


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and get_origin(annotation) is None:
        return [annotation] if issubclass(annotation, BaseModel) and annotation is not Withheld else []
    if get_origin(annotation) is Annotated:
        return _models(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return [model for arm in get_args(annotation) for model in _models(arm)]
    return []


def _items(annotation: Any) -> list[type[BaseModel]]:
    if get_origin(annotation) is Annotated:
        return _items(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return [model for arm in get_args(annotation) for model in _items(arm)]
    if get_origin(annotation) is tuple:
        return [model for arm in get_args(annotation) for model in _models(arm)]
    return []


def _must_keep_none(model: type[BaseModel], name: str, info: FieldInfo) -> None:
    """None is not written, so that reading must find None again."""
    nullable = type(None) in get_args(info.annotation)
    if nullable and (info.default_factory is not None or (not info.is_required() and info.default is not None)):
        raise TypeError(f"{model.__name__}.{name} may be None but has another default: None would be lost in storage")


def _must_be_text(model: type[BaseModel], name: str, info: FieldInfo) -> None:
    """Whoever opens a text sets it in a model without validating it again."""
    _must_have_no_alias(model, name, info)
    if not _arms(info.annotation) <= {str, Withheld, type(None)}:
        raise TypeError(f"{model.__name__}.{name} is personal and more than text: give it a model with a field of text")


def _arms(annotation: Any) -> set[Any]:
    if get_origin(annotation) is Annotated:
        return _arms(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return {arm for part in get_args(annotation) for arm in _arms(part)}
    return {annotation}


def _must_have_no_alias(model: type[BaseModel], name: str, info: FieldInfo) -> None:
    if (info.serialization_alias or info.alias or name) != name:
        raise TypeError(f"{model.__name__}.{name} leads to personal text and has an alias: store it under its name")
