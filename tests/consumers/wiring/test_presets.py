"""Which configurations come into force: what is shipped, what is named, what a directory adds or replaces."""

from pathlib import Path

import pytest

from consumers.wiring import presets
from schemas.configuration import Calendar, Configuration, ConfigurationRefused, Policy

OWN = """kind: policy
id: ours
version: 1
order: 50
when: {regulation: ours}
clocks:
  - {kind: first_reply, target: 1 hour, calendar: england}
"""


def names(items: list[Configuration]) -> set[str]:
    return {one.id for one in items if isinstance(one, Calendar | Policy)}


DEFAULT = {"always", "desk", "helpdesk", "us-eastern", "default", "reviews", "us-cfpb"}


def test_no_law_but_the_shipped_mappings_own_is_in_force_by_default() -> None:
    assert names(presets.in_force(None)) == DEFAULT


def test_a_named_law_comes_with_the_calendar_that_it_counts_by_and_no_other() -> None:
    found = presets.in_force(None, ["uk-fca-disp", "uk-fca-psd"])

    assert names(found) - DEFAULT == {"uk-fca-disp", "uk-fca-psd", "england"}


def test_a_calendar_may_be_named_alone() -> None:
    assert names(presets.in_force(None, ["russia-hours"])) - DEFAULT == {"russia-hours"}


def test_a_name_that_no_optional_preset_has_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(ConfigurationRefused) as refused:
        presets.in_force(None, ["uk-fca", "eu-adr", "gdpr"])

    first, second = str(refused.value).splitlines()
    assert first.startswith("PLAINT_PRESETS: gdpr: there is no such optional preset; name some of: au-asic-rg271,")
    assert second.startswith("PLAINT_PRESETS: uk-fca: there is no such optional preset")


def test_a_policy_of_the_directory_brings_the_optional_calendar_that_it_names(tmp_path: Path) -> None:
    (tmp_path / "ours.yaml").write_text(OWN, encoding="utf-8")

    assert names(presets.in_force(tmp_path)) - DEFAULT == {"ours", "england"}


def test_a_file_of_the_directory_replaces_the_preset_of_its_kind_and_id_named_or_not(tmp_path: Path) -> None:
    text = OWN.replace("id: ours\nversion: 1", "id: uk-fca-disp\nversion: 9")
    (tmp_path / "disp.yaml").write_text(text, encoding="utf-8")

    found = presets.in_force(tmp_path, ["uk-fca-disp"])

    assert [one.version for one in found if one.id == "uk-fca-disp"] == [9]


WRONG_CALENDAR = """kind: calendar
id: night
version: 0
timezone: Mars/Olympus
week:
  mon: ["22:00-06:00"]
  funday: []
holidays: [tomorrow]
public_holidays:
  country: GB
  years: 2026
"""
WRONG_POLICY = """kind: policy
id: hasty
version: 1
clocks:
  - kind: first_reply
    target: 3 days
  - {kind: resolution, target: 1 hour}
  - {kind: statutory:x, target: 1 hour, pause: [resolution]}
"""
TOGETHER = """kind: policy
id: second
version: 1
order: 1000
calendar: nowhere
clocks:
  - {kind: resolution, target: 1 hour}
  - kind: first_reply
    target: 1 hour
    fulfil: complaint.resolvd
"""


def test_every_error_of_every_file_is_told_with_file_line_field_and_fix(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(WRONG_CALENDAR, encoding="utf-8")
    (tmp_path / "b.yaml").write_text(WRONG_POLICY, encoding="utf-8")
    (tmp_path / "c.yaml").write_text("kind: [", encoding="utf-8")

    with pytest.raises(ConfigurationRefused) as refused:
        presets.in_force(tmp_path)

    told = str(refused.value).replace(f"{tmp_path}/", "").splitlines()
    assert [line for line in told if line.startswith("a.yaml")] == [
        "a.yaml: line 3: version: write a number greater than or equal to 1",
        "a.yaml: line 4: timezone: there is no such time zone; use an IANA name such as 'Europe/Moscow' or 'UTC'",
        "a.yaml: line 6: week.mon.0: it runs over midnight; end it at 24:00 and begin the next day at 00:00",
        "a.yaml: line 7: week.funday: is not known; check its spelling, or remove it",
        "a.yaml: line 8: holidays.0: write a date as YYYY-MM-DD",
        "a.yaml: line 11: public_holidays.years: write a list: [one, another]",
    ]
    assert [line for line in told if line.startswith("b.yaml")] == [
        "b.yaml: line 6: clocks.0.target: say which days: 'working days' or 'calendar days'",
        "b.yaml: line 8: clocks.2.pause: a statutory clock is never paused; leave it out",
    ]
    assert [line[:16] for line in told if line.startswith("c.yaml")] == ["c.yaml: line 1, "]


def test_what_does_not_fit_together_is_told_with_the_lines_of_its_file(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(TOGETHER, encoding="utf-8")

    with pytest.raises(ConfigurationRefused) as refused:
        presets.in_force(tmp_path)

    told = str(refused.value).replace(f"{tmp_path}/", "").splitlines()
    assert [line.split(";")[0] for line in told] == [
        "c.yaml: line 5: calendar: calendar 'nowhere' is not in force",
        "c.yaml: line 10: clocks.1.fulfil.0.event: there is no such event",
        "c.yaml: line 4: order: policy 'default' has the same order and may claim the same complaints",
    ]


def test_two_files_of_one_kind_and_id_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(OWN, encoding="utf-8")
    (tmp_path / "b.yaml").write_text(OWN, encoding="utf-8")

    with pytest.raises(ConfigurationRefused, match=r"b.yaml: line 2: id: 'ours' stands in .*a.yaml too; keep one"):
        presets.in_force(tmp_path)
