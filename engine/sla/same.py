"""A key that stands for one object, not for its value, so that what follows from it is worked out once.

Terms are equal where one says ``true`` and the other ``1``, and yet are stored differently; and to
hash a whole policy costs more than what is remembered of it.
"""

from typing import Generic, TypeVar

T = TypeVar("T")


class Same(Generic[T]):
    """Equal to another key of the very same, immutable object; keeps it alive, so that its identity is not reused."""

    __slots__ = ("of",)

    def __init__(self, of: T) -> None:
        self.of = of

    def __hash__(self) -> int:
        return id(self.of)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and self.of is other.of
