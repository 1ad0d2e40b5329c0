"""What is asked of a reply before it goes out, and how much of it people score.

A rule set of concern ``replies``. What each check looks for stands in ``engine/text/quality.py``.
``cases`` say what the rules mean: ``plaint rules test`` runs them.
"""

from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from schemas.words import Code

ReplyCheck = Literal[
    "greeting_missing", "apology_missing", "cause_missing", "help_missing", "alternative_missing", "end_missing",
    "explanation_alone", "question_unanswered", "promise_without_date", "no_fault_unsaid",
    "stock_phrase", "officialese", "long_sentence", "noun_chain",
    "blame", "defence",
    "same_text", "wrong_name", "wrong_number", "personal_data_in_public", "data_of_others",
]  # fmt: skip
Severity = Literal["block", "warn", "ignore"]
"""A reply with something to ``block`` is refused, unless a person sends it with a written reason; ``warn`` is
stored with the reply; ``ignore`` is not looked for."""


class ReplyGiven(BaseModel):
    """A reply as a case of the rules has it, and what is known of its complaint."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    reply: Annotated[str, Field(min_length=1, max_length=5_000)]
    complaint: Annotated[str, Field(max_length=5_000)] | None = None
    name: Annotated[str, Field(max_length=200)] | None = None
    public: bool = False
    final: bool = True
    no_fault: bool = False


class ReplyExpected(BaseModel):
    """What must come of it: exactly these findings, in any order, and whether it may go out."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    finds: tuple[ReplyCheck, ...] = ()
    passes: bool = True


class ReplyCase(BaseModel):
    """Given this reply, then that is found."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    case: Annotated[str, Field(min_length=1, max_length=200)]
    given: ReplyGiven
    then: ReplyExpected


class ReplyRules(BaseModel):
    """What is asked of replies. Unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    id: Code
    version: Annotated[int, Field(ge=1)]
    concern: Literal["replies"]
    calendar: Code | None = None
    """By which a promised span is counted and a promised day ends; left out: in UTC, working time as plain time."""
    otherwise: Severity = "warn"
    """For checks that ``checks`` does not name."""
    checks: dict[ReplyCheck, Severity] = Field(default_factory=dict)
    least_score: Annotated[int, Field(ge=0, le=100)] = 0
    """A final reply with a lower score does not go out without a person's written reason."""
    ours: tuple[Annotated[str, Field(max_length=200)], ...] = ()
    """Addresses and telephone numbers of the company's, or a domain as ``@shop.example``: nobody's personal data."""
    scored_per_week: Annotated[int, Field(ge=0, le=1000)] = 3
    """So many replies of each handler are scored by another person every week."""
    cases: tuple[ReplyCase, ...] = ()

    def severity(self, check: ReplyCheck) -> Severity:
        """Return what is done about a finding."""
        return self.checks.get(check, self.otherwise)

    @model_validator(mode="after")
    def _cases_are_told_apart(self) -> Self:
        if problems := list(self._problems()):
            raise ValueError("\n".join(problems))
        return self

    def _problems(self) -> Iterator[str]:
        names = [one.case for one in self.cases]
        for index, name in enumerate(names):
            if name in names[:index]:
                yield f"cases.{index}.case: '{name}' stands twice; give each case a name of its own"
