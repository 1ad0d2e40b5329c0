"""What auditors and handlers ask on the command line: search, trail, difference and replay."""

import json
import re
from pathlib import Path
from uuid import UUID

import pytest

from consumers.cli.replay import walk
from engine.store.access_log import AccessLog
from engine.store.database.pool import open_pool
from projections.replay.steps import replay
from schemas.complaint.classification import ComplaintPrioritised
from support.commandline import CommandLine
from support.histories import RECEIVED, Writer, uid

MAIL = """From: Ann Example <ann@example.com>
To: care@shop.test
Subject: Kettle
Message-ID: <replay-1@example.com>
Date: Mon, 02 Mar 2026 09:00:00 +0000
Content-Type: text/plain; charset=utf-8

Чайник сломан, заказ AB-12/3. I want a refund!
"""


@pytest.fixture(scope="module")
def case(plaint: CommandLine, tmp_path_factory: pytest.TempPathFactory) -> str:
    file: Path = tmp_path_factory.mktemp("files") / "m.eml"
    file.write_text(MAIL, encoding="utf-8")
    plaint.ok("ingest", str(file))
    found: str = plaint.ok("case", "list", "--json").json()["cases"][0]["number"]
    plaint.ok("case", "do", found, "prioritise", "--fields", '{"priority": "urgent"}', "--by", "anna")
    return found


@pytest.mark.parametrize(
    ("options", "count"),
    [(("--search", "чайники"), 1), (("--search", "refund", "--sort", "due"), 1),
     (("--reference", "ann@example.com"), 1), (("--search", "samovar"), 0),
     (("--ended",), 0), (("--open", "--priority", "urgent"), 1), (("--unit", "moon"), 0)],
)  # fmt: skip
def test_cases_are_found_by_what_was_said_and_where_they_stand(
    plaint: CommandLine, case: str, options: tuple[str, ...], count: int
) -> None:
    found = plaint.ok("case", "list", *options, "--json").json()["cases"]
    assert [one["number"] for one in found] == [case] * count


def test_a_case_is_shown_as_of_a_position_a_version_or_a_time(plaint: CommandLine, case: str) -> None:
    now = plaint.ok("case", "show", case, "--json").json()
    asked = [plaint.ok("case", "show", case, "--as-of", at, "--json").json() for at in (str(now["position"] - 1), "v1")]
    assert [one["version"] for one in asked] == [now["version"] - 1, 1]
    assert plaint.ok("case", "show", case, "--as-of", now["as_of"], "--json").json()["version"] == now["version"]
    assert plaint("case", "show", case, "--as-of", "1").code == 3


def test_a_difference_is_words_on_a_terminal_and_a_patch_as_json(plaint: CommandLine, case: str) -> None:
    told = plaint.ok("case", "diff", case, "v3..")
    assert "* classification.priority: ∅ → urgent" in told.out
    assert "Priority set to urgent" in told.out
    assert re.match(r"from version 3 \(position \d+, recorded .+\) to version 4 \(", told.err)
    found = plaint.ok("case", "diff", case, "v3..v4", "--json").json()
    assert {"op": "replace", "path": "/classification/priority", "value": "urgent", "was": None} in found["changes"]
    assert plaint.ok("case", "diff", case, "..v1", "--json").json()["before"]["version"] is None


@pytest.mark.parametrize(("arguments", "code"), [(("{case}", "7"), 2), (("PL-00000-00000", "v1..v2"), 3)])
def test_a_difference_that_cannot_be_shown_says_why(
    plaint: CommandLine, case: str, arguments: tuple[str, ...], code: int
) -> None:
    outcome = plaint("case", "diff", *(one.format(case=case) for one in arguments))
    assert (outcome.code, outcome.out, outcome.err.count("\n")) == (code, "", 1)


def test_a_replay_without_a_terminal_lists_every_step_with_what_was_said(plaint: CommandLine, case: str) -> None:
    told = plaint.ok("case", "replay", case)
    assert [line[0] for line in told.out.splitlines() if re.match(r"\d/4 ", line)] == ["1", "2", "3", "4"]
    assert "Чайник сломан" in told.out
    assert "  * classification.priority: ∅ → urgent" in told.out
    assert plaint.ok("case", "replay", case, "--all").out == told.out
    russian = plaint.ok("case", "replay", case, "--language", "ru", "--json").json()
    assert russian["steps"][-1]["words"] == "Приоритет: срочный"


def test_keys_lead_through_a_replay() -> None:
    log = (
        Writer().add("case", RECEIVED, *(ComplaintPrioritised(priority=one) for one in ("low", "high", "urgent"))).log()
    )
    keys, shown = iter(["n", "n", "p", "G", "n", "g", "k", "x", ""]), list[str]()
    walk(replay(log, uid("case")), lambda: next(keys), shown.append)
    assert [found[1] for text in shown if (found := re.search(r"(\d)/4", text))] == list("123244111")


def test_a_trail_is_narrowed_by_actor_type_and_time(plaint: CommandLine, case: str) -> None:
    whole = plaint.ok("audit", "trail", "--json").json()["entries"]
    anna = next(one["actor"] for one in whole if one["name"] == "complaint.prioritised.v1")
    for options in (("--actor", anna), ("--type", "complaint.prioritised")):
        assert [one["version"] for one in plaint.ok("audit", "trail", case, *options, "--json").json()["entries"]] == [
            4
        ]
    assert plaint.ok("audit", "trail", "--to", "2020-01-01", "--json").json()["entries"] == []
    assert (
        len(plaint.ok("audit", "trail", case, "--from", whole[-1]["recorded_at"][:10], "--json").json()["entries"]) == 4
    )
    assert {one["texts"] for one in whole} == {None}


def test_a_trail_tells_circumstances_and_changes(plaint: CommandLine, case: str) -> None:
    told = plaint.ok("audit", "trail", case, "--changes").out
    assert "(by request " in told
    assert "(under policy " in told
    assert "* classification.priority: ∅ → urgent" in told
    outcome = plaint("audit", "trail", "--changes")
    assert (outcome.code, outcome.err) == (2, "plaint: --changes reads whole histories: name the case\n")


def test_readings_without_texts_and_searches_are_noted_as_wanted(
    plaint: CommandLine, case: str, settings: dict[str, str]
) -> None:
    stream = UUID(plaint.ok("case", "show", case, "--json").json()["case"])
    with open_pool(settings["PLAINT_DATABASE"], max_size=2, name="test") as pool:
        log = AccessLog(pool)
        before = len(log.after(0, 10_000))
        for every in ("texts", "cases"):
            plaint("case", "history", case, PLAINT_ACCESS_LOG=every)
            plaint("case", "diff", case, "v1..", PLAINT_ACCESS_LOG=every)
        plaint("case", "list", "--search", "kettle")
        plaint("case", "list")
        noted = [one.access for one in log.after(0, 10_000)[before:]]
    assert [(one.what, one.stream) for one in noted] == [("history", stream), ("history", stream), ("search", None)]
    assert "kettle" not in json.dumps([str(one) for one in noted])
