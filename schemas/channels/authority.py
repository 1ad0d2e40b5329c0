"""A complaint that a regulator, ombudsman or court forwards, with its own number and its own deadline."""

from dataclasses import replace
from datetime import date, datetime
from typing import Literal

from pydantic import Field

from schemas.channels.generic import Structured
from schemas.channels.message import Author, ExternalRef, Message, foreign_id
from schemas.input import Day, Id, When


class AuthorityMessage(Structured):
    """The authority writes, on behalf of a complainant.

    ``reference`` is the authority's number of the matter: later messages under it belong together.
    ``arrived_on`` is when it came to us, ``forwarded_on`` the day on the authority's letter;
    ``answer_by`` is the deadline the authority sets.
    """

    channel: Literal["authority"]
    authority: Id
    reference: Id
    forwarded_on: Day
    arrived_on: When | None = None
    answer_by: When | None = None
    complainant: Author = Field(default_factory=Author)

    def _claimed(self) -> datetime | date:
        return self.arrived_on or self.forwarded_on

    def _scope(self) -> str:
        return self.authority

    def _thread(self) -> str:
        return foreign_id(self.authority, self.reference)

    def to_message(self) -> Message:
        reference = ExternalRef(system=self.authority, number=self.reference, dated=self.forwarded_on)
        return replace(
            self._message("authority"),
            author=replace(self.author, role="authority", name=self.author.name or self.authority),
            on_behalf_of=replace(self.complainant, role=self.complainant.role or "complainant"),
            hints=replace(
                self.hints,
                answer_by=self.answer_by or self.hints.answer_by,
                external_refs=(reference, *self.hints.external_refs),
            ),
        )
