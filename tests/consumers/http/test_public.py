"""The pages for people outside, over a real installation: what a link shows, and what its form records."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import pytest
from httpx import Response

from consumers.http.rating import filled
from consumers.wiring import build, clock, views
from consumers.wiring.build import Installation
from consumers.wiring.settings import from_environment
from engine.incoming import Asked, Circumstances, Done, Sender
from engine.links import Link, Purpose, written
from engine.streams_of import respondent
from schemas.channels.message import Contact
from schemas.complaint.lifecycle import ComplaintRated, Score
from schemas.configuration.survey import Survey
from schemas.envelope import RequestSource
from schemas.streams.survey import EnrolRespondent, InviteRespondent, RespondentAnswered
from support.web import Web, web

ANN = {"Plaint-Person": "ann"}


@dataclass(frozen=True)
class Office:
    here: Installation
    web: Web

    def answered(self, name: str, text: str = "The kettle is broken, I want a refund!") -> UUID:
        """A complaint with an outcome and a final reply."""
        message = {"channel": "chat", "system": "s", "id": name, "text": text, "author": {"name": "Ann Example"}}
        stream = UUID(self.web.post("/v1/messages", json=message).json()["stream"])
        self.give(stream, "reply", {"final": True, "channel": "chat", "body": "We are sorry, the price goes back."})
        self.give(stream, "resolve", {"outcome": "upheld"})
        return stream

    def give(self, stream: UUID, command: str, fields: dict[str, Any]) -> None:
        answer = self.web.post(f"/v1/complaints/{stream}/{command}", json={"fields": fields}, headers=ANN)
        assert answer.status_code == 200, answer.text

    def link(self, stream: UUID, purpose: Purpose = "rate", *, cycle: int = 1, days: float = 1) -> str:
        link = Link(purpose, stream, cycle, clock.now() + timedelta(days=days))
        return f"/p/{written(link, self.here.store.fingerprint.of)}"

    def send(self, link: str, **fields: object) -> Response:
        form = urlencode({name.replace("__", "."): value for name, value in fields.items()})
        return self.web.post(link, content=form, headers={"Content-Type": "application/x-www-form-urlencoded"})

    def ratings(self, stream: UUID) -> list[ComplaintRated]:
        return [
            one.event for one in self.here.store.read.stream(stream, open=True) if isinstance(one.event, ComplaintRated)
        ]


@pytest.fixture(scope="module")
def office(settings: dict[str, str]) -> Iterator[Office]:
    with build.opened(from_environment(settings)) as here, web(here) as asked:
        views.runner(here).catch_up()
        yield Office(here, asked)


def test_a_link_shows_the_survey_and_its_form_records_the_marks_once(office: Office) -> None:
    stream = office.answered("once")
    link = office.link(stream)
    page = office.web.get(link)
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert page.headers["cache-control"] == "no-store"
    assert "How we handled your complaint *" in page.text
    assert len(re.findall(r'<input type="radio" name="mark.overall"', page.text)) == 5
    assert "<script" not in page.text
    thanks = office.send(link, mark__overall=5, mark__speed=4, comment="Quick & kind <b>", mark__nothing=3)
    assert (thanks.status_code, "Thank you." in thanks.text) == (200, True)
    (rated,) = office.ratings(stream)
    assert (rated.survey, rated.survey_version, rated.cycle, rated.comment) == ("after-cycle", 1, 1, "Quick & kind <b>")
    assert rated.scores == (Score(parameter="overall", score=5), Score(parameter="speed", score=4))
    envelope = office.here.store.read.stream(stream)[-2].envelope
    assert (envelope.actor, envelope.identity) == ("service:public-link", "link")
    assert "You have rated this already." in office.web.get(link).text
    assert "You have rated this already." in office.send(link, mark__overall=1).text
    assert len(office.ratings(stream)) == 1


def test_the_same_form_sent_twice_thanks_twice_and_counts_once(office: Office) -> None:
    stream = office.answered("twice")
    link = office.link(stream)
    for _ in range(2):
        assert "Thank you." in office.send(link, mark__overall=4).text
    assert len(office.ratings(stream)) == 1


def test_what_is_missing_is_said_and_what_was_filled_in_stays(office: Office) -> None:
    stream = office.answered("missing")
    again = office.send(office.link(stream), mark__speed=4, comment="Quick & kind <b>")
    assert again.status_code == 422
    assert "Please give a mark where a star stands." in again.text
    assert 'name="mark.speed" value="4" checked' in again.text
    assert "Quick &amp; kind &lt;b&gt;" in again.text
    assert office.ratings(stream) == []


@pytest.mark.parametrize(("days", "status", "said"), [(-1, 410, "no longer taken"), (1, 404, "not one of ours")])
def test_a_link_that_is_over_or_of_no_case_records_nothing(office: Office, days: float, status: int, said: str) -> None:
    link = office.link(UUID(int=days > 0), days=days)
    for answer in (office.web.get(link), office.send(link, mark__overall=5)):
        assert (answer.status_code, said in answer.text) == (status, True)


def test_a_link_that_nobody_signed_is_none(office: Office) -> None:
    stream = office.answered("forged")
    link = office.link(stream)
    assert office.web.get(f"{link[:-1]}{'A' if link[-1] != 'A' else 'B'}").status_code == 404
    assert office.send("/p/nonsense", mark__overall=5).status_code == 404


def test_a_link_for_the_status_shows_it_in_his_language_without_a_word_of_the_case_and_rates_nothing(
    office: Office,
) -> None:
    stream = office.answered("status")
    link = office.link(stream, "status")
    shown = office.web.get(link, headers={"Accept-Language": "ru"})
    assert "Мы ответили." in shown.text
    assert "PL-" in shown.text
    assert "kettle" not in shown.text
    assert office.send(link, mark__overall=5).status_code == 404
    assert office.ratings(stream) == []


def test_a_proxy_may_pass_these_pages_on_under_its_own_name_and_nothing_else(office: Office) -> None:
    stream = office.answered("proxy")
    link = office.link(stream)
    outside = {"Host": "complaints.example.com", "Origin": "https://complaints.example.com"}
    assert office.web.get(link, headers=outside).status_code == 200
    form = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin", **outside}
    assert "Thank you." in office.web.post(link, content="mark.overall=5", headers=form).text
    assert len(office.ratings(stream)) == 1
    for path in ("/v1/cases", "/p", "/v1/p/../cases"):
        assert office.web.get(path, headers=outside).status_code == 403


@dataclass(frozen=True)
class _Asked:
    office: Office
    stream: UUID

    @property
    def names(self) -> list[str]:
        return [one.name for one in self.office.here.store.read.stream(self.stream)]


@pytest.fixture
def asked(office: Office, request: pytest.FixtureRequest) -> _Asked:
    """A person whom the shipped campaign has invited, who never complained."""
    here, contact = office.here, f"{request.node.name}@example.org"
    stream = respondent(Contact(kind="email", value=contact).octets, here.store.fingerprint.of)
    now = clock.now()
    around = Circumstances(Sender("test", "service:test", "workload"), RequestSource(request=clock.new_id()), now)
    commands = (
        EnrolRespondent(survey="customers", contact=contact, language="en"),
        InviteRespondent(survey="customers", survey_version=1, until=now + timedelta(days=2)),
    )
    results = [here.service.submit([Asked(stream, one, str(clock.new_id()), around)], now)[0] for one in commands]
    assert [type(one) for one in results] == [Done, Done]
    return _Asked(office, stream)


def test_a_campaign_asks_on_the_same_page_and_takes_one_answer(office: Office, asked: _Asked) -> None:
    link = office.link(asked.stream)
    page = office.web.get(link)
    assert (page.status_code, "How satisfied you are with us *" in page.text) == (200, True)
    assert "<script" not in page.text
    assert office.send(link, mark__speed=2).status_code == 422
    assert "Thank you." in office.send(link, mark__overall=4, comment="Fine <b>").text
    assert "You have rated this already." in office.web.get(link).text
    assert "You have rated this already." in office.send(link, mark__overall=1).text
    answered = office.here.store.read.stream(asked.stream, open=True)[-1]
    assert isinstance(answered.event, RespondentAnswered)
    assert (answered.event.comment, answered.event.channel) == ("Fine <b>", "web_form")
    assert answered.event.scores == (Score(parameter="overall", score=4),)
    assert (answered.envelope.actor, answered.envelope.identity) == ("service:public-link", "link")
    assert asked.names.count("survey.answered.v1") == 1


def test_following_the_link_of_an_opt_out_changes_nothing_and_its_button_or_one_click_of_a_mailer_does(
    office: Office, asked: _Asked
) -> None:
    link = office.link(asked.stream, "decline")
    shown = office.web.get(link)
    assert (shown.status_code, "<form" in shown.text) == (200, True)
    assert "survey.declined.v1" not in asked.names
    assert office.send(link, **{"List-Unsubscribe": "One-Click"}).status_code == 200
    assert asked.names[-1] == "survey.declined.v1"
    assert "We will ask you no more." in office.web.get(link).text
    assert office.send(link).status_code == 200
    assert asked.names.count("survey.declined.v1") == 1


def test_who_has_allowed_it_again_can_opt_out_again_by_the_same_link(office: Office, asked: _Asked) -> None:
    link = office.link(asked.stream, "decline")
    office.send(link)
    assert office.web.post(f"/v1/surveys/{asked.stream}/allow", json={"fields": {}}, headers=ANN).status_code == 200
    assert "<form" in office.web.get(link).text
    assert office.send(link).status_code == 200
    assert asked.names[-3:] == ["survey.declined.v1", "survey.allowed.v1", "survey.declined.v1"]


def test_a_link_of_a_campaign_that_names_no_invitation_of_his_is_none(office: Office, asked: _Asked) -> None:
    for link in (office.link(asked.stream, cycle=2), office.link(asked.stream, "status")):
        assert (office.web.get(link).status_code, office.send(link, mark__overall=5).status_code) == (404, 404)
    assert office.web.get(office.link(asked.stream, days=-1)).status_code == 410


@pytest.mark.parametrize(
    ("body", "scores"),
    [
        (b"mark.overall=5", (5,)),
        (b"mark.overall=0", ()),
        (b"mark.overall=6", ()),
        (b"mark.overall=-1", ()),
        (b"mark.overall=5.0", ()),
        ("mark.overall=\N{ARABIC-INDIC DIGIT FIVE}".encode(), ()),
        (b"overall=5", ()),
        (b"\xff\xfe", ()),
        (b"mark.overall=5" + b"&a=1" * 50, ()),
        (b"&" * 64_000, ()),
        (b"", ()),
    ],
)
def test_only_a_whole_mark_within_its_scale_counts(body: bytes, scores: tuple[int, ...]) -> None:
    survey = Survey.model_validate(
        {
            "id": "s", "version": 1, "title": {"en": "-"}, "intro": {"en": "-"}, "send": {"en": "-"},
            "questions": [{"parameter": "overall", "text": {"en": "-"}, "required": True}], "thanks": {"en": "-"},
        }
    )  # fmt: skip
    found = filled(body, survey)
    assert tuple(one.score for one in found.scores) == scores
    assert found.missing == (() if scores else ("overall",))
