"""Compiled calendars of a book, each compiled once and only when a clock names it."""

from collections.abc import Iterator, Mapping

from engine.configuration.in_force import Book
from engine.sla.calendar import OpenTime, compile_calendar
from schemas.configuration.calendar import Calendar

Version = tuple[str, int]


class Compiled:
    """Keeps what was compiled, for any number of books of one log or of several."""

    def __init__(self) -> None:
        self._kept: dict[Version, tuple[Calendar, OpenTime]] = {}

    def of(self, book: Book) -> Mapping[Version, OpenTime]:
        """Return the calendars of a book by id and version."""
        return _Lazy(book.calendars, self._kept)


class _Lazy(Mapping[Version, OpenTime]):
    def __init__(self, calendars: Mapping[Version, Calendar], kept: dict[Version, tuple[Calendar, OpenTime]]) -> None:
        self._calendars, self._kept = calendars, kept

    def __getitem__(self, version: Version) -> OpenTime:
        calendar = self._calendars[version]
        kept = self._kept.get(version)
        if kept is None or (kept[0] is not calendar and kept[0] != calendar):
            kept = self._kept[version] = (calendar, compile_calendar(calendar))
        return kept[1]

    def __iter__(self) -> Iterator[Version]:
        return iter(self._calendars)

    def __len__(self) -> int:
        return len(self._calendars)
