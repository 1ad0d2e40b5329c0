"""The answer to the complainant: what carries it, whether it may go out, what it promises, and who scores it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

from engine.complaint import signing, told
from engine.complaint.given import Given
from engine.rules.replies import Checked, check, verdict
from engine.sla.calendar import OpenTime, compile_calendar, from_us, to_us
from engine.sla.target import add_own, days_of, duration, end_day, end_of_day
from engine.text.replies.finding import About
from engine.text.replies.promises import Promised, Within, dated, day_of
from engine.text.words import Place
from schemas.complaint.base import Event
from schemas.complaint.clocks import ComplaintPromised
from schemas.complaint.correspondence import ComplaintReplied, MessageRecorded, QualityVerdict, Reply
from schemas.configuration.calendar import Calendar
from schemas.configuration.policy import LONGEST, Target
from schemas.configuration.replies import ReplyRules
from schemas.refusals import Refusal
from schemas.words import Attachment

if TYPE_CHECKING:
    from engine.complaint.case import Case

_WEEK: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY: Final = ("00:00-24:00",)
_PLAIN_TIME: Final = Calendar.model_validate(
    {"id": "plain-time", "version": 1, "timezone": "UTC", "week": dict.fromkeys(_WEEK, _DAY)}
)
"""Counts promises where the rules name no calendar that is in force."""


def reply(command: Reply, case: Case, given: Given) -> tuple[Event, ...]:
    """Return the message and the answer; a message that is recorded already becomes one. Dated promises follow.

    Raises:
        Refusal: ``not_a_reply``; ``signature_missing``, see ``signing``; ``invalid``, where it is to be sent with
            a file that the case does not hold; or ``reply_unfit``, where the rules keep it back and no reason is
            written.
    """
    message = command.message or given.derive("message")
    known = case.correspondence.message(message)
    if known is None and message == case.registration.message:
        raise Refusal("not_a_reply", "this message opened the complaint", message=str(message))
    if any(answer.message == message and answer.final >= command.final for answer in case.correspondence.answers):
        return ()
    counterparty = known.counterparty if known else command.counterparty or "complainant"
    if counterparty not in ("complainant", "representative") or (known and known.direction != "outbound"):
        raise Refusal("not_a_reply", "only a message to the complainant answers him", counterparty=counterparty)
    signing.require(command, case, given)
    if command.queued is not None:
        require_files(command.attachments, case)
    replied = ComplaintReplied(
        subject_id=case.subject(given),
        message=message,
        final=command.final,
        signed_by=command.signed_by,
        signed_for=command.signed_for,
        apology=command.apology,
        checks=_judged(command, case, given),
        articles=command.articles or None,
    )
    carried = () if known else (_message(command, message, case, given),)
    return (*carried, replied, *promised(command.body, case, given))


def require_files(files: Sequence[Attachment], case: Case) -> None:
    """Refuse to send a file that was not added to this case: it may be another one's.

    Raises:
        Refusal: ``invalid``.
    """
    if any(file.content_id not in case.correspondence.files for file in files):
        raise Refusal("invalid", "the case holds no such file; add it to the case first", field="attachments")


def _message(command: Reply, message: UUID, case: Case, given: Given) -> MessageRecorded:
    return MessageRecorded(
        subject_id=case.subject(given),
        direction="outbound",
        counterparty=command.counterparty,
        visibility=command.visibility,
        purpose="final" if command.final else "interim",
        message=message,
        author=given.actor,
        to=command.to,
        channel=command.channel,
        subject=command.subject,
        body=command.body,
        attachments=command.attachments,
        queued=command.queued,
    )


# ------------------------------------------------------------------------------------------------ the check


def _judged(command: Reply, case: Case, given: Given) -> QualityVerdict | None:
    """Return the verdict that is stored; without rules the one that the sender brought along."""
    rules = given.book.reply_rules
    if rules is None:
        return command.checks
    checked = check(command.body, about(command, case, given), rules)
    if not checked.passed and not given.why:
        raise _unfit(checked, rules)
    return verdict(checked, rules)


def _unfit(checked: Checked, rules: ReplyRules) -> Refusal:
    found = ", ".join(dict.fromkeys(one.check for one in checked.blocking))
    places = ", ".join(_spoken(one.place) for one in checked.blocking if one.place is not None)
    if checked.too_low and not found:
        found = f"score below {rules.least_score}"
    return Refusal(
        "reply_unfit",
        f"the reply check keeps it back ({found}): mend it, or send it with a written reason",
        found=found,
        places=places or None,
        score=checked.quality.score,
    )


def _spoken(place: Place) -> str:
    return f"{place.start}-{place.end}"


def about(command: Reply, case: Case, given: Given) -> About:
    """Return what is known of the case when its reply is judged: texts as handed in, all else from the facts."""
    return told.with_facts(given.about or About(), case, public=command.visibility == "public", final=command.final)


# ------------------------------------------------------------------------------------------------ promises


def promised(body: str, case: Case, given: Given) -> tuple[ComplaintPromised, ...]:
    """Return a promise for each sentence of the reply that binds us to a day or span still to come.

    What is promised for the same instant already is one promise, whoever wrote it down first.
    """
    rules = given.book.reply_rules
    if rules is None:
        return ()
    hours = _hours(rules, given)
    found: dict[datetime, Promised] = {}
    for one in dated(body):
        due = _due(one, hours, given)
        if due is not None and due > given.at and not _stands(due, case, hours):
            found.setdefault(due, one)
    return tuple(
        ComplaintPromised(
            subject_id=case.subject(given), promise_id=given.derive(f"promise/{number}"), what=one.words, due=due
        )
        for number, (due, one) in enumerate(found.items())
    )


def _hours(rules: ReplyRules, given: Given) -> OpenTime:
    if rules.calendar is None or rules.calendar not in given.book.latest_calendar:
        return compile_calendar(_PLAIN_TIME)
    return compile_calendar(given.book.calendar(rules.calendar))


def _stands(due: datetime, case: Case, hours: OpenTime) -> bool:
    """Whether something is promised for that day and not kept yet."""
    day = _last_day(due, hours)
    return any(not one.kept and _last_day(one.due, hours) == day for one in case.clocks.promises)


def _last_day(due: datetime, hours: OpenTime) -> int:
    return hours.day_of(to_us(due) - 1)


def _due(one: Promised, hours: OpenTime, given: Given) -> datetime | None:
    """Return when a promise ends: a day with its last open hour, or at midnight where it has none."""
    start = to_us(given.at)
    today = hours.day_of(start)
    if one.when is None:
        return None
    if isinstance(one.when, Within):
        return _after(one.when, hours, start, today)
    day = day_of(one.when, date.fromordinal(today))
    return None if day is None else from_us(end_of_day(hours, "working days", day.toordinal()))


def _after(when: Within, hours: OpenTime, start: int, today: int) -> datetime | None:
    if when.amount > LONGEST[when.unit]:
        return None
    target = Target(when.amount, when.unit)
    if not target.in_days:
        return from_us(add_own(hours, when.unit, start, duration(target)))
    day = end_day(hours, when.unit, today, days_of(target, today), ())
    return from_us(end_of_day(hours, "working days", day))
