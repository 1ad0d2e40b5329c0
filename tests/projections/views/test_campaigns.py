from datetime import date, timedelta
from typing import Any

from engine.rules.campaigns import Wave
from engine.store.database.pool import Pool
from projections.views.campaigns import ask
from projections.views.campaigns.ask import AnswerFilter, CampaignFigures, CampaignFilter, Listed, Unanswered
from projections.views.campaigns.rows import Campaigns
from projections.views.satisfaction.ask import ParameterFigures
from schemas.complaint.base import Event
from schemas.complaint.correspondence import Queued, Rendered
from schemas.complaint.lifecycle import Score
from schemas.configuration.survey import Campaign
from schemas.streams.survey import (
    Mail,
    RespondentAnswered,
    RespondentDeclined,
    RespondentDelivery,
    RespondentEnrolled,
    RespondentFollowedUp,
    RespondentInvited,
    RespondentReminded,
)
from schemas.words import Contact, Party
from support.histories import SECRET, START, Writer, uid
from support.views import asking, build

DAY = timedelta(days=1)
WAVE = date(2026, 3, 2)
LISTED = Campaign(dates=(WAVE,), quiet_days=30)


def enrolled(survey: str = "spring", **more: Any) -> RespondentEnrolled:
    party = Party(role="customer", subject_id=uid("person"), contacts=(Contact(kind="email", value=SECRET),))
    return RespondentEnrolled(subject_id=uid("person"), survey=survey, party=party, **more)


def mail(label: str) -> Mail:
    rendered = Rendered(template="campaign", version=1, language="en")
    return Mail(message=uid(label), channel="email", to=SECRET, body=SECRET, queued=Queued(), rendered=rendered)


def invited(number: int = 1, survey: str = "spring", **more: Any) -> RespondentInvited:
    given = {"wave": WAVE, "until": START + 20 * DAY, "mail": mail(f"m{number}"), **more}
    return RespondentInvited(survey=survey, survey_version=1, number=number, **given)


def answered(overall: int, number: int = 1, survey: str = "spring") -> RespondentAnswered:
    scores = (Score(parameter="overall", score=overall), Score(parameter="speed", score=4))
    return RespondentAnswered(
        survey=survey, survey_version=1, number=number, scores=scores, comment=SECRET, channel="web_form"
    )


def written(**people: tuple[Event, ...]) -> Writer:
    writer = Writer()
    for name, events in people.items():
        for days, event in enumerate(events):
            writer.add(name, event, at=START + days * DAY)
    return writer


def figures(pool: Pool, **wanted: Any) -> tuple[CampaignFigures, ...]:
    with asking(pool).snapshot(ask.NAMES) as seen:
        return ask.campaigns(seen, CampaignFilter.model_validate(wanted)).campaigns


def test_figures_say_who_was_asked_who_answered_and_how(pool: Pool) -> None:
    writer = written(
        content=(enrolled(), invited(), answered(5)),
        bad=(enrolled(), invited(), answered(1), RespondentFollowedUp(number=1, complaint=uid("case"))),
        silent=(enrolled(), invited(), RespondentReminded(number=1, reminder=1, mail=mail("r"))),
        called=(enrolled(), invited(mail=None)),
    )
    build(pool, writer.log(), [Campaigns()])
    (found,) = figures(pool)
    assert found == CampaignFigures(
        survey="spring", begins=None, invited=4, to_call=1, reminded=1, answered=2, response_rate=0.5, satisfied=1,
        negative=1, mean_share=0.7, complaints=1,
        parameters=(
            ParameterFigures(
                parameter="overall", out_of=5, marks=2, mean=3.0, csat=0.5, nps=None, distribution={1: 1, 5: 1}
            ),
            ParameterFigures(parameter="speed", out_of=5, marks=2, mean=4.0, csat=1.0, nps=None, distribution={4: 2}),
        ),
    )  # fmt: skip


def test_figures_are_told_apart_by_campaign_wave_and_period(pool: Pool) -> None:
    later = date(2026, 4, 6)
    writer = written(one=(enrolled(), invited(), answered(5)))
    writer.add("one", invited(2, wave=later), answered(1, 2), at=START + 35 * DAY)
    writer.add("two", enrolled("autumn"), invited(1, "autumn", wave=None), at=START)
    build(pool, writer.log(), [Campaigns()])
    by_wave = [(one.survey, one.begins, one.invited, one.answered, one.satisfied) for one in figures(pool, by="wave")]
    assert by_wave == [("autumn", None, 1, 0, 0), ("spring", WAVE, 1, 1, 1), ("spring", later, 1, 1, 0)]
    by_month = [(one.survey, str(one.begins), one.invited) for one in figures(pool, by="month")]
    assert by_month == [("autumn", "2026-03-01", 1), ("spring", "2026-03-01", 1), ("spring", "2026-04-01", 1)]
    assert [one.answered for one in figures(pool, survey="spring", **{"from": "2026-04-01"})] == [1]
    assert figures(pool, business_unit="nowhere") == ()


def test_answers_are_listed_the_latest_first_page_by_page(pool: Pool) -> None:
    once, twice = (enrolled(), invited(), answered(5)), (enrolled(), invited(), invited(2), answered(1, 2))
    build(pool, written(a=once, b=twice).log(), [Campaigns()])
    with asking(pool).snapshot(ask.NAMES) as seen:
        first = ask.answers(seen, AnswerFilter(limit=1))
        second = ask.answers(seen, AnswerFilter(limit=1, cursor=first.next))
        bad = ask.answers(seen, AnswerFilter(negative=True))
    assert (first.count, [one.respondent for one in first.answers]) == (2, [uid("b")])
    assert ([one.respondent for one in second.answers], second.next) == ([uid("a")], None)
    assert [one.marks for one in bad.answers] == [{"overall": "1/5", "speed": "4/5"}]


def test_who_is_next_was_not_asked_has_not_declined_can_be_reached_and_had_his_quiet_days(pool: Pool) -> None:
    writer = written(
        next=(enrolled(),),
        asked=(enrolled(), invited()),
        declined=(enrolled(), RespondentDeclined()),
        bounced=(enrolled(), invited(survey="other"), RespondentDelivery(message=uid("m1"), status="failed")),
        again=(enrolled(), invited(survey="other"), RespondentDelivery(message=uid("m1"), status="failed"), enrolled()),
        elsewhere=(enrolled("other"),),
        chosen=(enrolled(about=uid("case")),),
    )
    build(pool, writer.log(), [Campaigns()])
    wave, late = Wave(WAVE, START - DAY), Wave(WAVE, START + DAY)
    cases = Campaign(who=("closed_cases",), dates=(WAVE,))
    with asking(pool).snapshot(ask.NAMES) as seen:
        quiet = [ask.waiting(seen, "spring", wave, START + days * DAY, LISTED, 9) for days in (0, 1)]
        assert [set(one) for one in quiet] == [{uid("next")}, {uid("next"), uid("again")}]
        assert ask.waiting(seen, "spring", wave, START, LISTED, 0) == ()
        assert ask.waiting(seen, "spring", wave, START, cases, 9) == (uid("chosen"),)
        assert ask.waiting(seen, "spring", late, START, cases, 9) == ()
        assert ask.declined(seen, [uid("next"), uid("declined"), uid("other")]) == {uid("declined")}
        assert ask.listed(seen) == (
            Listed(survey="other", enrolled=1, declined=0, unreachable=0),
            Listed(survey="spring", enrolled=6, declined=1, unreachable=1),
        )


def test_reminded_is_who_got_mail_and_is_silent_while_his_link_is_taken(pool: Pool) -> None:
    writer = written(
        silent=(enrolled(), invited()),
        called=(enrolled(), invited(mail=None)),
        told=(enrolled(), invited(), answered(5)),
        over=(enrolled(), invited(until=START + 2 * DAY)),
        declined=(enrolled(), invited(), RespondentDeclined(number=1)),
    )
    build(pool, writer.log(), [Campaigns()])
    with asking(pool).snapshot(ask.NAMES) as seen:
        found = ask.unanswered(seen, "spring", START + 3 * DAY, START + 8 * DAY)
        assert found == (Unanswered(stream=uid("silent"), number=1, invited_at=START + DAY, reminders=0),)
        assert ask.unanswered(seen, "spring", START, START + 8 * DAY) == ()
