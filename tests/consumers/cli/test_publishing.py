"""``plaint publish`` and ``plaint sample --to-kafka`` as a person runs them, against a real Kafka."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from support.broker import RunningBroker
from support.commandline import CommandLine
from support.soak import FACTOR
from support.topics import Seen, read_topic

NOBODY = "127.0.0.1:9"
MIDWAY = 2 * FACTOR
"""How often a publisher is to be killed when it has sent some, and not all."""


@dataclass
class Topics:
    """An installation with topics of its own."""

    plaint: CommandLine
    kafka: RunningBroker
    inbound: str
    events: str
    notices: str


@pytest.fixture(scope="module")
def topics(settings: dict[str, str], kafka: RunningBroker) -> Topics:
    names = {name: kafka.new_topic(2, name=name) for name in ("inbound", "events", "notices", "dead-letters")}
    line = CommandLine(
        {
            **settings,
            "PLAINT_KAFKA_SERVERS": kafka.servers,
            **{f"PLAINT_KAFKA_{name.upper().replace('-', '_')}": topic for name, topic in names.items()},
        }
    )
    line.ok("sample", "--cases", "12")
    return Topics(line, kafka, names["inbound"], names["events"], names["notices"])


def until(holds: Callable[[], bool], seconds: float = 40.0, every: float = 0.2) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(every)


def test_what_there_is_is_published_once(topics: Topics) -> None:
    before = topics.plaint.ok("publish", "--status", "--json").json()["topics"]
    first = topics.plaint.ok("publish", "--once", "--json").json()["topics"]
    second = topics.plaint.ok("publish", "--once", "--json").json()["topics"]

    events = read_topic(topics.kafka.inside, topics.events)
    assert [row["topic"] for row in first] == [topics.events, topics.notices]
    assert first[0]["records"] == len(events) > 100
    assert first[1]["records"] == len(read_topic(topics.kafka.inside, topics.notices)) > 0
    assert [(row["records"], row["position"]) for row in second] == [(0, row["position"]) for row in first]
    after = topics.plaint.ok("publish", "--status", "--json").json()["topics"]
    assert [(row["lag"], row["position"]) for row in before] == [(row["position"], 0) for row in first]
    assert [(row["lag"], row["position"]) for row in after] == [(0, row["position"]) for row in first]


def test_what_a_person_can_mend_is_said_in_a_line(topics: Topics) -> None:
    nowhere = topics.plaint("publish", "--once", PLAINT_KAFKA_SERVERS=NOBODY)
    missing = topics.plaint("publish", "--once", PLAINT_KAFKA_EVENTS="nothing-of-that-name")
    unsent = topics.plaint("sample", "--to-kafka", "--cases", "1", PLAINT_KAFKA_INBOUND="nothing-of-that-name")
    without = CommandLine({k: v for k, v in topics.plaint.settings.items() if "KAFKA" not in k})("publish", "--once")

    assert (nowhere.code, nowhere.err) == (75, f"plaint: nothing listens on {NOBODY}\n")
    assert (missing.code, unsent.code) == (75, 75)
    for told in (missing.err, unsent.err):
        assert "the cluster has no topic nothing-of-that-name; `plaint topics create` makes it" in told
    assert (without.code, without.err.partition(";")[0]) == (78, "plaint: PLAINT_KAFKA_SERVERS is not set")


def test_a_sample_goes_to_the_topic_case_by_case_and_stores_nothing(topics: Topics) -> None:
    told = topics.plaint.ok("sample", "--to-kafka", "--cases", "8", "--seed", "5", "--until", "2026-06-30", "--json")
    lines = topics.plaint.ok("sample", "--messages", "--cases", "8", "--seed", "5", "--until", "2026-06-30")

    seen = read_topic_bare(topics)
    assert told.json() == {"topic": topics.inbound, "messages": len(seen)}
    assert sorted(value for _, value in seen) == sorted(line.encode() for line in lines.out.splitlines())
    assert len({key for key, _ in seen}) == 8


def read_topic_bare(topics: Topics) -> list[tuple[bytes, bytes]]:
    return [(one.key or b"", one.value or b"") for one in read_topic(topics.kafka.inside, topics.inbound)]


@contextmanager
def process(topics: Topics, command: str, said: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command that stays until this block ends."""
    program = [sys.executable, "-c", "from consumers.cli.main import main; main()", command]
    with said.open("wb") as err:
        running = subprocess.Popen(program, stderr=err, env={**os.environ, **topics.plaint.settings})
    try:
        yield running
    finally:
        running.kill()
        running.wait()


@pytest.mark.parametrize("command", ["publish", "run"])
def test_a_process_publishes_what_happens_and_ends_with_0_on_sigterm(
    topics: Topics, tmp_path: Path, command: str
) -> None:
    before = len(read_topic(topics.kafka.inside, topics.events))
    with process(topics, command, tmp_path / "said") as running:
        topics.plaint.ok("sample", "--cases", "3", "--seed", "9", "--language", {"publish": "en", "run": "ru"}[command])
        until(lambda: len(read_topic(topics.kafka.inside, topics.events)) >= before + 20)
        running.send_signal(signal.SIGTERM)

        assert running.wait(30) == 0, (tmp_path / "said").read_text()
    assert "publishing_began" in (tmp_path / "said").read_text()


def test_a_publisher_killed_at_any_point_leaves_nothing_out_and_what_it_repeats_can_be_told(
    settings: dict[str, str], kafka: RunningBroker, tmp_path: Path
) -> None:
    names = {name: kafka.new_topic(2, name=name) for name in ("inbound", "events", "notices", "dead-letters")}
    chosen = {f"PLAINT_KAFKA_{name.upper().replace('-', '_')}": topic for name, topic in names.items()}
    line = CommandLine({**settings, "PLAINT_KAFKA_SERVERS": kafka.servers, **chosen})
    topics = Topics(line, kafka, names["inbound"], names["events"], names["notices"])
    chance, midway, patience = Random(4), 0, 0.2
    sent, caught_up = 0, _caught_up(line)
    for attempt in range(12 * MIDWAY):
        if caught_up:
            line.ok("sample", "--cases", "60", "--seed", str(attempt))
        with process(topics, "publish", said := tmp_path / "said") as running:
            until(lambda: "publishing_began" in said.read_text(), every=0.005)
            time.sleep(chance.uniform(0, patience))
            running.kill()
            running.wait()
        before, sent, caught_up = sent, len(read_topic(kafka.inside, topics.events)), _caught_up(line)
        begun = sent > before
        midway += begun and not caught_up
        patience *= 1.0 if begun and not caught_up else 0.7 if begun else 1.4
        if midway == MIDWAY:
            break
    line.ok("publish", "--once")

    seen = read_topic(kafka.inside, topics.events)
    exact = list(exactly(seen))
    once = Topics(
        CommandLine({**line.settings, "PLAINT_KAFKA_EVENTS": (again := kafka.new_topic(2, name="again"))}),
        kafka, topics.inbound, again, topics.notices,
    )  # fmt: skip
    once.plaint.ok("publish", "--once")
    wanted = read_topic(kafka.inside, again)
    assert midway, "it was killed when it had sent some, and not all"
    assert [each.octets for each in exact] == [each.octets for each in wanted]
    assert {each.octets for each in seen} == {each.octets for each in wanted}, "what is sent again is the same"


def _caught_up(line: CommandLine) -> bool:
    return all(row["lag"] == 0 for row in line.ok("publish", "--status", "--json").json()["topics"])


def exactly(seen: Sequence[Seen]) -> Iterator[Seen]:
    """Yield what a consumer takes that passes over what is not behind its last sequence, as the README tells it to."""
    last: dict[int, str] = {}
    for each in seen:
        if each.sequence > last.get(each.partition, ""):
            last[each.partition] = each.sequence
            yield each
