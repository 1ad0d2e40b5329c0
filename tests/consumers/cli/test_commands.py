"""What every command prints, says and ends with, over one small installation."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from consumers.cli import main
from engine.store.access_log import AccessLog
from engine.store.database.pool import open_pool
from support.cfpb import HEADER, ROW
from support.commandline import CommandLine, Outcome

MAIL = (
    "From: Ann Example <ann@example.com>\r\nSubject: Kettle [/b]\r\nMessage-ID: <m1@example.com>\r\n\r\n"
    "It is broken [red]x[/] \x1b[31m\x9b2J :smile: I want a refund!\r\n"
)
THANKS = {"channel": "web_form", "system": "site", "id": "f1", "text": "Thank you, everything is wonderful!"}
NOBODY = "00000000-0000-0000-0000-000000000000"
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
DAY = re.compile(r"\d{4}-\d\d-\d\d")

OF_VIEW = ["position", "as_of", "incarnation", "left_out"]
CASE = [
    "id", "kind", "number", "channel", "stage", "cycle", "exit_stage", "exit_reason", "outcome", "type", "product",
    "priority", "team", "assignee", "business_unit", "origin", "opened_at", "opened_on", "received_at",
    "last_event_at", "resolved_at", "closed_at", "sense", "became", "version", "next_due",
]  # fmt: skip
CLOCK = [
    "case", "number", "team", "business_unit", "origin", "kind", "cycle", "instance", "reference", "policy",
    "policy_version", "calendar", "calendar_version", "target", "started_at", "due_at", "state", "open",
    "fulfilled_at", "missed_at", "elapsed_seconds", "remaining_seconds", "overdue_seconds", "late_evidence",
    "provisional", "extended", "paused_seconds", "warnings", "warned", "next_action", "next_action_at",
]  # fmt: skip
ENTRY = [
    "position", "recorded_at", "occurred_at", "occurred_on", "zone", "received_at", "claimed_at", "claim_differs",
    "case", "version", "name", "words", "event_id", "subject_id", "actor", "on_behalf_of", "identity", "decided_by",
    "source", "command_id", "correlation_id", "causation_id", "traceparent", "origin", "business_unit", "facts",
    "has_why", "policy", "beside", "around", "changes", "texts",
]  # fmt: skip


@dataclass(frozen=True)
class Desk:
    """The installation: one complaint by e-mail, one imported, one thank-you."""

    line: CommandLine
    id: str
    number: str
    imported: str

    def __call__(self, *arguments: str) -> Outcome:
        return self.line(*arguments)

    def json(self, *arguments: str) -> Any:
        return self.line.ok(*arguments, "--json").json()


@pytest.fixture(scope="module")
def desk(plaint: CommandLine, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    place: Path = tmp_path_factory.mktemp("files")
    (place / "m.eml").write_bytes(MAIL.encode())
    (place / "f.jsonl").write_text(json.dumps(THANKS), encoding="utf-8")
    (place / "c.csv").write_text(f"{HEADER}\n{ROW}\n", encoding="utf-8")
    plaint.ok("ingest", str(place / "m.eml"), str(place / "f.jsonl"))
    plaint.ok("import", "--mapping", "cfpb", str(place / "c.csv"))
    by_origin = {case["origin"]: case for case in plaint.ok("case", "list", "--json").json()["cases"]}
    live = by_origin["live"]
    return Desk(plaint, live["id"], live["number"], by_origin["import"]["number"])


# --- answers in JSON ------------------------------------------------------------------------


def test_a_list_of_cases_has_one_shape(desk: Desk) -> None:
    found = desk.json("case", "list")
    assert list(found) == [*OF_VIEW, "cases", "next"]
    assert [list(case) for case in found["cases"]] == [CASE, CASE]
    live, imported = found["cases"]
    assert list(live["next_due"]) == ["kind", "due_at"]
    assert (live["channel"], live["origin"], live["opened_on"]) == ("email", "live", None)
    assert (imported["channel"], imported["origin"]) == ("web_form", "import")


def test_instants_end_in_z_and_dates_stay_dates(desk: Desk) -> None:
    live, imported = desk.json("case", "list")["cases"]
    assert INSTANT.fullmatch(live["opened_at"])
    assert (imported["opened_on"], imported["opened_at"]) == ("2012-01-13", None)
    for answer in (
        live,
        imported,
        *desk.json("sla", "list")["clocks"],
        *desk.json("audit", "trail", desk.imported)["entries"],
    ):
        for name, value in answer.items():
            if value is not None and name.endswith(("_at", "as_of")):
                assert INSTANT.fullmatch(value), (name, value)
            if value is not None and name.endswith("_on"):
                assert DAY.fullmatch(value), (name, value)


def test_a_clock_has_one_shape(desk: Desk) -> None:
    found = desk.json("sla", "list", "--case", desk.number)
    assert list(found) == [*OF_VIEW, "at", "clocks", "next"]
    assert {tuple(clock) for clock in found["clocks"]} == {tuple(CLOCK)}
    assert [clock["due_at"] for clock in found["clocks"]] == sorted(clock["due_at"] for clock in found["clocks"])


def test_a_funnel_has_one_shape_and_counts_no_thanks(desk: Desk) -> None:
    found = desk.json("funnel")
    assert list(found) == [
        *OF_VIEW, "received", "complainants", "registered", "stages", "groups", "exits", "converted", "reopened",
        "reopenings", "waits", "waited", "rated", "satisfied", "dissatisfied", "feedback",
    ]  # fmt: skip
    stage = [
        "stage", "entered", "left", "passed", "skipped", "exited", "exits", "there_now", "conversion", "complainants",
        "times",
    ]  # fmt: skip
    assert [list(one) for one in found["stages"]] == [stage] * 5
    assert (found["received"], found["feedback"]["received"]) == (2, 1)
    assert desk.json("funnel", "--from", "2013-01-01")["received"] == 1


@pytest.mark.parametrize(("command", "texts"), [(("case", "history"), False), (("audit", "trail"), True)])
def test_a_history_has_one_shape(desk: Desk, command: tuple[str, ...], *, texts: bool) -> None:
    found = desk.json(*command, desk.number)
    assert list(found) == [*OF_VIEW, "entries", "next"]
    assert {tuple(entry) for entry in found["entries"]} == {tuple(ENTRY)}
    assert [entry["version"] for entry in found["entries"]] == list(range(1, len(found["entries"]) + 1))
    first = found["entries"][0]
    assert (first["texts"] is not None) == texts
    assert ("ann@example.com" in json.dumps(found)) == texts


def test_words_of_a_history_are_russian_where_asked(desk: Desk) -> None:
    (english, russian) = (
        desk.json("case", "history", desk.id, "--language", one)["entries"][0] for one in ("en", "ru")
    )
    assert english["words"] == "A complaint arrived by e-mail"
    assert re.search("[а-я]", russian["words"])
    assert desk.line("case", "history", desk.id, "--json", PLAINT_LANGUAGE="ru").json()["entries"][0] == russian


def test_a_case_is_shown_by_number_and_by_id(desk: Desk) -> None:
    by_number, by_id = desk.json("case", "show", desk.number), desk.json("case", "show", desk.id)
    assert by_number == by_id == desk.json("case", "show", desk.number.lower())
    assert list(by_id) == [
        "case", "kind", "asked", "position", "version", "as_of", "last_occurred_at", "events", "not_covered", "state",
        "texts",
    ]  # fmt: skip
    assert by_id["case"] == desk.id
    said = {text["field"]: text["value"] for text in by_id["texts"][0]["texts"]}
    assert (said["/subject"], said["/parties/0/name"]) == ("Kettle [/b]", "Ann Example")


def test_small_answers_have_their_shapes(desk: Desk) -> None:
    assert list(desk.json("project", "--once")) == ["events", "position"]
    assert desk.json("parked", "list") == {"parked": []}
    assert list(desk.json("config", "check")) == ["settings", "configuration"]


def test_a_check_finds_that_no_token_could_be_verified(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "absent.json"
    issuer = "https://id.example"
    outcome = desk.line("config", "check", PLAINT_JWKS=str(file), PLAINT_ISSUER=issuer, PLAINT_AUDIENCE="plaint")
    assert (outcome.code, outcome.out) == (78, "")
    assert f"plaint: PLAINT_JWKS: {file}: No such file or directory" in outcome.err


def test_an_import_answers_with_what_it_added(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "again.csv").write_text(f"{HEADER}\n{ROW}\n{ROW},too,long\n", encoding="utf-8")
    outcome = desk("import", "--mapping", "cfpb", str(tmp_path / "again.csv"), "--json")
    assert outcome.code == 1
    shown = {name: outcome.json()[name] for name in ("added", "already", "events", "rejected")}
    assert list(outcome.json()) == ["cases", "added", "already", "events", "rejected", "resumed_at"]
    assert shown == {"added": 0, "already": 1, "events": 0, "rejected": 1}
    assert outcome.err.startswith("line 3: ")


# --- as it was ------------------------------------------------------------------------------


def test_a_case_asked_for_before_it_began_is_not_found(desk: Desk) -> None:
    outcome = desk("case", "show", desk.id, "--as-of", "2020-01-01")
    assert (outcome.code, outcome.out) == (3, "")
    assert re.fullmatch(
        rf"plaint: case {desk.id} was first recorded at {INSTANT.pattern} \(position \d+\), after what was asked for\n",
        outcome.err,
    )
    assert desk("case", "show", desk.id, "--position", "1").code == 3


def test_an_imported_case_asked_for_before_its_import_points_to_world_time(desk: Desk) -> None:
    outcome = desk("case", "show", desk.imported, "--as-of", "2012-02-01T00:00:00Z")
    assert outcome.code == 3
    assert "was imported at" in outcome.err
    assert outcome.err.endswith("begins in the world at 2012-01-13T05:00:00Z: ask by world time (--occurred)\n")
    shown = desk.json("case", "show", desk.imported, "--occurred", "2012-01-13")
    assert (shown["not_covered"] > 0, shown["state"]["lifecycle"]["stage"]["name"]) == (True, "registration")


def test_a_case_is_shown_as_it_was_before_a_command(desk: Desk) -> None:
    before = desk.json("case", "show", desk.imported)
    desk.line.ok("case", "do", desk.imported, "add_note", "--fields", '{"note": "a thought"}')
    now = desk.json("case", "show", desk.imported)
    then = desk.json("case", "show", desk.imported, "--position", str(before["position"]))
    assert (now["version"], now["events"]) == (before["version"] + 1, before["events"] + 1)
    assert {**then, "asked": None, "not_covered": 0} == {**before, "asked": None}


# --- commands -------------------------------------------------------------------------------


def test_a_command_is_done_once_under_its_id(desk: Desk) -> None:
    give = ("case", "do", desk.number, "assign", "--fields", '{"team": "north"}', "--id", "c-1", "--json")
    first, again = desk.line.ok(*give).json(), desk.line.ok(*give).json()
    assert first == {"status": "done", "case": desk.id, "version": first["version"], "events": 1, "already": False}
    assert again == {**first, "events": 0, "already": True}
    assert [case["number"] for case in desk.json("case", "list", "--team", "north")["cases"]] == [desk.number]


def test_a_refused_command_ends_with_4_and_its_code(desk: Desk) -> None:
    outcome = desk("case", "do", desk.number, "close", "--json")
    assert outcome.code == 4
    assert outcome.json() == {
        "status": "refused",
        "code": "not_resolved",
        "reason": "resolve or discontinue before closing",
        "facts": {"stage": "registration"},
    }
    assert outcome.err == "plaint: refused, not_resolved: resolve or discontinue before closing\n"


def test_two_names_are_two_persons(desk: Desk) -> None:
    money = {
        "form": "refund",
        "ground": "no_fault",
        "head": "price",
        "amount": {"amount": "900000.00", "currency": "RUB"},
    }
    fields = json.dumps({"remedy_id": NOBODY.replace("0", "1"), **money})
    desk.line.ok("case", "do", desk.number, "propose_remedy", "--fields", fields, "--by", "Ann")
    approve = (
        "case",
        "do",
        desk.number,
        "approve-remedy",
        "--fields",
        f'{{"remedy_id": "{NOBODY.replace("0", "1")}"}}',
    )
    refused = desk(*approve, "--by", " ann ")
    assert (refused.code, "self_approval" in refused.err) == (4, True)
    desk.line.ok(*approve, "--by", "Bob")


def test_what_was_taken_for_thanks_is_classified_and_made_a_complaint_by_one_command(desk: Desk) -> None:
    [thanks] = desk.json("case", "list", "--kind", "feedback")["cases"]
    told = desk.line.ok("case", "do", thanks["id"], "classify", "--fields", '{"sense": "suggestion"}', "--by", "anna")
    assert told.err == "done: 1 events, the case stands at version 2\n"
    wrong = desk("case", "do", thanks["id"], "classify", "--fields", '{"nature": "objective"}', "--by", "anna")
    assert (wrong.code, "--fields nature: is not known" in wrong.err) == (2, True)
    assert desk.line.ok("case", "do", thanks["id"], "become-complaint", "--by", "anna").err.startswith("done: 1 events")
    refused = desk("case", "do", thanks["id"], "classify", "--fields", '{"sense": "question"}', "--by", "anna")
    assert (refused.code, refused.err.partition(":")[2].partition(":")[0]) == (4, " refused, already_a_complaint")


def test_the_table_of_remedies_proposes_and_an_option_is_taken_by_its_number(desk: Desk) -> None:
    desk.line.ok("case", "do", desk.number, "classify", "--fields", '{"nature": "subjective", "informed": "informed"}')
    shown = desk.line.ok("case", "remedies", desk.number)
    assert shown.out.split("\n")[0].split() == [
        "option", "form", "ground", "head", "amount", "point", "beside", "approved", "by",
    ]  # fmt: skip
    assert shown.out.split("\n")[1].split() == ["1", "replacement", "no_fault", "rule", "(without-money)"]
    assert (
        "rule subjective-informed of remedies version 1; ground no_fault, by rule; also holding: unknown" in shown.err
    )
    assert "first: explain" in shown.err
    told = desk.json("case", "remedies", desk.number)
    assert [one["form"] for one in told["options"]] == ["replacement"]
    refused = desk("case", "do", desk.number, "propose_remedy", "--fields", '{"form": "repair", "ground": "fault"}')
    assert (refused.code, "reason_required" in refused.err) == (4, True)
    none = desk("case", "remedies", desk.number, "--take", "2")
    assert (none.code, none.err) == (2, "plaint: --take 2: no such option; there are 1 to 1\n")
    sum_ = desk("case", "remedies", desk.number, "--take", "1", "--amount", "much")
    assert (sum_.code, sum_.err) == (2, "plaint: --amount: write a sum and its currency, such as '20 EUR'\n")
    taken = desk.json("case", "remedies", desk.number, "--take", "1", "--by", "Ann")
    assert (taken["status"], taken["events"]) == ("done", 2)
    assert desk("case", "remedies", NOBODY).code == 3


# --- exit codes and messages ----------------------------------------------------------------


INSTANT_OR_DATE = "takes an instant such as 2026-11-22T09:30:00Z or a date such as 2026-11-22"
A_POINT = (
    "give a position such as 120, a version such as v7, an instant such as 2026-11-22T09:30:00Z or a date such as "
    "2026-11-22; with occurred: before it the time of the world counts"
)
NO_CURSOR = "--cursor: not one that an earlier page gave; leave it out to begin with the first page"
NO_JSON = (
    "--fields (whole): is no JSON (EOF while parsing an object at line 1 column 1); write an object such as "
    '{"team": "kettles"}'
)
NO_COMMAND = f"no command 'nosuch'; there are {', '.join({**main._COMMANDS, **main._GROUPS})}"  # noqa: SLF001 -- the one list of commands
NO_MAPPING = "no mapping 'nosuch': name one of cfpb, helpdesk, or give the path of a YAML file"


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ("case show PL-AAAAA-AAAAA", 3, "no case 'PL-AAAAA-AAAAA'; 'plaint case list' shows the numbers"),
        ("case history nonsense", 3, "no case 'nonsense'; 'plaint case list' shows the numbers"),
        (f"case show {NOBODY}", 3, f"no case {NOBODY}: give the number (PL-...) or the id of one that is stored"),
        (f"audit trail {NOBODY}", 3, f"no case '{NOBODY}'; 'plaint case list' shows the numbers"),
        (f"case do {NOBODY} close", 3, "refused, unknown_complaint: no such complaint"),
        ("case show x --as-of yesterday", 2, f"--as-of: {A_POINT}"),
        ("case show x --occurred x", 2, f"--occurred {INSTANT_OR_DATE}"),
        ("case show x --as-of 2026-01-01 --position 3", 2, "give one of --as-of, --occurred and --position"),
        ("case list --limit 0", 2, "--limit: Input should be greater than or equal to 1"),
        ("case list --cursor x", 2, NO_CURSOR),
        ("sla list --cursor x", 2, NO_CURSOR),
        ("sla list --at x", 2, f"--at {INSTANT_OR_DATE}"),
        ("funnel --from x", 2, "--from: Input should be a valid date or datetime, input is too short"),
        ("case do x closee", 2, "no command 'closee'; did you mean close, promise, correct?"),
        ("case do x close --fields {", 2, NO_JSON),
        ('case do x close --fields {"x":1}', 2, "--fields x: is not known; check its spelling, or remove it"),
        ("case lst", 2, "no command 'case lst'; did you mean 'list'?"),
        ("nosuch", 2, NO_COMMAND),
        ("cases", 2, "no command 'cases'; did you mean 'case'?"),
        ("case list --jsn", 2, "Unknown option: --jsn. Did you mean --json?"),
        ("case list --limit x", 2, 'Invalid value for --limit: unable to convert "x" into int.'),
        ("case list --origin x", 2, 'Invalid value "x" for --origin. Choose from: "live", "import".'),
        ("case show", 2, 'Command "case show" parameter CASE requires an argument.'),
        ("parked list --limit 0", 2, 'Invalid value "0" for --limit. Must be >= 1.'),
        ("import x", 2, "name a FILE and its --mapping; or --go-live alone for what was imported before"),
        ("import /absent --mapping cfpb", 3, "/absent: No such file or directory; name a file that can be read"),
        ("import /absent --mapping nosuch", 78, NO_MAPPING),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_line_and_an_exit_code(desk: Desk, arguments: str, code: int, message: str) -> None:
    outcome = desk(*arguments.split(" "))
    assert (outcome.code, outcome.out, outcome.err) == (code, "", f"plaint: {message}\n")


def test_an_argument_that_is_no_text_names_no_case(desk: Desk) -> None:
    assert desk("case", "show", "\udcff").code == 3


def test_a_database_that_does_not_answer_is_temporary(desk: Desk) -> None:
    outcome = desk.line("case", "list", PLAINT_DATABASE="postgresql://u:hunter2@127.0.0.1:1/x")
    assert (outcome.code, outcome.out) == (75, "")
    assert outcome.err.startswith("plaint: the database of PLAINT_DATABASE does not answer: ")
    assert len(outcome.err.splitlines()) == 1
    assert "hunter2" not in outcome.err


# --- for people -----------------------------------------------------------------------------

TABLES = [
    "case list",
    "case show {}",
    "case history {}",
    "audit trail {}",
    "sla list",
    "funnel",
    "satisfaction",
    "causes",
    "remedies",
    "workload",
    "rates",
    "parked list",
    "config check",
]


@pytest.mark.parametrize("command", TABLES)
def test_tables_are_plain_where_nobody_watches(desk: Desk, command: str) -> None:
    outcome = desk.line.ok(*command.format(desk.number).split(" "))
    assert outcome.err == ""
    assert re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", outcome.out) is None


def test_what_a_stranger_wrote_is_shown_as_he_wrote_it_and_obeyed_by_nothing(desk: Desk) -> None:
    for command in ("case show", "audit trail"):
        out = desk.line.ok(*command.split(" "), desk.number).out
        assert "Kettle [/b]" in out
        assert "It is broken [red]x[/] \ufffd[31m\ufffd2J :smile: I want a refund!" in out


def test_pages_follow_each_other(desk: Desk) -> None:
    first = desk.json("case", "list", "--limit", "1")
    second = desk.json("case", "list", "--limit", "1", "--cursor", first["next"])
    assert [one["cases"][0]["number"] for one in (first, second)] == [desk.number, desk.imported]
    assert second["next"] is None
    assert desk.line.ok("case", "list", "--limit", "1").err == f"more: --cursor {first['next']}\n"


def test_who_reads_personal_texts_is_noted(desk: Desk, settings: dict[str, str]) -> None:
    with open_pool(settings["PLAINT_DATABASE"], max_size=2, name="test") as pool:
        log = AccessLog(pool)
        before = len(log.of_stream(UUID(desk.id)))
        desk.json("case", "show", desk.number)
        desk.json("audit", "trail", desk.number)
        desk.json("case", "history", desk.number)
        desk.json("case", "list")
        noted = [one.access for one in log.of_stream(UUID(desk.id))[before:]]
    assert [(one.what, one.identity, one.refused) for one in noted] == [
        ("case", "local", False),
        ("history", "local", False),
    ]
    assert all(re.fullmatch("person:[0-9a-f]{32}", one.actor) for one in noted)
