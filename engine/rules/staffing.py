"""Who of a team gets a complaint: by skill and language, not away, not full; the least loaded, or whose turn it is.

Pure. The figures are handed in, and what was seen of each goes into the record with the choice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final, NamedTuple

from schemas.complaint.assignment import Candidate, LeftOut
from schemas.configuration.routing import Member, Then

_NEVER: Final = datetime.min.replace(tzinfo=UTC)


class Load(NamedTuple):
    """What somebody has: open complaints, and when his last one was received."""

    open: int = 0
    last: datetime | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """Who it is, if anybody, and what was seen of everybody who was asked for."""

    person: str | None
    candidates: tuple[Candidate, ...]


def choose(
    staff: Sequence[Member], wanted: Then, loads: Mapping[str, Load], *, language: str | None, on: date
) -> Choice:
    """Return who of the rule's team gets it.

    ``least_loaded``: who has the least open complaints, of equal ones who waited longest. ``round_robin``: who
    waited longest. Of those the first by id. Somebody whom the rule names gets it whatever he has, but not while
    he is away. Nobody where everybody is left out: then the team has it.
    """
    if wanted.person not in ("least_loaded", "round_robin"):
        return _named(staff, wanted, on)
    team = [one for one in staff if wanted.team in one.teams]
    candidates = tuple(_candidate(one, wanted, loads.get(one.person, Load()), language, on) for one in team)
    free = [one for one in candidates if one.left_out is None]
    if not free:
        return Choice(None, candidates)
    by_turn = wanted.person == "round_robin"
    best = min(free, key=lambda one: (0 if by_turn else one.open, one.last or _NEVER, one.person))
    return Choice(best.person, candidates)


def _named(staff: Sequence[Member], wanted: Then, on: date) -> Choice:
    if wanted.person is None:
        return Choice(None, ())
    away = any(one.person == wanted.person and _is_away(one, on) for one in staff)
    return Choice(None if away else wanted.person, ())


def _candidate(member: Member, wanted: Then, load: Load, language: str | None, on: date) -> Candidate:
    return Candidate(
        person=member.person, open=load.open, last=load.last, left_out=_left_out(member, wanted, load, language, on)
    )


def _left_out(member: Member, wanted: Then, load: Load, language: str | None, on: date) -> LeftOut | None:
    if _is_away(member, on):
        return "away"
    if not set(wanted.skills) <= set(member.skills):
        return "skill"
    if wanted.speaks and language is not None and language[:2] not in {one[:2] for one in member.languages}:
        return "language"
    return "full" if member.most is not None and load.open >= member.most else None


def _is_away(member: Member, on: date) -> bool:
    return any(one.first <= on <= one.last for one in member.away)
