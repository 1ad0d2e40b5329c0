"""Which files say something else than what is in force under the same version, and so change nothing. Pure."""

from collections.abc import Iterable
from typing import assert_never

from engine.configuration.in_force import Book
from schemas.configuration import (
    Calendar,
    CodeList,
    Configuration,
    Desk,
    Fields,
    Figures,
    Policy,
    Role,
    RuleSet,
    Survey,
    Template,
)


def unheeded(configurations: Iterable[Configuration], book: Book) -> list[Configuration]:
    """Return what somebody has changed without a higher version.

    Left out is what may differ of itself: code lists that grow, and calendars whose holidays come from the library.
    """
    return [one for one in configurations if _says_otherwise(one, _standing(one, book))]


def _says_otherwise(one: Configuration, standing: Configuration | None) -> bool:
    return standing is not None and standing.version == one.version and standing != one


def _standing(one: Configuration, book: Book) -> Configuration | None:
    """Return what is in force of this kind under this id."""
    if isinstance(one, RuleSet):
        return book.rule_sets.get(one.concern)
    match one:
        case Calendar():
            return None if one.public_holidays else book.calendars.get((one.id, one.version))
        case Policy():
            return book.policies.get(one.id)
        case Survey():
            return book.surveys.get(one.id)
        case Template():
            return book.templates.get(one.id)
        case Fields():
            return book.fields.get(one.id)
        case Figures():
            return book.figures.get(one.id)
        case Desk():
            return book.desk if book.desk_activated else None
        case Role():
            return book.roles.get(one.id)
        case CodeList():
            return None
    assert_never(one)
