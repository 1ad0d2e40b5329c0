from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from engine.configuration.in_force import Book
from schemas.complaint.registration import (
    Acknowledge,
    Assessment,
    ComplaintAcknowledged,
    ComplaintReceived,
    ComplaintRegistered,
    Receive,
    Register,
)
from schemas.words import Contact, Money, Party, Point, Reference
from support.scenario import COMPLAINANT, NUMBER, OPENING, RECEIVED, REGISTERED, content, desk, given, opened, uid


def test_the_first_message_is_received_and_registered_under_the_number_of_its_stream() -> None:
    point = Point(
        point=1, type="delivery", claimed=Money(amount=Decimal("12.50"), currency="EUR"), order_reference="A-17"
    )
    reference = Reference(system="crm", number="77")
    command = Receive(
        content=content(
            "first", subject="Late again", sense="complaint", language="en", addressed_to="help@shop.example"
        ),
        points=(point,),
        incident_on=date(2026, 2, 27),
        external_refs=(reference,),
        location="store-4",
        customer_segment="gold",
        vulnerable=True,
    )
    given().when(command).then(
        ComplaintReceived(
            subject_id=COMPLAINANT,
            channel="email",
            message=uid("first"),
            parties=(Party(role="complainant", subject_id=COMPLAINANT),),
            addressed_to="help@shop.example",
            language="en",
            subject="Late again",
            body="Hello?",
            location="store-4",
            customer_segment="gold",
            vulnerable=True,
            sense="complaint",
        ),
        ComplaintRegistered(
            subject_id=COMPLAINANT,
            number=NUMBER,
            points=(point,),
            incident_on=date(2026, 2, 27),
            external_refs=(reference,),
        ),
    )


def test_the_author_stands_among_the_parties_whoever_else_the_message_names() -> None:
    customer = Party(role="customer", subject_id=uid("customer"), name="C. Ustomer")
    helper = content("first", subject_id=uid("helper"), role="representative", parties=(customer,))
    case = given().when(Receive(content=helper)).after().case
    assert [(party.role, party.subject_id) for party in case.parties] == [
        ("customer", uid("customer")),
        ("representative", uid("helper")),
    ]
    named = content("first", parties=(Party(role="complainant", subject_id=COMPLAINANT, name="A. Author"),))
    assert len(given().when(Receive(content=named)).after().case.parties) == 1


@pytest.mark.parametrize(
    "fields",
    [{"automated": "auto_reply"}, {"automated": "bulk"}, {"direction": "outbound"}, {"direction": "internal"}],
    ids=str,
)
def test_automatic_and_outgoing_messages_open_nothing(fields: dict[str, str]) -> None:
    given().when(Receive(content=content(**fields))).then_refused("unknown_complaint")


def test_the_desk_may_let_registration_start_the_investigation() -> None:
    book = Book(desk=desk(registered_starts_investigation=True))
    after = given().under(book).when(Receive(content=content("first"))).after()
    registered = after.past[1].event
    assert isinstance(registered, ComplaintRegistered)
    assert registered.starts_investigation
    assert after.case.stage.name == "investigation"
    assert given().when(Receive(content=content("first"))).after().case.stage.name == "registration"


def test_the_register_is_completed_without_losing_what_it_says() -> None:
    assessment = Assessment(severity="high", safety=True)
    second = Point(point=2, type="price")
    after = (
        opened()
        .when(Register(points=(second,), assessment=assessment))
        .then(ComplaintRegistered(subject_id=COMPLAINANT, number=NUMBER, points=(second,), assessment=assessment))
    )
    assert [point.type for point in after.case.points] == [None, "price"]
    assert after.case.registration.assessment == assessment
    after.when(Register(points=(second,)), command_id=uid("another command")).then_nothing()
    after.when(Register(), command_id=uid("another command")).then_nothing()


def test_text_in_the_register_is_the_same_only_under_the_same_command() -> None:
    command = Register(points=(Point(point=1, serial="SN 1"),))
    event = ComplaintRegistered(subject_id=COMPLAINANT, number=NUMBER, points=command.points)
    after = opened().when(command, command_id=uid("c1")).then(event)
    after.when(command, command_id=uid("c2")).then(event)


def test_an_imported_case_without_a_number_gets_one() -> None:
    given(RECEIVED).when(Register()).then(ComplaintRegistered(subject_id=COMPLAINANT, number=NUMBER))


def test_the_complainant_is_told_once_in_a_cycle() -> None:
    told = ComplaintAcknowledged(
        subject_id=COMPLAINANT,
        number=NUMBER,
        topic="delivery",
        expected_by=datetime(2026, 3, 12, tzinfo=UTC),
        link_id=uid("link"),
        channel="email",
    )
    command = Acknowledge(channel="email", topic="delivery", expected_by=told.expected_by, link_id=uid("link"))
    after = opened().when(command).then(told)
    after.when(Acknowledge(channel="call"), command_id=uid("another command")).then_nothing()


def test_nobody_is_told_a_number_that_does_not_exist() -> None:
    given(RECEIVED).when(Acknowledge(channel="email")).then_refused("not_registered")


def test_a_command_for_a_complaint_that_does_not_exist_is_refused() -> None:
    given().when(Register()).then_refused("unknown_complaint")
    given().when(Acknowledge(channel="email")).then_refused("unknown_complaint")


def test_the_state_knows_parties_and_points_but_no_words() -> None:
    party = Party(role="complainant", subject_id=COMPLAINANT, name="Ann", contacts=(Contact(kind="phone", value="1"),))
    case = given(
        RECEIVED.model_copy(update={"parties": (party,)}),
        REGISTERED.model_copy(update={"points": (Point(point=1, serial="SN", product="sku-1"),)}),
    ).case
    assert case.registration.message == OPENING
    assert [point.product for point in case.points] == ["sku-1"]
    assert "Ann" not in repr(case)
    assert "SN" not in repr(case)
