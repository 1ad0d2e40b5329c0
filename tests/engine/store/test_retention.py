from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from engine.store import retention
from engine.store.batch import Answer, Batch, SeenMessage
from engine.store.database.pool import Pool
from engine.store.store import Store


def answered(store: Store) -> UUID:
    answer = Answer(uuid4(), uuid4().bytes, {"status": "done"})
    store.commit(Batch(answers=(answer,)))
    return answer.command_id


def test_answers_from_before_are_forgotten_batch_by_batch_and_the_commands_never(store: Store, pool: Pool) -> None:
    old = [answered(store) for _ in range(5)]
    before = datetime.now(UTC)
    new = answered(store)
    fingerprints = {one: store.answers.look_up([one])[one].fingerprint for one in old}

    assert retention.forget_answers(pool, before, at_once=2) == 5
    assert retention.forget_answers(pool, before, at_once=2) == 0

    kept = store.answers.look_up([*old, new])
    assert {one: kept[one].result for one in kept} == {**dict.fromkeys(old), new: {"status": "done"}}
    assert {one: kept[one].fingerprint for one in old} == fingerprints


def test_messages_that_had_their_effect_are_remembered_for_good(store: Store, pool: Pool) -> None:
    seen = SeenMessage(uuid4().bytes, uuid4(), uuid4())
    store.commit(Batch(messages=(seen,)))

    retention.forget_answers(pool, datetime.now(UTC) + timedelta(days=1))

    assert store.answers.messages([seen.fingerprint]) == {seen.fingerprint: seen}


def test_forgetting_asks_an_index(store: Store, pool: Pool) -> None:
    with pool.connection() as connection:
        connection.execute("SET LOCAL enable_seqscan = off")
        plan = connection.execute(f"EXPLAIN {retention._FORGET}", (datetime.now(UTC), 10)).fetchall()  # noqa: SLF001 # the query that runs

    assert any("answers_kept_idx" in row[0] for row in plan)
