"""Which policy applies to a complaint, and the terms of its clocks in full."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from engine.sla.kinds import Terms, chain, terms, to_stored
from engine.sla.same import Same
from schemas.complaint.clocks import AppliedClock
from schemas.configuration.calendar import Calendar
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
        one = terms(rule, calendar, latest[calendar])
        found.append(one if rule.escalations is not None else replace(one, escalations=chain(policy.escalations)))
    return tuple(found)


def applied_clocks(policy: Policy, latest: Mapping[str, int], default: str | None = None) -> tuple[AppliedClock, ...]:
    """Return the policy's clocks as ``complaint.sla_applied`` stores them; see ``terms_of``."""
    return _applied(Same(policy), tuple(sorted(latest.items())), default)


@lru_cache(maxsize=256)
def _applied(
    policy: Same[Policy], latest: tuple[tuple[str, int], ...], default: str | None
) -> tuple[AppliedClock, ...]:
    return tuple(to_stored(one) for one in terms_of(policy.of, dict(latest), default))


Calendars = Mapping[tuple[str, int], Calendar]
"""Every version that was ever activated, by id and version."""


def version_for_open(calendars: Calendars, id: str, pinned: int) -> int:
    """Return the version that an open complaint pinned to ``pinned`` is held to.

    It is the newest later one that applies to open complaints, else the pinned one. A still newer
    version that holds for new complaints alone does not matter.
    """
    later = (
        version for (name, version), one in calendars.items() if name == id and version > pinned and one.applies_to_open
    )
    return max(later, default=pinned)


def repinned(clocks: Iterable[AppliedClock], calendars: Calendars) -> tuple[AppliedClock, ...]:
    """Return the clocks pinned to the versions that hold for open complaints; the same ones where none moves."""
    return tuple(
        clock
        if (version := version_for_open(calendars, clock.calendar, clock.calendar_version)) == clock.calendar_version
        else clock.model_copy(update={"calendar_version": version})
        for clock in clocks
    )
