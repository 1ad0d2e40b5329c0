"""Fields: what a company keeps of its complaints beside what every complaint has, and what of it is impersonal."""

from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from schemas.words import Code

FieldType = Literal["code", "number", "date", "boolean", "text"]
"""All but ``text`` are impersonal and stored open, so that figures survive an erasure."""
FieldName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
"""Also the name of its column."""
SetName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,29}$")]
Label = Annotated[str, StringConstraints(pattern=r"^[^\r\n]{1,200}$")]

_TAKEN: Final = ("case_id", "business_unit", "as_of_position", "as_of_time", "lag_seconds")


class Labels(BaseModel):
    """What people read."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    en: Label
    ru: Label


class DeclaredField(BaseModel):
    """One field of a complaint."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: FieldName
    type: FieldType
    label: Labels
    code_list: Code | None = None
    """Of a code: which published list it must be in; left out, any code is taken."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.code_list is not None and self.type != "code":
            raise ValueError(f"code_list: a {self.type} is in no list; leave it out, or make it a code")
        if self.name in _TAKEN:
            raise ValueError(f"name: '{self.name}' is a column of every such view; give the field another name")
        return self


class Fields(BaseModel):
    """A set of fields; a higher version replaces all of them. Its name and version name its view for analysts."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    id: SetName
    version: Annotated[int, Field(ge=1)]
    fields: Annotated[tuple[DeclaredField, ...], Field(min_length=1, max_length=200)]

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        seen: set[str] = set()
        for one in self.fields:
            if one.name in seen:
                raise ValueError(f"fields: '{one.name}' stands twice; remove one")
            seen.add(one.name)
        return self
