from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from engine.store.batch import Batch, SetAside
from engine.store.database.pool import Pool
from engine.store.set_aside import Kind, NotSetAside, sealed, write
from engine.store.store import Store
from engine.store.vault.master import KeyFile
from engine.store.vault.service_keys import ServiceKeys

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


def test_whether_messages_are_parked_and_until_when_is_told_by_their_ids(store: Store) -> None:
    parked, dead = aside(), aside("dead_letter")
    store.commit(Batch(set_aside=(parked, dead)))

    assert store.set_aside.parked([parked.id, dead.id, uuid4()]) == {parked.id: LATER}
    assert store.set_aside.parked([]) == {}


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


def test_messages_whose_end_has_come_are_told_by_kind_so_that_no_kind_keeps_another_waiting(store: Store) -> None:
    dead = [aside("dead_letter", until=PAST - timedelta(hours=n)) for n in range(3)]
    first, second, still = aside(until=PAST - timedelta(hours=1)), aside(until=PAST), aside()
    store.commit(Batch(set_aside=(*dead, first, second, still)))

    (one,) = store.set_aside.expired("parked", limit=1)
    others = store.set_aside.expired("parked", limit=9, after=one)

    assert [row.id for row in (one, *others)] == [first.id, second.id]
    assert len(store.set_aside.expired("dead_letter")) == 3


def test_a_message_whose_end_is_past_already_is_sealed_under_the_present_week(store: Store, pool: Pool) -> None:
    late = aside(until=PAST)
    store.commit(Batch(set_aside=(late,)))

    with pool.connection() as connection:
        query = """SELECT period = date_trunc('week', now() AT TIME ZONE 'UTC')::date
                   FROM plaint_keys.service_keys WHERE purpose = 'set_aside'"""
        assert connection.execute(query).fetchall() == [(True,)]
    assert store.set_aside.destroy_past_weeks() == (0, 0)
    assert store.set_aside.show(late.id)[1] == b"payload"


def test_past_weeks_end_their_dead_letters_and_keys_but_never_a_parked_message(
    store: Store, pool: Pool, master: KeyFile
) -> None:
    dead = [aside("dead_letter", until=PAST) for _ in range(5)]
    parked, later = aside(until=PAST), aside("dead_letter")
    first, second, this = _mondays()
    keys = ServiceKeys(pool, master).set_aside({first, second})
    with pool.connection() as connection:
        old = [*(sealed(one, PAST, keys[first]) for one in dead), sealed(parked, PAST, keys[second])]
        write(connection, old, [], PAST)
    store.commit(Batch(set_aside=(later,)))

    assert store.set_aside.destroy_past_weeks(at_once=2) == (1, 5)

    assert set(listed(store)) == {parked.id, later.id}
    assert store.set_aside.show(parked.id)[1] == b"payload"
    assert store.set_aside.discard([parked.id]) == 1
    assert store.set_aside.destroy_past_weeks() == (1, 0)
    with pool.connection() as connection:
        query = "SELECT period FROM plaint_keys.service_keys WHERE purpose = 'set_aside'"
        assert connection.execute(query).fetchall() == [(week(LATER),)]
    assert week(LATER) >= this


def test_a_process_remembers_no_key_of_a_week_that_was_destroyed(store: Store, pool: Pool, master: KeyFile) -> None:
    services = ServiceKeys(pool, master)
    first, _, this = _mondays()
    services.set_aside({first, this})
    store.set_aside.destroy_past_weeks()

    services.existing_set_aside()

    assert list(services._known) == [("set_aside", this)]  # noqa: SLF001 # what is not remembered is the promise


def week(end: datetime) -> date:
    return end.date() - timedelta(days=end.weekday())


def _mondays() -> tuple[date, date, date]:
    this = week(datetime.now(UTC))
    return this - timedelta(weeks=5), this - timedelta(weeks=4), this
