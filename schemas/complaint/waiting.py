"""Waiting for somebody's information, and its end."""

from datetime import date
from typing import ClassVar
from uuid import UUID

from pydantic import Field

from schemas.complaint.base import Command, Event, Right
from schemas.words import Instant, MessageId, Personal, WaitFor


class InformationRequested(Event):
    """We wait for somebody; only waiting for the complainant pauses clocks."""

    NAME: ClassVar[str] = "complaint.information_requested.v1"
    request_id: UUID
    from_: WaitFor = Field(default="complainant", alias="from")
    what: Personal[str] | None = None
    answer_by: Instant | date | None = None
    message: MessageId | None = None


class InformationProvided(Event):
    """A request is answered; without ``request_id`` all requests to ``from_`` are."""

    NAME: ClassVar[str] = "complaint.information_provided.v1"
    request_id: UUID | None = None
    from_: WaitFor = Field(default="complainant", alias="from")
    message: MessageId | None = None


class RequestInformation(Command):
    """Ask somebody for what is missing."""

    NAME: ClassVar[str] = "complaint.request_information"
    RIGHT: ClassVar[Right] = "handle"
    request_id: UUID | None = None
    from_: WaitFor = Field(default="complainant", alias="from")
    what: str | None = None
    answer_by: Instant | date | None = None
    message: MessageId | None = None


class ProvideInformation(Command):
    """Say that what was asked for is there."""

    NAME: ClassVar[str] = "complaint.provide_information"
    RIGHT: ClassVar[Right] = "handle"
    request_id: UUID | None = None
    from_: WaitFor = Field(default="complainant", alias="from")
    message: MessageId | None = None
