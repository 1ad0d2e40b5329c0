"""``plaint run`` beside a Kafka: one process that reads, works and publishes."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from consumers.cli import output
from consumers.kafka.topics import Names
from support.broker import RunningBroker, unique
from support.commandline import CommandLine
from support.consuming import chat, produce, wait_until
from support.topics import read_topic

PROGRAM = [sys.executable, "-c", "from consumers.cli.main import main; main()"]


class Here:
    """An installation with topics and a group of its own."""

    def __init__(self, settings: dict[str, str], kafka: RunningBroker, place: Path) -> None:
        self.kafka, self._place = kafka, place
        self.names = Names(*(kafka.new_topic(name=name) for name in Names._fields))
        topics = {f"PLAINT_KAFKA_{field.upper()}": topic for field, topic in self.names._asdict().items()}
        named = {"PLAINT_KAFKA_SERVERS": kafka.servers, "PLAINT_KAFKA_GROUP": unique("group")}
        self.settings = {**settings, **topics, **named}
        CommandLine(settings).ok("project", "--once")

    def send(self, *names: str) -> None:
        """Send messages, each of which opens a complaint."""
        produce(self.kafka.servers, self.names.inbound, [chat(name) for name in names])

    def published(self) -> list[str]:
        """Return the types of the events that were published."""
        return [one.headers["ce_type"].decode() for one in read_topic(self.kafka.inside, self.names.events)]

    def said(self, name: str) -> str:
        """Return what the process of that name wrote."""
        return (self._place / name).read_text()

    @contextmanager
    def process(self, name: str, command: str, **more: str) -> Iterator[subprocess.Popen[bytes]]:
        """Lend a process that stays; whatever is left of it at the end is killed."""
        with (self._place / name).open("wb") as err:
            running = subprocess.Popen([*PROGRAM, command], stderr=err, env={**os.environ, **self.settings, **more})
        try:
            yield running
        finally:
            running.kill()
            running.wait()


@pytest.fixture
def here(settings: dict[str, str], kafka: RunningBroker, tmp_path: Path) -> Here:
    return Here(settings, kafka, tmp_path)


def test_one_process_takes_what_comes_publishes_what_follows_and_ends_with_0_on_sigterm(here: Here) -> None:
    here.send("a", "b")
    with here.process("run", "run") as run:
        wait_until(lambda: here.published().count("plaint.complaint.received.v1") == 2)
        here.send("c")
        wait_until(lambda: here.published().count("plaint.complaint.received.v1") == 3)
        run.send_signal(signal.SIGTERM)
        assert run.wait(15) == output.OK, here.said("run")


def test_a_run_waits_for_a_cluster_that_does_not_answer_and_ends_when_it_is_told_to(here: Here) -> None:
    with here.process("run", "run", PLAINT_KAFKA_SERVERS="127.0.0.1:9") as run:
        wait_until(lambda: here.said("run").count("consumption_put_off") >= 2)
        assert "Plaint answers at" in here.said("run")
        run.send_signal(signal.SIGTERM)
        assert run.wait(15) == output.OK, here.said("run")


def test_a_run_whose_place_another_process_takes_ends_and_says_so(here: Here) -> None:
    here.send("first")
    with here.process("old", "run", PLAINT_KAFKA_INSTANCE="same") as old:
        wait_until(lambda: bool(here.published()))
        with here.process("new", "consume", PLAINT_KAFKA_INSTANCE="same"):
            assert old.wait(30) == output.REFUSED, here.said("old")
    assert here.said("old").endswith("see PLAINT_KAFKA_INSTANCE\n")
