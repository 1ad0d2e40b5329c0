"""Survey: what is asked after a cycle or by a campaign, in which words, and what a bad mark sets off."""

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from schemas.configuration.policy import TargetField
from schemas.words import Code, ExitReason, ZoneName

SurveyLanguage = Literal["en", "ru"]
Source = Literal["list", "closed_cases", "feedback"]
Words = Annotated[str, StringConstraints(min_length=1, max_length=2_000)]
Said = dict[SurveyLanguage, Words]
"""The same in each language; English is always there."""


def said_in(said: Said, language: SurveyLanguage) -> str:
    """Return a text in a language, in English where it has none."""
    return said.get(language) or said["en"]


class Asked(BaseModel):
    """One question: a parameter that gets a mark from 1 to ``out_of``."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    parameter: Code
    out_of: Annotated[int, Field(ge=2, le=10)] = 5
    text: Said
    required: bool = False


class FollowUp(BaseModel):
    """What a bad mark sets off at once: a task for the team of the case, and a higher level that learns of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    bad_percent: Annotated[int, Field(ge=1, le=99)] = 50
    """A mark of at most this share of its best one is bad."""
    within: TargetField
    """Until when somebody must have called in."""
    calendar: Code
    """By which the time is counted."""
    level: Annotated[int, Field(ge=1, le=9)] | None = None
    """Left out: nobody is called in but the team."""
    team: Code | None = None
    """Who is called in; left out: the team of the case."""


class Campaign(BaseModel):
    """Whom a survey asks without an occasion of theirs, and when.

    Without ``dates`` and ``every_weeks`` everybody is asked as soon as he is on the list; otherwise at ``at`` of
    each day of the schedule. Nobody is asked twice by one wave, nor within ``quiet_days`` of any other campaign.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    who: Annotated[tuple[Source, ...], Field(min_length=1)] = ("list",)
    """``list``: whom ``plaint survey invite`` brought, in every wave. ``closed_cases``, ``feedback``: the people of
    cases closed, of thanks and questions received, in the last ``within_days`` before a wave, in that wave."""
    within_days: Annotated[int, Field(ge=1, le=366)] = 30
    dates: tuple[date, ...] = ()
    begins: date | None = None
    """Day of the first wave, where waves come ``every_weeks``."""
    every_weeks: Annotated[int, Field(ge=1, le=104)] | None = None
    at: Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")] = "10:00"
    timezone: ZoneName = "UTC"
    """In which ``at`` and the days count, and in which people are told times."""
    hours: Code | None = None
    """Mail leaves while this calendar is open; left out: at any hour."""
    quiet_days: Annotated[int, Field(ge=0, le=730)] = 90
    template: Code = "campaign"
    """From which invitations and reminders are written."""
    language: SurveyLanguage = "en"
    """Of whom no language is known."""
    business_unit: Code | None = None
    """Whose those are that are brought without a unit."""

    def problems(self) -> Iterator[str]:
        """Yield what does not fit together, by its place."""
        if (self.begins is None) != (self.every_weeks is None):
            yield "begins: begins and every_weeks go together; write both or neither"
        if self.dates and self.every_weeks is not None:
            yield "dates: write dates, or begins with every_weeks; not both"
        if list(self.dates) != sorted(set(self.dates)):
            yield "dates: write rising days, each once"
        try:
            ZoneInfo(self.timezone)
        except (KeyError, ValueError, OSError):
            yield "timezone: there is no such zone; write one such as Europe/Moscow"
        if not self.dates and self.every_weeks is None and set(self.who) != {"list"}:
            yield "who: people of cases are asked in waves; write dates, or begins with every_weeks"


class Survey(BaseModel):
    """A questionnaire. Unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    id: Code
    version: Annotated[int, Field(ge=1)]
    ask: Literal["after_cycle", "by_hand", "campaign"] = "after_cycle"
    """``after_cycle``: whoever has an outcome or was answered at an exit is invited of itself. ``campaign``: as
    ``campaign`` says, complaint or not."""
    campaign: Campaign | None = None
    business_unit: tuple[Code, ...] = ()
    """Only complaints of these; left out: of all."""
    unless_exit: tuple[ExitReason, ...] = (
        "spam_or_bot",
        "duplicate",
        "withdrawn",
        "anonymous",
        "customer_unresponsive",
    )
    """After these exits nobody is asked."""
    valid_days: Annotated[int, Field(ge=1, le=365)] = 30
    """How long the link of an invitation is taken."""
    remind_after_days: tuple[Annotated[int, Field(ge=1, le=364)], ...] = ()
    title: Said
    intro: Said
    incentive: Said | None = None
    """What is given for an answer, as a text; an answer never hangs on the mark."""
    questions: Annotated[tuple[Asked, ...], Field(min_length=1, max_length=12)]
    comment: Said | None = None
    """What the free text is asked by; left out: none is asked for."""
    send: Said
    """What the button says."""
    thanks: Said
    follow_up: FollowUp | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if problems := list(self._problems()):
            raise ValueError("\n".join(problems))
        return self

    def _problems(self) -> Iterator[str]:
        names = [one.parameter for one in self.questions]
        for index, name in enumerate(names):
            if name in names[:index]:
                yield f"questions.{index}.parameter: '{name}' stands twice; ask for it once"
        if (self.ask == "campaign") != (self.campaign is not None):
            yield "campaign: write it with ask: campaign, and only there"
        if self.campaign is not None:
            yield from (f"campaign.{problem}" for problem in self.campaign.problems())
        days = self.remind_after_days
        if list(days) != sorted(set(days)):
            yield "remind_after_days: write rising numbers of days, each once"
        if days and days[-1] >= self.valid_days:
            yield f"remind_after_days: the link is taken for {self.valid_days} days; remind before that"
        texts = {"title": self.title, "intro": self.intro, "send": self.send, "thanks": self.thanks}
        texts |= {f"questions.{index}.text": one.text for index, one in enumerate(self.questions)}
        texts |= {name: said for name, said in (("incentive", self.incentive), ("comment", self.comment)) if said}
        for place, said in texts.items():
            if "en" not in said:
                yield f"{place}: has no English; write en, it stands in for languages that are missing"
