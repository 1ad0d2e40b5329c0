"""The log to the mail server: messages that a case has queued for e-mail leave from here, and from here alone.

The sender follows the log from a position of its own (``mail`` in the store's positions), under a lock, so
that of several replicas one works. A message waits until nobody need wait before it, is handed over, and
what became of it is recorded as ``complaint.delivery_reported``; one that is reported is never sent again.
So sending is **at least once**: whoever is killed between the server's word and the record sends that one
mail again, with the same Message-ID. The position rests below the oldest message that still waits.

A replay or a rebuild sends nothing: nothing is sent but what is queued behind the position and has no report.
Where nothing was ever sent, only messages of the last ``BEGINS_BEFORE`` leave: the older ones are history.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Event as Flag
from typing import Final, NamedTuple
from uuid import UUID

import psycopg
import structlog

from consumers.kafka.backoff import Backoff
from consumers.outbox import mail
from consumers.outbox.addressed import address, answered
from consumers.outbox.enclosed import enclosed
from consumers.outbox.mail import From, Letter, NoAddress
from consumers.outbox.queued import NAMES, Waiting, asking, groups, take
from consumers.outbox.relayhost import MailServer, NeverTaken, NoServer, NotTaken, Session
from engine import links
from engine.complaint.number import case_number
from engine.incoming import Asked, Circumstances, Result, Sender
from engine.store.batch import Conflict, Recorded, SourceMove
from engine.store.database.errors import DatabaseUnavailable
from engine.store.database.pool import Pool
from engine.store.store import Store
from engine.store.vault.content import NOT_AT_HAND
from engine.streams import survey
from projections.runtime import owner
from projections.runtime.runner import Waiter
from projections.sql import Link
from schemas.complaint.base import Command
from schemas.complaint.correspondence import MessageRecorded, ReportDelivery
from schemas.envelope import RuleSource
from schemas.published.metrics import NO_METER, Meter
from schemas.streams.survey import ReportSurveyDelivery
from schemas.words import DeliveryStatus

SOURCE: Final = "mail"
BEGINS_BEFORE: Final = timedelta(days=1)
"""How far back a sender looks that never sent anything."""
GIVES_UP: Final = timedelta(days=3)
"""After which a mail that the server keeps putting off counts as failed."""
_TRANSIENT: Final = (psycopg.OperationalError, psycopg.InterfaceError, DatabaseUnavailable, Conflict)
_AGAIN: Final = Backoff(first=60.0, most=4 * 3600.0)
_SENDER: Final = Sender(workload="mail", actor="service:mail", identity="workload")
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class World:
    """What the sender needs of the program around it. ``chance`` is drawn from 0 to 1."""

    pool: Pool
    store: Store
    submit: Callable[[Sequence[Asked], datetime], tuple[Result, ...]]
    now: Callable[[], datetime]
    chance: Callable[[], float]
    meter: Meter = NO_METER


class Pace(NamedTuple):
    """How much is read at once, and how long is waited between two looks."""

    batch: int = 500
    poll_seconds: float = 1.0


@dataclass(slots=True)
class Passed:
    """What was done, in messages."""

    sent: int = 0
    failed: int = 0
    waiting: int = 0
    mails: int = 0


@dataclass(slots=True)
class _Turn:
    """What is known while the lock is held: read anew by whoever takes over."""

    link: Link
    place: int | None
    """As the store keeps it."""
    reached: int
    """How far the log was read."""
    waiting: dict[UUID, Waiting] = field(default_factory=dict)


class Overtaken(Exception):
    """Another sender has moved the position: the lock was lost unawares."""


class MailSender:
    """Sends mail for one process. Any number may run; the one that holds the lock works."""

    def __init__(self, world: World, server: MailServer, sender: From, pace: Pace = Pace()) -> None:  # noqa: B008 # a tuple
        self._world, self._server, self._from, self._pace = world, server, sender, pace
        self._failures = 0
        self._why: str | None = None

    def hindered(self) -> str | None:
        """Return why sending is put off; None where it is not."""
        return self._why

    def run(self, stop: Flag, waiter: Waiter) -> None:
        """Send until ``stop`` is set. Trouble of the server or the database is survived (``mail_put_off``).

        Raises:
            engine.store.mapper.UnknownEvent: this program is older than the log; a newer one must go on.
        """
        while not stop.is_set():
            try:
                with owner.sole(self._world.pool, SOURCE) as link:
                    turn = None if link is None else self._begun(link)
                    while turn is not None and not stop.is_set():
                        self._round(turn, stop)
                        waiter.wait(self._pace.poll_seconds)
            except (NoServer, Overtaken, *_TRANSIENT) as error:
                self._put_off(error)
                stop.wait(Backoff(1.0, 60.0).seconds(self._failures, self._world.chance()))
            self._world.meter.stand("plaint_mail_waiting_messages", {})  # for who has the lock to tell
            stop.wait(self._pace.poll_seconds)

    def once(self) -> Passed | None:
        """Send what is due now; None, with nothing done, while another process works.

        Raises:
            NoServer: what was sent until then is recorded.
            DatabaseUnavailable: what was sent last may be sent again.
        """
        with owner.sole(self._world.pool, SOURCE) as link:
            return None if link is None else self._round(self._begun(link), Flag())

    def _put_off(self, error: Exception) -> None:
        self._failures += 1
        cause = error.cause if isinstance(error, NoServer) else "database_unavailable"
        told = isinstance(error, NoServer | DatabaseUnavailable | Overtaken)
        reason = str(error) if told else type(error).__name__
        self._why = f"mail is put off: {reason}"
        self._world.meter.count("plaint_mail_errors_total", cause=cause)
        _log.warning("mail_put_off", cause=cause, reason=reason, failures=self._failures)

    # --- what waits ---------------------------------------------------------------------------

    def _begun(self, link: Link) -> _Turn:
        store = self._world.store
        place = store.positions.look_up([SOURCE]).get(SOURCE)
        begin = store.read.position_at(self._world.now() - BEGINS_BEFORE) if place is None else place
        return _Turn(link, place, begin)

    def _read(self, turn: _Turn) -> None:
        """Take in what the log says since, up to its end."""
        read = self._world.store.read
        head = read.head().position
        while turn.reached < head:
            events = read.log(turn.reached, self._pace.batch, names=NAMES)
            for one in events:
                take(turn.waiting, one)
            full = len(events) == self._pace.batch
            turn.reached = events[-1].position if full else max([head, *(one.position for one in events[-1:])])

    def _keep(self, turn: _Turn) -> None:
        """Move the position below the oldest message that waits."""
        rests = min((one.position - 1 for one in turn.waiting.values()), default=turn.reached)
        if turn.place is not None and rests <= turn.place:
            return
        if not self._world.store.positions.move_alone(SourceMove(SOURCE, turn.place, rests)):
            raise Overtaken("another sender has moved the position")
        turn.place = rests

    # --- what leaves --------------------------------------------------------------------------

    def _round(self, turn: _Turn, stop: Flag) -> Passed:
        turn.link.execute("SELECT 1")  # the lock is held as long as its session answers
        self._read(turn)
        now, passed = self._world.now(), Passed()
        due = [one for one in turn.waiting.values() if one.is_due(now)]
        try:
            if due:
                with self._server.opened() as session:
                    for group in groups(due):
                        if not stop.is_set():
                            self._leave(turn, group, session, passed)
                self._failures = 0
        finally:
            self._keep(turn)
        self._why = None
        passed.waiting = len(turn.waiting)
        self._world.meter.stand("plaint_mail_waiting_messages", {(): passed.waiting})
        if passed.sent or passed.failed:
            _log.info("mail_sent", sent=passed.sent, failed=passed.failed, mails=passed.mails, waiting=passed.waiting)
        return passed

    def _leave(self, turn: _Turn, group: Sequence[Waiting], session: Session, passed: Passed) -> None:
        """Hand over what waits for the same mailbox, in one mail, and record what became of it."""
        letters: dict[UUID, Letter] = {}
        for one in group:
            try:
                found = self._letter(one)
            except NOT_AT_HAND as error:
                self._lacks(turn, one, error, passed)
                continue
            if found is None:
                turn.waiting.pop(one.message)  # its text is gone for good, and with it whom it was for
            else:
                letters[one.message] = found
        for to in {letter.to: None for letter in letters.values()}:
            same = [one for one in group if one.message in letters and letters[one.message].to == to]
            status, sent_as = self._handed([letters[one.message] for one in same], same, session)
            if status is not None:
                passed.mails += 1
                self._report(turn, same, status, sent_as, passed)

    def _lacks(self, turn: _Turn, one: Waiting, error: Exception, passed: Passed) -> None:
        """Let a message wait whose file is not at hand, or give it up after as long as for a server."""
        _log.error("mail_file_away", message=str(one.message), case=str(one.stream), reason=type(error).__name__)
        if self._world.now() - one.since >= GIVES_UP:
            self._report(turn, [one], "failed", None, passed)
        else:
            self._wait([one])

    def _handed(
        self, letters: Sequence[Letter], group: Sequence[Waiting], session: Session
    ) -> tuple[DeliveryStatus | None, str | None]:
        """Return what became of a mail, and its Message-ID where it left; no word where it is tried again later."""
        now = self._world.now()
        try:
            composed = mail.together(letters, self._from)
            if mail.mailbox(letters[0].to).addr_spec.casefold() == self._from.address.addr_spec.casefold():
                return "failed", None  # to ourselves: it would come back as mail of ours
            session.send(composed)
        except (NoAddress, NeverTaken) as error:
            _refused(group, getattr(error, "code", 0))
            return "failed", None
        except NotTaken as error:
            if now - max(one.since for one in group) >= GIVES_UP:
                _refused(group, error.code)
                return "failed", None
            self._wait(group)
            return None, None
        return "sent", str(composed["Message-ID"])

    def _wait(self, group: Sequence[Waiting]) -> None:
        """Try again later, and say so the first time."""
        for one in group:
            one.tries += 1
            one.next_at = self._world.now() + timedelta(seconds=_AGAIN.seconds(one.tries, self._world.chance()))
        self._tell([one for one in group if one.tries == 1], "delayed", None)

    def _report(
        self, turn: _Turn, group: Iterable[Waiting], status: DeliveryStatus, sent_as: str | None, passed: Passed
    ) -> None:
        """Record what became of the messages of one mail, and by which id answers and bounces will name it."""
        said = list(group)
        self._tell(said, status, sent_as)
        for one in said:
            turn.waiting.pop(one.message, None)
        outcome = "sent" if status == "sent" else "failed"
        self._world.meter.count("plaint_mail_messages_total", len(said), outcome=outcome)
        if status == "sent":
            passed.sent += len(said)
        else:
            passed.failed += len(said)

    def _tell(self, group: Iterable[Waiting], status: DeliveryStatus, sent_as: str | None) -> None:
        """Record it, once for each message and status, whoever tries again."""
        now = self._world.now()
        around = Circumstances(_SENDER, RuleSource(), now)
        words = [Asked(one.stream, _word(one, status, sent_as), f"{status}/{one.message}", around) for one in group]
        if words:
            self._world.submit(words, now)

    def _with_links(self, event: MessageRecorded, body: str, stream: UUID) -> str:
        """Return the text as it leaves: a letter that we wrote ourselves to who complains gets its links signed."""
        if event.rendered is None or event.counterparty not in ("complainant", "representative"):
            return body
        return links.signed(body, stream, self._world.store.fingerprint.of)

    def _letter(self, one: Waiting) -> Letter | None:
        """Return the message with its text, opened; None where it was erased."""
        history = self._world.store.read.stream(one.stream, open=True)
        if one.of_survey:
            return self._asking(one, history)
        for said in history:
            event = said.event
            if not isinstance(event, MessageRecorded) or event.message != one.message:
                continue
            to = address(history) if event.to is None else event.to
            if not isinstance(to, str) or not isinstance(event.body, str):
                return None
            return Letter(
                message=event.message,
                to=to,
                subject=event.subject if isinstance(event.subject, str) else None,
                body=self._with_links(event, event.body, one.stream),
                written_at=said.envelope.occurred_at,
                number=case_number(one.stream),
                automated=event.automated,
                language=event.rendered.language if event.rendered else None,
                answers=answered(event, history),
                files=tuple(enclosed(self._world.store.contents, one.stream, event.attachments)),
            )
        return None

    def _asking(self, one: Waiting, history: Sequence[Recorded]) -> Letter | None:
        """Return the mail by which a campaign asks somebody; None where it was erased, or he has declined meanwhile."""
        known = survey.fold(history)
        if isinstance(known, survey.Respondent) and known.declined:
            return None
        keyed = self._world.store.fingerprint.of
        for said in history:
            asked = asking(said.event)
            if asked is None or asked.message != one.message:
                continue
            if not isinstance(asked.to, str) or not isinstance(asked.body, str):
                return None
            declines = links.of_purpose(asked.body, "decline")
            return Letter(
                message=asked.message,
                to=asked.to,
                subject=asked.subject if isinstance(asked.subject, str) else None,
                body=links.signed(asked.body, one.stream, keyed),
                written_at=said.envelope.occurred_at,
                number="",
                language=asked.rendered.language,
                unsubscribe=None if declines is None else links.signed(declines, one.stream, keyed),
            )
        return None


def _word(one: Waiting, status: DeliveryStatus, sent_as: str | None) -> Command:
    """Return what the stream of a message learns of it."""
    report = ReportSurveyDelivery if one.of_survey else ReportDelivery
    return report(message=one.message, status=status, sent_as=sent_as)


def _refused(group: Iterable[Waiting], code: int) -> None:
    _log.warning("mail_refused", code=code, messages=[str(one.message) for one in group])
