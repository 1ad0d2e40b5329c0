"""``plaint rules`` over one small installation: explained, tested, replayed; none of it writes events."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from consumers.cli.output import CONFIGURATION, NOT_FOUND, SOME_REJECTED
from support.commandline import CommandLine

MAIL = {
    "channel": "web_form", "system": "site", "text": "To the director: my kettle arrived broken.",
    "author": {"name": "Ann", "contacts": [{"kind": "email", "value": "ann@example.org"}]},
    "hints": {"sense": "complaint"},
}  # fmt: skip
DRAFT = """\
kind: rule_set
concern: routing
id: routing
version: 2
rules:
  - rule: kettles
    when: {words: kettle~}
    then: {team: kitchen, priority: urgent}
  - rule: rest
    then: {team: first-line}
cases:
  - {case: a kettle is urgent, given: {text: The kettle leaks.}, then: {priority: urgent, rules: [kettles, rest]}}
"""


@dataclass(frozen=True)
class Desk:
    line: CommandLine
    case: str
    place: Path

    def file(self, text: str, name: str = "routing.yaml") -> str:
        (self.place / name).write_text(text, encoding="utf-8")
        return str(self.place / name)


@pytest.fixture(scope="module")
def desk(plaint: CommandLine, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """Two complaints, which the rules in force have routed."""
    plaint.ok("ingest", "-", stdin=json.dumps({**MAIL, "id": "c1"}).encode())
    plaint.ok("ingest", "-", stdin=json.dumps({**MAIL, "id": "c2", "text": "The lamp flickers."}).encode())
    plaint.ok("project", "--once")
    acted = plaint.ok("timers", "--once", "--json").json()
    assert (acted["reactions"]["routing"], acted["put_off"]) == (11, {})
    cases = plaint.ok("case", "list", "--json").json()["cases"]
    (routed,) = [one["number"] for one in cases if one["team"] == "management"]
    return Desk(plaint, routed, tmp_path_factory.mktemp("rules"))


def test_a_case_tells_which_rule_decided_what_and_what_else_would_have_held(desk: Desk) -> None:
    found = desk.line.ok("rules", "explain", desk.case, "--json").json()
    mine = [one for one in found["decisions"] if one["rule_set"] == "routing"]
    assert [(one["name"], one["rule"]) for one in mine] == [
        ("complaint.classified.v1", "tone"),
        ("complaint.classified.v1", "to-management"),
        ("complaint.classified.v1", "about-product"),
        ("complaint.prioritised.v1", "to-management"),
        ("complaint.field_set.v1", "to-management"),
        ("complaint.assigned.v1", "to-management"),
    ]
    (seen,) = [one for one in found["concerns"] if one["concern"] == "routing"]
    assert (seen["version"], seen["recorded"], seen["inputs"]["channel"]) == (1, True, "web_form")
    assert seen["given"]["team"] == {"value": "management", "rule": "to-management"}
    rules = {one["rule"]: one for one in seen["rules"]}
    assert rules["first-line"]["too_late"] == {"team": "to-management"}
    assert rules["valuable-customer"]["holds"] is False
    assert rules["to-management"]["checked"] == [
        {
            "field": "addressed_to",
            "wanted": rules["to-management"]["checked"][0]["wanted"],
            "has": ["director~"],
            "fits": True,
        }
    ]


def test_it_is_told_in_words_and_never_in_the_complainant_s(desk: Desk) -> None:
    out = desk.line.ok("rules", "explain", desk.case).out
    assert "routing, version 1 (as it was at position " in out
    assert (
        "+ to-management: holds (addressed_to director~), gave priority, team, final_reply_by, attach_earlier, tags"
        in out
    )
    assert "- valuable-customer: does not hold, segment: wants vip, has nothing" in out
    assert "= first-line: holds (always), gave nothing new; team had been given by to-management" in out
    assert "kettle arrived" not in out


def test_a_person_overrules_a_rule_with_a_reason_and_both_are_told(desk: Desk) -> None:
    fields = '{"priority": "low"}'
    desk.line.ok("case", "do", desk.case, "prioritise", "--fields", fields, "--why", "an old matter")
    found = desk.line.ok("rules", "explain", desk.case, "--json").json()
    told = {one["name"]: one["overruled"] for one in found["decisions"] if one["overruled"]}
    assert list(told) == ["complaint.prioritised.v1"]
    assert told["complaint.prioritised.v1"]["why"] == "an old matter"


def test_a_case_that_is_not_there_is_said(desk: Desk) -> None:
    unknown = desk.line("rules", "explain", "PL-00000-00000")
    assert (unknown.code, unknown.out) == (NOT_FOUND, "")


def test_the_cases_of_what_is_in_force_hold(desk: Desk) -> None:
    found = desk.line.ok("rules", "test", "--json").json()
    assert found["failed"] == 0
    routing = next(one for one in found["rule_sets"] if one["concern"] == "routing")
    assert len(routing["cases"]) >= 24


def test_a_case_that_does_not_hold_says_in_what_and_ends_with_1(desk: Desk) -> None:
    ended = desk.line("rules", "test", desk.file(DRAFT))
    assert (ended.code, ended.out.splitlines()[1:]) == (
        SOME_REJECTED,
        ["  a kettle is urgent: rules: expected kettles, rest, came kettles"],
    )
    desk.line.ok("rules", "test", desk.file(DRAFT.replace("[kettles, rest]", "[kettles]")))


@pytest.mark.parametrize("command", ["test", "what-if"])
def test_a_file_with_an_error_is_refused_with_its_line_and_nothing_is_run(desk: Desk, command: str) -> None:
    file = desk.file(DRAFT.replace("urgent}", "asap}"), "bad.yaml")
    ended = desk.line("rules", command, file)
    assert (ended.code, ended.out) == (CONFIGURATION, "")
    assert f"{file}: line 8: rules.0.then.priority: write 'low'" in ended.err
    calendar = desk.file("kind: figures\nid: x\nversion: 1\nmonths: []\n", "other.yaml")
    assert "line 1: kind: is no rule set; write kind: rule_set" in desk.line("rules", command, calendar).err


def test_a_draft_is_replayed_beside_what_is_in_force(desk: Desk) -> None:
    file = desk.file(DRAFT)
    before = desk.line.ok("case", "list", "--json").json()["position"]
    found = desk.line.ok("rules", "what-if", file, "--json").json()
    assert (found["concern"], found["version"], found["cases"], found["differ"]) == ("routing", 2, 2, 2)
    changes = {(one["field"], one["now"], one["draft"], one["cases"]) for one in found["changes"]}
    assert ("team", "management", "kitchen", 1) in changes
    assert ("priority", "high", "urgent", 1) in changes
    assert ("final_reply_by", "management", "nothing", 1) in changes
    assert ("tags", "repeated", "nothing", 1) in changes
    assert [one["number"] for one in found["examples"] if one["field"] == "team"] == [desk.case]
    assert desk.line.ok("case", "list", "--json").json()["position"] == before
    assert "2 cases; 2 would get something else by routing, version 2" in desk.line.ok("rules", "what-if", file).out
    assert desk.line.ok("rules", "what-if", file, "--until", "2020-01-01", "--json").json()["cases"] == 0


def test_the_id_of_a_person_is_told_as_events_have_it(desk: Desk) -> None:
    (once,) = desk.line.ok("rules", "person", "Ann").out.split()
    assert once.startswith("person:")
    assert desk.line.ok("rules", "person", " ann ", "--json").json() == {"person": once}
