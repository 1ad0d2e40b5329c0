"""Surveys are read whole or refused whole, each error with its line, field and fix."""

from importlib.resources import files

import pytest

from engine.configuration.activation import activation
from engine.configuration.admissible import problems
from engine.configuration.in_force import Book, fold, holds
from schemas.configuration import ConfigurationRefused, load
from schemas.configuration.activated import ConfigurationActivated
from schemas.configuration.survey import Survey

GOOD = """\
kind: survey
id: short
version: 2
title: {en: "How did we do?"}
intro: {en: One question.}
questions:
  - {parameter: overall, text: {en: All in all, ru: В целом}, required: true}
send: {en: Send}
thanks: {en: Thank you}
remind_after_days: [3]
follow_up: {within: 4 hours, calendar: desk, level: 2, team: lead}
"""


def survey(text: str = GOOD) -> Survey:
    found = load(text, "short.yaml")
    assert isinstance(found, Survey)
    return found


def test_a_survey_is_in_force_by_its_id_and_a_higher_version_replaces_it() -> None:
    first, second = survey(), survey(GOOD.replace("version: 2", "version: 3").replace("[3]", "[5]"))
    events = [activation(one) for one in (first, second)]
    book = fold([one for one in events if isinstance(one, ConfigurationActivated)])
    assert book.surveys == {"short": second}
    assert (holds(book, first), holds(book, second), holds(Book(), first)) == (True, True, False)


def test_the_shipped_survey_asks_for_every_parameter_in_both_languages() -> None:
    folder = files("engine.configuration").joinpath("presets", "surveys")
    shipped = survey(folder.joinpath("after-cycle.yaml").read_text(encoding="utf-8"))
    asked = [one.parameter for one in shipped.questions]
    assert asked == ["overall", "quality", "staff", "speed", "delivery", "support_line"]
    said = [shipped.title, shipped.intro, shipped.send, shipped.thanks, *(one.text for one in shipped.questions)]
    assert [set(one) for one in said] == [{"en", "ru"}] * len(said)
    assert shipped.follow_up is not None


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("remind_after_days: [3]", "remind_after_days: [5, 3]"), "line 10: remind_after_days: write rising numbers"),
        (("remind_after_days: [3]", "remind_after_days: [30]"), "line 10: remind_after_days: the link is taken for 30"),
        (("{en: Send}", "{ru: Отправить}"), "line 8: send: has no English"),
        (("within: 4 hours", "within: 4 days"), "line 11: follow_up.within: say which days"),
        (("required: true", "out_of: 20"), "line 7: questions.0.out_of: write a number less than or equal to 10"),
        (("version: 2", "version: 2\nrewards: 1"), "line 4: rewards: is not known"),
    ],
)
def test_an_error_is_told_with_its_line_its_field_and_what_to_write(change: tuple[str, str], told: str) -> None:
    with pytest.raises(ConfigurationRefused) as refused:
        survey(GOOD.replace(*change))
    assert told in str(refused.value)


def test_a_calendar_that_is_not_in_force_is_named() -> None:
    (found,) = problems([survey()], ["always"])
    assert found.path == ("follow_up", "calendar")
    assert found.fix == "calendar 'desk' is not in force; add a file with it, or name one of: always"
    assert problems([survey()], ["desk"]) == []


CAMPAIGN = """\
kind: survey
id: spring
version: 1
ask: campaign
campaign:
  who: [list, closed_cases]
  begins: 2026-03-02
  every_weeks: 13
  at: "10:00"
  timezone: Europe/Moscow
  hours: desk
title: {en: "How are we doing?"}
intro: {en: One question.}
questions:
  - {parameter: overall, text: {en: All in all}}
send: {en: Send}
thanks: {en: Thank you}
"""


def test_a_campaign_says_whom_it_asks_and_when() -> None:
    campaign = survey(CAMPAIGN).campaign
    assert campaign is not None
    assert (campaign.who, campaign.every_weeks, campaign.at, campaign.quiet_days, campaign.template) == (
        ("list", "closed_cases"), 13, "10:00", 90, "campaign",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("  every_weeks: 13\n", ""), "campaign.begins: begins and every_weeks go together"),
        (("  begins: 2026-03-02\n  every_weeks: 13\n", ""), "campaign.who: people of cases are asked in waves"),
        (("  at:", "  dates: [2026-03-02]\n  at:"), "campaign.dates: write dates, or begins with every_weeks"),
        (("Europe/Moscow", "Europe/Nowhere"), "campaign.timezone: there is no such zone"),
        (('at: "10:00"', "at: 10:00 sharp"), "campaign.at"),
        (("ask: campaign", "ask: by_hand"), "campaign: write it with ask: campaign"),
        (("who: [list, closed_cases]", "who: [everybody]"), "campaign.who.0"),
    ],
)
def test_an_error_of_a_campaign_is_told_by_its_place(change: tuple[str, str], told: str) -> None:
    with pytest.raises(ConfigurationRefused) as refused:
        survey(CAMPAIGN.replace(*change))
    assert told in str(refused.value)


def test_what_a_campaign_names_must_be_in_force() -> None:
    found = problems([survey(CAMPAIGN)], ["always"])
    assert [(one.path, one.fix.partition(";")[0]) for one in found] == [
        (("campaign", "hours"), "calendar 'desk' is not in force"),
        (("campaign", "template"), "template 'campaign' is not in force"),
    ]


def test_the_shipped_campaign_asks_whoever_is_brought_in_both_languages() -> None:
    folder = files("engine.configuration").joinpath("presets", "surveys")
    shipped = survey(folder.joinpath("customers.yaml").read_text(encoding="utf-8"))
    assert shipped.campaign is not None
    assert (shipped.campaign.who, shipped.campaign.dates, shipped.campaign.every_weeks) == (("list",), (), None)
    said = [shipped.title, shipped.intro, shipped.send, shipped.thanks, *(one.text for one in shipped.questions)]
    assert [set(one) for one in said] == [{"en", "ru"}] * len(said)
