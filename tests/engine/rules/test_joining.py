"""To which stream a message belongs."""

from uuid import UUID

from engine.rules.joining import Join, Open, Wait, place

ONE, TWO = UUID(int=1), UUID(int=2)


def test_the_strongest_known_key_decides() -> None:
    known = {b"thread": TWO, b"message": ONE}
    assert place([b"message", b"thread"], known, answers_another=True) == Join(ONE)
    assert place([b"lost", b"thread"], known, answers_another=True) == Join(TWO)


def test_a_reply_to_something_unknown_waits_and_a_first_message_opens() -> None:
    assert place([b"lost"], {}, answers_another=True) == Wait()
    assert place([b"number"], {}, answers_another=False) == Open()
    assert place([], {}, answers_another=False) == Open()
