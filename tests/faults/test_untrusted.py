"""Whatever arrives is taken or rejected with a reason; nothing that arrives stops a door."""

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consumers import intake
from engine.incoming import Arrived, Asked, Done, Parked, Refused
from engine.store.database.pool import open_pool
from schemas.complaint.classification import Day, SetField
from schemas.complaint.clocks import MakePromise
from schemas.complaint.correspondence import AddNote
from schemas.complaint.registration import Register
from schemas.complaint.waiting import RequestInformation
from support.drawing import SHARED
from support.installation import Desk
from support.views import build

_QUIET = settings(max_examples=100, deadline=None, suppress_health_check=SHARED)

_NASTY = st.one_of(
    st.sampled_from(["\x00", "a\x00b", "\ud800", "\u202eevil", "\ufeff", "''\";--", "%s{0}", "\r\n", "PL-00000-00000",
                     "ё" * 300, "\U0001f600" * 50, " ", "NaN", "-1e400", "../../etc"]),
    st.text(st.characters(codec=None), max_size=40),
)  # fmt: skip
_TIMES = st.sampled_from(
    ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00",
     "2026-02-30T00:00:00Z", "2099-01-01T00:00:00Z", "1900-01-01", "2026-03-02T08:00:00.123456789Z", "24:00", ""]
)  # fmt: skip
_NUMBERS = st.sampled_from(["NaN", "Infinity", "-0", "1e9", "1e-9", "5", "0.01", "9999.99", "99999999999999.9999"])
_PERSON = st.fixed_dictionaries(
    {},
    optional={
        "name": _NASTY,
        "role": st.sampled_from(["complainant", "authority", "respondent", "boss"]),
        "contacts": st.lists(
            st.fixed_dictionaries({"kind": st.sampled_from(["email", "phone", "other"]), "value": _NASTY}), max_size=3
        ),
    },
)
_FILE = st.fixed_dictionaries(
    {},
    optional={
        "filename": _NASTY,
        "media_type": _NASTY | st.just("text/plain; charset=x"),
        "content": st.binary(max_size=20).map(lambda octets: base64.b64encode(octets).decode()) | _NASTY,
        "reference": _NASTY,
    },
)
_HINTS = st.fixed_dictionaries(
    {},
    optional={
        "sense": st.sampled_from(["complaint", "thanks", "rubbish"]),
        "product": _NASTY,
        "serial": _NASTY,
        "location": _NASTY,
        "business_unit": _NASTY,
        "incident_on": _TIMES,
        "written_on": _TIMES,
        "answer_by": _TIMES,
        "claimed": st.fixed_dictionaries({"amount": _NUMBERS, "currency": st.sampled_from(["EUR", "eur", "€"])}),
        "external_refs": st.lists(st.fixed_dictionaries({"system": _NASTY, "number": _NASTY}), max_size=2),
    },
)
_IDS = st.sampled_from(["1", "2", "3", "4"])
_ANY_ID = _IDS | _NASTY
_TEXTS = st.sampled_from(["My kettle is broken, refund!", "Thank you", "When do you open?"]) | _NASTY
_NEEDED: dict[str, dict[str, Any]] = {
    "web_form": {},
    "chat": {},
    "visit": {},
    "messenger": {},
    "call": {"started_at": "2026-03-02T08:00:00Z"},
    "review": {"site": "s", "review_id": "1"},
    "social": {"network": "n", "post_id": "1"},
    "letter": {"arrived_on": "2026-03-02"},
    "authority": {"authority": "a", "reference": "1", "forwarded_on": "2026-03-01"},
}
_FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "system": _NASTY, "revision": _NASTY, "in_reply_to": _ANY_ID, "thread": _ANY_ID, "number": _NASTY,
    "author": _PERSON, "on_behalf_of": _PERSON, "addressed_to": st.lists(_NASTY, max_size=2), "subject": _NASTY,
    "language": _NASTY, "automated": st.sampled_from(["auto_reply", "list"]), "public": st.booleans(),
    "rating": st.fixed_dictionaries({"score": _NUMBERS, "out_of": _NUMBERS}),
    "attachments": st.lists(_FILE, max_size=2), "hints": _HINTS, "started_at": _TIMES, "sent_at": _TIMES,
    "submitted_at": _TIMES, "posted_at": _TIMES, "arrived_on": _TIMES, "forwarded_on": _TIMES,
    "direction": st.sampled_from(["inbound", "outbound", "internal"]), "site": _ANY_ID, "review_id": _ANY_ID,
    "network": _ANY_ID, "post_id": _ANY_ID, "authority": _ANY_ID, "reference": _ANY_ID, "complainant": _PERSON,
    "duration_seconds": st.integers(-1, 10**6), "caller_number": _NASTY, "agent": _NASTY, "id": _ANY_ID,
}  # fmt: skip


@st.composite
def _messages(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a message that is sound but for up to three fields."""
    channel = draw(st.sampled_from(sorted(_NEEDED)))
    odd = draw(st.lists(st.sampled_from(sorted(_FIELDS)), max_size=3))
    sound = {"channel": channel, "id": draw(_IDS), "text": draw(_TEXTS), **_NEEDED[channel]}
    return {**sound, **{name: draw(_FIELDS[name]) for name in odd}}


def taken(desk: Desk, octets: bytes) -> Arrived | None:
    """Return what the intake takes, believing its time; a rejection says where and why."""
    found = intake.from_octets(octets, desk.around())
    if isinstance(found, intake.Rejected):
        assert found.path
        assert found.reason
        return None
    return replace(found, around=replace(found.around, trusts_claim=True))


def passed_over(desk: Desk) -> list[Any]:
    """Build the views; returns the cases that one of them could not take."""
    with open_pool(desk.conninfo, max_size=2, name="views") as pool:
        build(pool, desk.store.read)
        with pool.connection() as connection:
            return connection.execute("SELECT * FROM views.stuck").fetchall()


@pytest.mark.parametrize("together", [True, False], ids=["in_one_batch", "one_by_one"])
def test_any_structured_messages_are_taken_or_rejected(desk: Desk, *, together: bool) -> None:
    @_QUIET
    @given(st.lists(_messages(), min_size=1, max_size=6))
    def check(messages: list[dict[str, Any]]) -> None:
        found = [taken(desk, json.dumps(message).encode()) for message in messages]
        items = [one for one in found if one is not None]
        desk.later(days=20)
        results = [
            result
            for batch in ([items] if together else [[item] for item in items])
            for result in desk.service.submit(batch, desk.at)
        ]
        assert all(isinstance(result, Done | Parked) for result in results)

    check()
    assert passed_over(desk) == []


_HEADERS = st.lists(
    st.tuples(
        st.sampled_from(["From", "To", "Subject", "Date", "Message-ID", "In-Reply-To", "References", "Reply-To",
                         "Auto-Submitted", "Content-Type", "Content-Transfer-Encoding", "Content-Disposition",
                         "MIME-Version", "Content-Language", "Return-Path", "List-Id", "Received"]),
        st.one_of(
            st.binary(max_size=60),
            st.sampled_from([
                b"Ann <ann@example.com>", b"<m1@example.com>", b"<m2@example.com>", b"<\xff\xfe@x>",
                b"=?utf-8?q?=ED=A0=80?=",
                b"=?utf-8?b?AAAA?=", b"multipart/mixed; boundary=b", b"text/html; charset=utf-7", b"base64",
                b"Mon, 01 Jan 0001 00:00:00 +1400", b"Fri, 31 Dec 9999 23:59:59 -1200", b"auto-replied", b"1.0",
                b"text/plain; charset=no-such", b"message/rfc822",
                b"multipart/report; report-type=delivery-status; boundary=b",
                b"=?x-unknown?q?a?=", b"attachment; filename*=utf-8''%ED%A0%80", b'"\x00" <a@b>',
            ]),
        ),
    ),
    max_size=8,
)  # fmt: skip


def test_any_mail_is_taken_or_rejected(desk: Desk) -> None:
    @_QUIET
    @given(st.lists(st.tuples(_HEADERS, st.binary(max_size=200)), min_size=1, max_size=4))
    def check(mails: list[tuple[list[tuple[str, bytes]], bytes]]) -> None:
        items = []
        for headers, body in mails:
            octets = b"".join(name.encode() + b": " + value + b"\r\n" for name, value in headers) + b"\r\n" + body
            found = intake.from_rfc5322(octets, desk.around())
            if isinstance(found, Arrived):
                items.append(replace(found, around=replace(found.around, trusts_claim=True)))
        desk.later(days=20)
        results = desk.service.submit(items, desk.at) if items else ()
        assert all(isinstance(result, Done | Parked) for result in results)

    check()


@given(
    st.binary(max_size=200)
    | st.recursive(st.none() | st.floats() | st.text(), st.lists).map(json.dumps).map(str.encode)
)
@_QUIET
def test_any_octets_are_rejected_or_taken(desk: Desk, octets: bytes) -> None:
    taken(desk, octets)


@pytest.mark.parametrize(
    "octets",
    [
        b"[" * 100_000,
        b'{"channel":"web_form","id":"1","text":"x","more":' + b"[" * 900 + b"]" * 900 + b"}",
        b'{"channel":"web_form","id":"1","text":"x","attachments":[' + b"{}," * 300_000 + b"{}]}",
        b'{"channel":"web_form","id":"1","text":"' + b"x" * 300_000 + b'"}',
        b'{"channel":"web_form","id":"1","text":"x","more":' + b"9" * 5_000 + b"}",
        b'{"channel":"messenger","update":{"update_id":1e400}}',
        orjson.dumps({"channel": "messenger", "update": {"update_id": 1, "message": {"message_id": 1, "date": 2**62}}}),
        orjson.dumps({"specversion": "1.0", "id": "\x00", "source": "/x", "type": "a", "data": {}}),
        b"null",
        b"",
        b'"\\ud800"',
    ],
    ids=lambda octets: octets[:60].decode("latin-1"),
)
def test_what_is_too_deep_too_long_or_nothing_is_rejected_or_taken(desk: Desk, octets: bytes) -> None:
    item = taken(desk, octets)
    if item is not None:
        assert isinstance(desk.service.submit([item], desk.at)[0], Done)


@pytest.mark.parametrize("day", ["0001-01-01", "0001-01-02", "1582-10-10", "9999-12-31"])
def test_a_letter_of_any_day_lives_its_whole_life(desk: Desk, day: str) -> None:
    stream = desk.opened(channel="letter", id="1", arrived_on=day, text="My kettle is broken, refund!")
    for n in range(2, 4):
        desk.later(days=40)
        desk.hear(
            channel="letter", id=str(n), arrived_on=day, number=desk.case(stream).registration.number, text="Broken!"
        )
    assert passed_over(desk) == []
    assert desk.at - desk.history(stream)[0].envelope.received_at == timedelta(days=80)  # type: ignore[operator] # it arrived


@pytest.mark.parametrize("year", [1, 1900, 2150, 9999])
def test_a_command_of_an_absurd_time_is_refused(desk: Desk, year: int) -> None:
    stream = desk.opened(channel="web_form", id="1", text="My kettle is broken, refund!")
    at = datetime(year, 12, 31, 23, 59, 59, tzinfo=UTC)
    for command, place in (
        (MakePromise(due=at), "due"),
        (RequestInformation(answer_by=at.date()), "answer_by"),
        (Register(points=(), incident_on=at.date()), "incident_on"),
        (SetField(field="f", value=Day(day=at.date())), "value.day"),
    ):
        result = desk.give(stream, command)
        assert isinstance(result, Refused)
        assert (result.code, result.facts) == ("invalid", {"field": place})
    around = desk.around("person:ann")
    back_dating = replace(around, sender=replace(around.sender, back_dating=True))
    late = Asked(stream, AddNote(note="x"), "late", back_dating, occurred_at=at)
    result = desk.service.submit([late], desk.at)[0]
    assert isinstance(result, Refused)
    assert result.code == ("back_dating" if year > 2100 else "invalid")
    assert passed_over(desk) == []


def test_what_has_not_happened_yet_cannot_be_stated(desk: Desk) -> None:
    stream = desk.opened(channel="web_form", id="1", text="My kettle is broken, refund!")
    around = desk.around("person:ann")
    back_dating = replace(around, sender=replace(around.sender, back_dating=True))
    item = Asked(stream, AddNote(note="x"), "1", back_dating, occurred_at=desk.at + timedelta(seconds=1))
    result = desk.service.submit([item], desk.at)[0]
    assert isinstance(result, Refused)
    assert result.code == "back_dating"
    earlier = replace(item, id="2", occurred_at=desk.at - timedelta(days=1))
    assert isinstance(desk.service.submit([earlier], desk.at)[0], Done)
