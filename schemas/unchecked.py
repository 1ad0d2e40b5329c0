"""Stored models made of values that were validated before: nothing is looked at a second time.

A message becomes three events with an envelope each, and what stands in them was validated when it
arrived or when it came into force. To validate it again took an eighth of the time that a message takes
from its octets to its commit. Whoever has a value from elsewhere makes the model as usual.
"""

from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from typing import Any, Final, ParamSpec, TypeVar

from pydantic import BaseModel

P = ParamSpec("P")
M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")

_SLOTS: Final = BaseModel.__dict__
_put_values: Final = _SLOTS["__dict__"].__set__
_put_fields_set: Final = _SLOTS["__pydantic_fields_set__"].__set__
_put_extra: Final = _SLOTS["__pydantic_extra__"].__set__
_put_private: Final = _SLOTS["__pydantic_private__"].__set__


def unchecked(model: Callable[P, M]) -> Callable[P, M]:
    """Return a constructor of ``model`` that takes values as they are, in the types that validation gives.

    What it makes is equal to what the class itself makes of the same values, its octets too.

    Raises:
        TypeError: the class does more than to check its values, so that its constructor cannot be passed over.
    """
    made: Callable[P, M] = _maker(model)
    return made


@cache
def _maker(model: Any) -> Any:
    blank = {name: _default(model, name) for name in model.model_fields}
    new_one = model.__new__
    if model.__pydantic_decorators__.model_validators or model.__private_attributes__:
        raise TypeError(f"{model.__name__} has validators of its own")

    def made(**values: Any) -> Any:
        new = new_one(model)
        _put_values(new, {**blank, **values})
        _put_fields_set(new, set(values))
        _put_extra(new, None)
        _put_private(new, None)
        return new

    return made


def _default(model: Any, name: str) -> Any:
    info = model.model_fields[name]
    if info.default_factory is not None or (info.alias or name) != name:
        raise TypeError(f"{model.__name__}.{name} has an alias, or a default that is made anew each time")
    return None if info.is_required() else info.default


def at_once(kind: Callable[P, T]) -> Callable[P, T]:
    """Return a constructor of a frozen dataclass without slots that sets its fields together, not one by one.

    Raises:
        TypeError: the class does more than to set its fields.
    """
    made: Callable[P, T] = _setter(kind)
    return made


@cache
def _setter(kind: Any) -> Any:
    if (
        not isinstance(kind, type)
        or not is_dataclass(kind)
        or hasattr(kind, "__post_init__")
        or hasattr(kind, "__slots__")
    ):
        raise TypeError(f"{kind} is no dataclass that only sets its fields")
    blank = {each.name: each.default for each in fields(kind) if each.default is not MISSING}
    factories = {each.name: each.default_factory for each in fields(kind) if each.default_factory is not MISSING}
    new_one = kind.__new__

    def made(**values: Any) -> Any:
        new = new_one(kind)
        new.__dict__.update(blank)
        new.__dict__.update(values)
        for name, factory in factories.items():
            if name not in values:
                new.__dict__[name] = factory()
        return new

    return made
