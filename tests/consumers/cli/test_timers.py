"""``plaint timers --once`` and ``plaint import --go-live``: what they print and how they end."""

import json
from pathlib import Path

import pytest

from consumers.cli.output import USAGE
from support.commandline import CommandLine

RECORDED = ["through", "miss", "warning", "escalation", "term", "redated", "held_by", "reactions", "put_off"]
MAIL = {"channel": "web_form", "system": "shop", "id": "1", "submitted_at": "2026-03-02T09:00:00Z", "text": "Broken!"}


@pytest.fixture(scope="module")
def desk(plaint: CommandLine, tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    """An installation with one complaint of March, all of whose promises ran out long ago."""
    file: Path = tmp_path_factory.mktemp("files") / "m.jsonl"
    file.write_text(json.dumps({**MAIL, "hints": {"sense": "complaint"}}), encoding="utf-8")
    plaint.ok("ingest", "--trust-times", str(file))
    plaint.ok("project", "--once")
    return plaint


def test_what_is_due_is_recorded_once_and_told(desk: CommandLine) -> None:
    found = desk.ok("timers", "--once", "--json").json()
    assert list(found) == RECORDED
    assert (found["miss"], found["warning"], found["escalation"], found["held_by"]) == (5, 0, 0, [])
    desk.ok("project", "--once")
    again = desk.ok("timers", "--once").out.split()
    assert again[:6] == RECORDED[:6]
    assert again[-5:] == ["0"] * 5


def test_a_clock_tells_what_it_asked_for(desk: CommandLine) -> None:
    (case,) = desk.ok("case", "list", "--json").json()["cases"]
    words = desk.ok("case", "history", case["number"]).out
    assert words.count("Deadline missed") == 5
    clocks = desk.ok("sla", "list", "--state", "missed", "--json").json()["clocks"]
    assert {one["next_action"] for one in clocks} == {None}


def test_going_live_is_said_with_position_and_instant(desk: CommandLine) -> None:
    first = desk.ok("import", "--go-live", "--json").json()
    assert list(first) == ["version", "through", "since"]
    assert first["version"] == 1
    second = desk.ok("import", "--go-live")
    assert "clocks of what was imported up to position" in second.err


@pytest.mark.parametrize("arguments", [(), ("file.csv",), ("--mapping", "cfpb"), ("file.csv", "--go-live")])
def test_an_import_needs_a_file_with_its_mapping_or_the_word_alone(
    desk: CommandLine, arguments: tuple[str, ...]
) -> None:
    ended = desk("import", *arguments)
    assert ended.code == USAGE
    assert "--go-live alone" in ended.err
