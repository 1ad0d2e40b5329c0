"""``plaint project``: status, rebuild, compare, switch, drop and resume, as a person types them."""

import re
from pathlib import Path
from typing import Any

import psycopg
import pytest

from projections.views import all_views
from support.commandline import CommandLine, Outcome

VIEWS = [view.name for view in all_views()]


@pytest.fixture
def line(database: str, tmp_path: Path) -> CommandLine:
    """The command line of an installation with a few cases and all views."""
    found = CommandLine({"PLAINT_DATABASE": database, "PLAINT_DATA_DIR": str(tmp_path)})
    found.ok("sample", "--cases", "3")
    found.ok("project", "--once")
    return found


def falsify(database: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute("UPDATE views.funnel_cases_v3 SET waits = waits + 100")
        connection.execute(
            "UPDATE views.funnel_cells_v3 "
            "SET counted = counted || jsonb_build_object('waits', coalesce((counted ->> 'waits')::int, 0) + 100)"
        )


def copies(line: CommandLine) -> list[tuple[str, int, bool]]:
    found = line.ok("project", "status", "--json").json()["views"]
    return [(one["view"], one["copy"], one["read"]) for one in found]


def differing(outcome: Outcome) -> dict[str, Any]:
    return {one["table"]: one["changed"] for one in outcome.json()["tables"]}


def test_status_shows_every_view_at_the_end_of_the_log(line: CommandLine) -> None:
    told = line.ok("project", "status", "--json").json()
    assert [one["view"] for one in told["views"]] == VIEWS
    assert {(one["position"], one["lag_events"], one["left_out"]) for one in told["views"]} == {(told["head"], 0, 0)}
    assert [row.split()[0] for row in line.ok("project", "status").out.splitlines()] == ["view", *VIEWS]


def test_a_rebuild_that_differs_is_not_read_until_a_person_says_so(line: CommandLine, database: str) -> None:
    before = line.ok("funnel", "--json").json()["waits"]
    falsify(database)
    outcome = line("project", "rebuild", "funnel", "--switch", "--json")
    assert (outcome.code, outcome.json()["differs"], outcome.json()["switched_to"]) == (1, True, None)
    assert differing(outcome)["funnel_cases_v3"] > 0
    assert line.ok("funnel", "--json").json()["waits"] > before
    told = line("project", "compare", "funnel")
    assert told.code == 1
    assert re.search(r"waits 10\d -> \d", told.err)
    assert line.ok("project", "switch", "funnel", "--json").json() == {"view": "funnel", "copy": 2}
    assert line.ok("funnel", "--json").json()["waits"] == before


def test_a_rebuild_without_a_difference_is_read_where_that_was_asked_for(line: CommandLine) -> None:
    told = line.ok("project", "rebuild", "cases", "--switch", "--json").json()
    assert (told["differs"], told["switched_to"], told["left_out"]) == (False, 2, 0)
    assert copies(line)[:2] == [("cases", 2, True), ("cases", 1, False)]
    assert line.ok("project", "drop", "cases", "--json").json() == {"view": "cases", "dropped": True}
    assert line.ok("project", "drop", "cases", "--json").json() == {"view": "cases", "dropped": False}
    assert copies(line)[0] == ("cases", 2, True)


def test_what_cannot_be_is_refused_with_the_way_out(line: CommandLine) -> None:
    for command in ("compare", "switch"):
        outcome = line("project", command, "cases")
        assert (outcome.code, outcome.err.splitlines()[-1]) == (
            4,
            "plaint: view cases stands once: `plaint project rebuild cases` makes a second copy",
        )
    outcome = line("project", "rebuild", "nosuch")
    assert (outcome.code, outcome.err.splitlines()[-1]) == (
        3,
        f"plaint: no view 'nosuch'; there are {', '.join(sorted(VIEWS))}",
    )
    assert line("project", "nosuch").code == 2


def test_resume_tries_again_what_was_left_out(line: CommandLine, database: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute(
            "INSERT INTO views.stuck (view, version, stream, position, events, reason) "
            "SELECT 'cases', 1, stream, 1, 1, 'ValueError at here.py:1' FROM views.cases_list_v1 LIMIT 1"
        )
        connection.execute("DELETE FROM views.cases_list_v1 WHERE stream IN (SELECT stream FROM views.stuck)")
    outcome = line("project", "status", "--json")
    assert (outcome.code, [one["reason"] for one in outcome.json()["left_out"]]) == (1, ["ValueError at here.py:1"])
    assert line.ok("project", "resume", "cases", "--json").json() == {"view": "cases", "tried": 1, "left_out": 0}
    assert line.ok("project", "rebuild", "cases", "--json").json()["differs"] is False
