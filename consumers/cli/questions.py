"""How the command line asks the views: caught up with the log, at one position."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, time
from typing import Annotated, Literal
from uuid import UUID

from cyclopts import Parameter

from consumers.cli import output
from consumers.cli.session import sender
from consumers.wiring import views
from consumers.wiring.build import Installation
from engine.store.access_log import Access
from projections.answers import Snapshot
from projections.replay.as_of import BadWhen, When
from projections.runtime.progress import Name
from projections.views.cases import ask as cases

Json = Annotated[bool, Parameter(negative="", help="Print JSON.")]
Language = Annotated[
    Literal["en", "ru"] | None, Parameter(help="Of the words; absent: the language of this installation.")
]
Case = Annotated[str, Parameter(help="A case number such as PL-7GWFC-2W3X1, or an id.")]


def spoken(here: Installation, language: Literal["en", "ru"] | None) -> Literal["en", "ru"]:
    """Return the language asked for, or else that of the installation."""
    return language or ("ru" if here.settings.language == "ru" else "en")


def note(here: Installation, case: UUID, what: Literal["case", "history"], *, texts: bool = True) -> None:
    """Record who reads a case, before it is shown; without texts only where every reading is to be recorded."""
    if texts or here.settings.access_log == "cases":
        here.store.access_log.note(Access(actor=sender(here).actor, what=what, stream=case))


def point(text: str, option: str) -> When:
    """Return the point of a history that a text names.

    Raises:
        Stop: it names none.
    """
    try:
        return When.of(text, option)
    except BadWhen as error:
        output.stop(output.USAGE, str(error))


def place(pointer: str) -> str:
    """Return a JSON Pointer as a person reads a place: parties.0.name."""
    return pointer.lstrip("/").replace("/", ".")


@contextmanager
def snapshot(here: Installation, names: Sequence[Name]) -> Iterator[Snapshot]:
    """Lend the views as of the log's end: this process brings them there, or waits for the one that does."""
    views.runner(here).catch_up()
    with here.views.snapshot(names) as seen:
        yield seen


def case_id(here: Installation, reference: str) -> UUID:
    """Return the case that a number or an id names; an id needs no view.

    Raises:
        Stop: there is no such case.
    """
    found: UUID | None = None
    try:
        return UUID(reference)
    except ValueError:
        if _is_text(reference):
            with snapshot(here, [cases.NAME]) as seen:
                found = cases.find(seen, reference)
    if found is None:
        output.stop(output.NOT_FOUND, f"no case '{reference}'; 'plaint case list' shows the numbers")
    return found


def _is_text(argument: str) -> bool:
    """Whether an argument's octets were text; those that were not arrive as lone surrogates."""
    return argument.isprintable()


def instant(text: str, option: str) -> datetime:
    """Return the instant that a text of ISO 8601 names; a bare date is its end in UTC, no offset means UTC.

    Raises:
        Stop: it names none.
    """
    try:
        if len(text) == len("2026-11-22"):
            return datetime.combine(date.fromisoformat(text), time.max, UTC)
        read = datetime.fromisoformat(text)
    except ValueError:
        output.stop(
            output.USAGE, f"{option} takes an instant such as 2026-11-22T09:30:00Z or a date such as 2026-11-22"
        )
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def shown(at: datetime | None, on: date | None = None) -> str:
    """Return a time for a table: to the minute in UTC, or the day where only that is known."""
    if at is not None:
        return at.astimezone(UTC).strftime("%Y-%m-%d %H:%MZ")
    return on.isoformat() if on else ""
