"""Folding: a case of ten thousand events costs ten thousand times what one of them does, not a hundred million."""

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from engine import streams_of
from engine.complaint.given import Fact
from schemas.complaint.base import Event
from schemas.complaint.correspondence import DeliveryReported, MessageRecorded, NoteAdded
from schemas.complaint.waiting import InformationProvided, InformationRequested
from schemas.streams.feedback import FeedbackReceived
from support.scenario import COMPLAINANT, happened, uid


def notes(number: int) -> list[Event]:
    return [NoteAdded(subject_id=COMPLAINANT, note="a note")]


def mails(number: int) -> list[Event]:
    message = uid(f"mail {number}")
    return [
        MessageRecorded(
            subject_id=COMPLAINANT, direction="outbound", message=message, channel="email", delivery="sent"
        ),
        DeliveryReported(subject_id=COMPLAINANT, message=message, status="delivered"),
    ]


def questions(number: int) -> list[Event]:
    request = uid(f"request {number}")
    return [
        InformationRequested(subject_id=COMPLAINANT, request_id=request, what="the number"),
        InformationProvided(subject_id=COMPLAINANT, request_id=request),
    ]


def reviews(number: int) -> list[Event]:
    return [FeedbackReceived(subject_id=COMPLAINANT, channel="review", message=uid(f"review {number}"))]


def calls(work: Callable[[], object]) -> int:
    """Return how many functions of Python's own run meanwhile: the same number every time, however fast the machine."""
    count = 0

    def counting(_: FrameType, event: str, __: Any) -> None:
        nonlocal count
        count += event == "call"

    before = sys.getprofile()
    sys.setprofile(counting)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize("several", [notes, mails, questions, reviews])
def test_folding_twice_the_events_takes_twice_the_steps(several: Callable[[int], list[Event]]) -> None:
    facts: list[Fact] = [
        happened(event, command_id=uid(f"command {number}")) for number in range(400) for event in several(number)
    ]
    half = facts[: len(facts) // 2]
    assert calls(lambda: streams_of.fold(facts)) < 2.1 * calls(lambda: streams_of.fold(half))
