"""Who may do what: four eyes, rule-only commands, and the rights that roles give; nothing without a role."""

from collections.abc import Collection
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.rules.rights import EVERYWHERE, Credentials, held, missing, scope
from schemas.complaint.base import Right
from schemas.configuration.fields import Labels
from schemas.configuration.roles import GRANTED, Granted, Role
from schemas.words import Identity

TITLE = Labels(en="A role", ru="Роль")
GATEWAY = "spiffe://lab.local/ns/crm/sa/gateway"


def role(name: str, *rights: Granted, **more: tuple[str, ...]) -> Role:
    return Role(id=name, version=1, title=TITLE, rights=rights, **more)


HANDLER = role("handler", "handle", "see", groups=("desk",))
LEAD = role("lead", "handle", "approve", "back_date")
NORTH = role("north", "handle", "see", business_unit=("north",))
CRM = role("crm", "receive", workloads=(GATEWAY,))
ROLES = (HANDLER, LEAD, NORTH, CRM)


def person(*groups: str, units: Collection[str] | None = None, identity: Identity = "token") -> Credentials:
    confined = None if units is None else frozenset(units)
    return Credentials("person:ann", identity, frozenset(groups), units=confined)


def program(workload: str, *groups: str) -> Credentials:
    return Credentials("service:crm", "workload", frozenset(groups), workload)


@pytest.mark.parametrize("right", ["approve", "overrule", "back_date", "erase", "hold"])
@pytest.mark.parametrize(
    ("actor", "identity", "allowed"),
    [
        ("person:ann", "token", True),
        ("person:ann", "local", True),
        ("person:ann", "claimed", False),
        ("person:ann", "link", False),
        ("service:crm", "workload", False),
        ("service:crm", "claimed", False),
        ("rule:desk", "workload", False),
    ],
)
def test_four_eyes_ask_for_a_verified_person(right: Right, actor: str, identity: Identity, *, allowed: bool) -> None:
    assert (missing(right, Credentials(actor, identity)) is None) is allowed


def test_what_rules_do_no_person_may_do() -> None:
    assert missing("system", Credentials("person:ann", "token")) is not None
    assert missing("system", Credentials("rule:timers", "workload")) is None


def test_handling_is_open_to_whoever_a_door_without_identity_lets_in() -> None:
    assert missing("handle", Credentials("service:crm", "workload")) is None


@pytest.mark.parametrize("right", sorted({*GRANTED, *get_args(Right)}))
def test_who_holds_no_role_may_do_nothing(right: Right) -> None:
    for who in (person(), person("nosuch"), program(GATEWAY + "2"), program("")):
        assert missing(right, who, ROLES) is not None
        assert scope(right, who, ROLES) == frozenset()


def test_nobody_from_outside_does_what_rules_do_whatever_he_holds() -> None:
    every = role("all", *sorted(GRANTED), groups=("all",), workloads=("spiffe://lab.local/*",))
    assert missing("system", person("all"), [every]) == "only rules and services may do this"
    assert missing("system", program(GATEWAY), [every]) == "no role of yours gives the right 'system'"


@pytest.mark.parametrize("group", ["handler", "desk"])
def test_a_role_is_held_by_its_id_and_by_its_groups(group: str) -> None:
    assert missing("handle", person(group), ROLES) is None
    assert missing("approve", person(group), ROLES) == "no role of yours gives the right 'approve'"


def test_rights_of_several_roles_add_up() -> None:
    assert [one.id for one in held(person("handler", "lead"), ROLES)] == ["handler", "lead"]
    assert missing("see", person("lead"), ROLES) is not None
    assert missing("see", person("handler", "lead"), ROLES) is None


def test_a_workload_holds_a_role_by_its_id_and_no_person_does() -> None:
    assert missing("receive", program(GATEWAY), ROLES) is None
    named = Credentials("person:ann", "token", frozenset(), GATEWAY)
    assert missing("receive", named, ROLES) == "no role of yours gives the right 'receive'"


def test_a_star_stands_for_what_follows() -> None:
    below = role("below", "receive", workloads=("spiffe://lab.local/ns/crm/*",))
    assert missing("receive", program(GATEWAY), [below]) is None
    assert missing("receive", program("spiffe://lab.local/ns/crm2/sa/x"), [below]) is not None


def test_a_role_of_one_business_unit_gives_nothing_elsewhere() -> None:
    assert missing("handle", person("north"), ROLES, "north") is None
    refused = "your right 'handle' does not cover the business unit that this belongs to"
    assert missing("handle", person("north"), ROLES, "south") == refused
    assert missing("handle", person("north", "handler"), ROLES, "south") is None


def test_a_token_confines_what_roles_give() -> None:
    assert scope("handle", person("handler", units=["south"]), ROLES) == frozenset({"south"})
    assert scope("handle", person("north", units=["south"]), ROLES) == frozenset()
    assert scope("handle", person("handler", units=[]), ROLES) == frozenset()
    assert scope("handle", person("handler"), ROLES) is EVERYWHERE


def test_whose_token_names_no_unit_of_his_is_told_that_and_not_that_he_lacks_a_role() -> None:
    refused = "your right 'handle' covers none of the business units that your token names"
    for who in (person("handler", units=[]), person("north", units=["south"])):
        assert missing("handle", who, ROLES) == refused
    assert missing("approve", person("handler", units=[]), ROLES) == "no role of yours gives the right 'approve'"


RIGHTS = st.sampled_from(sorted(GRANTED))
UNITS = st.sampled_from(["north", "south", "west"])
ROLE = st.builds(
    lambda name, rights, units: role(name, *rights, business_unit=tuple(units)),
    st.sampled_from(["a", "b", "c", "d"]),
    st.sets(RIGHTS, min_size=1, max_size=4).map(sorted),
    st.sets(UNITS, max_size=2).map(sorted),
)
WHO = st.builds(
    lambda groups, units: person(*groups, units=units),
    st.sets(st.sampled_from(["a", "b", "c", "d", "e"])),
    st.none() | st.sets(UNITS),
)


@given(st.lists(ROLE, max_size=6), WHO, RIGHTS, UNITS)
def test_a_right_is_held_exactly_where_a_role_gives_it_and_the_token_reaches(
    roles: list[Role], who: Credentials, right: Granted, unit: str
) -> None:
    groups = who.groups or frozenset()
    gives = any(
        one.id in groups and right in one.rights and (not one.business_unit or unit in one.business_unit)
        for one in roles
    )
    reaches = who.units is None or unit in who.units
    assert (missing(right, who, roles, unit) is None) is (gives and reaches)


@given(st.lists(ROLE, max_size=6), WHO, RIGHTS)
def test_asked_without_a_unit_it_is_whether_he_may_anywhere(
    roles: list[Role], who: Credentials, right: Granted
) -> None:
    units = scope(right, who, roles)
    assert (missing(right, who, roles) is None) is (units is EVERYWHERE or bool(units))


@given(st.lists(ROLE, max_size=6), ROLE, WHO, RIGHTS, UNITS)
def test_one_role_more_never_takes_a_right_away(
    roles: list[Role], more: Role, who: Credentials, right: Granted, unit: str
) -> None:
    if missing(right, who, roles, unit) is None:
        assert missing(right, who, [more, *roles], unit) is None
