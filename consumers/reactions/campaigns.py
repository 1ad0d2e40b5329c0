"""Survey campaigns ask whom they may on their schedule, remind who has not answered, and follow up bad marks.

Who is to be asked is read from the views, a bounded number at a time, so that a large list goes out in portions; the
person's own stream decides whether he is, and the id of each invitation names campaign and wave. Nothing is sent here.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

import structlog

from consumers.reactions import gathering
from consumers.reactions.bad_answers import followed_up
from consumers.reactions.following import Reaction, World, on_schedule
from consumers.reactions.notices import opens
from consumers.reactions.surveys import rule_of
from engine.ids import derived
from engine.incoming import Asked, Incoming
from engine.links import Purpose, unsigned
from engine.rules import campaigns
from engine.rules.campaigns import Wave
from engine.rules.surveys import taken_until
from engine.store.batch import Recorded
from engine.streams.survey import Respondent, fold
from engine.text.wording import NAMES, NotWritable, chosen, write
from projections.views.campaigns import ask
from projections.views.campaigns.ask import Unanswered
from schemas.complaint.correspondence import Queued, Rendered
from schemas.configuration.survey import Campaign, Survey, SurveyLanguage, said_in
from schemas.streams.survey import (
    InviteRespondent,
    Mail,
    RemindRespondent,
    RespondentAnswered,
    RespondentEnrolled,
)

NAME: Final = "campaigns"
AT_ONCE: Final = 200
"""Invitations, reminders and enrolments that one look proposes at most, of each campaign."""
_log = structlog.get_logger()


def react(events: Sequence[Recorded], world: World) -> list[Incoming]:
    """Return a complaint for each answer with a bad mark, and what is to be done about it."""
    return list(followed_up(events, world))


def look(world: World) -> list[Asked]:
    """Return who is enrolled by his case, invited and reminded now."""
    found: list[Asked] = []
    for survey in world.book().surveys.values():
        if survey.campaign is not None:
            found.extend(_of_campaign(survey, survey.campaign, world))
    return found


REACTION: Final = Reaction(
    NAME, frozenset({RespondentAnswered.NAME}), react, texts=True, look=look, every=timedelta(minutes=1)
)


def _of_campaign(survey: Survey, campaign: Campaign, world: World) -> Iterator[Asked]:
    now = world.now()
    begun = campaigns.wave(campaign, now)
    if begun is not None and begun.day is not None:
        yield from gathering.enrolments(survey, campaign, begun, world, AT_ONCE)
    with world.views.snapshot(ask.NAMES) as snapshot:
        quiet_since = now - timedelta(days=campaign.quiet_days)
        who = () if begun is None else ask.waiting(snapshot, survey.id, begun, quiet_since, campaign, AT_ONCE)
        reminded = _due_for_reminder(survey, ask.unanswered(snapshot, survey.id, _first(survey, now), now), now)
    for asking in _opened(survey, campaign, who, world):
        if begun is not None:
            yield from _invited(asking, begun)
    for one, asking in _with_files(reminded, _opened(survey, campaign, [one.stream for one in reminded], world)):
        yield from _reminded(asking, one)


def _first(survey: Survey, now: datetime) -> datetime:
    """Return before when somebody must have been asked for any reminder to be due."""
    days = survey.remind_after_days
    return now - timedelta(days=days[0]) if days else datetime.min.replace(tzinfo=now.tzinfo)


def _due_for_reminder(survey: Survey, open_: Sequence[Unanswered], now: datetime) -> list[Unanswered]:
    due = (one for one in open_ if campaigns.reminder_due(survey, one.invited_at, one.reminders, now) is not None)
    return [one for _, one in zip(range(AT_ONCE), due, strict=False)]


# ------------------------------------------------------------------------------------------------ one person


class _Asking(NamedTuple):
    """One person who is asked by one campaign. ``enrolled`` holds personal text."""

    stream: UUID
    known: Respondent
    enrolled: RespondentEnrolled
    survey: Survey
    campaign: Campaign
    world: World

    @property
    def language(self) -> SurveyLanguage:
        """In which language he is asked."""
        own = (self.enrolled.language or "").partition("-")[0]
        return "ru" if own == "ru" else "en" if own == "en" else self.campaign.language

    @property
    def address(self) -> str | None:
        """Where mail reaches him."""
        found = (one.value for one in self.enrolled.party.contacts if one.kind == "email")
        return next((value for value in found if isinstance(value, str)), None)


def _opened(survey: Survey, campaign: Campaign, streams: Sequence[UUID], world: World) -> Iterator[_Asking]:
    histories = world.store.read.streams(streams, open=True) if streams else {}
    for stream, history in histories.items():
        known = fold(history)
        mine = [one.event for one in history if isinstance(one.event, RespondentEnrolled)]
        enrolled = next((event for event in reversed(mine) if event.survey == survey.id), None)
        if isinstance(known, Respondent) and enrolled is not None:
            yield _Asking(stream, known, enrolled, survey, campaign, world)


def _with_files(due: Sequence[Unanswered], found: Iterator[_Asking]) -> Iterator[tuple[Unanswered, _Asking]]:
    by_stream = {asking.stream: asking for asking in found}
    return ((one, by_stream[one.stream]) for one in due if one.stream in by_stream)


def _invited(asking: _Asking, wave: Wave) -> Iterator[Asked]:
    survey, now = asking.survey, asking.world.now()
    if all(not isinstance(one.value, str) for one in asking.enrolled.party.contacts):
        return  # erased: nothing says any more whom to ask
    until, number = taken_until(now, survey), len(asking.known.invitations) + 1
    label = f"{survey.id}/{'once' if wave.day is None else wave.day}"
    mail = None if asking.address is None else _mail(asking, asking.address, label, number, until, None)
    if mail is None and asking.address is not None:
        return
    command = InviteRespondent(survey=survey.id, survey_version=survey.version, wave=wave.day, until=until, mail=mail)
    yield _proposed(asking, command, f"invite/{asking.stream}/{label}", "campaign")


def _reminded(asking: _Asking, open_: Unanswered) -> Iterator[Asked]:
    now, invitation = asking.world.now(), asking.known.invitation(open_.number)
    reminder = campaigns.reminder_due(asking.survey, open_.invited_at, open_.reminders, now)
    if reminder is None or invitation is None or asking.address is None:
        return
    label = f"{open_.number}/{reminder}"
    mail = _mail(asking, asking.address, label, open_.number, invitation.until, reminder)
    if mail is not None:
        command = RemindRespondent(number=open_.number, reminder=reminder, mail=mail)
        yield _proposed(asking, command, f"remind/{asking.stream}/{label}", "reminder")


def _proposed(asking: _Asking, command: InviteRespondent | RemindRespondent, id: str, rule: str) -> Asked:
    return on_schedule(NAME, asking.stream, command, asking.world, id=id, rule=rule_of(asking.survey, rule))


# ------------------------------------------------------------------------------------------------ the mail


def _mail(asking: _Asking, to: str, label: str, number: int, until: datetime, reminder: int | None) -> Mail | None:
    """Return the words; None where the template is not in force, or fails."""
    book, campaign, now = asking.world.book(), asking.campaign, asking.world.now()
    template = book.templates.get(campaign.template)
    if template is None:
        _log.error("notice_not_written", rule=asking.survey.id, template=campaign.template, field="template")
        return None
    wording, language = chosen(template, "email", asking.language, campaign.language)
    facts = {**dict.fromkeys(NAMES["complainant"]), **_facts(asking, number, until, reminder)}
    try:
        text = write(wording, language, facts, campaign.timezone)
    except NotWritable as error:
        _log.error("notice_not_written", rule=asking.survey.id, template=template.id, field=error.field)
        return None
    opens_at = now if campaign.hours is None else opens(book, campaign.hours, now)
    return Mail(
        message=derived(asking.stream, f"{NAME}/{label}"),
        channel="email",
        to=to,
        subject=text.subject,
        body=text.body,
        queued=Queued(not_before=opens_at if opens_at > now else None),
        rendered=Rendered(template=template.id, version=template.version, language=language),
    )


def _facts(asking: _Asking, number: int, until: datetime, reminder: int | None) -> Mapping[str, object]:
    survey, rules, name = asking.survey, asking.world.book().notices, asking.enrolled.party.name

    def link(purpose: Purpose, until: datetime) -> str | None:
        return None if rules is None or rules.pages is None else unsigned(rules.pages, purpose, number, until)

    return {
        "company": (rules.company or None) if rules is not None else None,
        "contact": rules.contact if rules is not None else None,
        "name": name if isinstance(name, str) else None,
        "survey": said_in(survey.title, asking.language),
        "incentive": said_in(survey.incentive, asking.language) if survey.incentive else None,
        "link": link("rate", until),
        "opt_out": link("decline", until + timedelta(days=365)),
        "answer_by": until,
        "reminder": reminder,
    }
