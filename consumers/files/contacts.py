"""A list of people whom a survey may ask: CSV with a header, or JSON Lines; each row becomes one enrolment."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from consumers.files.ingest import BATCH, LINES, MOST_PROBLEMS, Submit
from consumers.files.record import Record, Source
from consumers.files.rejected import RejectedLines, Rejection
from consumers.files.tables import records
from engine.configuration.in_force import Book
from engine.incoming import Asked, Circumstances, Done, Refused, Result
from engine.streams_of import respondent
from engine.taking import Keyed
from schemas.channels.message import Contact
from schemas.configuration.mapping import Csv
from schemas.configuration.survey import Survey
from schemas.envelope import FileSource
from schemas.input import first_fault
from schemas.streams.survey import EnrolRespondent
from schemas.words import ContactKind, Language

_MOST_OCTETS: Final = 64 * 1024
"""Of one line of JSON."""


class Person(BaseModel):
    """One row. ``email`` or ``phone`` must be there; other columns are ignored, an empty cell says nothing."""

    model_config = ConfigDict(frozen=True, extra="ignore", str_strip_whitespace=True)
    email: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$", max_length=320)] | None = None
    phone: Annotated[str, Field(pattern=r"^\+?[0-9 ()./-]{5,40}$")] | None = None
    name: Annotated[str, Field(max_length=200)] | None = None
    language: Language | None = None
    location: str | None = None
    customer_segment: str | None = None
    business_unit: str | None = None

    def __repr__(self) -> str:
        return "<Person>"

    @property
    def contact(self) -> Contact | None:
        """How he is known again, and asked: by e-mail before telephone."""
        kind: ContactKind = "email" if self.email else "phone"
        value = self.email or self.phone
        return None if value is None else Contact(kind=kind, value=value)


@dataclass(slots=True)
class Enrolled:
    """What came of a list. ``already``: known before. ``declined`` want to be asked no more, and are not."""

    read: int = 0
    enrolled: int = 0
    already: int = 0
    declined: int = 0
    refused: int = 0
    rejected: int = 0
    problems: list[Rejection] = field(default_factory=list)
    """The first of the rejected; all stand in FILE.rejected.report."""

    def count(self, result: Result) -> None:
        """Count one result."""
        match result:
            case Done(events=0) | Done(already=True):
                self.already += 1
            case Done():
                self.enrolled += 1
            case Refused(code="opted_out"):
                self.declined += 1
            case _:
                self.refused += 1


@dataclass(frozen=True, slots=True)
class Enrolling:
    """Takes lists of people to one survey. ``around`` is completed with file and line."""

    submit: Submit
    survey: Survey
    book: Book
    keyed: Keyed
    around: Circumstances
    clock: Callable[[], datetime]

    def file(self, path: Path) -> Enrolled:
        """Enrol everybody in a file; a row that cannot be taken goes to FILE.rejected, the rest goes on.

        The same file again changes nothing.

        Raises:
            OSError: it cannot be read.
            consumers.files.record.Unreadable: it is no list as a whole.
        """
        done, batch = Enrolled(), list[Asked]()
        with path.open("rb") as raw, RejectedLines(path.with_name(path.name + ".rejected")) as aside:
            digest = hashlib.file_digest(raw, "sha256").hexdigest()
            raw.seek(0)
            for record in _records(Source(raw, path.name), path):
                done.read += 1
                person = _person(record)
                if isinstance(person, Rejection):
                    aside.add(record.raw, person)
                    done.rejected += 1
                    done.problems += [person] if len(done.problems) < MOST_PROBLEMS else []
                    continue
                batch.append(self._asked(*person, digest, record.line))
                if len(batch) == BATCH:
                    self._send(batch, done)
                    batch = []
            self._send(batch, done)
        return done

    def _send(self, batch: Sequence[Asked], done: Enrolled) -> None:
        if batch:
            for result in self.submit(batch, self.clock()):
                done.count(result)

    def _asked(self, person: Person, contact: Contact, digest: str, line: int) -> Asked:
        campaign, code = self.survey.campaign, self.book.code
        command = EnrolRespondent(
            survey=self.survey.id,
            kind=contact.kind,
            contact=contact.value,
            name=person.name or None,
            language=person.language,
            location=code("location", person.location),
            customer_segment=code("customer_segment", person.customer_segment),
            business_unit=code("business_unit", person.business_unit) or (campaign.business_unit if campaign else None),
        )
        source = FileSource(file=digest, line=line)
        around = replace(self.around, source=source, received_at=self.clock())
        return Asked(respondent(contact.octets, self.keyed), command, f"{digest}/{line}/{self.survey.id}", around)


def _records(source: Source, path: Path) -> Iterator[Record]:
    if path.suffix.lower() in LINES:
        return _lines(source)
    return records(source, Csv(kind="csv", id="email", key="contacts", columns=()))


def _lines(source: Source) -> Iterator[Record]:
    number = 0
    while octets := source.readline(_MOST_OCTETS):
        number += 1
        if octets.strip():
            yield Record(number, (), octets)


def _person(record: Record) -> tuple[Person, Contact] | Rejection:
    if record.flaw is not None:
        return record.flaw
    try:
        said = dict(record.rows[0].values) if record.rows else orjson.loads(record.raw)
        filled = {name: value for name, value in said.items() if value != ""} if isinstance(said, dict) else said
        person = Person.model_validate(filled)
    except orjson.JSONDecodeError:
        return Rejection(record.line, None, 'not JSON; write one object on a line, such as {"email": ...}')
    except ValidationError as error:
        place, reason, fix = first_fault(error)
        return Rejection(record.line, place or None, f"{reason}; {fix}")
    contact = person.contact
    if contact is None:
        return Rejection(record.line, "email", "names no way to reach anybody; fill in email, or phone")
    return person, contact
