"""How a field of an event gets its value from a row: the closed list of ways."""

from difflib import get_close_matches
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator
from pydantic_core import PydanticCustomError

UNKNOWN_KEY: Final = "unknown_key"

Constant = str | bool | int
Label = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Form = Literal["text", "code", "bool", "date", "integer", "money"]


class Part(BaseModel):
    """A piece of the file. A key that it does not know is refused with the nearest one that it does."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_by_name=False, validate_by_alias=True)

    @model_validator(mode="before")
    @classmethod
    def _keys_are_known(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        known = [field.alias or name for name, field in cls.model_fields.items()]
        unknown = [str(key) for key in data if key not in known]
        if unknown:
            near = get_close_matches(unknown[0], known, n=1)
            hint = f"did you mean '{near[0]}'?" if near else f"it may have: {', '.join(known)}"
            raise PydanticCustomError(UNKNOWN_KEY, "unknown key; {hint}", {"key": unknown[0], "hint": hint})
        return data


class FromColumn(Part):
    """The value of a column: through a table, or read in a form. Empty leaves the field out."""

    column: str
    as_: Form | None = Field(default=None, alias="as")
    table: str | None = None
    otherwise: Constant | None = None
    """For values that the table lacks; without it such a row is rejected."""
    prefix: str = ""
    """Of a code."""
    currency: str | None = None
    required: bool = False
    """An empty column rejects the record."""

    @model_validator(mode="after")
    def _one_way_of_reading(self) -> Self:
        if (self.as_ is None) == (self.table is None):
            raise ValueError("give either 'as' (text, code, bool, date, integer, money) or 'table'")
        if self.otherwise is not None and self.table is None:
            raise ValueError("'otherwise' belongs to a 'table'")
        if (self.as_ == "money") != (self.currency is not None):
            raise ValueError("'as: money' and 'currency' (ISO 4217) go together")
        if self.prefix and self.as_ != "code":
            raise ValueError("'prefix' belongs to 'as: code'")
        return self


class FixedId(Part):
    """An id that the case always has for this label."""

    id: Label


class NewId(Part):
    """A new id under this label, open until it is settled."""

    new: Label


class OldestId(Part):
    """The oldest open id of this label, which is settled by it."""

    oldest: Label


class LatestId(Part):
    """The id made last under this label, open or not."""

    latest: Label


class SubjectOf(Part):
    """The data subject of a person in ``people``."""

    person: Label


class ActorOf(Part):
    """Who did it, by an opaque id derived from the column; ``opaque`` says that its values are opaque already."""

    actor: str
    opaque: bool = False


class OfCase(Part):
    """The case's number in our register, or the cycle it is in."""

    case: Literal["number", "cycle"]


class ObjectOf(Part):
    """Several fields in one, left out as a whole where the column in ``unless_empty`` is empty."""

    object: "dict[str, Value]"
    unless_empty: str | None = None


_VERBS = ("column", "id", "new", "oldest", "latest", "person", "actor", "case", "object")


def _verb(value: Any) -> str:
    if isinstance(value, dict):
        return next((verb for verb in _VERBS if verb in value), "column")
    return "constant"


One = Annotated[
    Annotated[FromColumn, Tag("column")]
    | Annotated[FixedId, Tag("id")]
    | Annotated[NewId, Tag("new")]
    | Annotated[OldestId, Tag("oldest")]
    | Annotated[LatestId, Tag("latest")]
    | Annotated[SubjectOf, Tag("person")]
    | Annotated[ActorOf, Tag("actor")]
    | Annotated[OfCase, Tag("case")]
    | Annotated[ObjectOf, Tag("object")]
    | Annotated[Constant, Tag("constant")],
    Discriminator(_verb),
]
"""One value; a plain scalar is a constant."""

Value = Annotated[
    Annotated[One, Tag("one")] | Annotated[tuple[One, ...], Tag("list")],
    Discriminator(lambda value: "list" if isinstance(value, list | tuple) else "one"),
]
"""What a field gets: one value or a list of them."""


ObjectOf.model_rebuild()
