"""Imported history goes live: a switch that is turned by a command, never by a file."""

from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from schemas.words import Code, Instant

LIVE_IMPORTS: Final = "live-imports"
"""Its id among the rule sets."""


class LiveImports(BaseModel):
    """From ``since`` on, clocks of history that was imported up to a position of the log act like all others.

    What ran out before stays untold. History that is imported later needs a word, and a version, of its own.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    id: Code = LIVE_IMPORTS
    version: Annotated[int, Field(ge=1)]
    through: Annotated[int, Field(ge=1)]
    """Position in the log of the last event that it holds for."""
    since: Instant
