"""What every door does first: octets become a message, or a reason that repeats nothing of them."""

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers import intake
from consumers.intake import Rejected
from engine import parking
from engine.incoming import Arrived, Asked, Circumstances, Sender
from schemas.channels import parse, to_message
from schemas.channels.mail.automatic import OwnMail
from schemas.envelope import RequestSource

AROUND = Circumstances(
    Sender("test", "service:test", "workload"),
    RequestSource(request=UUID(int=1)),
    datetime(2026, 3, 2, 9, 0, tzinfo=UTC),
)
CANARY = "Пётр-Secret-4711"
PHONE = "79161234567"
"""Personal data that could be a name of ours: it may stand where a sender names a field."""
CHAT = {"channel": "chat", "system": "s", "id": "m1", "text": "It is broken", "author": {"name": "Ann"}}
MAIL = b"From: Ann <ann@example.com>\r\nSubject: Kettle\r\nMessage-ID: <m1@example.com>\r\n\r\nIt is broken.\r\n"


def event(data: Any = CHAT, **attributes: Any) -> dict[str, Any]:
    """Return a CloudEvent in structured mode."""
    return {"specversion": "1.0", "id": "e1", "source": "crm", "type": "message", "data": data, **attributes}


def taken(data: Any) -> Arrived:
    arrived = intake.from_octets(json.dumps(data).encode(), AROUND)
    assert isinstance(arrived, Arrived), arrived
    return arrived


def rejected(octets: bytes) -> Rejected:
    found = intake.from_octets(octets, AROUND)
    assert isinstance(found, Rejected), found
    return found


def test_a_bare_message_is_taken_with_its_circumstances() -> None:
    arrived = taken(CHAT)
    assert (arrived.message.channel, arrived.message.text, arrived.around) == ("chat", "It is broken", AROUND)


def test_a_message_in_a_cloudevent_is_the_message_itself() -> None:
    assert taken(event()) == taken(CHAT)


def test_octets_in_a_cloudevent_are_read_as_json() -> None:
    packed = base64.b64encode(json.dumps(CHAT).encode()).decode()
    assert taken(event(data=None, data_base64=packed)).message == taken(CHAT).message


@pytest.mark.parametrize(
    "body", [{"data": MAIL.decode()}, {"data": None, "data_base64": base64.b64encode(MAIL).decode()}]
)
def test_an_e_mail_in_a_cloudevent_is_read_as_an_e_mail(body: dict[str, Any]) -> None:
    arrived = taken(event(**body, datacontenttype="message/rfc822"))
    assert arrived.message == bare_mail().message


def bare_mail() -> Arrived:
    arrived = intake.from_rfc5322(MAIL, AROUND)
    assert isinstance(arrived, Arrived)
    return arrived


def test_an_e_mail_is_taken_raw() -> None:
    assert bare_mail().message.text.strip() == "It is broken."
    assert bare_mail().message.subject == "Kettle"


def test_a_mark_of_byte_order_is_passed_over() -> None:
    assert intake.from_octets(b"\xef\xbb\xbf" + json.dumps(CHAT).encode(), AROUND) == taken(CHAT)


@pytest.mark.parametrize(
    "data", [CHAT, event(), {**CHAT, "text": "Жалоба 😀 \u0000"}], ids=["bare", "event", "unicode"]
)
def test_what_is_kept_of_a_message_is_enough_to_take_it_again(data: dict[str, Any]) -> None:
    arrived = taken(data)
    assert to_message(parse(arrived.payload)) == arrived.message
    assert parking.unpack(parking.pack(arrived)).message == arrived.message


def test_what_is_kept_of_an_e_mail_is_enough_to_take_it_again() -> None:
    assert parking.unpack(parking.pack(bare_mail())).message == bare_mail().message


@pytest.mark.parametrize(("groups", "units"), [(None, None), (frozenset[str](), frozenset({"west"}))])
def test_who_sent_it_is_kept_with_what_confines_him(
    groups: frozenset[str] | None, units: frozenset[str] | None
) -> None:
    sender = Sender("spiffe://shop", "service:shop", "workload", "person:p", groups=groups, units=units)
    arrived = intake.from_rfc5322(MAIL, replace(AROUND, sender=sender))
    assert isinstance(arrived, Arrived)
    assert parking.unpack(parking.pack(arrived)).around == arrived.around


def test_size_is_judged_before_anything_is_parsed() -> None:
    for take in (intake.from_octets, intake.from_rfc5322):
        found = take(b"{" * (intake.MAX_OCTETS + 1), AROUND)
        assert found == Rejected("(message)", f"larger than {intake.MAX_OCTETS} octets; send large files apart", "size")


NO_JSON = "not JSON; send one JSON object on one line"
NO_OBJECT = "not an object; send one JSON object"
NO_CHANNEL = "is missing; send it"
TWICE = "holds its data twice; send data or data_base64, not both"


@pytest.mark.parametrize(
    ("octets", "path", "reason"),
    [
        (b"", "(column 1)", NO_JSON),
        (b'{"channel": "chat"', "(column 19)", NO_JSON),
        (b'{"a": "\xff"}', "(octet 8)", "not UTF-8; send JSON in UTF-8"),
        (b"[]", "(message)", NO_OBJECT),
        (b"null", "(message)", NO_OBJECT),
        (b"{}", "channel", NO_CHANNEL),
    ],
)
def test_a_reason_names_the_place_and_the_fix(octets: bytes, path: str, reason: str) -> None:
    found = rejected(octets)
    assert (found.path, found.reason) == (path, reason)


@pytest.mark.parametrize(
    ("data", "path", "reason"),
    [
        (event([1]), "data", NO_OBJECT),
        (event(None), "data", NO_OBJECT),
        (event({**CHAT, "text": 7}), "data.chat.text", "is not a string; send a JSON string"),
        (event(event()), "data.channel", NO_CHANNEL),
        (event(specversion="0.3"), "specversion", "is none of the known values; send one of '1.0'"),
        (event(data_base64="e30="), "(message)", TWICE),
        (event(data=None, data_base64="AA=="), "data", NO_JSON),
    ],
)
def test_a_reason_for_a_cloudevent_says_whether_envelope_or_data(data: dict[str, Any], path: str, reason: str) -> None:
    found = rejected(json.dumps(data).encode())
    assert (found.path, found.reason) == (path, reason)


@pytest.mark.parametrize("deep", [150, 300, 900, 3_000])
def test_what_is_nested_without_end_is_rejected_or_taken_never_a_fault(deep: int) -> None:
    nested = b'{"a":' * deep + b"1" + b"}" * deep
    message = json.dumps(CHAT).encode()[:-1] + b', "more": ' + nested + b"}"
    assert isinstance(intake.from_octets(message, AROUND), Arrived if deep < 254 else Rejected)


def test_cloudevents_inside_of_each_other_are_opened_once() -> None:
    inner = json.dumps(CHAT)
    for _ in range(400):
        inner = '{"specversion":"1.0","id":"e","source":"s","type":"t","data":' + inner + "}"
    assert isinstance(rejected(inner.encode()), Rejected)


@pytest.mark.parametrize(
    "data",
    [
        {"channel": CANARY},
        {**CHAT, "text": {"x": CANARY}},
        {**CHAT, "sent_at": CANARY},
        {**CHAT, "author": CANARY},
        {**CHAT, "author": {"contacts": [{"kind": CANARY, "value": CANARY}]}},
        {**CHAT, "attachments": [{"filename": CANARY, "content": CANARY}]},
        {**CHAT, "rating": {"value": CANARY, "scale": CANARY}},
        {"channel": "messenger", "update": {"update_id": CANARY, "message": {"text": CANARY}}},
        {"update_id": CANARY},
        {"channel": "email", "raw": {"x": CANARY}},
        {CANARY: CANARY, "channel": "letter", "text": CANARY, "dated": CANARY},
        event(type={"x": CANARY}),
        event(id=[CANARY]),
        event(data={**CHAT, "language": 5, "text": [CANARY]}),
        {**event(), CANARY: CANARY},
    ],
)
def test_a_reason_never_repeats_what_was_sent(data: dict[str, Any]) -> None:
    found = intake.from_octets(json.dumps(data).encode(), AROUND)
    assert isinstance(found, Rejected), found
    assert CANARY not in found.path + found.reason
    assert ";" in found.reason, "a reason names the fix"


@given(st.binary(max_size=300))
def test_any_octets_are_taken_or_rejected(octets: bytes) -> None:
    assert isinstance(intake.from_octets(octets, AROUND), Arrived | Rejected)
    assert isinstance(intake.from_rfc5322(octets, AROUND), Arrived | Rejected)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.sampled_from([*CHAT, *event()]), below, max_size=4),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from([*CHAT, *event(), "raw", "update", "rating"]), _JSON))
def test_any_object_is_taken_or_rejected(data: dict[str, Any]) -> None:
    for given_data in (data, {**CHAT, **data}, {**event(), **data}):
        assert isinstance(intake.from_mapping(given_data, AROUND), Arrived | Rejected)


TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_the_trace_of_a_cloudevent_goes_with_its_message() -> None:
    assert taken(event(traceparent=TRACE)).around.traceparent == TRACE


@pytest.mark.parametrize("header", [None, "", "00-xyz", TRACE.upper()])
def test_what_is_no_trace_is_passed_over(header: str | None) -> None:
    assert intake.trace_of(header) is None


def test_a_shared_mailbox_that_is_a_mailing_list_is_no_automatic_mail() -> None:
    mail = MAIL.replace(b"Subject", b"List-Id: <help.shop.example>\r\nSubject")
    by_list = intake.from_rfc5322(mail, AROUND)
    own = replace(AROUND, own=OwnMail(lists=frozenset({"help.shop.example"})))
    by_person = intake.from_rfc5322(mail, own)
    assert isinstance(by_list, Arrived)
    assert isinstance(by_person, Arrived)
    assert (by_list.message.automated, by_person.message.automated) == ("list", None)
    assert parking.unpack(parking.pack(by_person)).message.automated is None


ASSIGN: dict[str, Any] = {
    "stream": str(UUID(int=5)),
    "name": "complaint.assign",
    "command": {"team": "kettles"},
    "id": "a-1",
    "why": "He knows kettles.",
    "expected": 3,
    "occurred_at": "2026-03-01T09:30:00+01:00",
}


def asked(data: dict[str, Any]) -> Asked | Rejected:
    return intake.command_from_octets(json.dumps(data).encode(), AROUND)


def test_a_command_is_read_whole() -> None:
    found = asked(ASSIGN)
    assert isinstance(found, Asked)
    assert (found.stream, found.command.NAME, found.id, found.why) == (
        UUID(int=5), "complaint.assign", "a-1", "He knows kettles.",
    )  # fmt: skip
    assert (found.expected, found.occurred_at) == (3, datetime(2026, 3, 1, 8, 30, tzinfo=UTC))
    assert found.around == AROUND


def test_a_command_in_a_cloudevent_has_its_id_and_trace_unless_it_has_one_of_its_own() -> None:
    without = {name: value for name, value in ASSIGN.items() if name != "id"}
    found = asked(event(data=without, source="crm", id="e-7", traceparent=TRACE))
    assert isinstance(found, Asked)
    assert (found.id, found.around.traceparent) == ("crm e-7", TRACE)
    own = asked(event(data=ASSIGN))
    assert isinstance(own, Asked)
    assert own.id == "a-1"


@pytest.mark.parametrize(
    ("changed", "path"),
    [
        ({"stream": CANARY}, "stream"),
        ({"name": "complaint.become_rich"}, "name"),
        ({"name": "complaint.receive"}, "name"),
        ({"command": {"team": [CANARY]}}, "command.team"),
        ({"id": ""}, "id"),
        ({"expected": -1}, "expected"),
        ({"occurred_at": "2026-03-01T09:30:00"}, "occurred_at"),
        ({CANARY: CANARY}, "(message)"),
        ({PHONE: CANARY}, "(message)"),
        ({"command": {"team": "kettles", PHONE: CANARY}}, "command"),
    ],
)
def test_what_is_no_command_is_rejected_with_its_place_and_fix(changed: dict[str, Any], path: str) -> None:
    found = asked({**ASSIGN, **changed})
    assert isinstance(found, Rejected), found
    assert found.path == path
    assert ";" in found.reason
    assert CANARY not in found.path + found.reason
    assert PHONE not in found.path + found.reason
    within = asked(event(data={**ASSIGN, **changed}))
    assert isinstance(within, Rejected)
    assert within.path == ("data" if path.startswith("(") else f"data.{path}")


@pytest.mark.parametrize(
    ("octets", "error"),
    [(b"\xff", "encoding"), (b"{", "syntax"), (b"[]", "schema"), (b'{"text": "x"}', "schema")],
)
def test_a_rejection_says_which_kind_of_fault_it_is(octets: bytes, error: str) -> None:
    for found in (intake.from_octets(octets, AROUND), intake.command_from_octets(octets, AROUND)):
        assert isinstance(found, Rejected)
        assert found.error == error


@given(st.text(), st.text(max_size=30), st.sampled_from(["", "\0", "a\0b", "\x01", " \0 "]))
def test_what_no_text_may_hold_is_dropped_however_the_octets_spell_it(text: str, name: str, more: str) -> None:
    said = {**CHAT, "text": f"x{text}{more}", "subject": f"{name}{more}", "author": {"name": f"{more}{name}"}}
    spelt = intake.from_octets(orjson.dumps(said), AROUND)
    escaped = intake.from_octets(json.dumps(said).encode(), AROUND)
    assert isinstance(spelt, Arrived)
    assert isinstance(escaped, Arrived)
    assert spelt.message == escaped.message == to_message(parse(said))
    assert "\0" not in spelt.message.text + spelt.message.subject + spelt.message.author.name
