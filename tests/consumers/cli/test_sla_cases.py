"""``plaint sla explain``, ``rejudge`` and ``what-if`` over one small installation; none of them writes."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from support.cfpb import HEADER, ROW
from support.commandline import CommandLine, Outcome

MAIL = {"channel": "web_form", "system": "site", "id": "c1", "text": "The kettle is broken. I want a refund!"}
DRAFT = """\
kind: policy
id: draft
version: 4
order: 10
when: {channel: web_form}
calendar: always
clocks:
  - {kind: first_reply, target: 1 minute}
"""
LATE = "2100-01-01T00:00:00Z"


@dataclass(frozen=True)
class Desk:
    line: CommandLine
    live: str
    imported: str
    draft: str

    def json(self, *arguments: str) -> Any:
        return self.line.ok("sla", *arguments, "--json").json()


@pytest.fixture(scope="module")
def desk(plaint: CommandLine, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    place: Path = tmp_path_factory.mktemp("files")
    (place / "c.csv").write_text(f"{HEADER}\n{ROW}\n", encoding="utf-8")
    (place / "draft.yaml").write_text(DRAFT, encoding="utf-8")
    plaint.ok("ingest", "-", stdin=json.dumps(MAIL).encode())
    plaint.ok("import", "--mapping", "cfpb", str(place / "c.csv"))
    cases = {case["origin"]: case["number"] for case in plaint.ok("case", "list", "--json").json()["cases"]}
    return Desk(plaint, cases["live"], cases["import"], str(place / "draft.yaml"))


def written(desk: Desk) -> int:
    position: int = desk.line.ok("case", "list", "--json").json()["position"]
    return position


def refused(desk: Desk, text: str, place: Path, *more: str) -> Outcome:
    file = place / "bad.yaml"
    file.write_text(text, encoding="utf-8")
    outcome = desk.line("sla", "what-if", "--policy", str(file), *more)
    assert outcome.out == ""
    return outcome


def test_a_deadline_of_a_case_is_explained_in_words(desk: Desk) -> None:
    told = desk.line.ok("sla", "explain", desk.live).out
    paragraphs = told.split("\n\n")
    assert [one.partition(",")[0] for one in paragraphs] == [
        "acknowledgement", "first_reply", "registration", "resolution", "stage:registration",
    ]  # fmt: skip
    assert "Promised by policy default, version 1 (for the first time), since " in paragraphs[0]
    assert "Policy default holds for every complaint." in paragraphs[0]
    assert "Promised by" not in paragraphs[1]
    assert "Target: 1 working hour, open time of calendar desk, version 1 (Europe/Moscow)" in paragraphs[1]


def test_a_deadline_of_a_case_is_explained_in_russian_too(desk: Desk) -> None:
    told = desk.line.ok("sla", "explain", desk.live, "--language", "ru").out
    assert "Установлен политикой default, версия 1 (впервые)" in told
    assert "Норма: рабочие часы: 1" in told


def test_what_is_explained_equals_what_is_listed(desk: Desk) -> None:
    for case in (desk.live, desk.imported):
        explained = desk.json("explain", case, "--at", LATE)["clocks"]
        listed = desk.line.ok("sla", "list", "--case", case, "--at", LATE, "--limit", "500", "--json").json()["clocks"]
        names = ("kind", "cycle", "instance", "started_at", "due_at", "state", "elapsed_seconds", "overdue_seconds")

        def rows(clocks: list[dict[str, Any]], names: tuple[str, ...] = names) -> list[tuple[Any, ...]]:
            return sorted(tuple(one[name] for name in names) for one in clocks)

        assert explained
        assert rows(explained) == rows(listed)


def test_the_pieces_of_an_explanation_add_up(desk: Desk) -> None:
    for clock in desk.json("explain", desk.live)["clocks"]:
        counted = sum(span["counted_seconds"] for span in clock["spans"] if not span["ahead"])
        assert counted == pytest.approx(clock["elapsed_seconds"], abs=1e-6)
        assert clock["words"][0].startswith(clock["kind"])


def test_before_a_case_began_nothing_is_explained(desk: Desk) -> None:
    outcome = desk.line.ok("sla", "explain", desk.live, "--at", "2000-01-01T00:00:00Z")
    assert (outcome.out, outcome.err) == ("", f"no clock of '{desk.live}' had begun by then\n")


def test_cases_are_judged_under_a_file_beside_their_own_policy(desk: Desk) -> None:
    found = desk.json("rejudge", desk.live, "--policy", desk.draft, "--at", LATE, "--same")
    (first,) = (one for one in found["clocks"] if one["kind"] == "first_reply")
    assert (first["case"], first["number"], first["differs"]) == (first["case"], desk.live, True)
    assert first["then"]["due_at"] > first["now"]["due_at"] > first["now"]["started_at"]
    assert (found["totals"]["cases"], found["totals"]["under_it"]) == (1, 1)


def test_cases_are_judged_under_a_policy_that_was_in_force(desk: Desk) -> None:
    for name in ("default", "default@1"):
        found = desk.json("rejudge", desk.live, "--policy", name)
        assert (found["clocks"], found["totals"]["differ"]) == ([], 0)
    everything = desk.json("rejudge", "--all", "--policy", "default", "--same")
    assert everything["totals"]["cases"] == 2
    assert {one["number"] for one in everything["clocks"]} == {desk.live, desk.imported}


def test_what_would_differ_is_a_table(desk: Desk) -> None:
    told = desk.line.ok("sla", "rejudge", desk.live, "--policy", desk.draft, "--at", LATE).out.splitlines()
    assert told[0].split() == ["case", "clock", "cycle", "then", "due", "then", "re-judged", "due", "re-judged", "over"]
    assert any(line.startswith(f"{desk.live} ") and " first_reply " in line for line in told)
    assert "under policy draft, version 4  1     " in told


def test_cases_are_chosen_by_the_day_of_their_receipt(desk: Desk) -> None:
    def cases(*arguments: str) -> int:
        count: int = desk.json("rejudge", "--policy", "default", *arguments)["totals"]["cases"]
        return count

    assert cases("--since", "2012-01-14") == 1
    assert cases("--until", "2012-01-13") == 1
    assert cases("--since", "2012-01-13", "--until", "2012-01-13") == 1
    assert cases("--since", "2012-01-14", "--until", "2012-01-14") == 0


def test_a_draft_is_tried_on_what_was_recorded(desk: Desk) -> None:
    found = desk.json("what-if", "--policy", desk.draft, "--at", LATE, "--since", "2013-01-01")
    assert {name: found[name] for name in ("policy", "version", "cases", "under_it", "newly_under_it")} == {
        "policy": "draft", "version": 4, "cases": 1, "under_it": 1, "newly_under_it": 1,
    }  # fmt: skip
    assert (found["at"], found["position"] > 0) == (LATE, True)
    assert [(one["kind"], one["then"]["missed"], one["now"]["missed"]) for one in found["kinds"]] == [
        ("acknowledgement", 1, 0), ("first_reply", 1, 1), ("registration", 0, 0), ("resolution", 1, 0),
        ("stage:registration", 1, 0),
    ]  # fmt: skip


def test_a_calendar_may_be_a_draft_too(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "moon.yaml").write_text(
        "kind: calendar\nid: moon\nversion: 1\ntimezone: UTC\nweek: {mon: ['00:00-24:00']}\n", encoding="utf-8"
    )
    (tmp_path / "policy.yaml").write_text(DRAFT.replace("calendar: always", "calendar: moon"), encoding="utf-8")
    files = "--policy", str(tmp_path / "policy.yaml"), "--calendar", str(tmp_path / "moon.yaml")
    assert desk.json("what-if", *files)["newly_under_it"] == 2


def test_nothing_is_written(desk: Desk) -> None:
    before = written(desk)
    desk.line.ok("sla", "explain", desk.live)
    desk.line.ok("sla", "rejudge", "--all", "--policy", desk.draft)
    desk.line.ok("sla", "what-if", "--policy", desk.draft)
    assert written(desk) == before


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (DRAFT.replace("1 minute", "3 days"), "line 8: clocks.0.target: say which days: "),
        (DRAFT.replace("calendar: always", "calendar: moon"), "line 6: calendar: calendar 'moon' is not in force; "),
        (DRAFT.replace("kind: policy", "kind: rule"), "line 1: kind must be one of "),
        (DRAFT.replace("  - {kind", "  - {kid"), "line 8: clocks.0.kind: is missing; add it"),
        ("kind: code_list\nid: x\nversion: 1\nentries: []\n", "line 1: "),
        ("kind: [", "line 1, column 8: not YAML: "),
    ],
)
def test_an_error_of_a_draft_names_line_field_and_fix(desk: Desk, tmp_path: Path, text: str, says: str) -> None:
    before = written(desk)
    outcome = refused(desk, text, tmp_path)
    assert outcome.code == 78
    assert outcome.err.splitlines()[0].startswith(f"plaint: {tmp_path / 'bad.yaml'}: {says}"), outcome.err
    assert written(desk) == before


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ("explain nonsense", 3, "no case 'nonsense'; 'plaint case list' shows the numbers"),
        ("explain 00000000-0000-0000-0000-000000000000", 3, "no case '00000000-0000-0000-0000-000000000000'"),
        ("rejudge --policy default", 2, "name cases, or give --since or --until, or --all"),
        ("rejudge --policy default@9 --all", 3, "no policy 'default@9'; name a file, or one of: default@1, "),
        ("rejudge --policy nosuch --all", 3, "no policy 'nosuch'; name a file, or one of: default@1, "),
        ("rejudge --policy absent.yaml --all", 3, "absent.yaml: No such file or directory; name a file that can "),
        ("what-if --policy absent.yaml", 3, "absent.yaml: No such file or directory; name a file that can be read"),
        ("what-if --policy x.yaml --since x", 3, "x.yaml: No such file or directory"),
        ("rejudge --policy default --since x", 2, "--since takes an instant such as 2026-11-22T09:30:00Z or a date"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_exit_code(desk: Desk, arguments: str, code: int, message: str) -> None:
    outcome = desk.line("sla", *arguments.split(" "))
    assert (outcome.code, outcome.out) == (code, "")
    assert outcome.err.startswith(f"plaint: {message}"), outcome.err
