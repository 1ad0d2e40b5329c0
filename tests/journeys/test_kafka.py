"""Messages come by Kafka while consumers are killed: every one has its effect once, and the command line shows it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from consumers.kafka.topics import Names
from support.broker import RunningBroker, unique
from support.embedded import temporary_data_dir

PROGRAM = [sys.executable, "-c", "from consumers.cli.main import main; main()"]
PATIENCE_SECONDS = 90.0
CASES = 40

pytestmark = pytest.mark.slow


class Installed:
    """An installation that reads topics of its own, and the processes that work in it."""

    def __init__(self, data_dir: Path, kafka: RunningBroker) -> None:
        names = {f"PLAINT_KAFKA_{field.upper()}": unique(name) for field, name in Names()._asdict().items()}
        self._environment = {
            **os.environ,
            **names,
            "PLAINT_DATA_DIR": str(data_dir),
            "PLAINT_KAFKA_SERVERS": kafka.servers,
            "PLAINT_KAFKA_GROUP": unique("group"),
        }

    def plaint(self, *arguments: str) -> Any:
        """Run a command to its end, which must be 0, and return the JSON that it printed."""
        done = subprocess.run(
            [*PROGRAM, *arguments, "--json"], capture_output=True, env=self._environment, check=False, timeout=120
        )
        assert done.returncode == 0, (arguments, done.stdout, done.stderr)
        return json.loads(done.stdout)

    @contextmanager
    def consuming(self) -> Iterator[subprocess.Popen[bytes]]:
        """Lend a running ``plaint consume``; whatever is left of it at the end is killed."""
        with subprocess.Popen([*PROGRAM, "consume"], env=self._environment, stderr=subprocess.DEVNULL) as process:
            try:
                yield process
            finally:
                process.kill()

    def until_read(self, count: int) -> None:
        """Wait until at least `count` records were read."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            found = self.plaint("consumers", "status")["partitions"]
            if sum(each["position"] or 0 for each in found) >= count:
                return
            assert time.monotonic() < deadline, found
            time.sleep(0.5)


def test_a_consumer_that_is_killed_while_messages_come_loses_and_doubles_none_and_two_take_over(
    kafka: RunningBroker,
) -> None:
    with temporary_data_dir() as data_dir:
        here = Installed(data_dir, kafka)
        assert {each["state"] for each in here.plaint("topics", "create", "--partitions", "4")["topics"]} == {"created"}
        with here.consuming() as first:
            sent = here.plaint("sample", "--to-kafka", "--cases", str(CASES))["messages"]
            here.until_read(1)
            first.kill()
        with here.consuming() as second, here.consuming() as third:
            here.until_read(sent)
            once = here.plaint("funnel")
            here.plaint("sample", "--to-kafka", "--cases", str(CASES))  # all of it a second time
            here.until_read(2 * sent)
            for each in (second, third):
                each.send_signal(signal.SIGTERM)
            assert [each.wait(30) for each in (second, third)] == [0, 0]
        assert here.plaint("funnel") == once, "the same messages again, in other records, add nothing"
        assert CASES <= once["received"] + once["feedback"]["received"] <= sent
        assert here.plaint("dead-letters", "list") == {"dead_letters": [], "more": False}
