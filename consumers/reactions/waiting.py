"""Waiting for the complainant ends by rule: he is reminded, then told that the case ends, and it ends.

The log says who was asked and has not answered; nothing else is remembered, so whoever looks next goes on
where the last one stood. A case whose complainant no program can reach is left to people: nobody leaves
by this exit without a notice.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from uuid import UUID

import structlog

from consumers.reactions import letters
from consumers.reactions.following import Reaction, World, on_schedule
from consumers.reactions.letters import File
from consumers.reactions.notices import Words, opens, ref, to_complainant
from engine.ids import derived
from engine.incoming import Asked
from engine.rules.reaching import Way, way_to
from engine.store.batch import Recorded
from engine.text.wording import NotWritable
from schemas.complaint.base import Command
from schemas.complaint.correspondence import MessageRecorded
from schemas.complaint.lifecycle import Close, Discontinue
from schemas.complaint.waiting import InformationProvided, InformationRequested
from schemas.configuration.notices import Waiting
from schemas.words import Code, Purpose

NAME: Final = "waiting"
RULE: Final = "waiting"
LOOKS_BACK: Final = timedelta(days=30)
"""Beyond the longest wait: a request that is older was taken up long ago, or is for people."""
_NAMES: Final = frozenset({InformationRequested.NAME, InformationProvided.NAME})
_BATCH: Final = 1_000
_AT_ONCE: Final = 100
"""Cases whose texts are opened at a time."""
_log = structlog.get_logger()


def look(world: World) -> list[Asked]:
    """Return a reminder, or the end, for every complainant who has not answered for long enough."""
    book = world.book()
    rules = book.notices
    if rules is None or rules.waiting is None:
        return []
    now, waiting = world.now(), rules.waiting
    streams = _unanswered(world, waiting, now)
    found: list[Asked] = []
    for start in range(0, len(streams), _AT_ONCE):
        histories = world.store.read.streams(streams[start : start + _AT_ONCE], open=True)
        for stream, history in histories.items():
            file = letters.file_of(stream, history, book, rules, now)
            if file is not None and file.case.lifecycle.is_open:
                found.extend(_of_case(file, waiting, world))
    return found


REACTION: Final = Reaction(NAME, look=look, every=timedelta(minutes=10))


def _unanswered(world: World, waiting: Waiting, now: datetime) -> list[UUID]:
    """Return the cases in which somebody was asked long enough ago for a reminder, and has not answered since."""
    read = world.store.read
    after = read.position_at(now - timedelta(days=waiting.end_after_days) - LOOKS_BACK)
    before = now - timedelta(days=min((*waiting.remind_after_days, waiting.end_after_days)))
    asked: dict[UUID, datetime] = {}
    while events := read.log(after, _BATCH, names=_NAMES):
        for one in events:
            if isinstance(one.event, InformationProvided):
                asked.pop(one.stream, None)
            elif _to_complainant(one):
                asked.setdefault(one.stream, one.envelope.occurred_at)
        after = events[-1].position
    return [stream for stream, at in asked.items() if at <= before]


def _to_complainant(one: Recorded) -> bool:
    event = one.event
    live = one.envelope.origin != "import"
    return live and isinstance(event, InformationRequested) and event.from_ == "complainant"


# ------------------------------------------------------------------------------------------------ one request


@dataclass(frozen=True, slots=True)
class _Wait:
    """One open request of a case, and how it is reminded of."""

    file: File
    request: Recorded
    asked: InformationRequested
    waiting: Waiting
    way: Way

    def message(self, label: str) -> UUID:
        """Return the id of a message that is written for this request: the same from any replica."""
        return derived(self.request.envelope.event_id, f"{NAME}/{label}")

    def sent_at(self, message: UUID) -> datetime | None:
        """Return when a message was written."""
        said = (one for one in self.file.history if isinstance(one.event, MessageRecorded))
        return next((one.envelope.occurred_at for one in said if _is(one, message)), None)

    @property
    def ends_at(self) -> datetime:
        """When the wait is over: never before the date that he was given, nor too soon after the last reminder."""
        whole = timedelta(days=self.waiting.end_after_days)
        ends = [self.request.envelope.occurred_at + whole]
        if self.asked.answer_by is not None:
            ends.append(_instant(self.asked.answer_by))
        if self.waiting.remind_after_days:
            last = self.sent_at(self.message(f"reminder/{len(self.waiting.remind_after_days) - 1}")) or self.file.now
            ends.append(last + whole - timedelta(days=self.waiting.remind_after_days[-1]))
        return max(ends)


def _is(one: Recorded, message: UUID) -> bool:
    return isinstance(one.event, MessageRecorded) and one.event.message == message


def _instant(day: datetime | date) -> datetime:
    """Return the end of a wait that names a day: its last instant, in UTC."""
    if isinstance(day, datetime):
        return day
    return datetime.combine(day, time.max, tzinfo=UTC)


def _of_case(file: File, waiting: Waiting, world: World) -> Iterator[Asked]:
    way = way_to(file.parties, file.case.registration.channel)
    if way is None:
        return
    still = {one.request_id for one in file.case.waiting.open}
    for one in file.history:
        if isinstance(one.event, InformationRequested) and _to_complainant(one) and one.event.request_id in still:
            try:
                yield from _next(_Wait(file, one, one.event, waiting, way), world)
            except NotWritable as error:
                _log.error("notice_not_written", rule=RULE, template=waiting.reminder, field=error.field)
            return  # one at a time: who answers one request ends the waiting


def _next(wait: _Wait, world: World) -> Iterator[Asked]:
    """Yield what is due now: the latest reminder that was not given, else the end."""
    since, now = wait.request.envelope.occurred_at, wait.file.now
    due = [n for n, days in enumerate(wait.waiting.remind_after_days) if since + timedelta(days=days) <= now]
    if due and wait.sent_at(wait.message(f"reminder/{due[-1]}")) is None:
        yield from _written(wait, f"reminder/{due[-1]}", wait.waiting.reminder, "other", wait.ends_at, world)
    elif now >= wait.ends_at:
        until = now + timedelta(days=wait.file.book.desk.reopen_window_days)
        if told := list(_written(wait, "ending", wait.waiting.ending, "notice", until, world)):
            yield from told
            yield _asked(wait, Discontinue(reason="customer_unresponsive"), "exit", world)
            yield _asked(wait, Close(reason="exit"), "close", world)


def _written(
    wait: _Wait, label: str, template: Code, purpose: Purpose, ends_on: datetime, world: World
) -> Iterator[Asked]:
    now, hours = wait.file.now, wait.waiting.hours
    opens_at = now if hours == "any" else opens(wait.file.book, hours, now)
    words = Words(template, wait.message(label), purpose, opens_at if opens_at > now else None)
    facts = {**letters.of_event(wait.file, wait.asked), "ends_on": ends_on}
    message = to_complainant(wait.file, wait.way, words, facts)
    if message is not None:
        yield _asked(wait, message, label, world)


def _asked(wait: _Wait, command: Command, label: str, world: World) -> Asked:
    own = str(wait.message(label))
    return on_schedule(NAME, wait.file.stream, command, world, id=own, rule=ref(wait.file.rules, RULE))
