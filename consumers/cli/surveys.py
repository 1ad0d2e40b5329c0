"""``plaint survey``: campaigns that ask customers on a schedule, complaint or not, and what they answered."""

from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Annotated, NoReturn
from uuid import UUID

from cyclopts import Parameter

from consumers.cli import output
from consumers.cli.cases import give
from consumers.cli.questions import Json, shown, snapshot
from consumers.cli.session import sender, session
from consumers.files.contacts import Enrolled, Enrolling
from consumers.files.record import Unreadable
from consumers.wiring import clock
from consumers.wiring.build import Installation
from engine.incoming import Circumstances
from engine.loading import load
from engine.rules import campaigns
from engine.streams.survey import Respondent
from engine.streams_of import respondent
from projections.views.campaigns import ask
from projections.views.campaigns.ask import AnswerFilter, By, CampaignFigures, CampaignFilter
from schemas.channels.message import Contact
from schemas.complaint.lifecycle import Score
from schemas.configuration.survey import Campaign, Survey
from schemas.envelope import RequestSource
from schemas.streams.survey import AllowSurveys, AnswerSurvey, DeclineSurveys

_SHOWN = 50
"""Problems of a list on the terminal at most; all of them stand beside the rejected file."""

Who = Annotated[str, Parameter(help="The person's e-mail address or telephone number, as the list has it.")]
Name = Annotated[str | None, Parameter(help="Only this campaign.")]
From = Annotated[date | None, Parameter(name="--from", help="Invited on this day or later (UTC).")]
To = Annotated[date | None, Parameter(help="Invited on this day or earlier (UTC).")]
By_ = Annotated[str | None, Parameter(help="Who does it; absent: the login name.")]


def list_campaigns(*, json: Json = False) -> int:
    """List campaigns in force: whom they may ask, when they ask next."""
    now = clock.now()
    with session() as here:
        known = [(one, one.campaign) for one in here.service.book().surveys.values() if one.campaign is not None]
        with snapshot(here, ask.NAMES) as seen:
            counts = {one.survey: one for one in ask.listed(seen)}
    rows = []
    for survey, campaign in sorted(known, key=lambda pair: pair[0].id):
        count, coming = counts.get(survey.id), campaigns.next_wave(campaign, now)
        rows.append(
            {
                "campaign": survey.id,
                "version": survey.version,
                "who": list(campaign.who),
                "next": None if coming is None else coming.at.isoformat(),
                "enrolled": count.enrolled if count else 0,
                "declined": count.declined if count else 0,
                "unreachable": count.unreachable if count else 0,
            }
        )
    if json:
        output.emit_json({"campaigns": rows})
        return output.OK
    columns = ("campaign", "version", "who", "asks next", "enrolled", "declined", "unreachable")
    shown_rows = [
        (*list(row.values())[:2], ", ".join(campaign.who), row["next"] or _when(campaign), *list(row.values())[4:])
        for row, (_, campaign) in zip(rows, sorted(known, key=lambda pair: pair[0].id), strict=True)
    ]
    output.table(columns, shown_rows)
    return output.OK


def _when(campaign: Campaign) -> str:
    return "no more" if campaign.dates else "at once"


def invite(
    campaign: Annotated[str, Parameter(help="The campaign, as 'plaint survey list' shows it.")],
    files: Annotated[list[Path], Parameter(help="CSV with a header, or JSON Lines: email or phone, name, language.")],
    /,
    *,
    json: Json = False,
) -> int:
    """Put people on the list of a campaign: it asks them at once, or in its next wave.

    Columns: email, phone, name, language, location, customer_segment, business_unit; others are ignored. A row
    that cannot be taken goes byte for byte to FILE.rejected, with line, field and reason in FILE.rejected.report.
    The same person again changes nothing, and who has declined stays unasked.
    """
    told: list[tuple[str, Enrolled]] = []
    with session() as here:
        survey = _campaign(here, campaign)
        around = Circumstances(sender(here), RequestSource(request=clock.new_id()), clock.now())
        keyed, book = here.store.fingerprint.of, here.service.book()
        run = Enrolling(here.service.submit, survey, book, keyed, around, clock.now)
        for path in files:
            try:
                told.append((str(path), run.file(path)))
            except OSError as error:
                output.stop(output.NOT_FOUND, f"{path}: {error.strerror or error}; name a file that can be read")
            except Unreadable as error:
                output.stop(output.USAGE, str(error))
    for name, done in told:
        for problem in done.problems[:_SHOWN]:
            output.say(f"{name} line {problem.line}: {problem.field or '(row)'}: {problem.reason}")
    counts = [
        {"file": name, **{key: value for key, value in asdict(done).items() if isinstance(value, int)}}
        for name, done in told
    ]
    if json:
        output.emit_json({"campaign": campaign, "files": counts})
    else:
        output.table(tuple(counts[0]), [tuple(one.values()) for one in counts])
    return output.SOME_REJECTED if any(done.rejected or done.refused for _, done in told) else output.OK


def status(
    campaign: Name = None,
    /,
    *,
    from_: From = None,
    to: To = None,
    business_unit: Annotated[str | None, Parameter(help="Only customers of this unit.")] = None,
    by: Annotated[By | None, Parameter(help="Broken down by wave, day, week or month of the invitation.")] = None,
    json: Json = False,
) -> int:
    """Show how many of those asked answered, and their marks.

    Ratings of complaints stand in 'plaint satisfaction'.
    """
    given = {"survey": campaign, "from": from_, "to": to, "business_unit": business_unit, "by": by}
    wanted = output.model(CampaignFilter, given)
    with session() as here, snapshot(here, ask.NAMES) as seen:
        found = ask.campaigns(seen, wanted)
    if json:
        output.emit_model(found)
        return output.OK
    columns = ("campaign", "from", "invited", "to call", "reminded", "answered", "rate", "satisfied", "complaints")
    output.table(columns, [_row(one) for one in found.campaigns])
    marks = [
        (one.survey, one.begins, mark.parameter, mark.out_of, mark.marks, mark.mean, mark.csat, mark.nps)
        for one in found.campaigns
        for mark in one.parameters
    ]
    output.table(("campaign", "from", "parameter", "out of", "marks", "mean", "csat", "nps"), marks)
    return output.OK


def _row(one: CampaignFigures) -> tuple[object, ...]:
    return (
        one.survey, one.begins, one.invited, one.to_call, one.reminded, one.answered, one.response_rate,
        one.satisfied, one.complaints,
    )  # fmt: skip


def answers(
    campaign: Name = None,
    /,
    *,
    from_: From = None,
    to: To = None,
    negative: Annotated[bool, Parameter(negative="", help="Only those below the line of satisfied.")] = False,
    limit: Annotated[int, Parameter(help="At most so many, 1 to 500.")] = 50,
    json: Json = False,
) -> int:
    """List answers to campaigns, the latest first; no names, no words."""
    given = {"survey": campaign, "from": from_, "to": to, "negative": negative, "limit": limit}
    with session() as here, snapshot(here, ask.NAMES) as seen:
        found = ask.answers(seen, output.model(AnswerFilter, given))
    if json:
        output.emit_model(found)
        return output.OK
    rows = [
        (
            one.respondent, one.number, one.survey, shown(one.answered_at), one.channel,
            ", ".join(f"{name} {mark}" for name, mark in one.marks.items()), one.complaint,
        )
        for one in found.answers
    ]  # fmt: skip
    columns = ("person", "invitation", "campaign", "answered", "by", "marks", "complaint")
    output.table(columns, rows, title=f"{found.count} in all")
    return output.OK


def answer(
    who: Who,
    scores: Annotated[list[str], Parameter(help="Marks, such as overall=4 or staff=2/5.")],
    /,
    *,
    comment: Annotated[str | None, Parameter(help="What he said besides.")] = None,
    number: Annotated[int | None, Parameter(help="Which of his invitations; absent: the latest.")] = None,
    by: By_ = None,
    json: Json = False,
) -> int:
    """Enter what somebody answered on the telephone; whoever handled his complaint is refused."""
    with session() as here:
        stream, known = _person(here, who)
        invitation = known.invitation(number)
        if invitation is None:
            missing = "was not asked yet" if number is None else f"has no invitation {number}"
            output.stop(output.NOT_FOUND, f"he {missing}; 'plaint survey status' counts those who were")
        survey = here.service.book().surveys.get(invitation.survey)
        wish = AnswerSurvey(
            number=number, scores=tuple(_score(one, survey) for one in scores), comment=comment, channel="call"
        )
        return give(here, stream, wish, why=None, by=by, id=None, json=json)


def decline(who: Who, /, *, by: By_ = None, json: Json = False) -> int:
    """Record that somebody wants to be asked no more, by no campaign."""
    with session() as here:
        stream, _ = _person(here, who)
        return give(here, stream, DeclineSurveys(), why=None, by=by, id=None, json=json)


def allow(who: Who, /, *, by: By_ = None, json: Json = False) -> int:
    """Record that somebody who had declined lets himself be asked again."""
    with session() as here:
        stream, _ = _person(here, who)
        return give(here, stream, AllowSurveys(), why=None, by=by, id=None, json=json)


def _campaign(here: Installation, name: str) -> Survey:
    surveys = here.service.book().surveys
    found = surveys.get(name)
    if found is None or found.campaign is None:
        known = ", ".join(sorted(one.id for one in surveys.values() if one.campaign is not None)) or "none"
        output.stop(output.NOT_FOUND, f"there is no campaign '{name}' in force; there are: {known}")
    return found


def _person(here: Installation, who: str) -> tuple[UUID, Respondent]:
    contact = Contact(kind="email" if "@" in who else "phone", value=who)
    stream = respondent(contact.octets, here.store.fingerprint.of)
    loaded = load(here.store, [stream]).get(stream)
    if loaded is None or not isinstance(loaded.state, Respondent):
        output.stop(output.NOT_FOUND, "nobody was enrolled by this contact; 'plaint survey invite' enrols people")
    return stream, loaded.state


def _score(text: str, survey: Survey | None) -> Score:
    parameter, _, mark = text.partition("=")
    given, _, out_of = mark.partition("/")
    asked = next((one for one in survey.questions if one.parameter == parameter), None) if survey else None
    if asked is None:
        known = ", ".join(one.parameter for one in survey.questions) if survey else "nothing any more"
        _no_mark(text, f"names no parameter of this campaign, which asks for {known}")
    most = asked.out_of
    if (out_of and out_of != str(most)) or not given.isdecimal() or not 1 <= int(given) <= most:
        _no_mark(text, f"is no mark from 1 to {most}")
    return Score(parameter=parameter, score=int(given), out_of=most)


def _no_mark(text: str, what: str) -> NoReturn:
    output.stop(output.USAGE, f"'{text}' {what}; write it as overall=4")
