from engine.complaint.automatic import rule_of
from engine.configuration.in_force import Book
from schemas.complaint.base import Command
from schemas.complaint.clocks import SlaApplied
from schemas.complaint.correspondence import ComplaintReplied
from schemas.complaint.lifecycle import AcceptOutcome, ComplaintResolved, Reopen
from schemas.complaint.registration import Receive
from schemas.complaint.remedies import ApproveRemedy, ProposeRemedy
from schemas.configuration.remedies import RemedyRules
from schemas.words import RuleRef
from support.scenario import BORIS, COMPLAINANT, When, content, desk, given, opened, uid

DESK = Book(desk=desk(remedy_limits={}))
RESOLVED = ComplaintResolved(subject_id=COMPLAINANT, outcome="upheld")
REPLIED = ComplaintReplied(subject_id=COMPLAINANT, message=uid("m1"), final=True)


def rules(asked: When) -> list[str | None]:
    found = [rule_of(asked.command, event, asked.asked) for event in asked.decided()]
    return [None if rule is None else rule.rule for rule in found]


def test_what_was_asked_for_follows_from_no_rule() -> None:
    assert rules(opened(RESOLVED).when(Reopen())) == [None]
    assert rules(given().when(Receive(content=content("m")))) == [None, "registration.on-receipt"]


def test_what_a_message_moves_is_the_houses_rule() -> None:
    message = Receive(content=content("m", sense="complaint"))
    assert rules(opened(RESOLVED).when(message)) == [None, "lifecycle.voiced-again", "lifecycle.voiced-again"]
    assert rules(opened(REPLIED, RESOLVED).when(AcceptOutcome())) == [None, "closing.by-word"]


def test_an_approval_is_the_rules_within_the_limit_and_the_persons_above() -> None:
    proposal = ProposeRemedy(remedy_id=uid("r1"), form="repair", ground="fault")
    assert rules(opened().when(proposal)) == [None, "remedies.within-limit"]
    strict = opened().under(Book(desk=desk(approve_without_money=False)))
    asked = strict.when(proposal).after().when(ApproveRemedy(remedy_id=uid("r1")), by=BORIS)
    assert rules(asked) == [None]


def test_a_rule_is_named_with_its_set_and_version() -> None:
    asked = opened().under(DESK).when(ProposeRemedy(form="repair", ground="fault"))
    assert rule_of(asked.command, asked.decided()[1], asked.asked) == RuleRef(
        rule_set="desk", version=1, rule="remedies.within-limit"
    )
    table = RemedyRules.model_validate(
        {"id": "remedies", "version": 4, "grounds": {}, "rules": [{"rule": "a"}], "limits": {"no_fault": {"EUR": "9"}}}
    )
    by_table = opened().under(Book(rule_sets={"remedies": table}))
    gesture = by_table.when(ProposeRemedy(form="repair", ground="no_fault"))
    owed = by_table.when(ProposeRemedy(form="repair", ground="fault"))
    named = [rule_of(one.command, one.decided()[1], one.asked) for one in (gesture, owed)]
    assert named == [
        RuleRef(rule_set="remedies", version=4, rule="remedies.within-limit"),
        RuleRef(rule_set="default", version=1, rule="remedies.within-limit"),
    ]
    applied = SlaApplied(reason="first", policy="usual", policy_version=7, clocks=())
    command: Command = Receive(content=content("m"))
    assert rule_of(command, applied, asked.asked) == RuleRef(rule_set="usual", version=7, rule="policy.selected")
