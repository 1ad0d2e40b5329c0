"""A file that was changed under the version that is in force is told; nothing else is."""

from consumers.wiring import presets
from engine.configuration import in_force
from engine.configuration.activation import activation
from engine.configuration.unheeded import unheeded
from schemas.configuration import Configuration, load
from schemas.configuration.activated import ConfigurationActivated
from schemas.configuration.notices import Notices


def book_of(items: list[Configuration]) -> in_force.Book:
    events = [event for event in map(activation, items) if isinstance(event, ConfigurationActivated)]
    return in_force.fold(events)


def test_what_is_in_force_as_its_file_says_is_heeded() -> None:
    shipped = presets.shipped([one.item.id for one in presets.all_shipped() if one.optional])
    assert unheeded(shipped, book_of(shipped)) == []
    assert unheeded(shipped, in_force.Book()) == []


def test_a_change_without_a_higher_version_is_told_and_one_with_it_is_not() -> None:
    shipped = presets.shipped()
    book = book_of(shipped)
    notices = next(one for one in shipped if isinstance(one, Notices))
    changed = notices.model_copy(update={"company": "Kettles"})
    assert unheeded([changed], book) == [changed]
    assert unheeded([changed.model_copy(update={"version": notices.version + 1})], book) == []


def test_a_calendar_with_holidays_of_its_own_is_compared_too() -> None:
    text = "kind: calendar\nid: shop\nversion: 1\ntimezone: UTC\nweek: {mon: ['09:00-18:00']}\nholidays: [2026-01-05]\n"
    first, other = (load(one, "shop.yaml") for one in (text, text.replace("01-05", "01-12")))
    assert unheeded([other], book_of([first])) == [other]
    assert unheeded([first], book_of([first])) == []
