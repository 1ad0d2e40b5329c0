"""A model that is made without validation is the one that validation makes of the same values."""

from datetime import UTC, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from engine.complaint.registration import PartyRef
from schemas.channels.message import Message
from schemas.channels.web_form import WebFormMessage
from schemas.complaint.clocks import AppliedClock, Condition, SlaApplied
from schemas.complaint.registration import ComplaintReceived, ComplaintRegistered, MessageContent
from schemas.configuration.code_list import CodeList
from schemas.envelope import Envelope, KafkaSource, RequestSource
from schemas.unchecked import at_once, unchecked
from schemas.words import Contact, Party, Point, RuleRef

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
AT = st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=3))]))
NONE = st.none()
CONTACT = st.builds(Contact, kind=st.sampled_from(["email", "phone"]), value=TEXT)
PARTY = st.builds(
    Party,
    role=st.sampled_from(["complainant", "authority"]),
    subject_id=st.uuids(),
    name=NONE | TEXT,
    contacts=st.tuples(CONTACT) | st.just(()),
)
POINT = st.builds(Point, point=st.integers(1, 9), product=NONE | st.just("kettle-k20"), serial=NONE | TEXT)
CLOCK = st.builds(
    AppliedClock,
    kind=st.just("first_reply"),
    target=NONE | st.just("2 working days"),
    calendar=st.just("default"),
    calendar_version=st.integers(1, 3),
    start=st.just((Condition(event="complaint.received"),)),
    fulfil=st.just((Condition(event="complaint.replied"),)),
)
RULE = st.builds(RuleRef, rule_set=st.just("default"), version=st.integers(1, 3), rule=st.just("policy.selected"))
SOURCE = st.builds(
    KafkaSource, cluster=st.just("c"), topic=st.just("t"), partition=st.integers(0, 9), offset=st.integers(0, 99)
) | st.builds(RequestSource, request=st.uuids())
MESSAGE = {
    "message": st.uuids(),
    "channel": st.sampled_from(["web_form", "email"]),
    "subject_id": st.uuids(),
    "parties": st.tuples(PARTY) | st.just(()),
    "language": NONE | st.just("en-GB"),
    "subject": NONE | TEXT,
    "body": NONE | TEXT,
    "foreign_id": NONE | TEXT,
    "public": st.booleans(),
    "sense": st.sampled_from(["complaint", "unknown"]),
}
FIELDS: dict[type[BaseModel], dict[str, st.SearchStrategy[Any]]] = {
    Contact: {"kind": st.sampled_from(["email", "phone"]), "value": TEXT},
    Party: {
        "role": st.just("complainant"),
        "subject_id": st.uuids(),
        "name": NONE | TEXT,
        "contacts": st.tuples(CONTACT),
    },
    Point: {"point": st.integers(1, 9), "product": NONE | st.just("kettle-k20"), "serial": NONE | TEXT},
    MessageContent: {**MESSAGE, "automated": NONE | st.just("list"), "raw": NONE | st.uuids()},
    ComplaintReceived: {**MESSAGE, "location": NONE | st.just("online"), "vulnerable": NONE | st.booleans()},
    ComplaintRegistered: {
        "subject_id": st.uuids(),
        "number": st.just("PL-00000-00001"),
        "points": st.tuples(POINT) | st.just(()),
        "incident_on": NONE | st.dates(),
        "starts_investigation": st.booleans(),
    },
    SlaApplied: {
        "subject_id": NONE | st.uuids(),
        "reason": st.just("first"),
        "policy": st.just("default"),
        "policy_version": st.integers(1, 3),
        "clocks": st.lists(CLOCK, max_size=2).map(tuple),
    },
    Envelope: {
        "event_id": st.uuids(),
        "occurred_at": AT,
        "occurred_precision": st.sampled_from(["instant", "day"]),
        "actor": st.just("rule:desk"),
        "identity": st.sampled_from(["workload", "token"]),
        "why": NONE | TEXT,
        "decided_by": NONE | RULE,
        "source": SOURCE,
        "received_at": NONE | AT,
        "claimed_at": NONE | AT,
        "claim_differs": st.booleans(),
        "command_id": st.uuids(),
        "correlation_id": st.uuids(),
        "causation_id": NONE | st.uuids(),
        "business_unit": st.just("default"),
    },
}


@pytest.mark.parametrize("model", FIELDS, ids=lambda model: model.__name__)
def test_what_is_made_unchecked_equals_what_is_validated(model: type[BaseModel]) -> None:
    @given(st.fixed_dictionaries(FIELDS[model]))
    def same(values: dict[str, Any]) -> None:
        own, validated = unchecked(model)(**values), model(**values)
        assert own == validated
        assert list(own.__dict__) == list(validated.__dict__)
        assert own.model_fields_set == validated.model_fields_set
        assert own.model_dump_json() == validated.model_dump_json()
        assert own.model_copy() == validated.model_copy()

    same()


@pytest.mark.parametrize("model", [WebFormMessage, CodeList])
def test_a_class_that_does_more_than_to_check_its_values_is_refused(model: type[BaseModel]) -> None:
    with pytest.raises(TypeError):
        unchecked(model)


def test_two_made_unchecked_share_nothing_that_changes() -> None:
    one, other = (unchecked(Point)(point=number) for number in (1, 2))
    one.__pydantic_fields_set__.add("product")
    assert other.model_fields_set == {"point"}


def test_a_message_made_at_once_is_the_message_that_its_class_makes() -> None:
    said = {"channel": "chat", "text": "It broke.", "source_id": "s:1"}
    quick, slow = at_once(Message)(**said), Message(**said)  # type: ignore[arg-type] # as they come
    assert (quick, hash(quick), vars(quick)) == (slow, hash(slow), vars(slow))
    assert quick.opens == slow.opens


def test_nothing_is_made_at_once_that_does_more_than_to_set_its_fields() -> None:
    with pytest.raises(TypeError, match="only sets its fields"):
        at_once(PartyRef)
