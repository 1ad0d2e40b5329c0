"""What callers of the HTTP door rely on stays: each break is told, and the last commit's description holds."""

import copy
import json
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from consumers.http import described
from schemas.published.api_compatibility import breaks_of_api
from support.pages import ROOT

FILE = "schemas/json/openapi.json"
Change = Callable[[dict[str, Any]], None]

PAGE, ROW = "#/components/schemas/Page", "#/components/schemas/Row"
OLD: dict[str, Any] = {
    "paths": {
        "/v1/things/{id}": {
            "get": {
                "parameters": [
                    {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}},
                    {"name": "limit", "in": "query", "schema": {"type": "integer", "maximum": 500}},
                ],
                "responses": {"200": {"content": {"application/json": {"schema": {"$ref": PAGE}}}}},
            },
            "post": {
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Wish"}}},
                },
                "responses": {"200": {"content": {"application/json": {"schema": {"type": "object"}}}}},
            },
        }
    },
    "components": {
        "schemas": {
            "Page": {
                "type": "object",
                "properties": {
                    "rows": {"type": "array", "items": {"$ref": ROW}},
                    "next": {"anyOf": [{"type": "string"}, {"type": "null"}]},
                },
                "required": ["rows"],
                "additionalProperties": False,
            },
            "Row": {
                "type": "object",
                "properties": {"stage": {"enum": ["open", "closed"], "type": "string"}, "inner": {"$ref": ROW}},
                "required": ["stage"],
            },
            "Wish": {
                "type": "object",
                "properties": {"team": {"type": "string", "maxLength": 40}},
                "additionalProperties": False,
            },
        }
    },
}  # fmt: skip


def changed(change: Change) -> list[str]:
    new = copy.deepcopy(OLD)
    change(new)
    return breaks_of_api(OLD, new)


def operation(new: dict[str, Any], method: str) -> dict[str, Any]:
    found: dict[str, Any] = new["paths"]["/v1/things/{id}"][method]
    return found


def part(new: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = new["components"]["schemas"][name]
    return found


def test_the_same_description_breaks_nothing() -> None:
    assert breaks_of_api(OLD, OLD) == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda new: new["paths"].clear(), "GET /v1/things/{id}: is gone"),
        (
            lambda new: operation(new, "get")["parameters"].pop(),
            "GET /v1/things/{id}: query limit: no longer valid: anything",
        ),
        (
            lambda new: operation(new, "get")["parameters"][1]["schema"].update(maximum=100),
            "query limit: no longer valid: what only maximum 500 allows (it is 100)",
        ),
        (
            lambda new: operation(new, "get")["parameters"].append(
                {"name": "unit", "in": "query", "required": True, "schema": {"type": "string"}}
            ),
            "query unit: no longer valid: its absence",
        ),
        (
            lambda new: part(new, "Wish").update(required=["team"]),
            "POST /v1/things/{id}: team: no longer valid: its absence",
        ),
        (lambda new: part(new, "Wish")["properties"].clear(), "POST /v1/things/{id}: team: no longer valid: anything"),
        (
            lambda new: operation(new, "post")["requestBody"].update(content={"text/plain": {"schema": {}}}),
            "body: application/json is no longer taken",
        ),
        (lambda new: part(new, "Row")["properties"].pop("stage"), "answer 200.rows[].stage: is gone"),
        (
            lambda new: part(new, "Row").update(required=[]),
            "answer 200.rows[].stage: was always there, and may now be absent",
        ),
        (
            lambda new: part(new, "Page")["properties"].update(rows={"type": "string"}),
            "answer 200.rows: may now be string",
        ),
        (
            lambda new: part(new, "Page")["properties"].update(next={"type": "integer"}),
            "answer 200.next: may now be integer",
        ),
        (
            lambda new: operation(new, "get")["responses"].update({"200": {"content": {}}}),
            "answer 200: there is no application/json any more",
        ),
    ],
)
def test_a_change_that_breaks_a_caller_is_told(change: Change, told: str) -> None:
    assert any(told in one for one in changed(change)), changed(change)


@pytest.mark.parametrize(
    "change",
    [
        lambda new: new["paths"].update({"/v1/new": {"get": {"responses": {}}}}),
        lambda new: operation(new, "get")["parameters"].append(
            {"name": "unit", "in": "query", "schema": {"type": "string"}}
        ),
        lambda new: part(new, "Row")["properties"]["stage"]["enum"].append("parked"),
        lambda new: part(new, "Row")["properties"].update(more={"type": "string"}),
        lambda new: part(new, "Wish")["properties"].update(more={"type": "string"}),
        lambda new: part(new, "Wish")["properties"]["team"].update(maxLength=80),
        lambda new: part(new, "Page").update(required=["rows", "next"]),
    ],
)
def test_what_only_says_or_takes_more_breaks_nobody(change: Change) -> None:
    assert changed(change) == []


def test_the_door_breaks_nothing_that_the_last_commit_promised() -> None:
    try:
        found = subprocess.run(["git", "show", f"HEAD:{FILE}"], cwd=ROOT, capture_output=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no git here")
    if found.returncode:
        pytest.skip("the last commit has no description of the door, or this is no checkout")
    assert breaks_of_api(json.loads(found.stdout), described.document()) == []
