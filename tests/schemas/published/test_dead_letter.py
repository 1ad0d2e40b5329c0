"""The id of a dead letter is its record's: of that record alone, and always the same."""

from datetime import timedelta

from support.letters import AT, letter


def test_a_record_that_is_read_again_has_the_same_id() -> None:
    again = letter(4, timestamp=AT, last_failed_at=AT + timedelta(hours=1), consumer_group="another", attempts=2)
    assert again.id == letter(4, timestamp=AT).id


def test_a_record_at_an_offset_that_was_given_out_again_has_another_id() -> None:
    assert letter(4, timestamp=AT).id != letter(4, timestamp=AT + timedelta(milliseconds=1)).id


def test_a_record_without_a_time_has_an_id_by_its_place() -> None:
    assert letter(4).id == letter(4).id != letter(5).id
