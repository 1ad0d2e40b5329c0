"""A call record of a call centre: who called when, what was said or what the agent made of it."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from schemas.channels.generic import Structured
from schemas.channels.message import Author, Contact, Message
from schemas.input import Instant, Line, Text
from schemas.words import Direction

MAX_CALL = 7 * 24 * 3600  # seconds


class CallMessage(Structured):
    """One call. ``transcript`` holds the words, ``summary`` the agent's account of them."""

    channel: Literal["call"]
    started_at: Instant
    duration_seconds: Annotated[int, Field(ge=0, le=MAX_CALL)] | None = None
    direction: Direction = "inbound"
    agent: Line = ""
    caller_number: Line = ""
    transcript: Text = ""
    summary: Text = ""

    def _claimed(self) -> datetime:
        return self.started_at

    def _said(self) -> str:
        return "\n\n".join(part for part in (self.summary, self.text, self.transcript) if part.strip())

    def to_message(self) -> Message:
        said = self._message("call")
        return replace(said, author=self._caller(), taken_by=self.agent or None, direction=self.direction)

    def _caller(self) -> Author:
        """Add the number that the exchange saw to the contacts that the agent noted."""
        if not self.caller_number:
            return self.author
        seen = Contact(kind="phone", value=self.caller_number)
        noted = tuple(contact for contact in self.author.contacts if contact.comparable != seen.comparable)
        return replace(self.author, contacts=(seen, *noted))
