"""``plaint survey`` as a person types it."""

import json
from pathlib import Path
from typing import Any

import pytest

from support.commandline import CommandLine

LIST = """\
email,phone,name,language,shoe_size
ann@example.org,,Ann Example,en,38
,+7 495 123-45-67,Иван Пример,ru,44
nobody,,Nobody,en,40
,,No Way,en,41
Ann@Example.org,,Ann Again,en,38
"""


@pytest.fixture
def people(tmp_path: Path) -> Path:
    file = tmp_path / "people.csv"
    file.write_text(LIST, encoding="utf-8")
    return file


def answer(line: CommandLine, *arguments: str, code: int = 0) -> Any:
    outcome = line(*arguments, "--json")
    assert outcome.code == code, outcome.err
    return outcome.json()


def test_a_list_is_taken_row_by_row_and_what_cannot_be_taken_is_kept(plaint: CommandLine, people: Path) -> None:
    (first,) = answer(plaint, "survey", "invite", "customers", str(people), code=1)["files"]
    assert first == {
        "file": str(people), "read": 5, "enrolled": 2, "already": 1, "declined": 0, "refused": 0, "rejected": 2,
    }  # fmt: skip
    kept = people.with_name("people.csv.rejected")
    assert kept.read_bytes() == b"nobody,,Nobody,en,40\n,,No Way,en,41\n"
    report = [json.loads(row) for row in kept.with_name("people.csv.rejected.report").read_text().splitlines()]
    assert [(one["line"], one["field"]) for one in report] == [(4, "email"), (5, "email")]
    assert "nobody" not in json.dumps(report)
    (again,) = answer(plaint, "survey", "invite", "customers", str(people), code=1)["files"]
    assert (again["enrolled"], again["already"]) == (0, 3)


def test_lines_of_json_are_taken_too_and_a_campaign_that_is_none_is_named(plaint: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "people.jsonl"
    file.write_text('{"email": "bea@example.org", "language": "en"}\nno json\n', encoding="utf-8")
    (found,) = answer(plaint, "survey", "invite", "customers", str(file), code=1)["files"]
    assert (found["enrolled"], found["rejected"]) == (1, 1)
    unknown = plaint("survey", "invite", "after-cycle", str(file))
    assert (unknown.code, unknown.err) == (
        3, "plaint: there is no campaign 'after-cycle' in force; there are: customers\n",
    )  # fmt: skip


def test_who_declines_is_enrolled_no_more_until_he_allows_it(plaint: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "one.csv"
    file.write_text("email\ncleo@example.org\n", encoding="utf-8")
    answer(plaint, "survey", "invite", "customers", str(file))
    answer(plaint, "survey", "decline", "cleo@example.org")
    file.write_text("email,name\ncleo@example.org,Cleo\n", encoding="utf-8")
    (found,) = answer(plaint, "survey", "invite", "customers", str(file))["files"]
    assert (found["enrolled"], found["declined"]) == (0, 1)
    (row,) = answer(plaint, "survey", "list")["campaigns"]
    assert (row["campaign"], row["who"], row["next"], row["declined"]) == ("customers", ["list"], None, 1)
    answer(plaint, "survey", "allow", "cleo@example.org", "--by", "anna")
    file.write_text("email,name\ncleo@example.org,Cleo Example\n", encoding="utf-8")
    (found,) = answer(plaint, "survey", "invite", "customers", str(file))["files"]
    assert (found["already"], found["declined"]) == (1, 0)
    (row,) = answer(plaint, "survey", "list")["campaigns"]
    assert row["declined"] == 0


def test_an_answer_needs_somebody_who_was_asked_and_marks_that_he_was_asked_for(
    plaint: CommandLine, tmp_path: Path
) -> None:
    file = tmp_path / "two.csv"
    file.write_text("phone\n+49 30 1234567\n", encoding="utf-8")
    answer(plaint, "survey", "invite", "customers", str(file))
    assert plaint("survey", "answer", "who@example.org", "overall=4").code == 3
    wrong = plaint("survey", "answer", "+49 30 1234567", "overall=4")
    assert (wrong.code, "he was not asked yet" in wrong.err) == (3, True)
    wrong = plaint("survey", "answer", "+49 30 1234567", "overall=4", "--number", "7")
    assert (wrong.code, "he has no invitation 7" in wrong.err) == (3, True)
    assert answer(plaint, "survey", "status")["campaigns"] == []
    assert answer(plaint, "survey", "answers")["count"] == 0
