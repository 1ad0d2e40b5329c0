"""What a member learns of its partitions is not lost: on a simulated cluster and a real database."""

import threading
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from types import SimpleNamespace
from typing import cast
from uuid import UUID

import pytest

from consumers.kafka import judging, status
from consumers.kafka.access import BrokerUnavailable
from consumers.kafka.client import Broker
from consumers.kafka.protocol import Bounds, OutOfRange, Partition, Record
from consumers.wiring.build import Installation
from consumers.wiring.consumption import consumption
from consumers.wiring.settings import from_environment
from engine.incoming import Incoming, Result
from engine.service import Service
from engine.store.database.errors import DatabaseUnavailable
from engine.store.database.pool import open_pool
from engine.store.session import reachable
from engine.store.standings import Standing
from engine.store.store import Store
from schemas.published.metrics import NO_METER
from support.consuming import Group, chat, running, step_until
from support.installation import MONDAY, Desk
from support.simulated_kafka import SimulatedCluster

P = Partition("in", 0)


@pytest.fixture
def cluster() -> SimulatedCluster:
    return SimulatedCluster({"in": 1})


@pytest.fixture
def group(desk: Desk, cluster: SimulatedCluster) -> Group:
    return Group(desk, cluster, {"in": "messages"}, options={"poll_seconds": 0.01, "check_seconds": 1_000.0})


def stands(member: object) -> list[tuple[str, str | None]]:
    return [(place.state, place.why) for place in member.partitions.places]  # type: ignore[attr-defined] # a consumption


def truncate(cluster: SimulatedCluster, client: str) -> None:
    """Have the client's next poll find that what it has read is no more."""
    consumer = cluster.lent[client]
    poll = consumer.poll

    def once(timeout_seconds: float, most: int) -> Mapping[Partition, Sequence[Record]]:
        consumer.poll = poll  # type: ignore[method-assign] # this one object only
        raise OutOfRange([P])

    consumer.poll = once  # type: ignore[method-assign] # this one object only


def test_a_partition_that_was_stopped_is_stopped_for_whoever_comes_next(
    group: Group, cluster: SimulatedCluster
) -> None:
    cluster.produce(P, chat("a"))
    first, second = group.member("one"), group.member("two")
    with running(second):
        with running(first):
            first.step()
            first.step()
            truncate(cluster, "one")
            first.step()
            assert stands(first) == [("stopped", "truncated")]
        for _ in range(3):
            second.step()
        assert stands(second) == [("stopped", "truncated")]


def test_a_partition_that_was_stopped_is_said_to_be_before_the_next_poll(
    group: Group, cluster: SimulatedCluster, desk: Desk
) -> None:
    cluster.produce(P, chat("a"))
    member = group.member("one")
    with running(member):
        member.step()
        member.step()
        truncate(cluster, "one")
        member.step()
        consumer = cluster.lent["one"]
        kept: list[str | None] = []
        poll = consumer.poll

        def looking(timeout_seconds: float, most: int) -> Mapping[Partition, Sequence[Record]]:
            kept.extend(row.said.reason for row in desk.store.standings.all())
            return poll(timeout_seconds, most)

        consumer.poll = looking  # type: ignore[method-assign] # this one object only
        member.step()
    assert kept == ["truncated"]


def test_whoever_leaves_forgets_only_his_own_words(group: Group, cluster: SimulatedCluster, desk: Desk) -> None:
    cluster.produce(P, chat("a"))
    member = group.member("one")
    with running(member):
        member.step()
        (place,) = member.partitions.places
        desk.store.standings.say([Standing(place.source, "in", 0, "two", "stopped", "truncated", MONDAY)])
    assert [(row.said.member, row.said.reason) for row in desk.store.standings.all()] == [("two", "truncated")]


def test_a_zombie_whose_old_position_is_gone_stops_nothing_that_another_reads(
    group: Group, cluster: SimulatedCluster, desk: Desk
) -> None:
    zombie, owner = group.member("zombie"), group.member("owner")
    with running(owner):
        zombie.step()
        zombie.step()
        cluster.lent["zombie"].deaf = True
        cluster.evict(cluster.lent["zombie"])
        for number in range(3):
            cluster.produce(P, chat(str(number)))
        step_until([owner], lambda: group.positions() == {("in", 0): 3}, seconds=10)
        cluster.delete_before(P, 2)
        for _ in range(3):
            zombie.step()
        assert stands(zombie) == [("running", None)]
        assert desk.store.standings.stopped([place.source for place in zombie.partitions.places]) == {}
        cluster.produce(P, chat("3"))
        step_until([owner], lambda: group.positions() == {("in", 0): 4}, seconds=10)


def test_what_came_and_went_unread_stops_a_partition_that_was_empty_when_it_was_taken_up(
    group: Group, cluster: SimulatedCluster
) -> None:
    first, second = group.member("one"), group.member("two")
    with running(first):
        first.step()
        first.step()
    for number in range(3):
        cluster.produce(P, chat(str(number)))
    cluster.delete_before(P, 3)
    with running(second):
        second.step()
        assert stands(second) == [("stopped", "below_start")]


def test_marks_of_transactions_are_read_too_and_are_no_loss_when_retention_takes_them(
    group: Group, cluster: SimulatedCluster
) -> None:
    cluster.produce(P, chat("a"))
    cluster.mark(P)
    first, second = group.member("one"), group.member("two")
    with running(first):
        for _ in range(3):
            first.step()
        assert [place.lag for place in first.partitions.places] == [0]
    assert group.positions() == {("in", 0): 2}
    cluster.delete_before(P, 2)
    cluster.produce(P, chat("b"))
    with running(second):
        for _ in range(2):
            second.step()
    assert group.positions() == {("in", 0): 3}


class Leaderless(SimulatedCluster):
    """A cluster of which some partitions have nobody to answer for them."""

    silent: frozenset[Partition] = frozenset()

    def bounds(self, partitions: Collection[Partition]) -> dict[Partition, Bounds]:
        if self.silent & set(partitions):
            raise BrokerUnavailable("nobody leads it", lasting=False)
        return super().bounds(partitions)


def test_a_partition_that_nobody_leads_stands_still_alone_and_goes_on_by_itself(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judging, "RETRY_SECONDS", 0.2)
    cluster = Leaderless({"in": 3})
    cluster.silent = frozenset([P])
    for number in range(3):
        cluster.produce(Partition("in", number), chat(str(number)))
    group = Group(desk, cluster, {"in": "messages"}, options={"poll_seconds": 0.01, "check_seconds": 0.0})
    member = group.member()
    with running(member):
        for _ in range(3):
            member.step()
        assert group.positions() == {("in", 1): 1, ("in", 2): 1}
        assert {row.said.reason for row in desk.store.standings.all() if row.said.partition == 0} == {"no_answer"}
        assert member.figures.errors == {}
        cluster.silent = frozenset()
        step_until([member], lambda: group.positions() == {("in", number): 1 for number in range(3)}, seconds=10)
        cluster.silent = frozenset([P])
        cluster.produce(P, chat("3"))
        step_until([member], lambda: group.positions()["in", 0] == 2, seconds=10)
        assert [state for state, _ in stands(member)] == ["running"] * 3


class Described(Leaderless):
    """The same, asked by ``plaint consumers status``."""

    def partitions(self, names: Collection[str]) -> list[Partition]:
        return [each for each in self.logs if each.topic in names]


def test_a_partition_that_nobody_leads_hides_no_other_from_who_asks_how_they_stand(desk: Desk) -> None:
    cluster = Described({"in": 2})
    cluster.silent = frozenset([P])
    cluster.produce(Partition("in", 1), chat("a"))
    silent, other = status.status(cluster, desk.store, ["in"], lambda: MONDAY)
    assert (silent.partition, silent.end, silent.lag, silent.lag_seconds) == (0, None, None, None)
    assert (other.partition, other.end, other.lag) == (1, 1, 1)


class Down:
    """A store whose database does not answer: whoever asks waits as long as the pool does."""

    def __init__(self, store: Store) -> None:
        self.topics = self.positions = self.standings = self
        self._store = store
        self.down = False

    def reachable(self, seconds: float) -> bool:
        return not self.down and self._store.reachable(seconds)

    def stopped(self, sources: Collection[str]) -> dict[str, str]:
        return self._asked().standings.stopped(sources)

    def say(self, partitions: Collection[Standing]) -> None:
        self._asked().standings.say(partitions)

    def forget(self, sources: Collection[str], *, of: str | None = None) -> None:
        self._asked().standings.forget(sources, of=of)

    def look_up(self, sources: Collection[str]) -> dict[str, int]:
        return self._asked().positions.look_up(sources)

    def admitted(self, cluster: str, topics: Mapping[str, UUID]) -> Mapping[str, int]:
        return self._asked().topics.admitted(cluster, topics)

    def _asked(self) -> Store:
        if self.down:
            raise AssertionError("it would wait for half a minute")
        return self._store


class Refused(Service):
    """A service that fails while the database is down."""

    def __init__(self, store: Store, down: Down) -> None:
        super().__init__(store)
        self._down = down

    def submit(self, items: Sequence[Incoming], now: datetime) -> tuple[Result, ...]:
        if self._down.down:
            raise DatabaseUnavailable("gone")
        return super().submit(items, now)


def test_whoever_ends_while_the_database_is_down_waits_for_it_no_longer_than_he_has_time(
    group: Group, cluster: SimulatedCluster, desk: Desk
) -> None:
    store = group.store = Down(desk.store)
    member = group.member("one")
    member.step()
    member.step()
    store.down = True
    member.close()
    assert cluster.lent["one"].closed


def test_whoever_is_held_since_the_database_is_down_asks_shortly_whether_it_is_back(
    group: Group, cluster: SimulatedCluster, desk: Desk
) -> None:
    store = group.store = Down(desk.store)
    group.service = Refused(desk.store, store)
    member = group.member()
    with running(member):
        step_until([member], lambda: stands(member) == [("running", None)])
        cluster.produce(P, chat("a"))
        store.down = True
        step_until([member], lambda: member.figures.errors["store"] > 2, seconds=10)
        store.down = False
        step_until([member], lambda: group.positions() == {("in", 0): 1}, seconds=10)


def test_a_store_whose_database_is_away_says_so_in_time(empty_database: str) -> None:
    with open_pool(empty_database, max_size=1, name="reachable") as pool:
        assert reachable(pool, 5.0)
        with pool.connection():
            assert not reachable(pool, 0.1)


class Swapped(SimulatedCluster):
    """A cluster at whose address another one may stand."""

    name = "first"

    def cluster_id(self) -> str:
        return self.name

    def probe(self) -> None:
        """It answers."""


def test_positions_are_kept_under_the_cluster_that_stands_there_when_a_topic_is_taken_up(desk: Desk) -> None:
    cluster = Swapped({"in": 1, "asked": 1})
    named = {"PLAINT_KAFKA_INBOUND": "in", "PLAINT_KAFKA_COMMANDS": "asked"}
    world = {"service": desk.service, "store": desk.store, "meter": NO_METER}
    here = SimpleNamespace(settings=from_environment(named), **world)
    member = consumption(cast("Installation", here), cast("Broker", cluster), threading.Event())
    with running(member):
        step_until([member], lambda: len(list(member.partitions.places)) == 2, seconds=10)
        cluster.name = "second"
        for topic in ("in", "asked"):
            cluster.create(topic, 1)
            desk.store.topics.adopt(topic, "second", cluster.ids[topic])
        cluster.produce(P, chat("a"))
        source = f"kafka:second/{cluster.ids['in']}/0"
        step_until([member], lambda: desk.store.positions.look_up([source]) == {source: 1}, seconds=15)
