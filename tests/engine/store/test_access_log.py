from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

from engine.store.access_log import Access
from engine.store.commit import LOCK
from engine.store.database.pool import Pool
from engine.store.store import Store

CASE = uuid4()
READ = Access("person:k7", "case", CASE, reason="handling", identity="token", request=uuid4())


def test_reads_are_recorded_in_order_refused_ones_too(store: Store) -> None:
    refused = Access("person:k8", "history", CASE, refused=True)

    assert (store.access_log.note(READ), store.access_log.note(refused)) == (1, 2)

    noted = store.access_log.after(0, 10)
    assert [(entry.position, entry.access) for entry in noted] == [(1, READ), (2, refused)]
    assert noted[0].recorded_at <= noted[1].recorded_at
    assert [entry.position for entry in store.access_log.after(1, 10)] == [2]


def test_the_reads_of_one_case_can_be_listed(store: Store) -> None:
    store.access_log.note(READ)
    store.access_log.note(Access("person:k7", "list"))

    assert [entry.access for entry in store.access_log.of_stream(CASE)] == [READ]


def test_many_at_once_leave_no_gap(store: Store) -> None:
    with ThreadPoolExecutor(6) as threads:
        positions = sorted(threads.map(lambda _: store.access_log.note(READ), range(30)))

    assert positions == list(range(1, 31))


def test_a_read_is_noted_while_a_writer_holds_the_log(store: Store, pool: Pool) -> None:
    with pool.connection() as writer:
        writer.execute(LOCK)

        assert store.access_log.note(READ) == 1
