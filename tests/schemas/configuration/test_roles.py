"""A role's file is refused with the line, the field and the fix, and never gives what is only for rules."""

import pytest

from schemas import configuration
from schemas.configuration import ConfigurationRefused, Role

ROLE = """\
kind: roles
id: crm
version: 1
title: {en: CRM, ru: CRM}
rights: [receive]
workloads: ["spiffe://lab.local/ns/crm/sa/gateway", "client:crm", "kafka/complaints.commands", "spiffe://lab.local/*"]
"""


def refused(text: str) -> list[str]:
    with pytest.raises(ConfigurationRefused) as told:
        configuration.load(text, "crm.yaml")
    return str(told.value).splitlines()


def test_a_role_is_read() -> None:
    made = configuration.load(ROLE, "crm.yaml")
    assert isinstance(made, Role)
    assert (made.id, made.rights, made.groups, made.business_unit) == ("crm", ("receive",), (), ())


@pytest.mark.parametrize("right", ["system", "all", "*", ""])
def test_what_is_no_right_is_refused_with_its_line(right: str) -> None:
    assert "line 5: rights.0" in refused(ROLE.replace("[receive]", f"['{right}']"))[0]


@pytest.mark.parametrize("right", ["[]", "[see, see]"])
def test_rights_are_some_and_each_once(right: str) -> None:
    assert "rights" in refused(ROLE.replace("[receive]", right))[0]


def test_a_star_does_not_reach_over_the_trust_domain() -> None:
    (told,) = refused(ROLE.replace("spiffe://lab.local/*", "spiffe://lab.local*"))
    assert told.endswith("would match other trust domains, too; write spiffe://lab.local/*")


@pytest.mark.parametrize("workload", ["*", "crm", "spiffe://*", "http://crm", "spiffe://a/ *", "spiffe://a/*/b"])
def test_a_workload_is_a_proven_id(workload: str) -> None:
    assert "workloads" in refused(ROLE.replace("client:crm", workload))[0]
