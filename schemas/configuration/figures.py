"""Figures: how many customers and orders there were by month, so that complaints can be set against them."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from schemas.words import Code

Month = Annotated[str, StringConstraints(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")]
"""Such as 2026-03."""


class MonthFigures(BaseModel):
    """One month, of the whole company or of one business unit."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    month: Month
    business_unit: Code | None = None
    """Left out: the whole company."""
    customers: Annotated[int, Field(ge=0)] | None = None
    """Who bought or used something in that month."""
    orders: Annotated[int, Field(ge=0)] | None = None


class Figures(BaseModel):
    """What the company knows beside its complaints. A higher version replaces all months of the one before."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    id: Code
    version: Annotated[int, Field(ge=1)]
    months: tuple[MonthFigures, ...]

    @model_validator(mode="after")
    def _each_month_once(self) -> Self:
        seen: set[tuple[str, str | None]] = set()
        for one in self.months:
            if (one.month, one.business_unit) in seen:
                unit = f" of {one.business_unit}" if one.business_unit else ""
                raise ValueError(f"months: {one.month}{unit} stands twice; remove one")
            seen.add((one.month, one.business_unit))
        return self
