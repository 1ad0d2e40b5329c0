"""A command as a broker carries it, bare or as the data of a CloudEvent; HTTP has routes of its own."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from schemas.input import MAX_LINE, InputRefused, Instant, first_fault


class CommandRefused(InputRefused):
    """What arrived is no command that can be read; the refusal repeats nothing of it."""


class CommandMessage(BaseModel):
    """A command for one case. Its fields are those of the command of that name.

    ``id`` is unique per sender: the same one again changes nothing. Where a CloudEvent carries it, the
    event's source and id stand for an absent one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    stream: UUID
    """The case, feedback or problem that it is for."""
    name: Annotated[str, StringConstraints(pattern=r"^[a-z]+\.[a-z_]+$", max_length=120)]
    """Such as ``complaint.assign``."""
    command: dict[str, Any] = Field(default_factory=dict)
    id: Annotated[str, StringConstraints(min_length=1, max_length=MAX_LINE)]
    why: Annotated[str, StringConstraints(max_length=4_000)] | None = None
    """A reason in words; personal, and sealed with the event."""
    expected: Annotated[int, Field(ge=0, lt=1_000_000_000)] | None = None
    """The version of the case that it was made for; another one and it is refused."""
    occurred_at: Instant | None = None
    """When it happened; counts where the sender may say so."""

    def __repr__(self) -> str:
        return "<CommandMessage>"

    __str__ = __repr__


def read_command(data: object) -> CommandMessage:
    """Return the command in a JSON value.

    Raises:
        CommandRefused: it is none.
    """
    try:
        return CommandMessage.model_validate(data)
    except ValidationError as error:
        raise CommandRefused(*first_fault(error)) from None
