from schemas.complaint.correspondence import MessageRecorded, Queued, Rendered
from schemas.published.notice import MessageQueued, ProblemSuspected, notice_of
from schemas.streams import problem
from support.examples import whole
from support.scenario import MONDAY, STREAM, envelope, uid

NUMBER = "PL-7K3M9-Q2X4B"
QUEUED = MessageRecorded(
    direction="outbound",
    counterparty="staff",
    automated=True,
    purpose="notice",
    message=uid("m"),
    to="desk@example.com",
    channel="email",
    subject="Missed",
    body="Ann waits",
    queued=Queued(not_before=MONDAY, bundled=True, team="delivery"),
    rendered=Rendered(template="staff-missed", version=1, language="en"),
)


def test_a_message_that_is_to_be_sent_is_noticed_without_its_words_or_address() -> None:
    found = notice_of(STREAM, NUMBER, envelope(), QUEUED)
    assert isinstance(found, MessageQueued)
    assert found.model_dump(mode="json", exclude_none=True) == {
        "about": str(STREAM),
        "number": NUMBER,
        "business_unit": "main",
        "actor": "service:intake",
        "origin": "live",
        "occurred_precision": "instant",
        "message": str(uid("m")),
        "channel": "email",
        "counterparty": "staff",
        "visibility": "private",
        "automated": True,
        "purpose": "notice",
        "not_before": "2026-03-02T09:00:00Z",
        "bundled": True,
        "team": "delivery",
        "template": "staff-missed",
        "language": "en",
    }


def test_what_somebody_else_sends_is_noticed_by_nobody() -> None:
    sent = whole(MessageRecorded).model_copy(update={"queued": None})
    assert notice_of(STREAM, NUMBER, envelope(), sent) is None
    assert notice_of(STREAM, NUMBER, envelope(origin="import"), QUEUED) is None


def test_complaints_that_say_the_same_are_noticed_once_by_the_problem_itself() -> None:
    suspected = problem.ProblemSuspected(complaints=(uid("a"), uid("b")), within_days=7, least=0.25)
    found = notice_of(STREAM, NUMBER, envelope(), suspected)
    assert isinstance(found, ProblemSuspected)
    assert (found.about, found.complaints, found.within_days) == (STREAM, (uid("a"), uid("b")), 7)
    assert notice_of(STREAM, NUMBER, envelope(), problem.ProblemLinked(complaint=uid("c"))) is None
