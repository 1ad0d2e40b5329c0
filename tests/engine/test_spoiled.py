"""What can never be taken is kept whole, once, in the transaction that moves its source."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from engine.incoming import Buried, Done
from engine.store.batch import Conflict, SourceMove
from schemas.published.dead_letter import DeadLetter
from support.installation import Desk
from support.letters import AT, letter, spoiled

SOURCE = "kafka:c1/00000000-0000-0000-0000-000000000003/0"
MAIL = {"channel": "web_form", "form": "site", "id": "1", "text": "The kettle leaks!"}


def test_it_is_kept_whole_and_its_source_moves_in_the_same_transaction(desk: Desk) -> None:
    what = letter()
    move = SourceMove(SOURCE, None, 5)
    assert desk.service.submit([spoiled(desk, what, move)], desk.at) == (Buried(what.id),)
    (row,) = desk.store.set_aside.listed("dead_letter")
    assert (row.id, row.reason, row.source) == (what.id, "syntax not_json (column 2)", "kafka:complaints.inbound/0/4")
    assert DeadLetter.from_octets(desk.store.set_aside.show(row.id)[1]) == what
    assert desk.store.positions.look_up([SOURCE]) == {SOURCE: 5}


def test_where_the_source_is_elsewhere_nothing_is_kept(desk: Desk) -> None:
    with pytest.raises(Conflict):
        desk.service.submit([spoiled(desk, letter(), SourceMove(SOURCE, 3, 5))], desk.at)
    assert desk.store.set_aside.listed() == []


def test_the_same_record_is_kept_once_in_a_batch_and_for_good(desk: Desk) -> None:
    what = letter()
    buried = Buried(what.id)
    assert desk.service.submit([spoiled(desk, what)] * 2, desk.at) == (buried, buried)
    assert desk.service.submit([spoiled(desk, what, SourceMove(SOURCE, None, 5))], desk.at) == (buried,)
    assert [row.id for row in desk.store.set_aside.listed()] == [what.id]
    assert desk.store.positions.look_up([SOURCE]) == {SOURCE: 5}


def test_its_neighbours_in_the_batch_have_their_effect(desk: Desk) -> None:
    what = letter()
    results = desk.service.submit([spoiled(desk, what), desk.message(**MAIL)], desk.at)
    assert [type(result) for result in results] == [Buried, Done]


def test_it_is_gone_when_it_was_asked_to_be_or_after_ninety_days(desk: Desk) -> None:
    until = datetime.now(UTC) + timedelta(days=7)
    desk.service.submit([replace(spoiled(desk, letter(1)), until=until), spoiled(desk, letter(2))], desk.at)
    asked, by_default = sorted(row.until for row in desk.store.set_aside.listed())
    assert asked == until
    assert abs(by_default - datetime.now(UTC) - timedelta(days=90)) < timedelta(minutes=5)


def test_what_succeeds_now_is_a_dead_letter_no_more_in_the_transaction_of_its_effect(desk: Desk) -> None:
    what = letter()
    desk.service.submit([spoiled(desk, what)], desk.at)
    message = desk.message(**MAIL)
    mended = replace(message, around=replace(message.around, buried=what.id))
    assert isinstance(desk.service.submit([mended], desk.at)[0], Done)
    assert desk.store.set_aside.listed() == []


def test_what_fails_again_takes_its_own_place(desk: Desk) -> None:
    what = letter()
    desk.service.submit([spoiled(desk, what)], desk.at)
    again = what.failed_again("schema", "missing", "text", AT + timedelta(days=1), "2")
    desk.service.submit([spoiled(desk, again, buried=what.id)], desk.at)
    (row,) = desk.store.set_aside.listed()
    assert (row.id, row.reason) == (what.id, "schema missing text")
    kept = DeadLetter.from_octets(desk.store.set_aside.show(row.id)[1])
    assert (kept.attempts, kept.first_failed_at, kept.last_failed_at) == (2, AT, AT + timedelta(days=1))
    assert kept.value == what.value


def test_what_somebody_else_has_released_is_not_there_to_be_tried_again(desk: Desk) -> None:
    what = letter()
    message = desk.message(**MAIL)
    mended = replace(message, around=replace(message.around, buried=what.id))
    with pytest.raises(Conflict):
        desk.service.submit([mended], desk.at)
    assert desk.store.read.head().position == desk.store.read.log(0, 1000)[-1].position
    assert not any(one.name.startswith("complaint.") for one in desk.store.read.log(0, 1000))
