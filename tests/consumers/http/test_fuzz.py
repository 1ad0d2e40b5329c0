"""Whatever is sent to whichever route, as described or against it, is no fault of ours, and is answered as described.

No text of anybody is in an answer that was not asked for. Schemathesis makes the requests from the description.
"""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Final

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from consumers.http import described
from consumers.wiring import build, views
from consumers.wiring.settings import from_environment
from support.soak import FACTOR
from support.web import Web, web

CANARY: Final = "Secret-4711"
WAYS: Final = ((GenerationMode.POSITIVE, 2), (GenerationMode.NEGATIVE, 2))
"""How many requests of each kind a route gets."""
JUDGED: Final = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
FOUND: Final = [
    one.ok() for one in schemathesis.openapi.from_dict(described.document()).get_all_operations() if isinstance(one, Ok)
]
OPERATIONS: Final = {one.label: one for one in FOUND}


@pytest.fixture(scope="module")
def asked(settings: dict[str, str]) -> Iterator[Web]:
    with build.opened(from_environment(settings)) as here, web(here) as found:
        text = f"The kettle {CANARY} is broken, I want a refund!"
        message = {"channel": "chat", "system": "s", "id": "fuzz", "text": text, "author": {"name": CANARY}}
        assert found.post("/v1/messages", json=message).json()["opened"]
        views.runner(here).catch_up()
        yield found


def sent(asked: Web, case: Case[Any]) -> None:
    """Send a request and judge its answer."""
    for said in (case.query, case.body):
        if isinstance(said, dict):
            said.pop("at_least", None)  # a position that has not come is waited for, and then 503, by design
    how = case.as_transport_kwargs(base_url="http://127.0.0.1:8080")
    method, url = how.pop("method"), how.pop("url")
    how["content"] = how.pop("data", None)
    how.pop("cookies", None)  # there are none
    answer = asked.ask(method, url, **how)
    assert CANARY not in answer.text
    assert "Traceback" not in answer.text
    case.validate_response(answer, checks=JUDGED)


@pytest.mark.parametrize("label", OPERATIONS)
def test_no_request_to_a_route_ends_in_a_fault_or_in_an_answer_that_is_not_described(asked: Web, label: str) -> None:
    for mode, many in WAYS:
        examples(asked, OPERATIONS[label].as_strategy(generation_mode=mode), many * FACTOR)


def examples(asked: Web, cases: st.SearchStrategy[Any], many: int) -> None:
    @given(case=cases)
    @settings(
        max_examples=many,
        deadline=None,
        database=None,
        derandomize=FACTOR == 1,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def each(case: Case[Any]) -> None:
        sent(asked, case)

    with suppress(Unsatisfiable):  # where a route takes nothing, nothing can be against its description
        each()
