"""What a rule decides is the rule's act, at the desk's time, and names what brought it about."""

from datetime import timedelta
from decimal import Decimal

from schemas.complaint.correspondence import Reply
from schemas.complaint.lifecycle import AcceptOutcome, Resolve
from schemas.complaint.remedies import ProposeRemedy
from schemas.words import Money
from support.installation import Desk


def test_the_register_and_the_promises_are_the_desks_act_by_rule(desk: Desk) -> None:
    stream = desk.opened(channel="web_form", id="f1", text="My kettle is broken, refund please")
    received, registered, applied = (one.envelope for one in desk.history(stream))
    assert (received.actor, received.decided_by, received.causation_id) == ("service:test", None, None)
    assert registered.actor == applied.actor == "rule:desk"
    assert registered.decided_by is not None
    assert applied.decided_by is not None
    assert (registered.decided_by.rule_set, registered.decided_by.rule) == ("default", "registration.on-receipt")
    assert applied.decided_by.rule == "policy.selected"
    assert registered.causation_id == applied.causation_id == received.event_id
    assert {one.correlation_id for one in (received, registered, applied)} == {received.command_id}


def test_a_message_of_yesterday_is_registered_today(desk: Desk) -> None:
    message = desk.message(channel="letter", arrived_on="2026-02-27", text="The kettle is broken, refund please")
    (done,) = desk.service.submit([message], desk.at)
    received, registered, _ = (one.envelope for one in desk.history(done.stream))  # type: ignore[union-attr] # it was taken
    assert (received.occurred_precision, received.zone) == ("day", "UTC")
    assert received.occurred_at.isoformat() == "2026-02-27T00:00:00+00:00"
    assert (registered.occurred_precision, registered.occurred_at) == ("instant", desk.at)


def test_an_approval_within_the_limit_is_the_rules_and_the_proposal_the_persons(desk: Desk) -> None:
    stream = desk.opened(channel="web_form", id="f1", text="My kettle is broken, refund please")
    desk.later(hours=1)
    desk.give(stream, ProposeRemedy(form="refund", ground="fault", amount=Money(amount=Decimal(20), currency="EUR")))
    proposed, approved = desk.history(stream)[-2:]
    assert (proposed.envelope.actor, proposed.envelope.decided_by) == ("person:ann", None)
    assert approved.envelope.actor == "rule:desk"
    assert approved.envelope.decided_by is not None
    assert approved.envelope.decided_by.rule == "remedies.within-limit"
    assert approved.envelope.causation_id == proposed.envelope.event_id


def test_what_a_rating_brings_about_correlates_with_its_message(desk: Desk) -> None:
    stream = desk.opened(channel="web_form", id="f1", text="My kettle is broken, refund please")
    desk.give(stream, Reply(final=True, channel="email", body="We are sorry."))
    desk.give(stream, Resolve(outcome="upheld"))
    desk.give(stream, AcceptOutcome())
    assert desk.names(stream)[-1] == "closed"
    number = desk.case(stream).registration.number
    desk.later(days=1)
    desk.hear(channel="web_form", id="r1", number=number, rating={"score": "5", "out_of": "5"})
    message, rated = desk.history(stream)[-2:]
    assert rated.name == "complaint.rated.v1"
    assert rated.envelope.correlation_id == message.envelope.command_id
    assert rated.envelope.occurred_at - message.envelope.occurred_at == timedelta(0)
