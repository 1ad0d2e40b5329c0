"""The event by which a configuration comes into force; holidays of the library become dates here."""

import hashlib
import json
from datetime import date
from typing import Any

import holidays
from holidays.holiday_base import HolidayBase
from holidays.registry import EntityLoader

from schemas.complaint.base import Event
from schemas.configuration.activated import ConfigurationActivated, ConfigurationKind
from schemas.configuration.calendar import Calendar, PublicHolidays
from schemas.configuration.code_list import CodeList
from schemas.configuration.desk import Desk
from schemas.configuration.fields import Fields
from schemas.configuration.figures import Figures
from schemas.configuration.imports import LiveImports
from schemas.configuration.policy import Policy
from schemas.configuration.roles import Role
from schemas.configuration.rule_set import CONCERNS, RuleSet
from schemas.configuration.survey import Survey
from schemas.configuration.template import Template

Configuration = (
    Calendar | Policy | Desk | CodeList | Figures | Fields | LiveImports | Role | RuleSet | Survey | Template
)
_KINDS: dict[type[Configuration], ConfigurationKind] = {
    Calendar: "calendar",
    Policy: "policy",
    Desk: "desk",
    CodeList: "code_list",
    LiveImports: "rule_set",
    Figures: "figures",
    **dict.fromkeys(CONCERNS.values(), "rule_set"),
    Survey: "survey",
    Role: "roles",
    Template: "template",
    Fields: "fields",
}


class NoSuchHolidays(ValueError):
    """The library cannot say which days are meant. ``field`` is below the calendar, ``fix`` what to write."""

    def __init__(self, field: str, fix: str) -> None:
        self.field = field
        self.fix = fix
        super().__init__(f"{field}: {fix}")


def kind_of(configuration: Configuration) -> ConfigurationKind:
    """Return how files and events call this kind of configuration."""
    return _KINDS[type(configuration)]


def digest(content: dict[str, Any]) -> str:
    """Return the SHA-256 of the canonical JSON of ``content``, in hexadecimal."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def activation(configuration: Configuration) -> Event:
    """Return the event that brings ``configuration`` into force, with its full content and dates for holidays.

    Raises:
        NoSuchHolidays: a calendar names holidays that the library does not know.
    """
    stored = expanded(configuration) if isinstance(configuration, Calendar) else configuration
    content = stored.model_dump(mode="json", by_alias=True)
    return ConfigurationActivated(
        kind=kind_of(configuration),
        id=configuration.id,
        version=configuration.version,
        digest=digest(content),
        content=content,
        applies_to_open=isinstance(configuration, Calendar) and configuration.applies_to_open,
    )


def expanded(calendar: Calendar) -> Calendar:
    """Return the calendar with dates in place of ``public_holidays``: holidays, and weekend days that are worked.

    What stands in the file by hand comes first: an exception keeps its hours. Without
    ``covered_until`` the calendar is covered to the end of the last year.

    Raises:
        NoSuchHolidays: the library knows no such country, subdivision or year, or a weekend day
            is a working day by decree and nothing says its hours.
    """
    wanted = calendar.public_holidays
    if wanted is None:
        return calendar
    closed, worked = _dates(wanted)
    if not wanted.moved_workdays and (unsaid := sorted(worked - set(calendar.exceptions))):
        days = ", ".join(map(str, unsaid))
        fix = f"is missing; by decree {days} are working days: write their hours, such as ['09:00-18:00']"
        raise NoSuchHolidays("public_holidays.moved_workdays", fix)
    moved = dict.fromkeys(worked, wanted.moved_workdays)
    return calendar.model_copy(
        update={
            "holidays": tuple(sorted({*calendar.holidays, *closed})),
            "exceptions": dict(sorted({**moved, **calendar.exceptions}.items())),
            "public_holidays": None,
            "covered_until": calendar.covered_until or date(max(wanted.years), 12, 31),
        }
    )


def _dates(wanted: PublicHolidays) -> tuple[set[date], set[date]]:
    """Return the holidays of the years, and the weekend days in them that are working days."""
    if wanted.country not in EntityLoader.get_country_codes(include_aliases=False):
        fix = "the library knows no such country; use ISO 3166-1, such as GB"
        raise NoSuchHolidays("public_holidays.country", fix)
    country: type[HolidayBase] = getattr(holidays, wanted.country)  # loads this country alone, unlike country_holidays
    known = country().subdivisions
    if wanted.subdivision is not None and wanted.subdivision not in known:
        fix = f"is not known; one of: {', '.join(known) or 'none, leave it out'}"
        raise NoSuchHolidays("public_holidays.subdivision", fix)
    closed: set[date] = set()
    worked: set[date] = set()
    for year in wanted.years:
        found = country(subdiv=wanted.subdivision, years=year, expand=False)
        days = {day for day in found if day.year == year}
        if not days:
            raise NoSuchHolidays("public_holidays.years", f"the library knows no holidays of {year}; leave it out")
        closed |= days
        worked |= {day for day in found.weekend_workdays if day.year == year}
    return closed, worked
