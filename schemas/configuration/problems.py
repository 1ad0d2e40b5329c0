"""When complaints that are alike become a suspected problem: a rule set of concern ``problems``."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from schemas.words import Code


class ProblemRules(BaseModel):
    """From how many like complaints within how many days on somebody has to look. Unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    id: Code
    version: Annotated[int, Field(ge=1)]
    concern: Literal["problems"]
    within_days: Annotated[int, Field(ge=1, le=92)] = 7
    """Complaints received within so many days of one another are compared."""
    least_likeness: Annotated[float, Field(gt=0, le=1)] = 0.25
    """From here on two texts count as alike: 0 nothing in common, 1 the same words."""
    suspect_from: Annotated[int, Field(ge=2)] = 3
    """So many like complaints are one alarm; later ones are counted to the problem without another."""
    tell_when_mended: bool = True
    """Whose complaint belongs to a problem is told when the last action on it is completed."""
