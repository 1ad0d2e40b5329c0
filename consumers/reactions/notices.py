"""Who must be told is told: each notice is written once per cause into the case, and sent by others.

The rules in force say whom an event concerns and which template it is written from; the text, the rule
and the template's version stand in the record. Nothing is sent here, so a replay sends nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

import structlog

from consumers.reactions import letters, repeats, routing
from consumers.reactions.following import Reaction, World, proposed
from consumers.reactions.letters import File
from engine.configuration.in_force import Book
from engine.incoming import Asked
from engine.rules import notices
from engine.rules.reaching import Way, in_public, way_to
from engine.sla.calendar import compile_calendar, from_us, to_us
from engine.sla.worktime import add_open
from engine.store.batch import Recorded
from engine.text.wording import NotWritable
from projections.runtime.progress import Missing, NotYet
from projections.views.cases import usual
from schemas.catalogue import EVENTS
from schemas.complaint.assignment import ComplaintEscalated
from schemas.complaint.correspondence import Queued, RecordMessage
from schemas.complaint.registration import Acknowledge
from schemas.configuration.notices import NoticeRule, Notices
from schemas.words import Code, Purpose, RuleRef, Visibility

NAME: Final = "notices"
_OF_LATE: Final = timedelta(days=365)
"""Which complaints tell how long one takes."""
_log = structlog.get_logger()


def react(events: Sequence[Recorded], world: World) -> list[Asked]:
    """Return a message for everybody whom the rules in force want told of these events."""
    book = world.book()
    rules = book.notices
    if rules is None:
        return []
    wanted = {rule.event for rule in rules.rules}
    causes = [one for one in events if one.event.NAME.rpartition(".v")[0] in wanted]
    histories = world.store.read.streams({one.stream for one in causes}, open=True)
    files = {
        stream: letters.file_of(stream, history, book, rules, world.now()) for stream, history in histories.items()
    }
    opened = {one.position: one for history in histories.values() for one in history}
    return [asked for one in causes for asked in _told(opened.get(one.position, one), files[one.stream], world)]


REACTION: Final = Reaction(
    NAME,
    frozenset(name for name in EVENTS if name.startswith("complaint.")),
    react,
    follows=(routing.NAME, repeats.NAME),
)
"""Whoever complains is told when it is known what about, and not before it is known whether he is real."""


def _told(cause: Recorded, file: File | None, world: World) -> Iterator[Asked]:
    if file is None:
        return
    for rule in notices.telling(cause.event, cause.envelope.actor, letters.seen(file), file.rules):
        try:
            message = _staff(rule, cause, file) if rule.to_staff else _complainant(rule, cause, file, world)
        except NotWritable as error:
            _log.error("notice_not_written", rule=rule.rule, template=rule.template, field=error.field)
            continue
        if message is not None:
            by = ref(file.rules, rule.rule)
            yield proposed(NAME, cause, message, world, what=rule.rule, rule=by)
            yield from _acknowledged(rule, cause, file, message, world)


def ref(rules: Notices, rule: str) -> RuleRef:
    """Return how the record names a rule of this set."""
    return RuleRef(rule_set=rules.id, version=rules.version, rule=rule)


def _acknowledged(
    rule: NoticeRule, cause: Recorded, file: File, message: RecordMessage, world: World
) -> Iterator[Asked]:
    """Once the complainant knows number and time, the record says that he was told."""
    if rule.purpose != "acknowledgement" or rule.visibility == "public" or rule.to_staff:
        return
    facts = letters.of_case(file)
    told = Acknowledge(channel=message.channel, topic=facts["topic"], expected_by=facts["expected_by"])
    yield proposed(NAME, cause, told, world, what=f"{rule.rule}/told", rule=ref(file.rules, rule.rule))


# ------------------------------------------------------------------------------------------------ messages


def _complainant(rule: NoticeRule, cause: Recorded, file: File, world: World) -> RecordMessage | None:
    """Return the word to the complainant; None where no program can reach him."""
    channel = file.case.registration.channel
    way = in_public(channel) if rule.visibility == "public" else way_to(file.parties, channel)
    if way is None:
        return None
    message = notices.message_id(rule, cause.envelope.event_id, letters.seen(file))
    words = Words(rule.template, message, rule.purpose, _not_before(rule, file), rule.visibility)
    facts = letters.of_event(file, cause.event)
    if rule.purpose == "acknowledgement" and letters.of_case(file)["expected_by"] is None:
        facts["usual_days"] = _usual(file, world)
    return to_complainant(file, way, words, facts)


def _usual(file: File, world: World) -> int | None:
    """Return what such cases really took, as far as the views have come: no acknowledgement waits for them."""
    try:
        with world.views.snapshot([usual.NAME]) as snapshot:
            return usual.days(snapshot, letters.topic(file), file.now - _OF_LATE)
    except (Missing, NotYet):
        return None


class Words(NamedTuple):
    """Which template a message to the complainant is written from, and how the case records it."""

    template: Code
    message: UUID
    purpose: Purpose
    not_before: datetime | None = None
    visibility: Visibility = "private"


def to_complainant(file: File, way: Way, words: Words, facts: Mapping[str, object]) -> RecordMessage | None:
    """Return a message to the complainant; None where its template is not in force.

    Raises:
        NotWritable: the template fails over these facts.
    """
    template = file.book.templates.get(words.template)
    if template is None:
        return None
    text, rendered = letters.written(file, template, way.channel, facts)
    same_channel = way.channel == file.case.registration.channel
    return RecordMessage(
        message=words.message,
        counterparty=way.counterparty,
        visibility=words.visibility,
        automated=True,
        purpose=words.purpose,
        to=way.to,
        channel=way.channel,
        in_reply_to=file.case.registration.message if same_channel else None,
        subject=text.subject,
        body=text.body,
        queued=Queued(not_before=words.not_before),
        rendered=rendered,
    )


def _staff(rule: NoticeRule, cause: Recorded, file: File) -> RecordMessage | None:
    """Return the word to the desk; None where neither a person nor a mailbox is known that could be told."""
    template = file.book.templates.get(rule.template)
    staff, team = _of_ours(rule, cause, file)
    mailbox = file.rules.mailbox_of(team)
    if template is None or (staff is None and mailbox is None):
        return None
    told_from = cause.event.notify_from if isinstance(cause.event, ComplaintEscalated) else None
    text, rendered = letters.written(file, template, "email", letters.of_event(file, cause.event))
    return RecordMessage(
        message=notices.message_id(rule, cause.envelope.event_id, letters.seen(file)),
        counterparty="staff",
        automated=True,
        purpose=rule.purpose,
        to=mailbox,
        channel="email" if mailbox is not None else "other",
        subject=text.subject,
        body=text.body,
        queued=Queued(
            not_before=_not_before(rule, file, told_from), bundled=rule.bundle_minutes > 0, staff=staff, team=team
        ),
        rendered=rendered,
    )


def _of_ours(rule: NoticeRule, cause: Recorded, file: File) -> tuple[str | None, str | None]:
    """Return the person and the team that are told."""
    held = file.case.assignment
    if rule.tell == "escalated" and isinstance(cause.event, ComplaintEscalated):
        return cause.event.to, cause.event.team or held.team
    return (None if rule.tell == "team" else held.assignee), held.team


def _not_before(rule: NoticeRule, file: File, at_least: datetime | None = None) -> datetime | None:
    return notices.tell_from(rule, file.now, lambda name, at: opens(file.book, name, at), at_least)


def opens(book: Book, calendar: str, at: datetime) -> datetime:
    """Return when a calendar is open next, ``at`` itself where it is; one that is not in force is always open."""
    if calendar not in book.latest_calendar:
        return at
    return max(at, from_us(add_open(compile_calendar(book.calendar(calendar)), to_us(at), 1) - 1))
