"""What people are told of partitions, and the processes ``plaint consume`` themselves: killed, stopped, shared."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import psycopg
import pytest

from support.broker import RunningBroker, unique
from support.commandline import CommandLine
from support.consuming import chat, produce, wait_until
from support.postgres import fresh_database

PROGRAM = Path(sys.executable).with_name("plaint")


class Site:
    """An installation that reads topics of its own."""

    def __init__(self, kafka: RunningBroker, conninfo: str, place: Path, partitions: int) -> None:
        self.kafka, self.conninfo = kafka, conninfo
        self.inbound, self.commands = kafka.new_topic(partitions, name="inbound"), kafka.new_topic(name="commands")
        self.settings = {
            "PLAINT_DATABASE": conninfo,
            "PLAINT_DATA_DIR": str(place),
            "PLAINT_KAFKA_SERVERS": kafka.servers,
            "PLAINT_KAFKA_GROUP": unique("group"),
            "PLAINT_KAFKA_INBOUND": self.inbound,
            "PLAINT_KAFKA_COMMANDS": self.commands,
            "PLAINT_KAFKA_POLL_RECORDS": "20",
            "PLAINT_LOG_FORMAT": "json",
        }
        self.line = CommandLine(self.settings)

    @contextmanager
    def consumer(self, **settings: str) -> Iterator["subprocess.Popen[bytes]"]:
        """Run ``plaint consume``; it is killed at the end if it still runs."""
        environment = {**os.environ, **self.settings, **settings}
        with subprocess.Popen([PROGRAM, "consume"], env=environment, stderr=subprocess.PIPE) as process:
            try:
                yield process
            finally:
                process.kill()

    def received(self) -> dict[str, int]:
        """Return how many messages are known for good, and how many complaints there are."""
        with psycopg.connect(self.conninfo) as connection:
            count = connection.execute("SELECT count(*) FROM plaint.messages").fetchone()
            complaints = connection.execute(
                "SELECT count(*) FROM plaint.events WHERE name = 'complaint.received.v1'"
            ).fetchone()
        return {"messages": count[0] if count else 0, "complaints": complaints[0] if complaints else 0}

    def position(self) -> int:
        """Return how many offsets have had their effect, over all partitions."""
        with psycopg.connect(self.conninfo) as connection:
            row = connection.execute("SELECT coalesce(sum(position), 0)::bigint FROM plaint.sources").fetchone()
        return row[0] if row else 0


@contextmanager
def site(kafka: RunningBroker, server: str, template: str, place: Path, partitions: int = 2) -> Iterator[Site]:
    with fresh_database(server, template=template) as conninfo:
        made = Site(kafka, conninfo, place, partitions)
        made.line.ok("project", "--once")
        yield made


@pytest.fixture
def here(kafka: RunningBroker, postgres_server: str, database_template: str, tmp_path: Path) -> Iterator[Site]:
    with site(kafka, postgres_server, database_template, tmp_path) as made:
        yield made


def ended(process: "subprocess.Popen[bytes]") -> tuple[int, str]:
    _, err = process.communicate(timeout=30)
    return process.returncode, err.decode()


def test_killed_in_mid_load_and_started_again_everything_had_its_effect_once(here: Site) -> None:
    for partition in range(2):
        produce(here.kafka.servers, here.inbound, [chat(f"{partition}/{n}") for n in range(400)], partition=partition)
    keeps_its_place = {"PLAINT_KAFKA_INSTANCE": "one"}
    kills = 0
    for _ in range(3):
        before = here.position()
        with here.consumer(**keeps_its_place) as process:
            wait_until(partial(_beyond, here, before), seconds=90)
            process.kill()
            process.wait(10)
        kills += here.position() < 800
    assert kills, "it was killed before it had read everything"
    with here.consumer(**keeps_its_place) as process:
        wait_until(partial(_beyond, here, 799), seconds=90)
        process.terminate()
        code, err = ended(process)
    assert code == 0, err
    assert here.received() == {"messages": 800, "complaints": 800}


def _beyond(here: Site, position: int) -> bool:
    return here.position() > position


def test_a_signal_drains_and_leaves_the_group_at_once(here: Site) -> None:
    produce(here.kafka.servers, here.inbound, [chat(str(n)) for n in range(200)])
    with here.consumer() as process:
        wait_until(lambda: here.position() > 0)
        begun = time.monotonic()
        process.terminate()
        code, err = ended(process)
    assert (code, time.monotonic() - begun < 10) == (0, True)
    assert err.splitlines()[-1] == "stopped"
    assert here.received()["complaints"] == here.position()
    told = [json.loads(line) for line in err.splitlines() if line.startswith("{")]
    assert [line["level"] for line in told if line["event"] == "consumed"] == ["info"] * 2
    with here.kafka.admin() as admin:
        group = admin.describe_groups([here.settings["PLAINT_KAFKA_GROUP"]])
    (described,) = group.values() if isinstance(group, dict) else group
    assert described["members"] == []


def test_status_shows_who_reads_what_and_what_is_left(here: Site) -> None:
    produce(here.kafka.servers, here.inbound, [chat(str(n)) for n in range(3)])
    before = here.line("consumers", "status", "--json")
    assert before.code == 0, before
    rows = {(one["topic"], one["partition"]): one for one in before.json()["partitions"]}
    first, second = rows[here.inbound, 0], rows[here.inbound, 1]
    assert (first["state"], first["position"], first["end"], first["lag"]) == ("unread", None, 3, 3)
    assert (second["lag"], (here.commands, 0) in rows) == (0, True)

    with here.consumer():
        wait_until(lambda: len(here.line("consumers", "status", "--json").json()["members"]) == 1)
        wait_until(lambda: here.position() == 3)
        found = here.line("consumers", "status", "--json").json()
        rows = {(one["topic"], one["partition"]): one for one in found["partitions"]}
        row = rows[here.inbound, 0]
        assert (row["state"], row["position"], row["lag"], row["lag_seconds"]) == ("running", 3, 0, 0.0)
        assert found["members"] == [row["member"]]
        table = here.line("consumers", "status")
        assert (table.code, here.inbound in table.out) == (0, True)


def test_a_topic_made_anew_shows_as_stopped_until_it_is_adopted(here: Site) -> None:
    produce(here.kafka.servers, here.inbound, [chat("a")])
    with here.consumer():
        wait_until(lambda: here.position() == 1)
        here.kafka.delete_topic(here.inbound)
        here.kafka.create_topic(here.inbound, 2)
        produce(here.kafka.servers, here.inbound, [chat("b")])

        def reasons() -> set[str]:
            outcome = here.line("consumers", "status", "--json")
            return {one["reason"] for one in outcome.json()["partitions"] if one["state"] == "stopped"}

        # Where the member saw the topic gone, it hears of the new one with its next metadata: within 30 seconds.
        wait_until(lambda: reasons() == {"topic_replaced"}, seconds=90)
        assert here.line("consumers", "status").code == 1
        dry = here.line("consumers", "adopt", here.inbound, "--dry-run", "--json").json()
        assert (dry["done"], [one["after"] for one in dry["partitions"]]) == (False, [None, None])
        here.line.ok("consumers", "adopt", here.inbound)
        wait_until(lambda: here.received()["complaints"] == 2)
        wait_until(lambda: reasons() == set())


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("adopt", "other"), 2, "other is not read here"),
        (("adopt", "gone"), 3, "there is no topic gone"),
        (("status",), 1, "there is no topic gone"),
    ],
)
def test_what_cannot_be_is_said_in_one_sentence(here: Site, arguments: tuple[str, ...], code: int, says: str) -> None:
    outcome = here.line("consumers", *arguments, PLAINT_KAFKA_INBOUND="gone")
    assert (outcome.code, says in outcome.err) == (code, True), outcome


def test_without_a_broker_each_command_says_why_at_once(here: Site) -> None:
    for command in (("consume",), ("consumers", "status"), ("consumers", "adopt", here.inbound)):
        down = here.line(*command, PLAINT_KAFKA_SERVERS="127.0.0.1:1")
        assert (down.code, "127.0.0.1:1" in down.err) == (75, True), down
    settings = {name: value for name, value in here.settings.items() if name != "PLAINT_KAFKA_SERVERS"}
    none = CommandLine(settings)("consume")
    assert (none.code, "PLAINT_KAFKA_SERVERS" in none.err) == (78, True)
