"""A rule set of notices with an error is refused whole, with line, field and fix."""

from inspect import cleandoc

import pytest

from consumers.wiring import presets
from engine.configuration import admissible, in_force
from engine.configuration.activation import activation
from schemas import configuration
from schemas.configuration import ConfigurationRefused
from schemas.configuration.activated import ConfigurationActivated
from schemas.configuration.notices import Notices

SHIPPED = presets.shipped()
HEAD = "kind: rule_set\nconcern: notices\nid: notices\nversion: 2\n"


def refused(body: str) -> list[str]:
    """Return what is said of a rule set beside the shipped configuration, with its lines."""
    item, document = configuration.load_with_lines(HEAD + cleandoc(body) + "\n", "notices.yaml")
    others = [one for one in SHIPPED if not isinstance(one, Notices)]
    return [
        f"line {document.line(found.path)}: {'.'.join(map(str, found.path))}: {found.fix}"
        for found in admissible.problems([*others, item])
    ]


def test_the_shipped_rules_fit_the_shipped_templates() -> None:
    assert admissible.problems(SHIPPED) == []


def test_every_reference_that_leads_nowhere_is_named_with_its_line() -> None:
    found = refused("""
        calendar: moon
        waiting: {reminder: staff-missed}
        rules:
          - {rule: a, event: complaint.registred, tell: complainant, template: acknowledgement}
          - {rule: b, event: complaint.rated, where: {mark: 1}, tell: complainant, template: closed, hours: sun}
          - {rule: c, event: complaint.rated, tell: team, template: nothing}
          - {rule: d, event: complaint.rated, tell: complainant, template: acknowledgement, visibility: public}
    """)
    assert [one.partition("; ")[0].partition(", or name")[0] for one in found] == [
        "line 5: calendar: calendar 'moon' is not in force",
        "line 8: rules.0.event: there is no such event",
        "line 9: rules.1.where.mark: complaint.rated has no such field",
        "line 9: rules.1.hours: calendar 'sun' is not in force",
        "line 10: rules.2.template: there is no template 'nothing'",
        "line 11: rules.3.template: 'acknowledgement' is for the audience complainant, this is for public",
        "line 6: waiting.reminder: 'staff-missed' is for the audience staff, this is for complainant",
    ]
    assert "did you mean complaint.registered?" in found[1]


@pytest.mark.parametrize(
    ("body", "fix"),
    [
        (("rules:\n  - {rule: a, event: complaint.rated, tell: team, template: t}\n"
         "  - {rule: a, event: complaint.rated, tell: team, template: t}"),
         "line 7: rules.1.rule: 'a' stands twice; give each rule a name of its own"),
        ("rules: []\nwaiting: {remind_after_days: [30]}",
         "line 6: waiting.remind_after_days: write rising days, each less than end_after_days"),
        ("rules: []\nmailbox: 'Ann <ann@example.com>'", "line 6: mailbox: String should match pattern"),
        ("rules:\n  - {rule: a, event: complaint.rated, tell: complainant, template: t, bundle_minutes: 5}",
         "line 6: rules.0.bundle_minutes: only mail to the desk is bundled; remove it"),
        ("rules:\n  - {rule: a, event: complaint.closed, tell: team, template: t, score_at_most: 5}",
         "line 6: rules.0.score_at_most: only complaint.rated has marks; remove it"),
        ("rules:\n  - {rule: a, event: complaint.closed, tell: team, template: t, visibility: public}",
         "line 6: rules.0.visibility: the desk is told in private; remove it"),
    ],
)  # fmt: skip
def test_what_contradicts_itself_is_refused_with_line_field_and_fix(body: str, fix: str) -> None:
    with pytest.raises(ConfigurationRefused) as error:
        configuration.load(HEAD + body + "\n", "notices.yaml")
    assert fix in str(error.value)


def test_the_book_holds_the_rules_that_came_last() -> None:
    (first,) = [one for one in SHIPPED if isinstance(one, Notices)]
    second = first.model_copy(update={"version": 7, "company": "Example"})
    events = [event for one in (first, second) if isinstance(event := activation(one), ConfigurationActivated)]
    assert in_force.fold(events).notices == second
    assert in_force.fold([]).notices is None
