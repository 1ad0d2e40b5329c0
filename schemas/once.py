"""``functools.cached_property`` without its lock, which takes longer than what is remembered of a message."""

from collections.abc import Callable
from typing import Any, Generic, Self, TypeVar, overload

T = TypeVar("T")
R = TypeVar("R")


class once(Generic[T, R]):  # noqa: N801 # it is used as a decorator
    """A property worked out when first asked for; for values that are the same whoever works them out."""

    def __init__(self, work: Callable[[T], R]) -> None:
        self._work, self._name = work, work.__name__
        self.__doc__ = work.__doc__

    @overload
    def __get__(self, instance: None, owner: Any = None) -> Self: ...
    @overload
    def __get__(self, instance: T, owner: Any = None) -> R: ...
    def __get__(self, instance: T | None, owner: Any = None) -> Self | R:
        if instance is None:
            return self
        found = instance.__dict__[self._name] = self._work(instance)
        return found
