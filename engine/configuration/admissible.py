"""What is wrong with configurations that are each well formed, but do not fit one another or the words."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from types import MappingProxyType
from typing import NamedTuple

from engine.configuration import conditions, routed, telling
from engine.configuration.activation import Configuration, NoSuchHolidays, expanded, kind_of
from engine.text import wording
from schemas.configuration.calendar import Calendar
from schemas.configuration.code_list import CodeList
from schemas.configuration.fields import Fields
from schemas.configuration.notices import Notices
from schemas.configuration.policy import Policy, Selection
from schemas.configuration.routing import RoutingRules
from schemas.configuration.survey import Survey
from schemas.configuration.template import Template

Path = tuple[str | int, ...]
_MEETING = ("channel", "segment", "priority", "regulation", "business_unit")
"""A complaint has one of each of these, but may have several types and subtypes."""
_NONE: Mapping[str, Template] = MappingProxyType({})


class Problem(NamedTuple):
    """One error: in which configuration, at which field, and what to write there."""

    item: Configuration
    path: Path
    fix: str


class NotAdmissible(Exception):
    """Configurations that would not fit together: none of them comes into force. Names every field and fix."""

    def __init__(self, found: Sequence[Problem]) -> None:
        self.problems = tuple(found)
        told = (f"{kind_of(one.item)} '{one.item.id}': {_dotted(one.path)}: {one.fix}" for one in found)
        super().__init__("\n".join(told))


def _dotted(path: Path) -> str:
    return ".".join(map(str, path))


def refuse(
    items: Sequence[Configuration], calendars: Iterable[str] = (), templates: Mapping[str, Template] = _NONE
) -> None:
    """Refuse configurations that ``problems`` says anything of.

    Raises:
        NotAdmissible: naming every error.
    """
    if found := problems(items, calendars, templates):
        raise NotAdmissible(found)


def problems(
    items: Sequence[Configuration], calendars: Iterable[str] = (), templates: Mapping[str, Template] = _NONE
) -> list[Problem]:
    """Return every error of these configurations taken together; what else is given is in force beside them."""
    known = {*calendars, *(one.id for one in items if isinstance(one, Calendar))}
    policies = [one for one in items if isinstance(one, Policy)]
    found = [problem for one in items if isinstance(one, Calendar) for problem in _of_calendar(one)]
    found.extend(problem for one in policies for problem in (*_of_calendars(one, known), *_of_conditions(one)))
    found.extend(Problem(one, *each) for one in items if isinstance(one, Template) for each in wording.problems(one))
    there = {**templates, **{one.id: one for one in items if isinstance(one, Template)}}
    notices = (one for one in items if isinstance(one, Notices))
    found.extend(Problem(one, *each) for one in notices for each in telling.problems(one, known, there))
    found.extend(problem for one in items if isinstance(one, Survey) for problem in _of_survey(one, known, there))
    lists = {one.id: one for one in items if isinstance(one, CodeList)}
    routing = (one for one in items if isinstance(one, RoutingRules))
    found.extend(Problem(one, *each) for one in routing for each in routed.problems(one, known, lists))
    found.extend(_of_order(policies))
    found.extend(_of_fields([one for one in items if isinstance(one, Fields)]))
    return found


def _of_calendar(calendar: Calendar) -> Iterator[Problem]:
    try:
        expanded(calendar)
    except NoSuchHolidays as error:
        yield Problem(calendar, tuple(error.field.split(".")), error.fix)


def _of_calendars(policy: Policy, known: set[str]) -> Iterator[Problem]:
    fix = f"is not in force; add a file with it, or name one of: {', '.join(sorted(known)) or 'none is there'}"
    if policy.calendar is not None and policy.calendar not in known:
        yield Problem(policy, ("calendar",), f"calendar '{policy.calendar}' {fix}")
    for index, clock in enumerate(policy.clocks):
        if clock.calendar is not None and clock.calendar not in known:
            yield Problem(policy, ("clocks", index, "calendar"), f"calendar '{clock.calendar}' {fix}")
        elif clock.calendar is None and policy.calendar is None:
            fix_here = "is missing, and the policy names none either; name the calendar that it counts by"
            yield Problem(policy, ("clocks", index, "calendar"), fix_here)


def _of_survey(survey: Survey, known: set[str], templates: Mapping[str, Template]) -> Iterator[Problem]:
    campaign, follow_up = survey.campaign, survey.follow_up
    named = [] if follow_up is None else [(("follow_up", "calendar"), follow_up.calendar)]
    if campaign is not None and campaign.hours is not None:
        named.append((("campaign", "hours"), campaign.hours))
    for path, calendar in named:
        if calendar not in known:
            yield Problem(survey, path, f"calendar '{calendar}' {_one_of(known)}")
    if campaign is not None and campaign.template not in templates:
        yield Problem(survey, ("campaign", "template"), f"template '{campaign.template}' {_one_of(templates)}")


def _one_of(known: Iterable[str]) -> str:
    return f"is not in force; add a file with it, or name one of: {', '.join(sorted(known)) or 'none is there'}"


def _of_conditions(policy: Policy) -> Iterator[Problem]:
    for index, clock in enumerate(policy.clocks):
        for slot in ("start", "fulfil", "pause", "resume", "cancel"):
            for number, condition in enumerate(getattr(clock, slot) or ()):
                for path, fix in conditions.problems(condition.event, condition.where):
                    yield Problem(policy, ("clocks", index, slot, number, *path), fix)


def _of_order(policies: Sequence[Policy]) -> Iterator[Problem]:
    """Two policies that may both claim a complaint need different places, else it would hang on who came first."""
    for one, other in combinations(policies, 2):
        if one.order == other.order and _may_meet(one.when, other.when):
            fix = f"policy '{one.id}' has the same order and may claim the same complaints; the lowest goes first"
            yield Problem(other, ("order",), f"{fix}: give one of them another number")


def _of_fields(sets: Sequence[Fields]) -> Iterator[Problem]:
    """A field is declared once, else its type would hang on who came first."""
    for one, other in combinations(sets, 2):
        declared = {field.name for field in one.fields}
        for index, field in enumerate(other.fields):
            if one.id != other.id and field.name in declared:
                yield Problem(other, ("fields", index, "name"), f"'{field.name}' is declared by fields '{one.id}', too")


def _may_meet(one: Selection | None, other: Selection | None) -> bool:
    """Whether some complaint satisfies both selections."""
    if one is None or other is None:
        return True
    pairs = ((set(getattr(one, name)), set(getattr(other, name))) for name in _MEETING)
    return all(not mine or not theirs or mine & theirs for mine, theirs in pairs)
