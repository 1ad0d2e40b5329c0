"""``plaint problem`` and ``plaint case similar`` as a person types them."""

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from support.commandline import CommandLine

LEAKS = (
    "The kettle leaks at the handle and the kitchen floor is wet every morning.",
    "My new kettle leaks: water runs from the handle of the kettle onto the kitchen floor.",
    "Water leaks out of the kettle near its handle, the kitchen floor gets wet.",
)
OTHERS = ("The courier shouted at my mother.", "I was charged twice for one order.")


@pytest.fixture(scope="module")
def line(plaint: CommandLine, tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    """An installation that heard three complaints about leaking kettles, and two others."""
    file: Path = tmp_path_factory.mktemp("messages") / "messages.jsonl"
    messages = [
        {"channel": "web_form", "system": "shop", "id": str(number), "text": text, "hints": {"sense": "complaint"}}
        for number, text in enumerate((*OTHERS, *LEAKS))
    ]
    file.write_text("".join(json.dumps(one) + "\n" for one in messages), encoding="utf-8")
    plaint.ok("ingest", str(file))
    return plaint


def answer(line: CommandLine, *arguments: str) -> Any:
    return line.ok(*arguments, "--json").json()


def numbers(line: CommandLine) -> list[str]:
    """The cases about kettles."""
    (group,) = answer(line, "problem", "clusters", "--days", "7")["clusters"]
    found: list[str] = group["numbers"]
    return found


def test_like_complaints_are_shown_with_what_they_have_in_common(line: CommandLine) -> None:
    kettles = numbers(line)
    found = answer(line, "case", "similar", kettles[0])
    assert {one["number"] for one in found["found"]} == set(kettles[1:])
    assert found["compared"] == 4
    shown = line.ok("case", "similar", kettles[0])
    assert kettles[1] in shown.out
    assert "plaint problem do ID link" in shown.err


def test_a_problem_is_opened_worked_on_measured_and_learned_from(line: CommandLine) -> None:
    opened = answer(line, "problem", "open", "supplier", "--code", "late-parts", "--by", "anna")
    problem = opened["case"]
    cases = [answer(line, "case", "show", number)["case"] for number in numbers(line)]
    for case in cases:
        line.ok("problem", "do", problem, "link", "--fields", json.dumps({"complaint": case}), "--by", "anna")
    action = str(UUID(int=7))
    line.ok("problem", "do", problem, "assign-action", "--fields", json.dumps({"action_id": action, "team": "kitchen"}))
    early = line("problem", "effect", problem, "--record")
    assert (early.code, "no effect to record yet" in early.err) == (4, True)
    line.ok("problem", "do", problem, "complete-action", "--fields", json.dumps({"action_id": action}))
    lesson = {"happened": "Seals of one delivery leak.", "changed": "Seals are tested on arrival."}
    line.ok("problem", "do", problem, "record-lesson", "--fields", json.dumps(lesson))

    (listed,) = answer(line, "problem", "list", "--state", "open")["problems"]
    assert (listed["problem"], listed["complaints"], listed["to_do"]) == (problem, 3, 0)
    shown = line.ok("problem", "show", problem).out
    assert "Seals of one delivery leak." in shown
    assert "late-parts" in shown
    (learned,) = answer(line, "problem", "lessons")["lessons"]
    assert (learned["happened"], learned["changed"]) == (lesson["happened"], lesson["changed"])
    measured = answer(line, "problem", "effect", problem, "--days", "10")
    assert (measured["before"], measured["after"], measured["days_after"]) == (0, 0, 0)
    line.ok("problem", "do", problem, "close", "--fields", '{"mended": true}')
    assert answer(line, "problem", "list", "--state", "mended")["count"] == 1


def test_what_is_wrong_is_told(line: CommandLine) -> None:
    nobody = str(UUID(int=9))
    missing = line("problem", "show", nobody)
    assert (missing.code, missing.err) == (
        3, f"plaint: there is no problem {nobody}; 'plaint problem list' shows all\n"
    )  # fmt: skip
    unknown = line("problem", "do", nobody, "close", "--fields", '{"mended": true}')
    assert (unknown.code, unknown.err) == (3, "plaint: refused, unknown_complaint: no such problem\n")
    names_somebody = line(
        "problem", "do", nobody, "record-lesson", "--fields", '{"happened": "a@b.org", "changed": "x"}'
    )
    assert names_somebody.code == 2
    assert "happened" in names_somebody.err
