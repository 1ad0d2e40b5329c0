"""May this actor do this here? The one judgement, for commands of every door and for questions.

A door says who asks and how it knows; which rights that gives, the roles in force say. Nobody has a
right that no role of his gives: who holds no role may do nothing.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from schemas.complaint.base import Right
from schemas.configuration.roles import Granted, Role
from schemas.words import Identity

Wanted = Right | Granted
Units = frozenset[str] | None
"""Business units; None: all of them. The empty set: none."""

EVERYWHERE: Final[Units] = None
_NOWHERE: Final[Units] = frozenset()
_VERIFIED_PERSON: Final[frozenset[Wanted]] = frozenset({"approve", "overrule", "back_date", "erase", "hold"})
_VERIFIED: Final[frozenset[Identity]] = frozenset({"token", "local"})


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who asks, as far as a door has proof of it.

    ``groups`` is what a token says of the person or client, ``workload`` the proven id of the program.
    Where ``groups`` is None nobody is asked for roles: loopback without identity, and this
    program's own processes. ``units`` confines whatever the roles give.
    """

    actor: str
    identity: Identity
    groups: frozenset[str] | None = None
    workload: str = ""
    units: Units = EVERYWHERE


def missing(right: Wanted, who: Credentials, roles: Iterable[Role] = (), unit: str | None = None) -> str | None:
    """Return why ``who`` may not use ``right`` on what belongs to ``unit``, or None if he may.

    ``unit`` None asks whether he may anywhere. Approving, overruling, back-dating, erasing and holds ask
    for a verified person (design, section 5); ``system`` is for rules and services, never for a person.
    """
    person = who.actor.startswith("person:")
    if right in _VERIFIED_PERSON and (not person or who.identity not in _VERIFIED):
        return f"{right} asks for a verified person"
    if right == "system" and person:
        return "only rules and services may do this"
    units = scope(right, who, roles)
    if units is not None and not units and any(right in role.rights for role in held(who, roles)):
        return f"your right '{right}' covers none of the business units that your token names"
    if units is not None and not units:
        return f"no role of yours gives the right '{right}'"
    if units is not None and unit is not None and unit not in units:
        return f"your right '{right}' does not cover the business unit that this belongs to"
    return None


def scope(right: Wanted, who: Credentials, roles: Iterable[Role]) -> Units:
    """Return for which business units ``who`` has a right by his roles: the empty set where he has it nowhere."""
    if who.groups is None:
        return EVERYWHERE
    given = [role for role in held(who, roles) if right in role.rights]
    if not given:
        return _NOWHERE
    if any(not role.business_unit for role in given):
        return who.units
    named = frozenset(unit for role in given for unit in role.business_unit)
    return named if who.units is None else named & who.units


def held(who: Credentials, roles: Iterable[Role]) -> Iterator[Role]:
    """Yield the roles that ``who`` holds: by his groups, and a program also by its id."""
    groups = who.groups or frozenset()
    program = not who.actor.startswith("person:")
    for role in roles:
        named = role.id in groups or not groups.isdisjoint(role.groups)
        if named or (program and any(_matches(who.workload, pattern) for pattern in role.workloads)):
            yield role


def _matches(workload: str, pattern: str) -> bool:
    if pattern.endswith("*"):
        return workload.startswith(pattern[:-1])
    return bool(workload) and workload == pattern
