"""Who must be told of an event, and from when on. Pure: an event, what its case shows, the rules in force.

Every rule that listens to the event is judged, and says why it tells nobody where it does not, so that
an explanation can show what else would have matched.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

from engine.ids import derived
from schemas.complaint.assignment import ComplaintAssigned, ComplaintEscalated
from schemas.complaint.base import Event
from schemas.complaint.clocks import DeadlineExtended, DeadlineMissed
from schemas.complaint.correspondence import MessageRecorded
from schemas.complaint.investigation import InvestigationStarted
from schemas.complaint.lifecycle import ComplaintClosed, ComplaintRated, ComplaintReopened, SurveyInvited
from schemas.complaint.waiting import InformationRequested
from schemas.configuration.notices import NoticeRule, Notices
from schemas.words import ExitReason, Purpose

ACTOR: Final = "rule:notices"
OPT_OUT: Final = ("notices", "none")
"""Field of a case, and its value, by which a complainant is told no more than he must be."""
_MUST: Final[frozenset[Purpose]] = frozenset({"acknowledgement", "notice", "question"})
"""What a complainant is told whatever he opted out of: without it he would not know what became of his matter."""
_SILENT: Final[frozenset[ExitReason]] = frozenset({"spam_or_bot", "duplicate"})
"""After these exits nobody waits for a word of ours."""

_OUTLIVE: Final = frozenset({"promise", "action", "remedy", "public_closing"})
"""Clocks that bind us when the case is closed, too."""

Because = Literal[
    "fields_differ", "public_differs", "marks_are_better", "told_by_message", "by_ourselves", "own_act", "moved_on",
    "left", "suspected", "opted_out", "too_many",
]  # fmt: skip
"""Why a rule that listens to the event tells nobody."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a case shows when it is looked at: codes and facts, no text."""

    stream: UUID
    cycle: int
    public: bool = False
    is_open: bool = True
    """Neither resolved nor ended."""
    is_closed: bool = False
    exit: ExitReason | None = None
    team: str | None = None
    assignee: str | None = None
    suspected: bool = False
    """Perhaps no real customer's, see ``engine.text.authenticity``: nothing is answered of itself."""
    opted_out: bool = False
    sent: int = 0
    """Automatic messages to the complainant in this cycle."""


@dataclass(frozen=True, slots=True)
class Considered:
    """A rule that listens to the event, and why it tells nobody; None: it tells."""

    rule: NoticeRule
    because: Because | None = None


def considered(event: Event, event_actor: str, seen: Seen, rules: Notices) -> tuple[Considered, ...]:
    """Return every rule that listens to this event, in the order of the rule set, with its verdict."""
    name = event.NAME.rpartition(".v")[0]
    listening = [rule for rule in rules.rules if rule.event == name]
    return tuple(Considered(rule, _because(rule, event, event_actor, seen, rules)) for rule in listening)


def telling(event: Event, event_actor: str, seen: Seen, rules: Notices) -> tuple[NoticeRule, ...]:
    """Return the rules that tell somebody of this event."""
    return tuple(one.rule for one in considered(event, event_actor, seen, rules) if one.because is None)


def message_id(rule: NoticeRule, event_id: UUID, seen: Seen) -> UUID:
    """Return the id of the message that a rule writes: one for each event, or for each cycle where it says so."""
    if rule.once_per_cycle:
        return derived(seen.stream, f"notice/{rule.rule}/{seen.cycle}")
    return derived(event_id, f"notice/{rule.rule}")


def tell_from(
    rule: NoticeRule, now: datetime, opens: Callable[[str, datetime], datetime], at_least: datetime | None = None
) -> datetime | None:
    """Return before which instant nobody is told; None: at once.

    ``opens`` says when a calendar is open next. What is bundled waits for the end of the stretch of
    ``bundle_minutes`` that ``now`` falls into, the same one for all, so that it leaves in one mail.
    """
    at = max(now, at_least) if at_least is not None else now
    if rule.bundle_minutes:
        stretch = timedelta(minutes=rule.bundle_minutes)
        begun = datetime.min.replace(tzinfo=at.tzinfo)
        at += -(at - begun) % stretch
    if rule.hours != "any":
        at = max(at, opens(rule.hours, at))
    return at if at > now else None


# ------------------------------------------------------------------------------------------------ verdicts


def _because(rule: NoticeRule, event: Event, actor: str, seen: Seen, rules: Notices) -> Because | None:
    return next(iter(_reasons(rule, event, actor, seen, rules)), None)


def _reasons(rule: NoticeRule, event: Event, actor: str, seen: Seen, rules: Notices) -> Iterator[Because]:
    if not _fields_fit(rule, event):
        yield "fields_differ"
    if rule.public is not None and rule.public != seen.public:
        yield "public_differs"
    if rule.score_at_most is not None and (worst_mark(event) or 0) > rule.score_at_most:
        yield "marks_are_better"
    if actor == ACTOR or (isinstance(event, MessageRecorded) and event.automated):
        yield "by_ourselves"
    if _moved_on(event, seen):
        yield "moved_on"
    if rule.to_staff:
        if rule.tell == "handler" and actor == seen.assignee:
            yield "own_act"
    else:
        yield from _to_complainant(rule, event, seen, rules)


def _to_complainant(rule: NoticeRule, event: Event, seen: Seen, rules: Notices) -> Iterator[Because]:
    if _names_its_message(event):
        yield "told_by_message"
    if seen.exit in _SILENT:
        yield "left"
    if seen.suspected:
        yield "suspected"
    if seen.opted_out and rule.purpose not in _MUST:
        yield "opted_out"
    if seen.sent >= rules.most_per_cycle:
        yield "too_many"


def _fields_fit(rule: NoticeRule, event: Event) -> bool:
    if not rule.where:
        return True
    fields = event.model_dump(mode="json", by_alias=True, include=_names(event, set(rule.where)))
    return all(fields.get(name) in tuple(values) for name, values in rule.where.items())


def _names(event: Event, wanted: set[str]) -> set[str]:
    """Return the fields of an event by the names that files use for them."""
    return {own for own, info in type(event).model_fields.items() if (info.alias or own) in wanted}


def worst_mark(event: Event) -> int | None:
    """Return the worst mark of a rating as a share of its scale, in percent."""
    marks: Sequence[int] = (
        [100 * score.score // score.out_of for score in event.scores] if isinstance(event, ComplaintRated) else []
    )
    return min(marks, default=None)


def _names_its_message(event: Event) -> bool:
    """Whether the event itself names the message by which the complainant was told."""
    if isinstance(event, InformationRequested):
        return event.message is not None
    return isinstance(event, DeadlineExtended) and event.notice is not None


def _moved_on(event: Event, seen: Seen) -> bool:
    """Whether the case has left behind what the event says: nobody is told what no longer holds."""
    match event:
        case ComplaintAssigned():
            return (event.assignee, event.team) != (seen.assignee, event.team and seen.team)
        case ComplaintClosed():
            return not seen.is_closed or event.cycle != seen.cycle
        case ComplaintReopened():
            return event.cycle != seen.cycle or not seen.is_open
        case SurveyInvited():
            return event.cycle != seen.cycle or seen.is_open
        case InvestigationStarted() | InformationRequested():
            return not seen.is_open
        case DeadlineMissed() | ComplaintEscalated():
            return _of_what_has_ended(event, seen)
        case _:
            return False


def _of_what_has_ended(event: DeadlineMissed | ComplaintEscalated, seen: Seen) -> bool:
    """Whether a clock speaks that nobody can keep any more; the record has its miss all the same."""
    if event.clock is None or event.clock.partition(":")[0] in _OUTLIVE:
        return False
    return seen.is_closed or event.cycle != seen.cycle
