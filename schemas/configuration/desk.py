"""Desk: the few switches of how this company handles complaints, versioned like every configuration."""

from datetime import timedelta
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from schemas.words import Code, Currency


class Desk(BaseModel):
    """How the desk works. Unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    id: Code
    version: Annotated[int, Field(ge=1)]
    business_unit: Code = "main"
    """Of complaints whose channel names none."""
    registered_starts_investigation: bool = False
    reopen_window_days: Annotated[int, Field(ge=0)] = 30
    """A dissatisfied message later than this after the end opens a new, linked complaint."""
    remedy_limits: dict[Currency, Decimal] = Field(default_factory=dict)
    """Up to this sum of unreversed money remedies of one complaint the rule approves itself."""
    approve_without_money: bool = True
    """A remedy without an amount is approved by the rule."""
    notify_calendar: Code | None = None
    """Nobody of the desk is told of a due outside of its open hours; left out: at any hour."""
    satisfaction_term_days: Annotated[int, Field(ge=1)] = 14
    park_hours: Annotated[int, Field(ge=1)] = 48
    """How long a follow-up waits for its opening message, where ``park_minutes`` is left out."""
    park_minutes: Annotated[int, Field(ge=1)] | None = None
    """The same in minutes; goes before ``park_hours``. The shipped document says 60."""
    claim_tolerance_seconds: Annotated[int, Field(ge=0)] = 300
    """A sender's time further from ours than this is flagged."""

    @property
    def parks_for(self) -> timedelta:
        """How long a follow-up waits for its opening message, from when it was here."""
        return timedelta(hours=self.park_hours) if self.park_minutes is None else timedelta(minutes=self.park_minutes)
