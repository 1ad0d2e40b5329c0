"""What a process says of itself goes to stderr: one JSON object a line unless a person watches."""

import json
import logging
import subprocess
import sys

import pytest

from consumers.wiring.telemetry import Repetitions

PROGRAM = """
import logging, sys
import structlog
from consumers.wiring import telemetry
telemetry.start(sys.argv[1])
structlog.get_logger().warning("ours", count=2)
structlog.get_logger().debug("hidden")
logging.getLogger("a.library").warning("theirs %s", 3)
logging.getLogger("a.library").info("hidden")
def reads(text):
    int(text)
try:
    try:
        reads("Zmeyevich")
    except ValueError as error:
        raise RuntimeError("Zmeyevich") from error
except RuntimeError:
    logging.getLogger("a.library").exception("failed")
"""


def said(log_format: str) -> tuple[str, list[str]]:
    done = subprocess.run([sys.executable, "-c", PROGRAM, log_format], capture_output=True, text=True, check=True)
    return done.stdout, done.stderr.splitlines()


@pytest.mark.parametrize("log_format", ["json", "auto"])
def test_our_log_and_that_of_libraries_are_json_lines(log_format: str) -> None:
    out, lines = said(log_format)
    assert out == ""
    told = [json.loads(line) for line in lines]
    assert [{name: value for name, value in one.items() if name not in {"timestamp", "exception"}} for one in told] == [
        {"event": "ours", "count": 2, "level": "warning"},
        {"event": "theirs 3", "logger": "a.library", "level": "warning"},
        {"event": "failed", "logger": "a.library", "level": "error"},
    ]
    assert all(one["timestamp"].endswith("Z") for one in told)
    assert told[2]["exception"].splitlines()[0] == "RuntimeError of ValueError"
    assert "in reads" in told[2]["exception"]


def line(text: str, *given: object, at: float = 0.0, name: str = "kafka.cluster") -> logging.LogRecord:
    record = logging.LogRecord(name, logging.ERROR, "cluster.py", 1, text, given, None)
    record.created = 1_000_000.0 + at
    return record


def test_what_a_library_says_again_and_again_is_told_once_a_minute() -> None:
    told = Repetitions()
    lines = [
        line("Topic %s not found", "a"),
        line("Topic %s not found", "b", at=0.1),
        line("Topic %s not found", "a", at=0.2),
        line("Connection failed: %s", OSError(1), at=0.3),
        line("Connection failed: %s", OSError(2), at=0.4),
        line("Connection failed: %s", OSError(2), at=0.5, name="kafka.net"),
        line("Topic %s not found", "a", at=59.9),
        line("Topic %s not found", "a", at=60.0),
    ]
    assert [told.filter(each) for each in lines] == [True, True, False, True, False, True, False, True]


def test_lines_of_a_library_that_differ_without_end_are_told_and_not_all_remembered() -> None:
    told = Repetitions()
    assert all(told.filter(line("Topic %s not found", f"t{number}")) for number in range(2_000))
    assert len(told._said) <= 500  # noqa: SLF001 # nothing else tells of it


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_what_was_raised_is_told_without_what_it_says_which_may_be_a_senders_text(log_format: str) -> None:
    assert "Zmeyevich" not in "".join(said(log_format)[1])


def test_the_console_form_is_plain_where_nobody_watches() -> None:
    out, lines = said("console")
    assert out == ""
    assert "ours" in lines[0]
    assert not any("\x1b" in line for line in lines)
