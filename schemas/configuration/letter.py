"""Letter: what a rule demands to be written to somebody, as a checklist for the one who writes it."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from schemas.words import Code

Line = Annotated[str, Field(min_length=1, max_length=400)]


class Letter(BaseModel):
    """A mandatory letter. Nothing is judged by it; ``clock`` names the clock of the policy that it has to keep."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    id: Code
    title: Line
    clock: str | None = None
    """The kind of clock by whose due it is sent."""
    when: Line | None = None
    """In which case; absent: always."""
    says: Annotated[tuple[Line, ...], Field(min_length=1)]
    """What stands in it, one thing a line."""
    source: Line | None = None
    """The rule that demands it."""
