"""Which events follow by a rule of the house, rather than by what the sender of a command asked for."""

from functools import lru_cache
from typing import Final

from engine.complaint.given import Given
from engine.complaint.proposing import limits_of
from schemas.complaint.base import Command, Event
from schemas.complaint.clocks import SlaApplied
from schemas.complaint.correspondence import PartyAdded
from schemas.complaint.lifecycle import AcceptOutcome, Close, ComplaintClosed, ComplaintReopened, OutcomeDisputed, Rate
from schemas.complaint.registration import ComplaintRegistered, Receive
from schemas.complaint.remedies import ProposeRemedy, RemedyApproved
from schemas.complaint.waiting import InformationProvided
from schemas.words import RuleRef

_RULES: Final[dict[tuple[type[Command], type[Event]], str]] = {
    (Receive, ComplaintRegistered): "registration.on-receipt",
    (Receive, PartyAdded): "correspondence.joined",
    (Receive, InformationProvided): "waiting.answered-by-message",
    (Receive, OutcomeDisputed): "lifecycle.voiced-again",
    (Receive, ComplaintReopened): "lifecycle.voiced-again",
    (ProposeRemedy, RemedyApproved): "remedies.within-limit",
    (AcceptOutcome, ComplaintClosed): "closing.by-word",
    (Rate, ComplaintClosed): "closing.by-word",
}


def rule_of(command: Command, event: Event, given: Given) -> RuleRef | None:
    """Return the rule that decided ``event``, or None where the command itself asks for it.

    The rule set is the desk's configuration, the table of remedies where its limits allowed one, or the
    policy where the policy was selected. An event with a rule was nobody's act: the sender of the command is
    not its actor.
    """
    if isinstance(event, SlaApplied):
        return _ref(event.policy, event.policy_version, "policy.selected")
    rule = _RULES.get((type(command), type(event)))
    if isinstance(command, Close) and isinstance(event, ComplaintClosed) and given.actor.startswith("rule:"):
        rule = "closing.term-elapsed"
    return None if rule is None else _ref(*_house(command, given), rule)


def _house(command: Command, given: Given) -> tuple[str, int]:
    """Return the rule set of a rule of the house: the desk, or the table of remedies whose limits it goes by."""
    table, desk = given.book.remedy_rules, given.book.desk
    if table is not None and isinstance(command, ProposeRemedy) and limits_of(command.ground, given.book).by_table:
        return table.id, table.version
    return desk.id, desk.version


@lru_cache(maxsize=1024)
def _ref(rule_set: str, version: int, rule: str) -> RuleRef:
    return RuleRef(rule_set=rule_set, version=version, rule=rule)
