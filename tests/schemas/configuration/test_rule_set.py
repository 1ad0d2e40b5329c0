"""Rule sets are read whole or refused whole, each error with its line, field and fix."""

import pytest

from engine.configuration.activation import activation
from engine.configuration.in_force import Book, activate, fold, holds
from schemas.configuration import ConfigurationRefused, load
from schemas.configuration.activated import ConfigurationActivated
from schemas.configuration.routing import RoutingRules

GOOD = """\
kind: rule_set
concern: routing
id: routing
version: 2
rules:
  - rule: recall
    when: {words: [recall~, взрыв~], channel: email}
    then: {priority: urgent, team: safety, tags: safety}
  - rule: all-else
    then: {team: first-line, person: least_loaded}
staff:
  - {person: "person:a1", teams: [first-line], skills: [ru]}
"""


def rules(text: str = GOOD) -> RoutingRules:
    found = load(text, "routing.yaml")
    assert isinstance(found, RoutingRules)
    return found


def test_a_rule_set_is_in_force_by_its_concern_and_a_higher_version_replaces_it_whole() -> None:
    first, second = rules(), rules(GOOD.replace("version: 2", "version: 3").replace("urgent", "high"))
    events = [activation(one) for one in (first, second)]
    assert all(isinstance(one, ConfigurationActivated) for one in events)
    book = fold([one for one in events if isinstance(one, ConfigurationActivated)])
    assert book.routing == second
    assert (holds(book, first), holds(book, second), holds(Book(), first)) == (True, True, False)


def test_what_a_newer_program_calls_a_rule_set_leaves_the_book_alone() -> None:
    event = activation(rules())
    assert isinstance(event, ConfigurationActivated)
    unknown = event.model_copy(update={"content": {**event.content, "concern": "weather"}})
    assert activate(Book(), unknown) == Book()


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("concern: routing\n", "concern: weather\n", "line 2: concern: must be one of "),
        ("id: routing", "id: mine", "line 3: id: write 'routing': of each concern one rule set is in force"),
        ("priority: urgent", "priority: asap", "line 8: rules.0.then.priority: write 'low', 'normal', "),
        ("channel: email", "chanel: email", "line 7: rules.0.when.chanel: is not known; check its spelling"),
        ("{words: [recall~, взрыв~], channel: email}", "{}", "line 7: rules.0.when: is empty; name a field"),
        ("team: first-line, person", "person", "line 10: rules.1.then: team: is missing"),
        ("rule: all-else", "rule: recall", "line 9: rules.1.rule: 'recall' stands twice; give each rule a name"),
        ("[recall~, взрыв~]", '["(re"]', "line 7: rules.0.when.words.0: "),
    ],
)  # fmt: skip
def test_a_file_with_an_error_is_refused_with_line_field_and_fix(old: str, new: str, told: str) -> None:
    with pytest.raises(ConfigurationRefused) as refused:
        load(GOOD.replace(old, new, 1), "routing.yaml")
    assert [problem[: len(told)] for problem in refused.value.problems] == [told]
