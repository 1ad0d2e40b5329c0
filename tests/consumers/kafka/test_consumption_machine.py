"""Any order of produce, poll, crash, rebalance, zombie, restart and outage, over a real store: every offset once."""

from collections.abc import Sequence
from contextlib import ExitStack
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Literal
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from consumers.kafka.backoff import Backoff
from consumers.kafka.breaker import Rule
from consumers.kafka.effect import World
from consumers.kafka.loop import Consumption, Options
from consumers.kafka.protocol import Fenced, Partition
from consumers.kafka.records import Limits, Origin, Reader
from consumers.wiring import presets
from engine.incoming import Incoming, Result, Sender
from engine.service import Service
from engine.store.batch import SourceMove
from engine.store.commit import OutcomeUnknown
from engine.store.database.errors import DatabaseUnavailable
from engine.store.database.pool import open_pool
from engine.store.store import Store
from engine.store.vault.master import KeyFile
from support import accounts
from support.accounts import Kind, Sent
from support.installation import MONDAY, Desk
from support.postgres import fresh_database
from support.simulated_kafka import CLUSTER, SimulatedCluster, SimulatedConsumer
from support.soak import FACTOR

TOPIC = "complaints.inbound"
PARTITIONS = 2
MEMBERS = 2
Failure = Literal["killed before", "killed after", "down before", "down after"]
FAILURES: tuple[Failure, ...] = ("killed before", "killed after", "down before", "down after")
PLACES = st.integers(0, PARTITIONS - 1)
MEMBER = st.integers(0, MEMBERS - 1)
DAMAGED = b"a record whose header's name is no UTF-8"
PATIENCE = 200
"""Steps of each member in which, with nothing failing any more, everything must have had its effect."""


class Killed(BaseException):
    """The process ends here; nothing catches it."""


class Fragile(Service):
    """A service whose next batch may meet the end of the process or of the database, before or after its commit."""

    fails: Failure | None = None

    def submit(self, items: Sequence[Incoming], now: datetime) -> tuple[Result, ...]:
        fails, self.fails = self.fails, None
        _before(fails)
        results = super().submit(items, now)
        _after(fails)
        return results

    def pass_over(self, moves: Sequence[SourceMove]) -> None:
        if not moves:
            return
        fails, self.fails = self.fails, None
        _before(fails)
        super().pass_over(moves)
        _after(fails)


def _before(fails: Failure | None) -> None:
    if fails == "killed before":
        raise Killed
    if fails == "down before":
        raise DatabaseUnavailable("not now")


def _after(fails: Failure | None) -> None:
    if fails == "killed after":
        raise Killed
    if fails == "down after":
        raise OutcomeUnknown("who knows")


class Member:
    """One process of the group: its consumption, and the consumer that this has at the moment."""

    def __init__(self, number: int, cluster: SimulatedCluster, store: Store) -> None:
        self._seconds = count()
        self.service = Fragile(store)
        self.name = f"member {number}"
        self._cluster = cluster
        world = World(lambda: MONDAY, lambda: float(next(self._seconds)), lambda _: None, lambda: 0.5)
        options = Options("group", self.name, batch=2, backoff=Backoff(0.0, 0.0), rule=Rule(least=10_000))
        self.consumption = Consumption(cluster, self.service, store, [TOPIC], _reader, options, world)

    @property
    def consumer(self) -> SimulatedConsumer | None:
        """What the cluster lent it last, if that is still in use."""
        found = self._cluster.lent.get(self.name)
        return None if found is None or found.closed else found


def _reader(topic: str, topic_id: UUID) -> Reader:
    sender = Sender("kafka", "service:kafka", "workload")
    return Reader(Origin(CLUSTER, topic, topic_id, "messages", sender, "group", "test"), Limits(), lambda: MONDAY)


class ConsumptionMachine(RuleBasedStateMachine):
    """Two members of a group on one database; the model is what was produced."""

    def __init__(self, server: str, template: str, contents: Path) -> None:
        super().__init__()
        self.stack = ExitStack()
        database = self.stack.enter_context(fresh_database(server, template=template))
        pool = self.stack.enter_context(open_pool(database, max_size=4, name="consumption machine"))
        self.store = self.stack.enter_context(Store(pool, KeyFile({"m1": bytes(range(32))}), contents))
        desk = Desk(self.store, Service(self.store), database)
        desk.service.activate(presets.shipped(), desk.around(), desk.at)
        self.cluster = SimulatedCluster({TOPIC: PARTITIONS})
        self.members = [Member(number, self.cluster, self.store) for number in range(MEMBERS)]
        self.sent: list[Sent] = []
        self.passed: list[accounts.Place] = []
        self.openers: list[str] = []
        """Names of messages that were answered before they came."""
        self.marks: list[accounts.Place] = []
        self.highest: dict[int, int] = {}
        self._named = count()

    def teardown(self) -> None:
        try:
            self._everything_has_its_effect_in_time()
        finally:
            self.stack.close()

    # ------------------------------------------------------------------------------------------ producing

    @rule(place=PLACES, burst=st.integers(1, 12))
    def produce(self, place: int, burst: int) -> None:
        for _ in range(burst):
            name = f"m{next(self._named)}"
            self._put(place, name, accounts.message(name))

    @precondition(lambda self: self.sent)
    @rule(place=PLACES, data=st.data())
    def produce_again(self, place: int, data: st.DataObject) -> None:
        """The same message, as a producer does that was not told of its success."""
        names = [one.name for one in self.sent if one.kind == "message" and "/" not in one.name]
        if names:
            name = data.draw(st.sampled_from(names))
            self._put(place, name, accounts.message(name))

    @rule(place=PLACES)
    def answer_what_has_not_come(self, place: int) -> None:
        name = f"m{next(self._named)}"
        self.openers.append(name)
        self._put(place, f"{name}/reply", accounts.message(f"{name}/reply", follows=name))

    @precondition(lambda self: self.openers)
    @rule(place=PLACES, data=st.data())
    def produce_what_was_answered(self, place: int, data: st.DataObject) -> None:
        name = self.openers.pop(data.draw(st.integers(0, len(self.openers) - 1)))
        self._put(place, name, accounts.message(name))

    @rule(place=PLACES, octets=st.sampled_from([b"", b"nothing", b"\xff", b"[]", b"[" * 500, DAMAGED, None]))
    def produce_what_cannot_be_taken(self, place: int, octets: bytes | None) -> None:
        """Garbage, a record that the client cannot read, or a tombstone, which is passed over."""
        self._put(place, f"g{next(self._named)}", octets, kind="garbage", damaged=octets == DAMAGED)
        if octets is None:
            self.passed.append(self.sent[-1].place)

    @rule(place=PLACES)
    def end_a_transaction(self, place: int) -> None:
        partition = Partition(TOPIC, place)
        self.marks.append((place, self.cluster.logs[partition].end))
        self.cluster.mark(partition)

    def _put(
        self, place: int, name: str, value: bytes | None, *, kind: Kind = "message", damaged: bool = False
    ) -> None:
        offset = self.cluster.produce(Partition(TOPIC, place), value, damaged=damaged)
        self.sent.append(Sent((place, offset), name, kind))

    # ------------------------------------------------------------------------------------------ consuming

    @rule(number=MEMBER, steps=st.integers(1, 6))
    def work(self, number: int, steps: int) -> None:
        for _ in range(steps):
            self._step(number)

    @rule(number=MEMBER, steps=st.integers(1, 6), fails=st.sampled_from(FAILURES))
    def fail_at_work(self, number: int, steps: int, fails: Failure) -> None:
        """The next batch that there is fails, be it now or later."""
        self.members[number].service.fails = fails
        self.work(number, steps)

    @rule(number=MEMBER)
    def kill(self, number: int) -> None:
        """Between two batches; the group sees it at once."""
        if (consumer := self.members[number].consumer) is not None:
            consumer.die()
        self.members[number] = Member(number, self.cluster, self.store)

    @rule(number=MEMBER)
    def end_well(self, number: int) -> None:
        self.members[number].consumption.close()
        self.members[number] = Member(number, self.cluster, self.store)

    @rule(number=MEMBER, steps=st.integers(0, 12))
    def stop_and_be_given_up(self, number: int, steps: int) -> None:
        """From here on it is a zombie: it goes on with what it had, and the others go on with that too."""
        if (consumer := self.members[number].consumer) is not None:
            consumer.deaf = True
            self.cluster.evict(consumer)
        for _ in range(steps):
            self._step((number + 1) % MEMBERS)

    @rule(number=MEMBER)
    def learn_that_it_was_given_up(self, number: int) -> None:
        if (consumer := self.members[number].consumer) is not None:
            consumer.deaf = False

    @rule(number=MEMBER)
    def lose_its_place_to_another(self, number: int) -> None:
        """Somebody came with its group instance id: it goes on being given records, until a hint is refused."""
        if (consumer := self.members[number].consumer) is not None:
            consumer.fenced = True
            self.cluster.evict(consumer)

    def _step(self, number: int) -> int:
        member = self.members[number]
        try:
            return member.consumption.step()
        except (Killed, Fenced):
            self.kill(number)
            return 0

    # ------------------------------------------------------------------------------------------ judging

    @invariant()
    def every_offset_before_a_position_has_had_its_effect_once(self) -> None:
        positions, ends = self._positions(), self._ends()
        for place, at in positions.items():
            assert at >= self.highest.get(place, 0), "a position went back"
        self.highest = positions
        found = accounts.effects(self.store, TOPIC)
        marks = sum(offset < positions.get(place, 0) for place, offset in self.marks)
        told = accounts.settled(found, self.sent, positions, ends, passed=self.passed, marks=marks)
        assert not any(told.values()), told

    def _everything_has_its_effect_in_time(self) -> None:
        for member in self.members:
            member.service.fails = None
            if (consumer := member.consumer) is not None:
                consumer.deaf = False
        for _ in range(PATIENCE):
            stepped = [self._step(number) for number in range(MEMBERS)]
            if not any(stepped) and self._lag() == 0:
                break
        assert self._lag() == 0
        self.every_offset_before_a_position_has_had_its_effect_once()
        waiting = {row.id for row in self.store.set_aside.listed("parked", limit=10_000)}
        assert len(waiting) == len({one.name for one in self.sent if one.name.removesuffix("/reply") in self.openers})

    def _lag(self) -> int:
        """How many records are left; marks behind the last one are nobody's."""
        last = {place: offset + 1 for place, offset in sorted(one.place for one in self.sent)}
        positions = self._positions()
        return sum(max(0, end - positions.get(place, 0)) for place, end in last.items())

    def _positions(self) -> dict[int, int]:
        source = f"kafka:{CLUSTER}/{self.cluster.ids[TOPIC]}"
        found = self.store.positions.look_up([f"{source}/{place}" for place in range(PARTITIONS)])
        return {int(name.rpartition("/")[2]): at for name, at in found.items()}

    def _ends(self) -> dict[int, int]:
        return {partition.number: log.end for partition, log in self.cluster.logs.items()}


@pytest.mark.slow
def test_whatever_happens_every_offset_has_its_effect_once(
    postgres_server: str, database_template: str, tmp_path: Path
) -> None:
    run_state_machine_as_test(
        lambda: ConsumptionMachine(postgres_server, database_template, tmp_path),  # type: ignore[arg-type] # a way to make one does as well as the class
        settings=settings(
            max_examples=12 * FACTOR,
            stateful_step_count=40,
            phases=[Phase.generate],  # to shrink what fails takes minutes of databases; the steps are printed whole
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
