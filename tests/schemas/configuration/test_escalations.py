import pytest
from pydantic import ValidationError

from engine.sla.kinds import Step, from_stored, to_stored
from engine.sla.policy import terms_of
from schemas.configuration import ConfigurationRefused, load
from schemas.configuration.policy import Escalation, Policy, Target

POLICY = """kind: policy
id: usual
version: 1
calendar: desk
escalations:
  - {after: 0 minutes, level: 1, to: leads}
  - {after: 2 working hours, level: 2, to: heads}
clocks:
  - {kind: first_reply, target: 1 working hour}
  - {kind: resolution, target: 10 working days, escalations: []}
  - {kind: acknowledgement, target: 1 working day, escalations: [{after: 1 working day, level: 3, to: board}]}
"""


def policy(text: str = POLICY) -> Policy:
    found = load(text, "usual.yaml")
    assert isinstance(found, Policy)
    return found


def test_a_clock_has_its_own_chain_or_the_policys_or_none() -> None:
    chains = {one.kind: one.escalations for one in terms_of(policy(), {"desk": 1})}
    assert chains == {
        "first_reply": (Step(None, 1, "leads"), Step(Target(2, "working hours"), 2, "heads")),
        "resolution": (),
        "acknowledgement": (Step(Target(1, "working days"), 3, "board"),),
    }


def test_a_chain_comes_back_from_the_log_as_it_was_pinned() -> None:
    for one in terms_of(policy(), {"desk": 1}):
        assert from_stored(to_stored(one).model_dump(mode="json")) == one


def test_a_policy_in_its_stored_form_reads_as_it_was_written() -> None:
    assert Policy.model_validate(policy().model_dump(mode="json", by_alias=True)) == policy()


@pytest.mark.parametrize(
    ("after", "fix"),
    [
        ("3 days", "say which days"),
        ("soon", "write a whole number and one of"),
        (5, "write a whole number and one of"),
    ],
)
def test_a_time_that_means_nothing_is_refused_with_the_fix(after: object, fix: str) -> None:
    with pytest.raises(ValidationError, match=fix):
        Escalation.model_validate({"after": after, "level": 1, "to": "leads"})


@pytest.mark.parametrize("none", ["0 minutes", "0 working hours", "0  hours"])
def test_at_once_has_several_spellings(none: str) -> None:
    assert Escalation.model_validate({"after": none, "level": 1, "to": "leads"}).after is None


def test_levels_must_rise_and_the_error_names_the_line() -> None:
    with pytest.raises(ConfigurationRefused, match=r"line 5: escalations: .*a higher level than the one before"):
        policy(POLICY.replace("level: 2", "level: 1"))
