"""The stages of the funnel as a closed union, and the part of the case that says where it stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, assert_never

from schemas.refusals import Refusal
from schemas.words import ExitReason, Outcome
from schemas.words import Stage as StageName


@dataclass(frozen=True, slots=True)
class Registration:
    """It arrived; nobody has begun."""

    name: Literal["registration"] = "registration"


@dataclass(frozen=True, slots=True)
class Investigation:
    """Somebody looks into it."""

    name: Literal["investigation"] = "investigation"


@dataclass(frozen=True, slots=True)
class CorrectiveAction:
    """It is being put right."""

    name: Literal["corrective_action"] = "corrective_action"


@dataclass(frozen=True, slots=True)
class SatisfactionCheck:
    """The outcome stands; the complainant's word is awaited."""

    name: Literal["satisfaction_check"] = "satisfaction_check"


@dataclass(frozen=True, slots=True)
class Exited:
    """It left the funnel early, at this stage."""

    at: StageName
    reason: ExitReason
    name: Literal["exited"] = "exited"


@dataclass(frozen=True, slots=True)
class Closed:
    """The cycle has ended."""

    after_exit: Exited | None
    name: Literal["closed"] = "closed"


Stage = Registration | Investigation | CorrectiveAction | SatisfactionCheck | Exited | Closed


@dataclass(frozen=True, slots=True)
class Rating:
    """How satisfied the complainant is with one cycle; his comment stays sealed."""

    cycle: int
    survey: str
    survey_version: int
    scores: tuple[tuple[str, int, int], ...]
    """Parameter, score, out of."""


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """Where the complaint stands."""

    stage: Stage = field(default_factory=Registration)
    cycle: int = 1
    outcome: Outcome | None = None
    """Of this cycle, as are ``points`` and ``accepted``."""
    points: tuple[tuple[int, Outcome], ...] = ()
    accepted: bool | None = None
    """The complainant's last word on the outcome."""
    resolved_at: datetime | None = None
    """World time of the outcome of this cycle."""
    ended_at: datetime | None = None
    """World time of the exit or the closing of this cycle."""
    invited: tuple[tuple[int, str, int], ...] = ()
    """Cycle, survey, its version."""
    reminded: tuple[tuple[int, str, int], ...] = ()
    """Cycle, survey, which reminder."""
    ratings: tuple[Rating, ...] = ()

    def rating(self, cycle: int) -> Rating | None:
        """Return the complainant's rating of a cycle."""
        return next((rating for rating in self.ratings if rating.cycle == cycle), None)

    @property
    def is_open(self) -> bool:
        """Neither resolved nor discontinued nor closed."""
        return isinstance(self.stage, Registration | Investigation | CorrectiveAction)

    def require_open(self, what: str) -> None:
        """Refuse what needs a complaint that is being worked on.

        Raises:
            Refusal: ``already_resolved``, ``exited`` or ``already_closed``.
        """
        match self.stage:
            case Registration() | Investigation() | CorrectiveAction():
                return
            case SatisfactionCheck():
                raise Refusal("already_resolved", f"the outcome stands; reopen before {what}", cycle=self.cycle)
            case Exited(reason=reason):
                raise Refusal("exited", f"the complaint left the funnel; reopen before {what}", exit=reason)
            case Closed():
                raise Refusal("already_closed", f"the cycle has ended; reopen before {what}", cycle=self.cycle)
        assert_never(self.stage)
