"""The commands of figures, as a person types them, over one installation of invented cases."""

import re
from pathlib import Path
from typing import Any

import pytest

from support.commandline import CommandLine

FIGURES = """kind: figures
id: shop
version: 1
months:
  - {month: %s, orders: 1000}
"""
STAGES = ["registration", "investigation", "corrective_action", "satisfaction_check", "closed"]


@pytest.fixture(scope="module")
def line(plaint: CommandLine) -> CommandLine:
    """The command line of an installation with invented cases."""
    plaint.ok("sample", "--cases", "12")
    return plaint


def answer(line: CommandLine, *arguments: str) -> Any:
    return line.ok(*arguments, "--json").json()


def test_a_number_of_the_funnel_lists_its_cases(line: CommandLine) -> None:
    found = answer(line, "funnel")
    for stage in found["stages"]:
        behind = answer(line, "funnel", "--cases", f"{stage['stage']}/there_now")
        assert (behind["count"], len(behind["cases"])) == (stage["there_now"], stage["there_now"])
    assert answer(line, "funnel", "--cases", "rated")["count"] == found["rated"] > 0


def test_the_funnel_is_broken_down_drawn_and_told_by_cohort(line: CommandLine) -> None:
    found = answer(line, "funnel", "--per", "channel", "--by", "month", "--of", "passage")
    assert sum(group["stages"][0]["entered"] for group in found["groups"]) == found["stages"][0]["entered"]
    drawn = line.ok("funnel", "--plot").out.splitlines()
    stages = answer(line, "funnel", "--quick")["stages"]
    assert [line_.split("  ")[0].replace(" ", "_") for line_ in drawn[:5]] == STAGES
    assert [int(line_.split()[-1]) for line_ in drawn[:5]] == [one["entered"] for one in stages]
    assert "█ passed  ▒ there now  ░ exited" in drawn
    in_russian = line.ok("funnel", "--plot", "--per", "origin", "--language", "ru").out
    assert in_russian.startswith("регистрация ")
    assert in_russian.count("проверка удовлетворённости") == 2
    assert "no complaint is counted" in line.ok("funnel", "--plot", "--from", "2100-01-01").err
    cohorts = answer(line, "funnel", "--cohorts")["cohorts"]
    assert sum(one["received"] for one in cohorts) == found["received"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--cases", "nosuch"), "--cases takes STAGE/ENDED or a total; stages are registration, "),
        (("--cases", "closed/lost"), "--cases takes STAGE/ENDED or a total; stages are registration, "),
        (("--cases", "rated", "--reason", "duplicate"), "--reason goes with exits; leave it out"),
        (("--by", "year"), 'Invalid value "year" for --by.'),
    ],
)
def test_what_is_no_number_of_the_funnel_is_told(line: CommandLine, arguments: tuple[str, ...], message: str) -> None:
    outcome = line("funnel", *arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith(f"plaint: {message}")


@pytest.mark.parametrize(
    ("command", "fields"),
    [
        ("satisfaction --per location", ["whole", "groups"]),
        ("satisfaction --negative", ["count", "ratings", "next"]),
        ("causes --per department --by month", ["complaints", "known", "bars", "trend"]),
        ("causes --complaints", ["complaints", "next"]),
        ("remedies --per ground --by week", ["whole", "groups"]),
        ("remedies --ledger", ["count", "remedies", "next"]),
        ("remedies --watch", ["usual", "unusual"]),
        ("workload --per person", ["at", "whole", "loads"]),
        ("rates", ["at", "whole", "months", "channels"]),
    ],
)
def test_every_figure_has_one_shape_and_a_table(line: CommandLine, command: str, fields: list[str]) -> None:
    found = answer(line, *command.split())
    assert list(found) == ["position", "as_of", "incarnation", "left_out", *fields]
    outcome = line.ok(*command.split())
    assert re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", outcome.out) is None
    assert len(outcome.out.splitlines()) > 1


def test_days_narrow_and_pages_go_on(line: CommandLine) -> None:
    whole = answer(line, "causes")["complaints"]
    assert answer(line, "causes", "--to", "2001-01-01")["complaints"] == 0
    first = answer(line, "causes", "--complaints", "--limit", "3")
    rest = answer(line, "causes", "--complaints", "--cursor", first["next"])
    assert len({one["case"] for one in (*first["complaints"], *rest["complaints"])}) == whole


def test_orders_loaded_as_configuration_give_a_rate(line: CommandLine, tmp_path: Path) -> None:
    before = answer(line, "rates")["months"]
    assert {one["per_1000_orders"] for one in before} == {None}
    month = before[0]["month"][:7]
    (tmp_path / "figures.yaml").write_text(FIGURES % month, encoding="utf-8")
    after = line("rates", "--json", PLAINT_CONFIG_DIR=str(tmp_path)).json()["months"]
    assert (after[0]["orders"], after[0]["per_1000_orders"]) == (1000, before[0]["feedback"]["negative"])
    assert answer(line, "rates")["months"][0]["orders"] == 1000, "it stands in the log now"
