"""``plaint reply`` and ``plaint knowledge`` as a person types them."""

import json
from pathlib import Path
from typing import Any

import pytest

from support.commandline import CommandLine

GOOD = """Hello,
we are sorry that your kettle leaks: a seal was fitted the wrong way round.
We refund the price, or send you a new kettle, as you prefer. Thank you for telling us."""
QUESTION = "My kettle leaks, I want a refund. When will the money come?"


@pytest.fixture(scope="module")
def line(plaint: CommandLine, tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    """An installation that heard a complaint about a kettle."""
    file: Path = tmp_path_factory.mktemp("messages") / "messages.jsonl"
    message = {"channel": "web_form", "system": "shop", "id": "1", "text": QUESTION, "hints": {"sense": "complaint"}}
    file.write_text(json.dumps(message) + "\n", encoding="utf-8")
    plaint.ok("ingest", str(file))
    return plaint


@pytest.fixture
def reply(tmp_path: Path) -> Path:
    file = tmp_path / "reply.txt"
    file.write_text(GOOD, encoding="utf-8")
    return file


def answer(line: CommandLine, *arguments: str) -> Any:
    return line.ok(*arguments, "--json").json()


def case_of(line: CommandLine) -> str:
    [one] = answer(line, "case", "list")["cases"]
    number: str = one["number"]
    return number


def test_a_text_is_judged_alone_and_for_its_case(line: CommandLine, reply: Path) -> None:
    alone = answer(line, "reply", "check", str(reply))
    assert (alone["score"], alone["passes"], alone["findings"]) == (100, True, [])
    assert alone["judged_by"] == {"rule_set": "replies", "version": 1, "rule": "quality"}
    [found] = answer(line, "reply", "check", str(reply), "--case", case_of(line))["findings"]
    assert (found["check"], found["severity"], found["words"]) == (
        "question_unanswered", "warn", "When will the money come?",
    )  # fmt: skip


def test_what_is_kept_back_ends_with_one_and_says_what_to_do(line: CommandLine, reply: Path) -> None:
    reply.write_text(f"{GOOD} You should have asked.", encoding="utf-8")
    outcome = line("reply", "check", str(reply), "--language", "ru")
    assert outcome.code == 1
    assert "Уберите упрёк" in outcome.out
    assert "it is kept back unless a person writes why" in outcome.out


def test_a_file_that_cannot_be_read_is_named(line: CommandLine, tmp_path: Path) -> None:
    outcome = line("reply", "check", str(tmp_path / "gone.txt"))
    assert outcome.code == 3
    assert "gone.txt" in outcome.err


def test_the_articles_that_fit_are_suggested_and_their_use_is_counted(line: CommandLine) -> None:
    case = case_of(line)
    assert line.ok("knowledge", "suggest", case).out.startswith("defective-goods (product, ")
    fields = {"channel": "email", "final": True, "body": GOOD, "articles": ["defective-goods"]}
    line.ok("case", "do", case, "reply", "--by", "anna", "--fields", json.dumps(fields))
    listed = answer(line, "knowledge", "list", "--type", "product")["articles"]
    assert [(one["language"], one["replies"]) for one in listed] == [("en", 1), ("ru", 1)]


def test_the_reply_is_drawn_for_a_colleague_and_counted(line: CommandLine) -> None:
    [drawn] = answer(line, "reply", "sample")["replies"]
    assert (drawn["number"], drawn["score"], drawn["reviewed"]) == (case_of(line), 85, False)
    scores = {"message": drawn["message"], "scores": [{"criterion": "tone", "score": 8}]}
    line.ok("case", "do", drawn["case"], "review-reply", "--by", "boris", "--fields", json.dumps(scores))
    whole = answer(line, "reply", "quality")["whole"]
    assert (whole["replies"], whole["mean_score"], whole["reviewed"], whole["mean_review"]) == (1, 85.0, 1, 80.0)
    assert answer(line, "reply", "quality")["findings"] == {"question_unanswered": 1}
