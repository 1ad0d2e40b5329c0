"""Which policies and calendars there are, and what one of them says: no database is asked."""

import json
from pathlib import Path

import pytest

from consumers.cli import output
from consumers.cli.main import run
from schemas.configuration.rule_set import CONCERNS


def printed(capfdbinary: pytest.CaptureFixture[bytes]) -> str:
    return capfdbinary.readouterr().out.decode()


def test_every_preset_is_listed_with_whether_it_is_in_force(
    capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLAINT_PRESETS", "uk-fca-disp")

    assert run(["config", "presets", "--json"]) == output.OK

    rows = json.loads(printed(capfdbinary))["presets"]
    assert {row["id"]: row["in_force"] for row in rows if row["claims"] and "regulation" in row["claims"]} == {
        "au-asic-rg271": False, "au-asic-rg271-super": False, "eu-adr": False, "ru-442fz": False, "ru-59fz": False,
        "ru-zozpp-20": False, "ru-zozpp-21": False, "ru-zozpp-22": False, "uk-fca-disp": True, "uk-fca-psd": False,
        "us-cfpb": True, "us-cfpb-forwarded": False,
    }  # fmt: skip
    assert {row["id"]: row["in_force"] for row in rows if row["kind"] == "calendar"} == {
        "always": True, "australia": False, "brussels": False, "desk": True, "england": True, "helpdesk": True,
        "russia": False, "russia-hours": False, "us-eastern": True,
    }  # fmt: skip
    last = [row for row in rows if row["kind"] == "calendar"][-1]
    assert last | {"source": None} == {
        "kind": "calendar", "id": "us-eastern", "version": 1, "order": None, "in_force": True, "claims": None,
        "source": None, "holds": None,
    }  # fmt: skip


def test_rule_sets_templates_surveys_and_fields_are_listed_too(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert run(["config", "presets", "--json"]) == output.OK

    rows = json.loads(printed(capfdbinary))["presets"]
    assert {row["id"] for row in rows if row["kind"] == "rule_set"} == set(CONCERNS)
    assert list(dict.fromkeys(row["kind"] for row in rows))[:2] == ["policy", "calendar"]
    holds = {(row["kind"], row["id"]): row["holds"] for row in rows}
    assert holds["template", "closed"] == "for complainant, in en, ru"
    assert holds["survey", "after-cycle"].endswith(" questions")
    assert holds["rule_set", "remedies"] == "5 rules"


def test_all_else_is_shown_as_its_file_says_to_begin_ones_own_from(
    capfdbinary: pytest.CaptureFixture[bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(["config", "show", "remedies"]) == output.OK

    shown = printed(capfdbinary)
    assert shown.startswith("# What is proposed for which complaint.")
    (tmp_path / "remedies.yaml").write_text(shown.replace("version: 1", "version: 2"), encoding="utf-8")
    monkeypatch.setenv("PLAINT_CONFIG_DIR", str(tmp_path))
    assert run(["config", "show", "remedies", "--json"]) == output.OK
    [found] = json.loads(printed(capfdbinary))["configurations"]
    assert (found["concern"], found["version"]) == ("remedies", 2)


def test_a_policy_is_shown_with_its_clocks_and_its_letters_to_tick_off(
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    assert run(["config", "show", "ru-zozpp-22"]) == output.OK

    lines = [" ".join(line.split()) for line in printed(capfdbinary).splitlines()]
    assert lines[0] == "policy ru-zozpp-22, version 1, order 100, claims regulation ru-zozpp-22"
    assert "statutory:ru-zozpp-22 10 calendar days russia to the next 50%, 80%" in lines
    assert "Reasoned refusal, if the demand is not satisfied (keeps statutory:ru-zozpp-22)" in lines
    assert "[ ] which demand is refused, and on which facts and rules" in lines
    assert lines[-1].startswith("source: Law 2300-1")
    assert lines[-1].endswith("check against the law")


def test_a_calendar_is_shown_with_dates_for_its_public_holidays(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert run(["config", "show", "russia-hours"]) == output.OK

    lines = [" ".join(line.split()) for line in printed(capfdbinary).splitlines()]
    assert lines[0] == "calendar russia-hours, version 1, Europe/Moscow, covered until 2027-12-31"
    assert {"sat closed", "2024-04-27 09:00-18:00", "2024-11-02 09:00-17:00", "2024-12-31 closed"} <= set(lines)


def test_a_name_that_two_bear_shows_both(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert run(["config", "show", "helpdesk", "--json"]) == output.OK

    found = json.loads(printed(capfdbinary))["configurations"]
    assert [("clocks" in one, "week" in one) for one in found] == [(True, False), (False, True)]


def test_an_unknown_name_is_told_with_those_that_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["config", "show", "nothing"]) == output.NOT_FOUND

    assert (
        "there is no policy, calendar, rule set or the like 'nothing'; one of: au-asic-rg271,"
        in capsys.readouterr().err
    )


def test_a_wrong_file_ends_the_command_with_its_errors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.yaml").write_text("kind: calendar\nid: a\nversion: 1\n", encoding="utf-8")
    monkeypatch.setenv("PLAINT_CONFIG_DIR", str(tmp_path))

    assert run(["config", "presets"]) == output.CONFIGURATION

    told = capsys.readouterr().err
    assert "a.yaml: line 1: timezone: is missing; add it" in told
    assert "a.yaml: line 1: week: is missing; add it" in told
