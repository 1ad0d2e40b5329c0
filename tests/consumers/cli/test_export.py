"""``plaint export`` and ``plaint report``, as a person types them."""

import json
from pathlib import Path

import pytest

from support.commandline import CommandLine


@pytest.fixture(scope="module")
def line(plaint: CommandLine) -> CommandLine:
    """The command line of an installation with a few cases."""
    plaint.ok("sample", "--cases", "3")
    return plaint


def test_a_cut_of_positions_is_written_twice_the_same(line: CommandLine, tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("one.csv", "two.csv")]
    for seed, file in enumerate(files):
        told = line.ok("export", "--format", "csv", "--view", "audit_entries_v1", "--until", "20", "-o", str(file))
        assert told.err.splitlines()[-1].startswith("20 rows, positions 1 to 20 of log ")
        line.ok("sample", "--cases", "1", "--seed", str(seed + 7))
    first, second = (file.read_bytes() for file in files)
    assert first == second
    assert first.count(b"\r\n") == 21
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.csv", "two.csv"]


def test_a_view_as_it_stands_goes_to_stdout(line: CommandLine) -> None:
    head, *rows = line.ok("export", "--format", "csv", "--view", "cases_v1").out.splitlines()
    assert head.split(",")[:2] == ["case_id", "number"]
    assert head.endswith("as_of_position,as_of_time,lag_seconds")
    assert len(rows) >= 2


def test_fields_that_were_declared_are_exported_as_columns(line: CommandLine, tmp_path: Path) -> None:
    head, *rows = line.ok("export", "--format", "csv", "--view", "case_fields_house_v1").out.splitlines()
    assert head.split(",")[:2] == ["case_id", "business_unit"]
    assert head.endswith("as_of_position,as_of_time,lag_seconds")
    assert len(rows) >= 2
    file = tmp_path / "fields.parquet"
    assert "rows, positions 1 to" in line.ok(
        "export", "--format", "parquet", "--view", "case_fields_house_v1", "-o", str(file)
    ).err  # fmt: skip
    assert file.read_bytes()[:4] == b"PAR1"


def test_histories_are_told_as_ocel_and_xes(line: CommandLine) -> None:
    assert {one["type"] for one in json.loads(line.ok("export", "--format", "ocel").out)["objects"]} >= {"complaint"}
    assert line.ok("export", "--format", "xes").out.count("<trace>") >= 2


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("--format", "csv"), 2, "--view takes one of: audit_entries_v1, campaign_marks_v1, campaigns_v1, "),
        (("--format", "csv", "--view", "nosuch"), 3, "--view takes one of: "),
        (("--format", "xes", "--view", "cases_v1"), 2, "xes tells histories, not a view: leave out --view"),
        (("--format", "parquet", "--view", "cases_v1"), 2, "parquet is no text: name a file with --output"),
        (("--format", "csv", "--view", "cases_v1", "--since", "2"), 2, "the rows of cases_v1 change, so it has no "),
        (("--format", "xes", "--until", "999999"), 75, "--until 999999: the log ends at "),
        (("--format", "xes", "--since", "0"), 2, "--since 0: takes a position from 1 to that of --until"),
        (("--format", "xes", "-o", "/nosuch/file"), 2, "--output /nosuch/file: No such file or directory"),
    ],
)
def test_what_cannot_be_exported_is_refused_with_the_way_out(
    line: CommandLine, arguments: tuple[str, ...], code: int, message: str
) -> None:
    outcome = line("export", *arguments)
    assert (outcome.code, outcome.out) == (code, "")
    assert outcome.err.splitlines()[-1].startswith(f"plaint: {message}")


def test_a_report_is_a_page_or_markdown(line: CommandLine, tmp_path: Path) -> None:
    days = ("--from", "2026-03-02", "--to", "2026-03-08")
    line.ok("report", *days, "--language", "ru", "-o", str(tmp_path / "week.html"))
    assert '<html lang="ru">' in (tmp_path / "week.html").read_text(encoding="utf-8")
    assert line.ok("report", *days).out.startswith("# Complaints: digest for the weekly meeting\n")
    assert line("report", "--from", "2026-03-08", "--to", "2026-03-02").code == 2
    assert line("report", *days, "-o", "week.pdf").err.endswith("name a file that ends in .html or .md\n")
