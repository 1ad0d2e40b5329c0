"""Who knows nothing but the description of the door can use it."""

from typing import Any

import pytest

from consumers.http.described import document


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    return document()


def parameters(described: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (path, one)
        for path, operations in described["paths"].items()
        for operation in operations.values()
        for one in operation.get("parameters", ())
    ]


@pytest.mark.parametrize(
    "name", ["at_least", "limit", "cursor", "recorded", "occurred", "reference", "stream", "texts"]
)
def test_what_most_routes_take_is_explained_at_each(described: dict[str, Any], name: str) -> None:
    found = [(path, one) for path, one in parameters(described) if one["name"] == name]
    assert found
    assert [path for path, one in found if not one.get("description") and not one["schema"].get("description")] == []


def test_every_operation_is_called_by_what_it_does(described: dict[str, Any]) -> None:
    operations = [one for operations in described["paths"].values() for one in operations.values()]
    assert [one["summary"] for one in operations if " " not in one["summary"] or one["summary"].endswith(".")] == []
    kept = described["paths"]["/v1/sla/attainment"]["get"]
    assert kept["summary"] == "Count promises of time that were kept and missed, by kind, team, unit or policy"
    assert described["paths"]["/v1/cases/search"]["post"]["description"].startswith("The words are in the body")


def test_every_header_is_explained(described: dict[str, Any]) -> None:
    headers = [one for _, one in parameters(described) if one["in"] == "header"]
    assert {one["name"] for one in headers} == {"Content-Disposition", "Idempotency-Key", "If-Match", "Last-Event-ID"}
    assert [one["name"] for one in headers if not one.get("description")] == []


def test_what_a_model_says_of_its_fields_stands_in_the_description(described: dict[str, Any]) -> None:
    schemas = described["components"]["schemas"]
    assert "reason" in schemas["AddNoteWish"]["properties"]["why"]["description"]
    (after,) = [one for path, one in parameters(described) if (path, one["name"]) == ("/v1/changes", "after")]
    assert after["description"].startswith("Behind this position")
