"""Facts of the past: what a history import hands to the service, already as events."""

from dataclasses import dataclass
from datetime import datetime

from schemas.complaint.base import Event
from schemas.words import Precision


@dataclass(frozen=True, slots=True)
class PastFact:
    """One event of imported history with its own world time."""

    event: Event
    occurred_at: datetime
    precision: Precision = "instant"
    zone: str | None = None
    """Time zone of a day-precise fact; ``occurred_at`` is that day's 00:00 there."""
    actor: str = "service:import"
    why: str | None = None
    line: int | None = None
    """Where in the file it stands; absent means where the case does."""


@dataclass(frozen=True, slots=True)
class PastCase:
    """One imported history. ``key`` is its stable identity in its source, such as ``cfpb:69978``.

    The stream id derives from the key, so the same case imported twice is the same stream.
    ``external`` names conversations or references by which later messages may find the case.
    """

    key: str
    facts: tuple[PastFact, ...]
    line: int
    external: tuple[str, ...] = ()
    policy: str | None = None
    """Id of the policy whose promises the case is judged by; none leaves it without clocks."""
    business_unit: str | None = None
