from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from engine.store.batch import Batch, SetAside
from engine.store.database.pool import Pool
from engine.store.set_aside import Kind, NotSetAside
from engine.store.store import Store

LATER = datetime.now(UTC) + timedelta(days=3)
PAST = datetime.now(UTC) - timedelta(days=30)


def aside(kind: Kind = "parked", payload: bytes = b"payload", **more: Any) -> SetAside:
    given: dict[str, Any] = {
        "fingerprint": uuid4().bytes, "reason": "opener_unknown", "source": "topic:0", "until": LATER, **more,
    }  # fmt: skip
    return SetAside(kind=kind, id=uuid4(), payload=payload, **given)


def listed(store: Store, kind: Kind | None = None) -> list[UUID]:
    return [row.id for row in store.set_aside.listed(kind)]


def test_a_message_comes_back_whole_and_stands_nowhere_in_the_clear(store: Store, pool: Pool) -> None:
    message = aside(payload="Жалоба целиком".encode(), keys=(b"thread",))
    store.commit(Batch(set_aside=(message,)))

    row, payload = store.set_aside.show(message.id)

    assert payload == message.payload
    assert (row.kind, row.reason, row.source, row.keys) == ("parked", "opener_unknown", "topic:0", (b"thread",))
    assert (row.until, row.since) == (LATER, row.since)
    with pool.connection() as connection:
        found = connection.execute("SELECT position(%s::bytea IN box) FROM plaint.set_aside", (b"\xd0\x96",)).fetchone()
    assert found == (0,)


def test_parked_messages_are_found_by_the_conversation_they_wait_for(store: Store) -> None:
    one, two, other = aside(keys=(b"a", b"b")), aside(keys=(b"b",)), aside(keys=(b"c",))
    store.commit(Batch(set_aside=(one, two, other)))

    waiting = store.set_aside.waiting_for([b"a", b"b", b"z"])

    assert {key: {row.id for row in rows} for key, rows in waiting.items()} == {b"a": {one.id}, b"b": {one.id, two.id}}
    assert store.set_aside.waiting_for([]) == {}


def test_a_released_message_is_gone_with_the_commit_that_takes_it_up(store: Store) -> None:
    message = aside()
    store.commit(Batch(set_aside=(message,)))

    store.commit(Batch(released=(message.id,)))

    assert listed(store) == []
    with pytest.raises(NotSetAside):
        store.set_aside.show(message.id)


def test_the_same_message_twice_is_kept_once(store: Store) -> None:
    message, again = aside(fingerprint=b"same"), aside(fingerprint=b"same")

    store.commit(Batch(set_aside=(message,)))
    store.commit(Batch(set_aside=(again,)))

    assert listed(store) == [message.id]


def test_the_list_is_by_kind_and_in_pages(store: Store) -> None:
    dead, parked = [aside("dead_letter") for _ in range(3)], aside()
    for message in (*dead, parked):
        store.commit(Batch(set_aside=(message,)))

    first = store.set_aside.listed("dead_letter", limit=2)
    rest = store.set_aside.listed("dead_letter", limit=2, after=(first[-1].since, first[-1].id))

    assert [row.id for row in (*first, *rest)] == [message.id for message in dead]
    assert listed(store, "parked") == [parked.id]


def test_a_message_without_an_end_has_one_after_ninety_days(store: Store) -> None:
    message = aside(until=None)
    store.commit(Batch(set_aside=(message,)))

    row = store.set_aside.listed()[0]

    assert timedelta(days=89) < row.until - row.since < timedelta(days=91)


def test_messages_whose_end_has_come_are_told_so_that_somebody_acts(store: Store) -> None:
    over, still = aside(until=PAST), aside()
    store.commit(Batch(set_aside=(over, still)))

    assert [row.id for row in store.set_aside.expired()] == [over.id]


def test_past_weeks_end_their_dead_letters_and_keys_but_never_a_parked_message(store: Store, pool: Pool) -> None:
    dead, parked, later = aside("dead_letter", until=PAST), aside(until=PAST - timedelta(days=7)), aside("dead_letter")
    store.commit(Batch(set_aside=(dead, parked, later)))

    assert store.set_aside.destroy_past_weeks() == 1

    assert set(listed(store)) == {parked.id, later.id}
    assert store.set_aside.show(parked.id)[1] == b"payload"
    assert store.set_aside.discard([parked.id]) == 1
    assert store.set_aside.destroy_past_weeks() == 1
    with pool.connection() as connection:
        keys = connection.execute("SELECT purpose FROM plaint_keys.service_keys ORDER BY purpose").fetchall()
    assert keys == [("fingerprint",), ("set_aside",)]
