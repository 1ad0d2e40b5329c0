"""The Book: which configuration is in force, folded from ``configuration.activated``."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, assert_never

from pydantic import BaseModel

from schemas.configuration.activated import ConfigurationActivated
from schemas.configuration.calendar import Calendar
from schemas.configuration.code_list import CodeList
from schemas.configuration.desk import Desk
from schemas.configuration.fields import DeclaredField, Fields
from schemas.configuration.figures import Figures
from schemas.configuration.imports import LIVE_IMPORTS, LiveImports
from schemas.configuration.notices import Notices
from schemas.configuration.policy import Policy
from schemas.configuration.problems import ProblemRules
from schemas.configuration.remedies import RemedyRules
from schemas.configuration.replies import ReplyRules
from schemas.configuration.roles import Role
from schemas.configuration.routing import RoutingRules
from schemas.configuration.rule_set import CONCERNS, RuleSet
from schemas.configuration.survey import Survey
from schemas.configuration.template import Template


@dataclass(frozen=True, slots=True)
class Book:
    """What is in force. Older versions of calendars stay readable, since complaints pin them."""

    desk: Desk = field(default_factory=lambda: Desk(id="default", version=1))
    desk_activated: bool = False
    """The desk is the log's own, not the built-in one."""
    policies: Mapping[str, Policy] = field(default_factory=dict)
    """By id, the latest version, in order of first activation; selection goes through them in that order."""
    calendars: Mapping[tuple[str, int], Calendar] = field(default_factory=dict)
    latest_calendar: Mapping[str, int] = field(default_factory=dict)
    code_lists: Mapping[str, CodeList] = field(default_factory=dict)
    live_imports: tuple[LiveImports, ...] = ()
    """Which imported history was told to go live, in order."""
    figures: Mapping[str, Figures] = field(default_factory=dict)
    """By id, the latest version."""
    rule_sets: Mapping[str, RuleSet] = field(default_factory=dict)
    """By concern, the latest version."""
    surveys: Mapping[str, Survey] = field(default_factory=dict)
    """By id, the latest version."""
    templates: Mapping[str, Template] = field(default_factory=dict)
    """By id, the latest version: what was written by an older one is recorded."""
    fields: Mapping[str, Fields] = field(default_factory=dict)
    """By id, the latest version."""
    roles: Mapping[str, Role] = field(default_factory=dict)
    """By id, the latest version: who holds none of them may do nothing, where anybody is asked for roles."""

    def declared(self, name: str) -> DeclaredField | None:
        """Return how a field of complaints is declared; None where it is not."""
        return next((one for kept in self.fields.values() for one in kept.fields if one.name == name), None)

    def calendar(self, id: str, version: int | None = None) -> Calendar:
        """Return a calendar: the pinned version, or the latest.

        Raises:
            KeyError: no such calendar was ever activated.
        """
        return self.calendars[id, self.latest_calendar[id] if version is None else version]

    @property
    def routing(self) -> RoutingRules | None:
        """Who gets what; None where nothing says so."""
        found = self.rule_sets.get("routing")
        return found if isinstance(found, RoutingRules) else None

    @property
    def remedy_rules(self) -> RemedyRules | None:
        """What is proposed for which complaint; None where nothing says so."""
        found = self.rule_sets.get("remedies")
        return found if isinstance(found, RemedyRules) else None

    @property
    def problem_rules(self) -> ProblemRules | None:
        """When like complaints become a suspected problem; None where nothing says so."""
        found = self.rule_sets.get("problems")
        return found if isinstance(found, ProblemRules) else None

    @property
    def reply_rules(self) -> ReplyRules | None:
        """What is asked of replies; None where nothing is."""
        found = self.rule_sets.get("replies")
        return found if isinstance(found, ReplyRules) else None

    @property
    def notices(self) -> Notices | None:
        """Who is told what; None where nothing says so."""
        found = self.rule_sets.get("notices")
        return found if isinstance(found, Notices) else None

    def code(self, list_id: str, text: str | None) -> str | None:
        """Return the published code that ``text`` spells, or None."""
        found = self.code_lists.get(list_id)
        return found.code_of(text) if found else None


def activate(book: Book, event: ConfigurationActivated) -> Book:
    """Return the book after an activation. Kinds that nothing decides by yet leave it alone."""
    match event.kind:
        case "desk":
            return replace(book, desk=Desk.model_validate(event.content), desk_activated=True)
        case "calendar":
            return replace(
                book,
                calendars={**book.calendars, (event.id, event.version): Calendar.model_validate(event.content)},
                latest_calendar={**book.latest_calendar, event.id: event.version},
            )
        case "rule_set" if event.id == LIVE_IMPORTS:
            return replace(book, live_imports=(*book.live_imports, LiveImports.model_validate(event.content)))
        case "rule_set" if event.content.get("concern") in CONCERNS:
            concern = str(event.content["concern"])
            made = CONCERNS[concern].model_validate(event.content)
            return replace(book, rule_sets={**book.rule_sets, concern: made})
        case "policy" | "code_list" | "figures" | "fields" | "survey" | "template" | "roles":
            return _with_latest(book, event)
        case "rule_set":
            return book
    assert_never(event.kind)


_LATEST: Final[Mapping[str, tuple[str, type[BaseModel]]]] = {
    "policy": ("policies", Policy),
    "code_list": ("code_lists", CodeList),
    "figures": ("figures", Figures),
    "fields": ("fields", Fields),
    "survey": ("surveys", Survey),
    "template": ("templates", Template),
    "roles": ("roles", Role),
}
"""Kinds of which the latest version by id is in force: where the book has it, and what it is."""


def _with_latest(book: Book, event: ConfigurationActivated) -> Book:
    place, kind = _LATEST[event.kind]
    found = {**getattr(book, place), event.id: kind.model_validate(event.content)}
    latest: dict[str, Any] = {place: found}
    return replace(book, **latest)


def fold(events: Iterable[ConfigurationActivated]) -> Book:
    """Return what is in force after these activations, in log order."""
    book = Book()
    for event in events:
        book = activate(book, event)
    return book


def holds(
    book: Book,
    item: Calendar | Policy | Desk | CodeList | Figures | Fields | LiveImports | Role | RuleSet | Survey | Template,
) -> bool:
    """Whether ``item`` is in force already, in this version or a higher one."""
    if isinstance(item, RuleSet):
        return item.concern in book.rule_sets and book.rule_sets[item.concern].version >= item.version
    match item:
        case Calendar():
            return book.latest_calendar.get(item.id, 0) >= item.version
        case Policy():
            return item.id in book.policies and book.policies[item.id].version >= item.version
        case CodeList():
            return item.id in book.code_lists and book.code_lists[item.id].version >= item.version
        case Figures():
            return item.id in book.figures and book.figures[item.id].version >= item.version
        case Fields():
            return item.id in book.fields and book.fields[item.id].version >= item.version
        case Role():
            return item.id in book.roles and book.roles[item.id].version >= item.version
        case Survey():
            return item.id in book.surveys and book.surveys[item.id].version >= item.version
        case Template():
            return item.id in book.templates and book.templates[item.id].version >= item.version
        case Desk():
            return book.desk_activated and book.desk.version >= item.version
        case LiveImports():
            return any(one.version >= item.version for one in book.live_imports)
    assert_never(item)
