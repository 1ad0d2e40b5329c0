"""Who may do what, in the short form without roles."""

import pytest

from engine.rules.rights import missing
from schemas.complaint.base import Right
from schemas.words import Identity


@pytest.mark.parametrize("right", ["approve", "overrule", "erase", "hold"])
@pytest.mark.parametrize(
    ("actor", "identity", "allowed"),
    [
        ("person:ann", "token", True),
        ("person:ann", "local", True),
        ("person:ann", "claimed", False),
        ("service:crm", "workload", False),
        ("rule:desk", "workload", False),
    ],
)
def test_four_eyes_ask_for_a_verified_person(right: Right, actor: str, identity: Identity, *, allowed: bool) -> None:
    assert (missing(right, actor, identity) is None) is allowed


def test_what_rules_do_no_person_may_do() -> None:
    assert missing("system", "person:ann", "token") is not None
    assert missing("system", "rule:timers", "workload") is None


def test_handling_is_open_to_whoever_the_door_lets_in() -> None:
    assert missing("handle", "service:crm", "workload") is None
