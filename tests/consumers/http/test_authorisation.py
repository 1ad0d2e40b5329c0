"""Role by route and role by command: who may what, for every route that the application has, whoever added it."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import pytest

from consumers.wiring import presets
from engine.incoming import Asked, Circumstances, Refused, Sender
from projections.api.actor import right_of
from schemas.catalogue import COMMANDS
from schemas.configuration import Role
from schemas.envelope import RequestSource
from support.entrance import Entrance, entrance

NOBODY: Final = UUID(int=0)
RIGHTS: Final[Mapping[str, str]] = {
    "GET /": "see",
    "GET /cases": "see",
    "GET /cases/{reference}": "see",
    "GET /livez": "open",
    "GET /metrics": "open",
    "GET /p/{token}": "open",
    "GET /readyz": "open",
    "GET /startupz": "open",
    "GET /v1/access-log": "audit",
    "GET /v1/calendars": "see",
    "GET /v1/calendars/{calendar}/due": "see",
    "GET /v1/calendars/{calendar}/open": "see",
    "GET /v1/cases": "see",
    "GET /v1/cases/{reference}": "see",
    "GET /v1/cases/{reference}/articles": "texts",
    "GET /v1/cases/{reference}/clocks": "see",
    "GET /v1/cases/{reference}/diff": "see",
    "GET /v1/cases/{reference}/files": "see",
    "GET /v1/cases/{reference}/files/{file}": "texts",
    "GET /v1/cases/{reference}/remedies": "see",
    "GET /v1/cases/{reference}/rules": "texts",
    "GET /v1/cases/{reference}/similar": "see",
    "GET /v1/cases/{reference}/steps": "see",
    "GET /v1/cases/{reference}/trail": "see",
    "GET /v1/campaigns": "figures",
    "GET /v1/campaigns/answers": "figures",
    "GET /v1/causes": "figures",
    "GET /v1/causes/complaints": "figures",
    "GET /v1/changes": "see",
    "GET /v1/complaints/clusters": "figures",
    "GET /v1/configuration": "operate",
    "GET /v1/configuration/{kind}/{id}": "operate",
    "GET /v1/consumers": "operate",
    "GET /v1/dead-letters": "operate",
    "GET /v1/dead-letters/{letter}": "administer",
    "GET /v1/funnel": "figures",
    "GET /v1/funnel/cases": "figures",
    "GET /v1/funnel/cohorts": "figures",
    "GET /v1/knowledge/usage": "figures",
    "GET /v1/parked": "operate",
    "GET /v1/problems": "figures",
    "GET /v1/problems/lessons": "figures",
    "GET /v1/problems/{problem}": "figures",
    "GET /v1/problems/{problem}/effect": "figures",
    "GET /v1/projections": "operate",
    "GET /v1/rates": "figures",
    "GET /v1/remedies": "figures",
    "GET /v1/remedies/ledger": "figures",
    "GET /v1/remedies/watch": "figures",
    "GET /v1/replies/quality": "figures",
    "GET /v1/replies/sample": "figures",
    "GET /v1/report": "figures",
    "GET /v1/satisfaction": "figures",
    "GET /v1/satisfaction/negative": "figures",
    "GET /v1/sla/attainment": "figures",
    "GET /v1/sla/timers": "see",
    "GET /v1/staff/{actor}": "audit",
    "GET /v1/subjects/{subject}": "erase",
    "GET /v1/trail": "audit",
    "GET /v1/workload": "figures",
    "POST /cases": "texts",
    "POST /p/{token}": "open",
    "POST /v1/cases/search": "texts",
    "POST /v1/cases/{reference}/reply-check": "texts",
    "POST /v1/complaints/{stream}/files": "handle",
    "POST /v1/dead-letters/{letter}/discard": "administer",
    "POST /v1/dead-letters/{letter}/replay": "administer",
    "POST /v1/messages": "receive",
    "POST /v1/sla/rejudge": "figures",
    "POST /v1/sla/what-if": "figures",
    "POST /v1/subjects/find": "erase",
    "POST /v1/subjects/{subject}/erase": "erase",
}
"""Every route but those of commands, which ask for what their command does."""
HELD: Final[Mapping[str, frozenset[str]]] = {
    "analyst": frozenset({"see", "figures"}),
    "auditor": frozenset({"see", "texts", "figures", "audit", "operate"}),
    "complainant": frozenset({"rate"}),
    "handler": frozenset({"receive", "handle", "rate", "see", "texts", "figures"}),
    "lead": frozenset(
        {"receive", "handle", "rate", "approve", "overrule", "back_date", "see", "texts", "figures"}
    ),
    "platform": frozenset({"operate", "administer"}),
    "privacy": frozenset({"erase", "hold", "see", "texts", "audit"}),
    "topics": frozenset({"receive", "handle"}),
    "nobody": frozenset[str](),
}  # fmt: skip
_PLURALS: Final = {"complaint": "complaints", "problem": "problems", "feedback": "feedback", "survey": "surveys"}


def of_commands() -> dict[str, str]:
    found: dict[str, str] = {}
    for name, command in COMMANDS.items():
        group, word = name.split(".")
        if command.RIGHT != "receive":
            found[f"POST /v1/{_PLURALS[group]}/{{stream}}/{word.replace('_', '-')}"] = command.RIGHT
    return found


@pytest.fixture(scope="module")
def door(settings: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Entrance]:
    place: Path = tmp_path_factory.mktemp("identity")
    with entrance(settings, place) as lent:
        yield lent


def routes(candidates: Any) -> Iterator[tuple[str, str, Any]]:
    """Yield method, path and the route itself of everything that the application answers."""
    for one in candidates:
        if hasattr(one, "effective_candidates"):
            yield from routes(one.effective_candidates())
        else:
            for method in sorted(one.methods):
                yield method, one.path, getattr(one, "original_route", one)


def test_every_route_asks_for_the_right_that_is_written_here(door: Entrance) -> None:
    found = {f"{method} {path}": right_of(route, method) for method, path, route in routes(door.web.application.routes)}
    del found["GET /openapi.json"], found["HEAD /openapi.json"]  # for whoever proved who he is
    assert found == {**RIGHTS, **of_commands()}


def test_the_shipped_roles_give_what_is_written_here() -> None:
    roles = {one.id: frozenset(one.rights) for one in presets.shipped() if isinstance(one, Role)}
    assert {**roles, "nobody": frozenset()} == HELD


ROUTES: Final = sorted({**RIGHTS, **of_commands()}.items())


def asked(door: Entrance, route: str, headers: Mapping[str, str]) -> Any:
    method, path = route.split(" ")
    for name in ("reference", "stream", "letter", "problem", "subject"):
        path = path.replace(f"{{{name}}}", str(NOBODY))
    path = (
        path.replace("{calendar}", "desk")
        .replace("{kind}", "policy")
        .replace("{id}", "none")
        .replace("{actor}", "person:x")
    )
    more: dict[str, Any] = {"json": {"x": 1}} if method == "POST" else {}
    return door.ask(method, path.replace("{token}", "x"), headers, **more)


@pytest.mark.parametrize("role", sorted(HELD))
def test_a_role_opens_the_routes_of_its_rights_and_no_other(door: Entrance, role: str) -> None:
    headers = door.as_person(f"a {role}", role)
    opened, expected = {}, {}
    for route, right in ROUTES:
        answer = asked(door, route, headers)
        assert answer.status_code < 500, (route, answer.text)
        refused = answer.status_code == 403
        assert not refused or answer.json()["code"] in ("right_missing", "may_not_see"), (route, answer.text)
        opened[route] = not refused
        expected[route] = right == "open" or right in HELD[role]
    assert opened == expected


def test_nobody_who_proves_nothing_comes_in_but_where_anybody_may(door: Entrance) -> None:
    for route, right in ROUTES:
        answer = asked(door, route, {})
        assert (answer.status_code == 401) is (right != "open"), (route, answer.status_code)
        if right != "open":
            assert (answer.json()["code"], answer.headers["WWW-Authenticate"]) == ("unproven", 'Bearer realm="plaint"')


def test_the_description_says_where_who_asks_must_prove_himself(door: Entrance) -> None:
    document = door.ask("GET", "/openapi.json", door.as_program()).json()
    schemes = {
        name: (one["type"], one.get("scheme")) for name, one in document["components"]["securitySchemes"].items()
    }
    assert schemes == {"token": ("http", "bearer"), "mesh": ("mutualTLS", None)}
    assert document["security"] == [{"token": []}, {"mesh": []}]
    told = {
        f"{method.upper()} {path}": operation.get("security", document["security"]) == []
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    }
    assert told == {route: right == "open" for route, right in ROUTES if route in told}


@pytest.mark.parametrize("path", ["/openapi.json", "/nosuch", "/v1", "/v1/cases/x/nosuch", "/docs", "/redoc"])
def test_what_is_no_question_tells_nothing_either(door: Entrance, path: str) -> None:
    assert door.ask("GET", path, {}).status_code == 401


@pytest.mark.parametrize("path", ["/livez/../v1/cases", "//v1/cases", "/p/../v1/cases", "/p/%2e%2e/v1/cases"])
def test_no_way_around_leads_to_a_question(door: Entrance, path: str) -> None:
    assert door.ask("GET", path, {}).status_code in (401, 404)


def test_the_description_names_the_right_of_every_operation(door: Entrance) -> None:
    described = door.web.get("/openapi.json", headers={"Host": "x", **door.as_program()}).json()["paths"]
    told = {
        f"{method.upper()} {path}": operation.get("x-plaint-right", "open")
        for path, operations in described.items()
        for method, operation in operations.items()
    }
    wanted = {**RIGHTS, **of_commands()}
    assert told == {place: right for place, right in wanted.items() if place in told}
    assert {place for place in wanted if "/v1/" in place} <= told.keys()


@pytest.mark.parametrize("role", sorted(HELD))
def test_a_role_gives_the_commands_of_its_rights_and_no_other(door: Entrance, role: str) -> None:
    """By the service itself, as a command of any door comes to it."""
    sender = Sender("test", "person:ann", "token", groups=frozenset({role}))
    around = Circumstances(sender, RequestSource(request=NOBODY), door.here.store.read.head().recorded_at or _never())
    given, expected = {}, {}
    looked_up: dict[str, Any] = {"contact": "ann@example.org"}  # before the right is: whom a contact is known to reach
    for name, command in COMMANDS.items():
        others: dict[str, Any] = {one: () if one in ("related", "complaints") else NOBODY for one in command.OTHERS}
        wish = Asked(NOBODY, command.model_construct(**looked_up, **others), f"{role} {name}", around)
        try:
            result = door.here.service.submit([wish], around.received_at)[0]
        except AttributeError:  # it came as far as to its fields, of which it has none
            given[name] = True
        else:
            given[name] = not (isinstance(result, Refused) and result.code == "right_missing")
        expected[name] = command.RIGHT in HELD[role]
    assert given == expected


def _never() -> Any:
    raise AssertionError("the log of an installation is never empty")
