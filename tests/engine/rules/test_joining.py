"""To which stream a message belongs."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from engine.rules.joining import Join, Open, Wait, after_the_end, place
from schemas.words import Sense

ONE, TWO = UUID(int=1), UUID(int=2)
END = datetime(2026, 3, 2, tzinfo=UTC)


def test_the_strongest_known_key_decides() -> None:
    known = {b"thread": TWO, b"message": ONE}
    assert place([b"message", b"thread"], known, answers_another=True) == Join(ONE)
    assert place([b"lost", b"thread"], known, answers_another=True) == Join(TWO)


def test_a_reply_to_something_unknown_waits_and_a_first_message_opens() -> None:
    assert place([b"lost"], {}, answers_another=True) == Wait()
    assert place([b"number"], {}, answers_another=False) == Open()
    assert place([], {}, answers_another=False) == Open()


@pytest.mark.parametrize(
    ("sense", "after", "late"),
    [
        ("complaint", timedelta(days=30), False),
        ("complaint", timedelta(days=30, microseconds=1), True),
        ("thanks", timedelta(days=300), False),
        ("question", timedelta(days=300), False),
    ],
)
def test_only_dissatisfaction_beyond_the_window_is_too_late(sense: Sense, after: timedelta, *, late: bool) -> None:
    assert after_the_end(sense, END, END + after, 30) is late


def test_what_has_not_ended_is_never_too_late() -> None:
    assert after_the_end("complaint", None, END, 0) is False
