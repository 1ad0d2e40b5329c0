"""A database is lost and an older backup put in its place: consumption goes on from there, nothing lost or doubled."""

from pathlib import Path

from engine.service import Service
from engine.store.database.backup.restore import restore
from engine.store.database.backup.take import take
from engine.store.database.backup.tools import Tools
from engine.store.database.pool import open_pool
from engine.store.store import Store
from engine.store.vault.master import KeyFile
from support.broker import RunningBroker, unique
from support.consuming import Group, broker, chat, letters, produce, running, step_until, texts
from support.installation import MONDAY, Desk
from support.servers import client_program


def test_a_restored_database_reads_again_what_it_lost_and_nothing_twice(
    kafka: RunningBroker, desk: Desk, empty_database: str, tmp_path: Path
) -> None:
    topic = kafka.new_topic(2, message_timestamp_type="LogAppendTime")
    with broker(kafka.servers) as cluster:
        group = Group(desk, cluster, {topic: "messages"}, unique("group"))
        with running(member := group.member()):
            produce(kafka.servers, topic, [chat(f"a{n}") for n in range(20)])
            produce(kafka.servers, topic, [chat(f"b{n}") for n in range(5)] + [b"{"], partition=1)
            step_until([member], lambda: group.positions() == {(topic, 0): 20, (topic, 1): 6})
            backed_up = desk.store.read.head()
            _taken(desk, tmp_path)
            produce(kafka.servers, topic, [chat(f"a{n}") for n in range(20, 40)])
            produce(kafka.servers, topic, [b"[", chat("b3"), chat("b6")], partition=1)
            step_until([member], lambda: group.positions() == {(topic, 0): 40, (topic, 1): 9})

        _put_back(empty_database, tmp_path)
        with (
            open_pool(empty_database, max_size=8, name="restored") as pool,
            Store(pool, KeyFile({"m1": bytes(range(32))}), tmp_path / "content") as store,
        ):
            again = Desk(store, Service(store), empty_database, MONDAY)
            restored = Group(again, cluster, {topic: "messages"}, group.name)
            assert restored.positions() == {(topic, 0): 20, (topic, 1): 6}
            produce(kafka.servers, topic, [chat("a40")])
            with running(member := restored.member()):
                step_until([member], lambda: restored.positions() == {(topic, 0): 41, (topic, 1): 9})

            wanted = {f"It is broken, {name}" for name in ["b6", *(f"b{n}" for n in range(5)), *_a(41)]}
            assert sorted(texts(again)) == sorted(wanted)
            assert [(one.partition, one.value) for one in letters(again)] == [(1, b"{"), (1, b"[")]
            assert store.read.head().incarnation != backed_up.incarnation
            assert _ids(again) >= _ids(desk), "what is read again gets the ids that it had"


def _a(count: int) -> list[str]:
    return [f"a{n}" for n in range(count)]


def _ids(desk: Desk) -> set[object]:
    return {one.envelope.event_id for one in desk.store.read.log(0, 10_000) if one.name.startswith("complaint.")}


def _tools(conninfo: str) -> Tools:
    return Tools(client_program("pg_dump").parent, conninfo)


def _taken(desk: Desk, place: Path) -> None:
    contents, log, keys = place / "content", place / "log", place / "keys"
    take(_tools(desk.conninfo), contents, log, keys, now=MONDAY, program="1", tell=lambda _: None)


def _put_back(conninfo: str, place: Path) -> None:
    contents, log, keys = place / "content", place / "log", place / "keys"
    restore(_tools(conninfo), contents, log, keys, lost_nothing=False, tell=lambda _: None)
