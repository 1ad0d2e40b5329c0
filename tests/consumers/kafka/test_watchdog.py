"""Work that does not end ends the process, with every stack written."""

import subprocess
import sys
import threading
import time
from pathlib import Path

from consumers.kafka.watchdog import HUNG, Watchdog

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
