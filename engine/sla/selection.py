"""Which policies were asked about a complaint, in which order, and where each of them did not fit."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from engine.sla.policy import Profile
from schemas.configuration.policy import Policy, Selection


@dataclass(frozen=True, slots=True)
class Field:
    """A field that a policy asks for: what it wants there, what the complaint has."""

    name: str
    wanted: tuple[str, ...]
    has: tuple[str, ...]

    @property
    def fits(self) -> bool:
        """Whether the complaint has one of the values."""
        return not set(self.wanted).isdisjoint(self.has)


@dataclass(frozen=True, slots=True)
class Considered:
    """A policy that was asked. Without fields it holds for every complaint."""

    policy: str
    version: int
    order: int
    fields: tuple[Field, ...]

    @property
    def holds(self) -> bool:
        """Whether every field fits."""
        return all(one.fits for one in self.fields)

    def data(self) -> dict[str, Any]:
        """Return it as plain JSON data."""
        fields = {one.name: {"wanted": list(one.wanted), "has": list(one.has), "fits": one.fits} for one in self.fields}
        return {
            "policy": self.policy,
            "version": self.version,
            "order": self.order,
            "holds": self.holds,
            "fields": fields,
        }


def considered(policies: Iterable[Policy], profile: Profile) -> tuple[Considered, ...]:
    """Return the policies as ``select_policy`` asks them, up to the first that holds."""
    found: list[Considered] = []
    for policy in sorted(policies, key=lambda one: one.order):
        found.append(Considered(policy.id, policy.version, policy.order, _fields(policy.when, _has(profile))))
        if found[-1].holds:
            break
    return tuple(found)


def _has(profile: Profile) -> Mapping[str, tuple[str | None, ...]]:
    return {
        "channel": (profile.channel,),
        "type": profile.types,
        "subtype": profile.subtypes,
        "segment": (profile.segment,),
        "priority": (profile.priority,),
        "regulation": profile.regulations,
        "business_unit": (profile.business_unit,),
    }


def _fields(when: Selection | None, has: Mapping[str, tuple[str | None, ...]]) -> tuple[Field, ...]:
    if when is None:
        return ()
    asked = ((name, tuple(map(str, getattr(when, name)))) for name in Selection.model_fields)
    return tuple(Field(name, wanted, tuple(one for one in has[name] if one)) for name, wanted in asked if wanted)
