"""A reply is judged before it goes out, by the texts of its case; what it promises with a date becomes a clock."""

from datetime import UTC, datetime

import pytest

from consumers.wiring import presets
from engine.configuration.activation import activation
from engine.configuration.in_force import Book, fold
from engine.text.replies.finding import About
from engine.text.similarity import sketch
from schemas.complaint.base import Event
from schemas.complaint.clocks import ComplaintPromised
from schemas.complaint.correspondence import ComplaintReplied, QualityVerdict, Reply
from schemas.configuration import Calendar
from schemas.configuration.activated import ConfigurationActivated
from schemas.configuration.replies import ReplyRules
from support.scenario import COMPLAINANT, MONDAY, RECEIVED, REGISTERED, History, given, uid

NOON = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
"""A Monday, noon in Moscow."""
ABOUT = About(complaint=("It broke.",), names=("Anna Berg",))


def book(**changes: object) -> Book:
    """The shipped rules of replies and the calendar that they count by."""
    wanted = [one for one in presets.shipped() if isinstance(one, Calendar | ReplyRules)]
    items = [one.model_copy(update=changes) if isinstance(one, ReplyRules) else one for one in wanted]
    return fold(event for item in items if isinstance(event := activation(item), ConfigurationActivated))


CASE = given(RECEIVED, REGISTERED).under(book())


def answer(body: str, **fields: object) -> Reply:
    return Reply.model_validate({"final": False, "channel": "email", "body": body, **fields})


def replied(events: tuple[Event, ...]) -> QualityVerdict | None:
    [found] = [event for event in events if isinstance(event, ComplaintReplied)]
    return found.checks


def promised(body: str, *, at: datetime = NOON, history: History = CASE) -> list[tuple[object, datetime]]:
    events = history.when(answer(body), at=at, about=ABOUT).decided()
    return [(one.what, one.due) for one in events if isinstance(one, ComplaintPromised)]


def test_the_verdict_is_stored_with_the_reply_by_the_rules_in_force() -> None:
    verdict = replied(CASE.when(answer("Dear Ms Berg,\nsorry for the wait. Thank you."), about=ABOUT).decided())
    assert verdict is not None
    assert (verdict.score, verdict.findings, verdict.passed) == (100, (), True)
    assert verdict.judged_by is not None
    assert verdict.judged_by.rule_set == "replies"


def test_without_rules_the_senders_own_verdict_stands() -> None:
    own = QualityVerdict(score=7)
    assert replied(CASE.under(Book()).when(answer("Hello", checks=own)).decided()) == own


def test_what_the_rules_block_is_refused_with_what_and_where_and_no_word_of_it() -> None:
    asked = CASE.when(answer("Dear Peter,\nyou should have asked.", final=True), about=ABOUT)
    asked.then_refused("reply_unfit", found="blame, wrong_name", places="12-27, 5-10", score=37)


def test_a_written_reason_sends_it_all_the_same_and_the_record_says_that_it_did_not_pass() -> None:
    verdict = replied(CASE.when(answer("Dear Peter,\nsorry. Thank you."), about=ABOUT, why=True).decided())
    assert verdict is not None
    assert (verdict.findings, verdict.passed) == (("wrong_name",), False)


def test_a_low_score_is_refused_where_the_rules_ask_for_one() -> None:
    strict = CASE.under(book(least_score=90))
    strict.when(answer("No.", final=True)).then_refused("reply_unfit", found="score below 90")


def test_what_another_got_is_told() -> None:
    body = "Dear Ms Berg,\nsorry for the wait. The workshop looks at your kettle. Thank you."
    about = About(names=("Anna Berg",), others=(sketch(body),))
    verdict = replied(CASE.when(answer(body), about=about).decided())
    assert verdict is not None
    assert verdict.findings == ("same_text",)


@pytest.mark.parametrize(
    ("body", "due"),
    [
        ("We will call you by 5 March.", datetime(2026, 3, 5, 15, 0, tzinfo=UTC)),
        ("We will call you tomorrow.", datetime(2026, 3, 3, 15, 0, tzinfo=UTC)),
        ("We will call you on Saturday.", datetime(2026, 3, 7, 21, 0, tzinfo=UTC)),
        ("We will send it within 2 working days.", datetime(2026, 3, 4, 15, 0, tzinfo=UTC)),
        ("Перезвоним в течение двух часов.", datetime(2026, 3, 2, 11, 0, tzinfo=UTC)),
        ("Вернём деньги за 8 рабочих часов.", datetime(2026, 3, 3, 8, 0, tzinfo=UTC)),
        ("Вернём деньги через месяц.", datetime(2026, 4, 2, 15, 0, tzinfo=UTC)),
    ],
)
def test_a_promise_with_a_date_becomes_a_clock_that_ends_with_the_desks_day(body: str, due: datetime) -> None:
    assert promised(body) == [(body, due)]


def test_a_promise_without_a_date_or_of_yesterday_makes_no_clock() -> None:
    assert promised("We will call you. We will send it by 1 March 2026. If you wish, we will call on Friday.") == []


def test_promises_for_one_day_are_one_and_what_stands_is_not_promised_again() -> None:
    once = promised("We will call you by Friday. We will send it by Friday, 6 March.")
    assert once == [("We will call you by Friday.", datetime(2026, 3, 6, 15, 0, tzinfo=UTC))]
    standing = ComplaintPromised(subject_id=COMPLAINANT, promise_id=uid("p"), what="call", due=once[0][1])
    history = given(RECEIVED, REGISTERED, standing).under(book())
    assert promised("We will call you by Friday.", history=history) == []


def test_a_reply_given_again_promises_nothing_anew() -> None:
    body = "Dear Ms Berg,\nsorry for the wait. We will call you by 5 March. Thank you."
    asked = CASE.when(answer(body), at=MONDAY, about=ABOUT)
    events = asked.decided()
    assert [event.NAME.split(".")[1] for event in events] == ["message_recorded", "replied", "promised"]
    asked.then(*events)


def test_where_no_calendar_counts_a_day_ends_at_midnight_in_utc() -> None:
    history = given(RECEIVED, REGISTERED).under(book(calendar=None))
    [(_, due)] = promised("We will call you by 5 March.", history=history)
    assert due == datetime(2026, 3, 6, tzinfo=UTC)
