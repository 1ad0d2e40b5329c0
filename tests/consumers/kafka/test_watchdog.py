"""Work that does not end ends the process, with every stack written."""

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from consumers.kafka.protocol import Bounds, Partition
from consumers.kafka.watchdog import HUNG, Watchdog, Watched
from support.consuming import Group, chat, running, step_until
from support.installation import Desk
from support.simulated_kafka import CLUSTER, SimulatedCluster

_HANGS = """
import threading, time
from consumers.kafka.watchdog import Watchdog

def stuck_in_poll():
    threading.Event().wait()

with Watchdog(0.2, time.monotonic, bark=lambda what, seconds: print(what, seconds > 0.2, flush=True)) as watchdog:
    watchdog.work("poll")
    stuck_in_poll()
"""


def test_a_process_that_hangs_is_ended_with_its_stacks_and_the_documented_code() -> None:
    process = subprocess.run([sys.executable, "-c", _HANGS], capture_output=True, text=True, timeout=30, check=False)
    assert (process.returncode, process.stdout) == (HUNG, "poll True\n")
    assert "stuck_in_poll" in process.stderr


def test_work_that_goes_on_in_time_is_left_alone(tmp_path: Path) -> None:
    bitten = threading.Event()
    with (
        (tmp_path / "stacks").open("w") as stacks,
        Watchdog(0.2, time.monotonic, end=lambda _code: bitten.set(), stacks=stacks) as watchdog,
    ):
        for _ in range(10):
            watchdog.work("poll")
            time.sleep(0.05)
        watchdog.rest()
        assert not bitten.wait(0.5)
        watchdog.work("poll")
        assert bitten.wait(5)


def test_whoever_is_asked_to_stop_has_so_long_and_no_longer(tmp_path: Path) -> None:
    bitten = threading.Event()
    with (
        (tmp_path / "stacks").open("w") as stacks,
        Watchdog(60, time.monotonic, end=lambda _code: bitten.set(), stacks=stacks) as watchdog,
    ):
        watchdog.end_within(0.1)
        assert bitten.wait(5)


class Noted:
    """A dog that notes what it watches."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def work(self, what: str) -> None:
        self.seen.append(what)

    def rest(self) -> None:
        self.seen.append("rest")


def test_every_question_to_the_cluster_is_watched_and_is_over_however_it_ends() -> None:
    cluster, dog = SimulatedCluster({"in": 1}), Noted()
    watched, partition = Watched(cluster, dog), Partition("in", 0)
    assert watched.cluster_id() == CLUSTER
    assert watched.topic_ids(["in"]) == cluster.ids
    assert watched.bounds([partition]) == {partition: Bounds(0, 0)}
    assert watched.read_raw(partition, 0) == []
    with pytest.raises(KeyError):
        watched.read_raw(Partition("other", 0), 0)
    assert dog.seen == [
        each for what in ("cluster_id", "topic_ids", "bounds", "read_raw", "read_raw") for each in (what, "rest")
    ]


def test_a_member_asks_nothing_of_the_cluster_unwatched(desk: Desk) -> None:
    cluster, dog = SimulatedCluster({"in": 1}), Noted()
    group = Group(desk, cluster, {"in": "messages"}, options={"poll_seconds": 0.01, "check_seconds": 0.0})
    cluster.produce(Partition("in", 0), chat("a"))
    cluster.produce(Partition("in", 0), chat("b"), damaged=True)
    member = group.member(dog=dog)
    with running(member):
        step_until([member], lambda: group.positions() == {("in", 0): 2}, seconds=10)
    assert {"poll", "consumer", "cluster_id", "topic_ids", "bounds", "read_raw", "close", "rest"} == set(dog.seen)
    assert dog.seen[-1] == "rest"
