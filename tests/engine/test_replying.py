"""A reply is judged by the opened texts of its case, and against what other people got lately."""

from uuid import UUID

from engine.incoming import Asked, Done, Refused
from engine.replying import Replying
from engine.service import Service
from schemas.complaint.correspondence import ComplaintReplied, QualityVerdict, Reply
from support.installation import Desk

BODY = """Dear Ann,
we are sorry that the kettle leaks. We checked the batch: a seal was fitted the wrong way round.
We refund the full price, or send you a new kettle if you prefer that. Thank you for telling us."""


def mail(name: str, text: str) -> str:
    return (
        f"From: {name} <{name.lower()}@example.com>\nTo: help@plaint.example\nSubject: Kettle\n"
        f"Date: Mon, 02 Mar 2026 08:00:00 +0000\nMessage-ID: <{name}@example.com>\n\n{text}\n"
    )


def opened(desk: Desk, name: str, text: str = "My kettle leaks. I want a refund.") -> UUID:
    return desk.opened(channel="email", raw=mail(name, text))


def verdict(desk: Desk, stream: UUID) -> QualityVerdict:
    [found] = [one.event.checks for one in desk.history(stream) if isinstance(one.event, ComplaintReplied)]
    assert found is not None
    return found


def answer(desk: Desk, stream: UUID, body: str = BODY, *, why: str | None = None) -> Done | Refused:
    result = desk.give(stream, Reply(final=True, channel="email", body=body), why=why)
    assert isinstance(result, Done | Refused)
    return result


def test_a_good_reply_goes_out_with_its_score(desk: Desk) -> None:
    stream = opened(desk, "Ann")
    assert isinstance(answer(desk, stream), Done)
    assert (verdict(desk, stream).score, verdict(desk, stream).findings) == (100, ())


def test_the_questions_and_the_name_are_those_of_the_case(desk: Desk) -> None:
    stream = opened(desk, "Bob", "My kettle leaks, I want a refund. When will the money come?")
    refused = answer(desk, stream)
    assert isinstance(refused, Refused)
    assert (refused.code, refused.facts["found"]) == ("reply_unfit", "wrong_name")
    assert isinstance(answer(desk, stream, why="He calls himself Ann"), Done)
    assert verdict(desk, stream).findings == ("question_unanswered", "wrong_name")
    assert not verdict(desk, stream).passed


def test_a_question_that_was_answered_is_not_asked_again(desk: Desk) -> None:
    stream = opened(desk, "Ann", "My kettle leaks, I want a refund. When will the money come?")
    answer(desk, stream)
    about = Replying(desk.store.read)
    asked = Asked(stream, Reply(final=True, channel="email", body="Done."), "again", desk.around())
    [told] = about.about([asked]).values()
    assert told.complaint == ()


def test_the_same_text_for_several_people_is_told_in_every_process(desk: Desk) -> None:
    first, second, third = (
        opened(desk, name, f"{name}: my kettle leaks, refund!") for name in ("Ann", "Anna", "Annie")
    )
    assert isinstance(answer(desk, first), Done)
    assert isinstance(answer(desk, second), Done)
    assert verdict(desk, second).findings == ("same_text",)
    fresh = Desk(desk.store, Service(desk.store), desk.conninfo, desk.at, asked=100)
    assert isinstance(answer(fresh, third), Done)
    assert verdict(fresh, third).findings == ("same_text",)


def test_the_same_text_for_one_person_twice_is_no_copy(desk: Desk) -> None:
    stream = opened(desk, "Ann")
    assert isinstance(answer(desk, stream), Done)
    assert isinstance(answer(desk, stream), Done)
    checks = [one.event.checks for one in desk.history(stream) if isinstance(one.event, ComplaintReplied)]
    assert [one.findings for one in checks if one is not None] == [(), ()]
