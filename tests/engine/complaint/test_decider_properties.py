"""What must hold for every script of commands, whatever is asked and whoever asks."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.complaint.decider import UNKNOWN, Case, State, decide, evolve, fold
from engine.complaint.handling import ADDITIVE
from engine.complaint.state_bytes import to_bytes
from engine.configuration.in_force import Book
from schemas.catalogue import COMMANDS
from schemas.complaint.correspondence import ComplaintReplied, DeliveryReported
from schemas.complaint.lifecycle import (
    ComplaintClosed,
    ComplaintDiscontinued,
    ComplaintRated,
    ComplaintReopened,
    ComplaintResolved,
)
from schemas.complaint.records import MessageMoved
from schemas.complaint.registration import ComplaintReceived, Receive
from schemas.complaint.remedies import ComplaintCompensated, RemedyApproved, RemedyProposed, RemedyReversed
from schemas.refusals import Refusal
from support.commands import FIELDS, LIMIT, Ask, scripts
from support.scenario import INTAKE, MONDAY, OPENING, History, Past, When, content, desk, uid

BOOK = Book(desk=desk(remedy_limits={"EUR": LIMIT}))
OPEN = Receive(content=content(message=OPENING, sense="complaint"), points=({"point": 1}, {"point": 2}))  # type: ignore[arg-type]  # pydantic makes the points
patient = settings(deadline=None)
"""How fast the machine is, is no property of the decider."""
ANY = scripts()
ENDS = scripts(
    *["complaint.receive", "complaint.reply", "complaint.resolve", "complaint.close"] * 2,
    "complaint.report_delivery",
    "complaint.move_message",
    "complaint.discontinue",
    "complaint.accept_outcome",
    "complaint.dispute_outcome",
    "complaint.rate",
    "complaint.reopen",
    min_size=20,
)
WORK = scripts(
    "complaint.request_information",
    "complaint.provide_information",
    "complaint.assign_action",
    "complaint.complete_action",
    "complaint.propose_remedy",
    "complaint.offer_remedies",
    "complaint.accept_remedies",
    "complaint.refuse_remedies",
    "complaint.reply",
    "complaint.review_reply",
    "complaint.place_legal_hold",
    "complaint.release_legal_hold",
    "complaint.promise",
    "complaint.keep_promise",
    "complaint.set_field",
)
MONEY = scripts(
    *["complaint.propose_remedy"] * 3,
    *["complaint.approve_remedy"] * 2,
    *["complaint.compensate"] * 3,
    "complaint.reverse_remedy",
    "complaint.reopen",
    min_size=20,
)


def line(history: History, n: int, ask: Ask, days: int) -> When:
    return history.when(
        ask.command,
        by=ask.by,
        at=MONDAY + timedelta(days=days),
        identity="claimed" if ask.claimed else "token",
        why=ask.why,
        command_id=uid(f"line {n}"),
    )


def accepted(script: Sequence[Ask]) -> tuple[History, list[When]]:
    """Return the history that a script leads to, and its lines that were not refused."""
    history = History((), BOOK).when(OPEN, by=INTAKE, at=MONDAY, command_id=uid("opening")).after()
    days, lines = 0, []
    for n, ask in enumerate(script):
        days += ask.days
        asked = line(history, n, ask, days)
        try:
            history = asked.after()
        except Refusal:
            continue
        lines.append(asked)
    return history, lines


def test_the_scripts_speak_of_every_command() -> None:
    assert set(FIELDS) == {name for name in COMMANDS if name.startswith("complaint.")}


@patient
@given(ANY | ENDS | WORK | MONEY)
def test_asking_twice_adds_nothing_and_a_refusal_stays_one(script: list[Ask]) -> None:
    _, lines = accepted(script)
    for asked in lines:
        follows, after = asked.decided(), asked.after()
        again = replace(asked.asked, history=after.past)
        assert decide(asked.command, after.state, again) == ()
        if not any(type(event) in ADDITIVE for event in follows):
            assert decide(asked.command, after.state, replace(again, command_id=uid("another"))) == () or _makes_ids(
                asked
            )


def _makes_ids(asked: When) -> bool:
    """A reply without an id of its own is another one under another command."""
    return asked.command.NAME == "complaint.reply" and getattr(asked.command, "message", None) is None


@patient
@given(ANY | ENDS | WORK | MONEY)
def test_every_prefix_replays_to_the_same_bytes_also_from_its_stored_form(script: list[Ask]) -> None:
    history, _ = accepted(script)
    state: State = UNKNOWN
    for n, past in enumerate(history.past, 1):
        state = evolve(state, past)
        assert to_bytes(state) == to_bytes(fold(history.past[:n]))
    stored = [
        Past(
            type(past.event).model_validate_json(past.event.model_dump_json()),
            type(past.envelope).model_validate_json(past.envelope.model_dump_json()),
        )
        for past in history.past
    ]
    assert to_bytes(fold(stored)) == to_bytes(state)


@patient
@given(ANY | ENDS | WORK | MONEY, st.randoms(use_true_random=False))
def test_no_order_of_a_history_stops_the_fold(script: list[Ask], random: object) -> None:
    history, _ = accepted(script)
    shuffled = list(history.past)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis hands in a random.Random
    assert to_bytes(fold(shuffled)) == to_bytes(fold(shuffled))


@patient
@given(ANY | ENDS | WORK | MONEY)
def test_every_event_has_a_subject_and_the_complaint_one_beginning(script: list[Ask]) -> None:
    history, _ = accepted(script)
    assert all(past.event.subject_id is not None for past in history.past)
    assert sum(isinstance(past.event, ComplaintReceived) for past in history.past) == 1


@patient
@given(ENDS)
def test_no_cycle_ends_without_its_reply_or_a_named_reason(script: list[Ask]) -> None:
    history, _ = accepted(script)
    cycle, state, answers, dead = 1, "open", set[UUID](), set[UUID]()
    for past in history.past:
        match past.event:
            case ComplaintReplied(final=True, message=message):
                answers.add(message)
            case DeliveryReported(status=status, message=message):
                dead = dead | {message} if status == "failed" else dead - {message}
            case MessageMoved(message=message):
                answers.discard(message)
            case ComplaintResolved():
                assert state == "open"
                state = "resolved"
            case ComplaintDiscontinued(reason=reason):
                assert state == "open"
                state = f"exited: {reason}"
            case ComplaintClosed() as closed:
                assert state != "open"
                assert closed.cycle == cycle
                unresponsive = state == "exited: customer_unresponsive"
                assert answers - dead or closed.without_reply or unresponsive
                assert closed.without_reply in (None, "written_reason", state.removeprefix("exited: "))
                state = "closed"
            case ComplaintReopened() as reopened:
                assert state != "open"
                cycle += 1
                assert reopened.cycle == cycle
                state, answers = "open", set()
    case = history.case
    assert case.cycle == cycle
    assert case.lifecycle.is_open == (state == "open")


@patient
@given(MONEY)
def test_money_is_never_given_beyond_limit_approval_or_four_eyes(script: list[Ask]) -> None:
    history, _ = accepted(script)
    proposers: dict[UUID, tuple[str, Decimal]] = {}
    approved, given_, taken = (defaultdict[UUID, Decimal](Decimal) for _ in range(3))
    currency: dict[UUID, str] = {}
    for past in history.past:
        match past.event:
            case RemedyProposed(remedy_id=remedy, amount=amount):
                proposers[remedy] = past.envelope.actor, amount.amount if amount else Decimal(0)
            case RemedyApproved(remedy_id=remedy, amount=amount, limits=limits):
                proposer, asked = proposers[remedy]
                approved[remedy] = amount.amount if amount else Decimal(0)
                currency[remedy] = amount.currency if amount else ""
                assert approved[remedy] <= asked
                if limits and amount:
                    euros = (approved[one] - taken[one] for one in approved if currency[one] == "EUR")
                    assert amount.currency == "EUR"
                    assert sum(euros) <= LIMIT
                if not limits:
                    assert past.envelope.actor.startswith("person:")
                    assert past.envelope.identity != "claimed"
                    assert past.envelope.actor != proposer
            case ComplaintCompensated(remedy_id=remedy, amount=amount) if amount:
                given_[remedy] += amount.amount
                assert given_[remedy] <= approved[remedy]
            case RemedyReversed(remedy_id=remedy, amount=amount) if amount:
                taken[remedy] += amount.amount
                assert taken[remedy] <= given_[remedy]


@patient
@given(ENDS)
def test_a_cycle_is_rated_once_and_by_nobody_who_worked_on_it(script: list[Ask]) -> None:
    history, _ = accepted(script)
    rated: list[int] = []
    for n, past in enumerate(history.past):
        if isinstance(past.event, ComplaintRated):
            before = fold(history.past[:n])
            assert isinstance(before, Case)
            assert past.envelope.actor not in before.handlers
            rated.append(past.event.cycle)
    assert len(rated) == len(set(rated))
