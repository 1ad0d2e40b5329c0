"""The Book: which configuration is in force, folded from ``configuration.activated``."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import assert_never

from schemas.configuration.activated import ConfigurationActivated
from schemas.configuration.calendar import Calendar
from schemas.configuration.desk import Desk
from schemas.configuration.policy import Policy


@dataclass(frozen=True, slots=True)
class Book:
    """What is in force. Older versions of calendars stay readable, since complaints pin them."""

    desk: Desk = field(default_factory=lambda: Desk(id="default", version=1))
    policies: Mapping[str, Policy] = field(default_factory=dict)
    """By id, the latest version, in order of first activation; selection goes through them in that order."""
    calendars: Mapping[tuple[str, int], Calendar] = field(default_factory=dict)
    latest_calendar: Mapping[str, int] = field(default_factory=dict)

    def calendar(self, id: str, version: int | None = None) -> Calendar:
        """Return a calendar: the pinned version, or the latest.

        Raises:
            KeyError: no such calendar was ever activated.
        """
        return self.calendars[id, self.latest_calendar[id] if version is None else version]


def activate(book: Book, event: ConfigurationActivated) -> Book:
    """Return the book after an activation. Kinds that nothing decides by yet leave it alone."""
    match event.kind:
        case "desk":
            return replace(book, desk=Desk.model_validate(event.content))
        case "policy":
            return replace(book, policies={**book.policies, event.id: Policy.model_validate(event.content)})
        case "calendar":
            return replace(
                book,
                calendars={**book.calendars, (event.id, event.version): Calendar.model_validate(event.content)},
                latest_calendar={**book.latest_calendar, event.id: event.version},
            )
        case "code_list" | "rule_set" | "template" | "survey" | "roles" | "fields":
            return book
    assert_never(event.kind)


def fold(events: Iterable[ConfigurationActivated]) -> Book:
    """Return what is in force after these activations, in log order."""
    book = Book()
    for event in events:
        book = activate(book, event)
    return book
