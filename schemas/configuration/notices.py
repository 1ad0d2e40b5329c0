"""Notices: who is told what, when and in which words, as a rule set of its own (concern ``notices``).

A rule names the event that it answers, whom it tells and the template that is written from. Each rule
tells once per event. What is told is recorded in the case with the rule and its version, and published;
a mail sender takes it from there.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from schemas.configuration.policy import Values
from schemas.configuration.template import WordingLanguage
from schemas.words import ActorId, Code, ExitReason, Purpose, Visibility

EventName = Annotated[str, StringConstraints(pattern=r"^complaint\.[a-z_]{1,60}$")]
Tell = Literal["complainant", "handler", "team", "escalated"]
"""``handler`` is the assignee, or his team where nobody is named; ``escalated`` whom the event calls in."""
Mailbox = Annotated[str, StringConstraints(pattern=r"^[^@\s<>,;\"]{1,64}@[A-Za-z0-9.-]{1,250}$")]
"""A functional address: configuration is stored open, so a person's own address has no place in it."""
PagesAddress = Annotated[str, StringConstraints(pattern=r"^https?://[A-Za-z0-9.:-]{1,250}(/[A-Za-z0-9._~/-]{0,200})?$")]
_TO_STAFF: frozenset[Tell] = frozenset({"handler", "team", "escalated"})


class NoticeRule(BaseModel):
    """One occasion of which somebody is told."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    rule: Code
    event: EventName
    """Stored name without version, such as ``complaint.registered``."""
    where: Mapping[Code, Values] = Field(default_factory=dict)
    """Field of the event -> the values that it may have."""
    public: bool | None = None
    """Only where everybody could (or could not) read the complaint."""
    score_at_most: Annotated[int, Field(ge=0, le=100)] | None = None
    """Of ``complaint.rated``: only where one mark is at most this share of its scale, in percent."""
    tell: Tell
    template: Code
    purpose: Purpose = "other"
    """How the case records it. ``notice`` to a complainant is kept for the word that goes before an exit."""
    visibility: Visibility = "private"
    hours: Code = "any"
    """A calendar outside of whose open hours nobody is told, or ``any``."""
    bundle_minutes: Annotated[int, Field(ge=0, le=1_440)] = 0
    """What the same mailbox is told within so many minutes comes in one mail; 0: each by itself, at once."""
    once_per_cycle: bool = False
    """Not again in the same cycle, however often the event comes."""

    @property
    def to_staff(self) -> bool:
        """Whether the desk is told."""
        return self.tell in _TO_STAFF

    @model_validator(mode="after")
    def _fits_whom_it_tells(self) -> Self:
        if self.to_staff and self.visibility == "public":
            raise ValueError("visibility: the desk is told in private; remove it")
        if not self.to_staff and self.bundle_minutes:
            raise ValueError("bundle_minutes: only mail to the desk is bundled; remove it")
        if self.score_at_most is not None and self.event != "complaint.rated":
            raise ValueError("score_at_most: only complaint.rated has marks; remove it")
        return self


class NoticeCase(BaseModel):
    """Given an event of a case that shows this, then these rules tell, in the order of the rule set."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    case: Annotated[str, Field(min_length=1, max_length=200)]
    event: EventName
    fields: dict[str, Any] = Field(default_factory=dict)
    """Of the event."""
    by: ActorId = "service:desk"
    """Who brought it about."""
    public: bool = False
    opted_out: bool = False
    cycle: Annotated[int, Field(ge=1)] = 1
    stage: Literal["open", "ended", "closed"] = "open"
    exit: ExitReason | None = None
    team: Code | None = None
    assignee: ActorId | None = None
    sent: Annotated[int, Field(ge=0)] = 0
    """Automatic messages to the complainant in this cycle."""
    tells: tuple[Code, ...]


class Waiting(BaseModel):
    """How waiting for the complainant ends, in calendar days from the request."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    remind_after_days: Annotated[tuple[Annotated[int, Field(ge=1, le=365)], ...], Field(max_length=5)] = (7,)
    end_after_days: Annotated[int, Field(ge=2, le=730)] = 21
    """Then he is told that the case ends, and the case leaves by the exit ``customer_unresponsive``."""
    hours: Code = "any"
    """A calendar outside of whose open hours nobody is reminded, or ``any``."""
    reminder: Code = "reminder"
    ending: Code = "unanswered"
    """The templates that both are written from."""

    @model_validator(mode="after")
    def _reminders_come_first(self) -> Self:
        ordered = sorted(set(self.remind_after_days))
        if tuple(ordered) != self.remind_after_days or (ordered and ordered[-1] >= self.end_after_days):
            raise ValueError("remind_after_days: write rising days, each less than end_after_days")
        return self


class Notices(BaseModel):
    """Who is told what. One is in force; a higher version replaces it whole."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    concern: Literal["notices"]
    id: Code
    version: Annotated[int, Field(ge=1)]
    company: Annotated[str, Field(max_length=120)] = ""
    """How letters call the company; empty: they leave it out."""
    contact: Annotated[str, Field(max_length=200)] | None = None
    """Where to write in private: an address of the company or of a page, for answers in public."""
    pages: PagesAddress | None = None
    """Where people outside reach the pages of signed links, such as ``https://complaints.example.com``; left out:
    letters hold no links."""
    calendar: Code = "desk"
    """Times in letters are told in its time zone."""
    language: WordingLanguage = "en"
    """Of letters to somebody whose language nobody knows, and to the desk."""
    mailboxes: dict[Code, Mailbox] = Field(default_factory=dict)
    """Team -> where its mail goes."""
    mailbox: Mailbox | None = None
    """Of teams that have none; left out: only who answers in person is told, through ``complaints.notices``."""
    most_per_cycle: Annotated[int, Field(ge=1, le=1_000)] = 30
    """Automatic messages to one complainant in one cycle; none is written beyond, whatever answers them."""
    waiting: Waiting | None = Field(default_factory=Waiting)
    rules: tuple[NoticeRule, ...]
    cases: tuple[NoticeCase, ...] = ()
    """What the rules are to do, for ``plaint rules test``."""

    @model_validator(mode="after")
    def _each_rule_has_a_name_of_its_own(self) -> Self:
        if found := list(self._twice()):
            raise ValueError("\n".join(found))
        return self

    def _twice(self) -> Iterator[str]:
        seen: set[str] = set()
        for index, one in enumerate(self.rules):
            if one.rule in seen:
                yield f"rules.{index}.rule: '{one.rule}' stands twice; give each rule a name of its own"
            seen.add(one.rule)

    def templates(self) -> Iterator[tuple[tuple[str | int, ...], Code, bool | None]]:
        """Yield the place, the template and whether the desk reads it, of everything that is written."""
        for index, one in enumerate(self.rules):
            yield ("rules", index, "template"), one.template, one.to_staff
        if self.waiting is not None:
            yield ("waiting", "reminder"), self.waiting.reminder, False
            yield ("waiting", "ending"), self.waiting.ending, False

    def mailbox_of(self, team: str | None) -> str | None:
        """Return where the mail of a team goes, if anywhere."""
        return self.mailboxes.get(team, self.mailbox) if team is not None else self.mailbox
