"""What readers and senders of the topics rely on stays: each break is told, and the last commit's description holds."""

import copy
import json
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from schemas.published import asyncapi
from schemas.published.asyncapi_compatibility import breaks_of_topics
from support.pages import ROOT

FILE = "schemas/json/asyncapi.json"
CLOSED = "plaint.complaint.closed.v1"
NOW = asyncapi.document()
Change = Callable[[dict[str, Any]], object]


def changed(change: Change) -> list[str]:
    new = copy.deepcopy(NOW)
    change(new)
    return breaks_of_topics(NOW, new)


def headers(new: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = new["components"]["schemas"]["headers.cloudevent"]
    return found


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda new: new["channels"].pop("notices"), ["notices: is gone"]),
        (
            lambda new: new["channels"]["events"].update(address="events"),
            ["events: was complaints.events and would be events"],
        ),
        (lambda new: new["channels"]["events"]["messages"].pop(CLOSED), [f"events: carries no {CLOSED} any more"]),
        (
            lambda new: new["components"]["messages"][CLOSED].update(contentType="application/avro"),
            [f"{CLOSED}: was application/json and would be application/avro"],
        ),
        (lambda new: new["components"]["messages"][CLOSED].pop("headers"), [f"{CLOSED}: has no headers any more"]),
        (lambda new: new["components"]["schemas"].pop("headers.deadLetter"), ["headers.deadLetter: is gone"]),
        (
            lambda new: headers(new)["properties"].pop("ce_causationid"),
            ["headers.cloudevent: ce_causationid: no longer read"],
        ),
        (
            lambda new: headers(new)["properties"]["ce_id"].update(type="integer"),
            [
                "headers.cloudevent: ce_id: no longer valid: the type string (it is integer)",
                "headers.cloudevent: ce_id: not readable by the last version: the type integer (it is string)",
            ],
        ),
        (
            lambda new: headers(new)["required"].append("ce_traceparent"),
            ["headers.cloudevent: ce_traceparent: no longer valid: its absence"],
        ),
        (
            lambda new: headers(new)["required"].remove("ce_id"),
            ["headers.cloudevent: ce_id: not readable by the last version: its absence"],
        ),
    ],
)
def test_a_change_that_breaks_a_reader_is_told(change: Change, told: list[str]) -> None:
    assert changed(change) == told


@pytest.mark.parametrize(
    "change",
    [
        lambda new: new["channels"].update(more={"address": "more", "messages": {}}),
        lambda new: new["channels"]["events"]["messages"].update(more={}),
        lambda new: new["components"]["messages"].update(more={"contentType": "application/json"}),
        lambda new: headers(new)["properties"].update(ce_more={"type": "string"}),
        lambda new: new["info"].update(version="9.0.0", description="other words"),
    ],
)
def test_what_only_says_more_breaks_nobody(change: Change) -> None:
    assert changed(change) == []


def test_the_topics_break_nothing_that_the_last_commit_promised() -> None:
    try:
        found = subprocess.run(["git", "show", f"HEAD:{FILE}"], cwd=ROOT, capture_output=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no git here")
    if found.returncode:
        pytest.skip("the last commit has no description of the topics, or this is no checkout")
    assert breaks_of_topics(json.loads(found.stdout), NOW) == []
