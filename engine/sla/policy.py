"""Which policy applies to a complaint, and the terms of its clocks in full."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from engine.sla.kinds import Terms, terms, to_stored
from engine.sla.same import Same
from schemas.complaint.clocks import AppliedClock
from schemas.configuration.policy import Policy, Selection


@dataclass(frozen=True, slots=True)
class Profile:
    """What policies are selected by. A complaint of several points has several types."""

    channel: str | None = None
    types: tuple[str, ...] = ()
    subtypes: tuple[str, ...] = ()
    segment: str | None = None
    priority: str | None = None
    regulations: tuple[str, ...] = ()
    business_unit: str | None = None


class NoCalendar(LookupError):
    """A clock names a calendar that is not in force, or none where no default is known."""

    def __init__(self, policy: str, clock: str, calendar: str | None) -> None:
        self.policy = policy
        self.clock = clock
        self.calendar = calendar
        what = f"calendar '{calendar}' is not in force" if calendar else "it names no calendar"
        super().__init__(f"policy '{policy}', clock '{clock}': {what}; name one that is")


def select_policy(policies: Iterable[Policy], profile: Profile) -> Policy | None:
    """Return the policy with the lowest ``order`` whose selection holds, of equal ones the first given; or None."""
    for policy in sorted(policies, key=lambda one: one.order):
        if policy.when is None or _holds(policy.when, profile):
            return policy
    return None


def _holds(when: Selection, profile: Profile) -> bool:
    return (
        (not when.channel or profile.channel in when.channel)
        and (not when.type or not set(when.type).isdisjoint(profile.types))
        and (not when.subtype or not set(when.subtype).isdisjoint(profile.subtypes))
        and (not when.segment or profile.segment in when.segment)
        and (not when.priority or profile.priority in when.priority)
        and (not when.regulation or not set(when.regulation).isdisjoint(profile.regulations))
        and (not when.business_unit or profile.business_unit in when.business_unit)
    )


def terms_of(policy: Policy, latest: Mapping[str, int], default: str | None = None) -> tuple[Terms, ...]:
    """Return the policy's clocks in full, each pinned to the latest version of its calendar.

    ``latest`` is the version in force of each calendar; ``default`` is the calendar of clocks
    that name none in a policy that names none.

    Raises:
        NoCalendar: a clock's calendar is not among them.
    """
    found: list[Terms] = []
    for rule in policy.clocks:
        calendar = rule.calendar or policy.calendar or default
        if calendar is None or calendar not in latest:
            raise NoCalendar(policy.id, rule.kind, calendar)
        found.append(terms(rule, calendar, latest[calendar]))
    return tuple(found)


def applied_clocks(policy: Policy, latest: Mapping[str, int], default: str | None = None) -> tuple[AppliedClock, ...]:
    """Return the policy's clocks as ``complaint.sla_applied`` stores them; see ``terms_of``."""
    return _applied(Same(policy), tuple(sorted(latest.items())), default)


@lru_cache(maxsize=256)
def _applied(
    policy: Same[Policy], latest: tuple[tuple[str, int], ...], default: str | None
) -> tuple[AppliedClock, ...]:
    return tuple(to_stored(one) for one in terms_of(policy.of, dict(latest), default))
