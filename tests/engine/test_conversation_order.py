"""Whatever order the messages of a conversation come in, and whenever the waiting ends: each has its effect once."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import permutations
from uuid import UUID

import psycopg
import pytest

from consumers.reactions import parked
from engine.incoming import Done, Parked
from engine.sla.calendar import compile_calendar
from engine.sla.fact import from_stored
from engine.sla.judge import judge
from engine.sla.marks import steps
from schemas.complaint.records import ComplaintLinked
from schemas.complaint.registration import ComplaintReceived
from schemas.configuration.desk import Desk as Rules
from support.installation import MONDAY, Desk

MAIL = {
    "opener": "Message-ID: <o@example.com>\n",
    "reply": "Message-ID: <r@example.com>\nIn-Reply-To: <o@example.com>\nReferences: <o@example.com>\n",
    "answer": "Message-ID: <a@example.com>\nIn-Reply-To: <r@example.com>\n"
    "References: <o@example.com> <r@example.com>\n",
}  # fmt: skip
ORDERS = list(permutations(MAIL))


def hear(desk: Desk, name: str) -> Done | Parked:
    raw = f"From: Ann <ann@example.com>\n{MAIL[name]}\nMy kettle is broken, {name}!\n"
    result = desk.hear(channel="email", raw=raw)
    assert isinstance(result, Done | Parked)
    return result


def waiting_ends(desk: Desk) -> None:
    """Let more than an hour pass; what waits then opens a case of its own."""
    desk.later(minutes=61)
    with psycopg.connect(desk.conninfo) as connection:
        connection.execute("UPDATE plaint.set_aside SET until = until - %s + (now() - interval '1 day')", (desk.at,))
    parked.take_up(desk.store, desk.service, desk.at)


def cases(desk: Desk) -> dict[UUID, datetime]:
    """Return every complaint and when it was received."""
    log = desk.store.read.log(0, 1000)
    return {one.stream: one.envelope.occurred_at for one in log if one.name == ComplaintReceived.NAME}


def links(desk: Desk) -> set[tuple[UUID, str, UUID]]:
    log = desk.store.read.log(0, 1000)
    return {(one.stream, one.event.kind, one.event.other) for one in log if isinstance(one.event, ComplaintLinked)}


def messages(desk: Desk, stream: UUID) -> list[datetime]:
    """Return when the messages of a case happened, in the order in which they were stored."""
    names = ("complaint.received.v1", "complaint.message_recorded.v1")
    return [one.envelope.occurred_at for one in desk.history(stream) if one.name in names]


def clocks_start(desk: Desk, stream: UUID) -> set[datetime]:
    calendars = {pin: compile_calendar(calendar) for pin, calendar in desk.service.book().calendars.items()}
    facts = (from_stored(one.event, one.envelope, one.recorded_at) for one in desk.history(stream))
    verdicts = judge(steps(facts), calendars, desk.at)
    return {one.started_at for one in verdicts if one.kind in ("acknowledgement", "resolution")}


@pytest.mark.parametrize("order", ORDERS, ids="-".join)
@pytest.mark.parametrize("heard_in_time", [1, 2, 3])
def test_three_messages_in_every_order_across_the_deadline(
    desk: Desk, order: tuple[str, ...], heard_in_time: int
) -> None:
    came: dict[str, datetime] = {}
    for number, name in enumerate(order, start=1):
        desk.later(minutes=5)
        came[name] = desk.at
        hear(desk, name)
        if number == heard_in_time:
            waiting_ends(desk)
    waiting_ends(desk)

    assert desk.store.set_aside.listed() == []
    opened = cases(desk)
    assert sorted(at for stream in opened for at in messages(desk, stream)) == sorted(came.values())
    for stream, at in opened.items():
        assert clocks_start(desk, stream) == {at}
    by_time = {at: stream for stream, at in opened.items()}
    if order.index("opener") < heard_in_time:
        assert list(by_time) == [came["opener"]]
        assert links(desk) == set()
        return
    first = order[0]
    assert set(by_time) == {came[first], came["opener"]}
    forerunner, late = by_time[came[first]], by_time[came["opener"]]
    assert links(desk) == {(forerunner, "continues", late), (late, "related", forerunner)}
    assert messages(desk, late) == [came["opener"]]


def test_a_case_continues_one_other_however_often_its_openers_id_comes(desk: Desk) -> None:
    hear(desk, "reply")
    waiting_ends(desk)
    (forerunner,) = cases(desk)
    hear(desk, "opener")
    first = links(desk)
    other = "From: Bob <bob@example.com>\nDate: Mon, 2 Mar 2026 08:00:00 +0000\n"
    raw = f"{other}Message-ID: <o@example.com>\n\nMy lid is broken!\n"
    assert isinstance(desk.hear(channel="email", raw=raw), Done)
    assert len(cases(desk)) == 3
    assert links(desk) == first
    assert sum(forerunner in (stream, other) for stream, _, other in first) == 2


def test_where_the_reply_was_no_complaint_the_conversation_goes_on_in_the_late_one(desk: Desk) -> None:
    thanks = "From: Ann <ann@example.com>\nMessage-ID: <t@example.com>\nIn-Reply-To: <o@example.com>\n\nThank you!\n"
    assert isinstance(desk.hear(channel="email", raw=thanks), Parked)
    waiting_ends(desk)
    assert cases(desk) == {}
    late = hear(desk, "opener")
    assert isinstance(late, Done)
    follow_up = hear(desk, "reply")
    assert isinstance(follow_up, Done)
    assert (late.opened, follow_up.stream, links(desk)) == (True, late.stream, set())


def test_what_arrives_after_an_outage_waits_its_time_from_when_it_is_here(desk: Desk) -> None:
    message = desk.message(channel="email", raw=f"From: Ann <ann@example.com>\n{MAIL['reply']}\nBroken!\n")
    days_ago = replace(message, around=replace(message.around, received_at=MONDAY - timedelta(days=2)))
    (result,) = desk.service.submit([days_ago], desk.at)
    assert isinstance(result, Parked)
    assert result.until == desk.at + timedelta(hours=1)


def test_a_document_that_says_nothing_of_it_means_what_it_always_meant_and_minutes_go_first() -> None:
    assert Rules(id="default", version=1).parks_for == timedelta(hours=48)
    assert Rules(id="default", version=1, park_hours=3).parks_for == timedelta(hours=3)
    assert Rules(id="default", version=1, park_hours=3, park_minutes=90).parks_for == timedelta(minutes=90)


def test_the_shipped_document_says_one_hour(desk: Desk) -> None:
    assert desk.service.book().desk.parks_for == timedelta(hours=1)
