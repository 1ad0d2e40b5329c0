import pytest

from schemas.configuration import ConfigurationRefused, load
from schemas.configuration.fields import Fields

FILE = """
kind: fields
id: {id}
version: 1
fields:
  - {{name: {name}, type: {type}, label: {{en: Tier, ru: Уровень}}{more}}}
  - {{name: gift, type: boolean, label: {{en: Was a gift, ru: Был подарком}}}}
"""


def read(id: str = "shop", name: str = "tier", type: str = "code", more: str = "") -> Fields:
    found = load(FILE.format(id=id, name=name, type=type, more=more), "fields.yaml")
    assert isinstance(found, Fields)
    return found


def test_a_set_of_fields_is_read_from_its_file() -> None:
    found = read(more=", code_list: tiers")
    assert [(one.name, one.type, one.code_list, one.label.ru) for one in found.fields] == [
        ("tier", "code", "tiers", "Уровень"), ("gift", "boolean", None, "Был подарком"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"name": "Tier"}, "name"),
        ({"name": "gift"}, "'gift' stands twice; remove one"),
        ({"name": "case_id"}, "'case_id' is a column of every such view"),
        ({"type": "number", "more": ", code_list: tiers"}, "a number is in no list"),
        ({"type": "money"}, "type"),
        ({"id": "my-shop"}, "id"),
        ({"more": ", code_list: tiers, unit: kg"}, "unit"),
    ],
)
def test_what_cannot_be_a_column_is_refused_with_its_place(wrong: dict[str, str], told: str) -> None:
    with pytest.raises(ConfigurationRefused, match="line ") as refused:
        read(**wrong)
    assert told in str(refused.value)
