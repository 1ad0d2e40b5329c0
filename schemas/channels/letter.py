"""A paper letter, entered by whoever opened it: days, never hours."""

from dataclasses import replace
from datetime import date
from typing import Literal

from schemas.channels.generic import Structured
from schemas.channels.message import Author, Message
from schemas.input import Day, Line


class LetterMessage(Structured):
    """A letter. ``arrived_on`` is the mail room's day, the claim that a trusted mail room's clock starts by.

    ``dated`` is what its writer put on it: only a hint, a letter can be dated back. ``id`` is the
    number in the mail room's register; ``registered_by`` names who entered it.
    """

    channel: Literal["letter"]
    arrived_on: Day
    dated: Day | None = None
    sender: Author | None = None
    registered_by: Line = ""

    def _claimed(self) -> date:
        return self.arrived_on

    def to_message(self) -> Message:
        letter = self._message("letter")
        return replace(
            letter,
            author=self.sender or self.author,
            taken_by=self.registered_by or None,
            hints=replace(self.hints, written_on=self.dated or self.hints.written_on),
        )
