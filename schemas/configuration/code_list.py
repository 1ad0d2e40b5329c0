"""Code list: the values that a coded field may take, published so that figures survive an erasure."""

from functools import cached_property
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from schemas.words import Code


class CodeValue(BaseModel):
    """One value: its labels by language, and the spellings that senders use for it."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    labels: dict[str, str] = Field(default_factory=dict)
    spellings: tuple[str, ...] = ()


class CodeList(BaseModel):
    """The published values of one coded field; ``growing`` lists may be added to by imports."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    id: Code
    version: Annotated[int, Field(ge=1)]
    growing: bool = False
    values: dict[Code, CodeValue]

    @model_validator(mode="after")
    def _spellings_are_distinct(self) -> Self:
        seen: dict[str, str] = {}
        for code, value in self.values.items():
            for spelling in (code, *value.spellings):
                other = seen.setdefault(spelling.casefold(), code)
                if other != code:
                    raise ValueError(f"values.{code}: a spelling of it also means '{other}'")
        return self

    def code_of(self, text: str | None) -> str | None:
        """Return the code that ``text`` spells in any case, or None if the list has none."""
        if text is None:
            return None
        return self.by_spelling.get(text.strip().casefold())

    @cached_property
    def by_spelling(self) -> dict[str, str]:
        """Every spelling, in the form that is compared, and the code that it means."""
        spelt = ((spelling, code) for code, value in self.values.items() for spelling in (code, *value.spellings))
        return {spelling.casefold(): code for spelling, code in spelt}
