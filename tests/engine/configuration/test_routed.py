"""Routing rules that no calendar counts for, or whose codes nobody publishes, do not come into force."""

import pytest

from engine.configuration.admissible import NotAdmissible, problems, refuse
from schemas.configuration.code_list import CodeList
from schemas.configuration.routing import RoutingRules

RULES = RoutingRules.model_validate(
    {
        "id": "routing",
        "version": 1,
        "concern": "routing",
        "calendar": "desk",
        "rules": [
            {
                "rule": "one",
                "when": {"any": [{"product": "kettle-2"}, {"segment": "vip"}]},
                "then": {"team": "kitchen", "tags": ["hot", "leaking"], "final_reply_by": "kitchen"},
            }
        ],
        "staff": [{"person": "person:a", "teams": ["kitchen", "first-line"]}],
    }
)


def codes(list_id: str, *values: str, growing: bool = False) -> CodeList:
    content = {"id": list_id, "version": 1, "growing": growing, "values": {value: {} for value in values}}
    return CodeList.model_validate(content)


def test_without_lists_any_code_may_stand() -> None:
    assert problems([RULES], ["desk"]) == []


def test_a_code_that_its_list_lacks_is_told_with_its_place() -> None:
    lists = [codes("team", "first-line"), codes("tag", "hot"), codes("product", "lamp")]
    assert [(".".join(map(str, one.path)), one.fix.split(";")[0]) for one in problems([RULES, *lists], ["desk"])] == [
        ("rules.0.when.any.0.product", "'kettle-2' is not in the code list 'product'"),
        ("rules.0.then.team", "'kitchen' is not in the code list 'team'"),
        ("rules.0.then.tags", "'leaking' is not in the code list 'tag'"),
        ("rules.0.then.final_reply_by", "'kitchen' is not in the code list 'team'"),
        ("staff.0.teams", "'kitchen' is not in the code list 'team'"),
    ]


def test_a_list_that_grows_may_have_the_code_tomorrow() -> None:
    assert problems([RULES, codes("team", "first-line", growing=True)], ["desk"]) == []


def test_a_calendar_that_is_not_in_force_is_refused() -> None:
    with pytest.raises(NotAdmissible, match=r"rule_set 'routing': calendar: calendar 'desk' is not in force; add"):
        refuse([RULES])
