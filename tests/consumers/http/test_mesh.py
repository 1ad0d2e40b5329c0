"""The word of the proxy: its last element alone counts, whatever stands before it, and only where it proves itself."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter
from starlette.datastructures import Headers
from starlette.types import Scope

from consumers.http.mesh import HEADER, SECRET_HEADER, Proof, last_element, service_id, workload
from schemas.words import ActorId

GATEWAY = "spiffe://lab.local/ns/crm/sa/gateway"
TRUSTED = f'By=spiffe://lab.local/ns/complaints/sa/engine;Hash={"ab" * 32};Subject="CN=client";URI={GATEWAY}'
"""As Envoy 1.40 wrote it."""
SPOOFED = "By=x;Hash=y;URI=spiffe://lab.local/ns/complaints/sa/admin"


def told(*lines: str) -> Headers:
    return Headers(raw=[(HEADER.encode(), line.encode("latin-1", "replace")) for line in lines])


def test_the_workload_is_that_of_the_certificate() -> None:
    assert workload(told(TRUSTED)) == GATEWAY


def test_without_the_header_there_is_no_workload() -> None:
    assert workload(told()) is None


def test_what_a_caller_wrote_before_is_powerless() -> None:
    assert workload(told(f"{SPOOFED},{TRUSTED}")) == GATEWAY
    assert workload(told(SPOOFED, TRUSTED)) == GATEWAY


@pytest.mark.parametrize(
    "front",
    ['URI=spiffe://evil/a;Subject="', 'Subject="\\', '"', "\\", '";URI=spiffe://evil/a;By="', ",,;=", 'Cert="%22'],
)
def test_an_open_quote_in_front_swallows_nothing(front: str) -> None:
    assert workload(told(f"{front},{TRUSTED}")) == GATEWAY


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126)))
def test_no_text_in_front_changes_what_the_last_element_says(front: str) -> None:
    assert workload(told(f"{front},{TRUSTED}")) == GATEWAY


SUBJECTS = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40)


@given(SUBJECTS, st.lists(SUBJECTS, max_size=3))
def test_a_subject_may_be_called_anything_and_names_nobody(subject: str, front: list[str]) -> None:
    quoted = re.sub(r'(["\\])', r"\\\1", subject)
    element = f'Hash=00;Subject="{quoted}";URI={GATEWAY}'
    assert last_element(",".join([*front, element])) == element
    assert workload(told(",".join([*front, element]))) == GATEWAY


@pytest.mark.parametrize(
    "header",
    [
        "",
        "nothing",
        "URI=",
        "URI=https://lab.local/x",
        "URI=spiffe://lab.local",
        "URI=spiffe://lab.local/../admin",
        "URI=spiffe://LAB.local/a",
        f"URI={GATEWAY};",
        f"URI={GATEWAY};;By=x",
        f"URI={GATEWAY} ",
        f'URI="{GATEWAY}"x',
        f"URI={GATEWAY};URI=spiffe://lab.local/ns/crm/sa/other",
        f"{TRUSTED},",
        f"{TRUSTED},By=x;Hash=y",
        f"URI=spiffe://lab.local/{'a' * 2048}",
    ],
)
def test_what_names_nobody_clearly_names_nobody(header: str) -> None:
    assert workload(told(header)) is None


@given(st.text(st.characters(min_codepoint=1, max_codepoint=255, exclude_characters="\r\n")))
def test_any_octets_are_read_without_a_fault(header: str) -> None:
    found = workload(told(header))
    assert found is None or found.startswith("spiffe://")


# --- proof ----------------------------------------------------------------------------------


def scope(*client: object) -> Scope:
    return {"type": "http", "client": client or None}


NOTHING = Headers(raw=[])


def test_a_unix_socket_has_no_address() -> None:
    proof = Proof("socket")
    assert proof.holds(scope(), NOTHING)
    assert proof.holds(scope("", 0), NOTHING)
    assert not proof.holds(scope("127.0.0.1", 4711), NOTHING)


@pytest.mark.parametrize(("given", "holds"), [(["s3cret"], True), (["s3cre"], False), ([""], False), ([], False)])
def test_a_secret_is_known_or_not(given: list[str], *, holds: bool) -> None:
    headers = Headers(raw=[(SECRET_HEADER.encode(), value.encode()) for value in given])
    assert Proof("secret", "s3cret").holds(scope("127.0.0.1", 1), headers) is holds


def test_a_secret_given_twice_was_not_set_by_the_proxy_alone() -> None:
    headers = Headers(raw=[(SECRET_HEADER.encode(), b"s3cret"), (SECRET_HEADER.encode(), b"s3cret")])
    assert not Proof("secret", "s3cret").holds(scope("127.0.0.1", 1), headers)


def test_an_address_is_the_proxys_own() -> None:
    proof = Proof("address", addresses=frozenset({"127.0.0.6"}))
    assert proof.holds(scope("127.0.0.6", 1), NOTHING)
    assert not proof.holds(scope("127.0.0.1", 1), NOTHING)
    assert not proof.holds(scope(), NOTHING)


# --- actors ---------------------------------------------------------------------------------


def test_an_actor_is_spoken_by_its_last_names() -> None:
    assert re.fullmatch(r"service:crm\.gateway-[0-9a-f]{16}", service_id(GATEWAY))


@given(st.from_regex(r"(spiffe://[a-z.]{1,300}(/[A-Za-z0-9._-]{1,300}){1,9}|client:.{1,100})", fullmatch=True))
def test_every_workload_is_an_actor(name: str) -> None:
    TypeAdapter(ActorId).validate_python(service_id(name))


def test_workloads_of_the_same_last_names_are_two_actors() -> None:
    assert service_id(GATEWAY) != service_id("spiffe://other.local/ns/crm/sa/gateway")
