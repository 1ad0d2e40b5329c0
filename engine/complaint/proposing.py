"""A remedy is proposed: beside what the rule proposes, and within the limits up to which the rule approves itself.

What differs from the rule's options overrules it: a verified person does that, with a written reason. A
proposal that comes before the table has anything to propose is marked, not refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.complaint.given import Given
from engine.complaint.remedy import NOTHING, Remedies
from engine.rules.remedies import (
    MONEY_FORMS,
    Advice,
    Demand,
    Limits,
    Option,
    RemedyFacts,
    advise,
    limit_that_allows,
    limits,
    relation,
)
from schemas.complaint.base import Event
from schemas.complaint.remedies import ProposeRemedy, RemedyApproved, RemedyProposed
from schemas.refusals import Refusal
from schemas.words import Money, RemedyGround

if TYPE_CHECKING:
    from engine.complaint.case import Case
    from engine.configuration.in_force import Book


def propose(command: ProposeRemedy, case: Case, given: Given) -> tuple[Event, ...]:
    """Return the proposal, and the rule's approval where it is within the limit.

    Raises:
        Refusal: ``already_closed``, ``amount_required``, ``unknown_point``, or ``person_required`` and
            ``reason_required`` for what overrules the rule or goes on after a warning.
    """
    remedy_id = command.remedy_id or given.derive("remedy")
    if any(remedy.remedy_id == remedy_id for remedy in case.remedies.known):
        return ()
    if case.stage.name == "closed":
        raise Refusal("already_closed", "the cycle has ended; reopen the complaint first", cycle=case.cycle)
    if command.form in MONEY_FORMS and (command.amount is None or command.amount.amount == NOTHING):
        raise Refusal("amount_required", "a remedy of this form is a sum of money", form=command.form)
    case.require_point(command.point)
    require_reason(command.ground, case.remedies, given)
    advice = advice_of(case, given.book)
    stands = None if advice is None else relation(_option(command), advice)
    if advice is not None and stands == "overruled":
        _require_overruling(advice, given)
    subject = case.subject(given)
    proposed = RemedyProposed(
        subject_id=subject,
        remedy_id=remedy_id,
        form=command.form,
        ground=command.ground,
        head=command.head,
        amount=command.amount,
        customer_pays=command.customer_pays,
        point=command.point,
        advice=stands,
        advised_by=None if advice is None or stands is None else advice.rule,
    )
    limit = _limit(command.amount, case.remedies, limits_of(command.ground, given.book))
    if limit is None:
        return (proposed,)
    approved = RemedyApproved(subject_id=subject, remedy_id=remedy_id, amount=command.amount, limits=(limit,))
    return (proposed, approved)


def advice_of(case: Case, book: Book) -> Advice | None:
    """Return what the table of remedies in force says of a case; None where there is no table."""
    return None if book.remedy_rules is None else advise(facts_of(case), book.remedy_rules)


def facts_of(case: Case) -> RemedyFacts:
    """Return what the table looks at. What the investigation found goes before what it was first taken for."""
    finding, seen = case.investigation.finding, case.classification
    demands = tuple(
        Demand(point.point, point.remedy_sought, point.claimed, point.distress)
        for point in case.points
        if point.remedy_sought or point.claimed or point.distress
    )
    return RemedyFacts(
        nature=seen.nature,
        informed=(None if finding is None else finding.informed) or seen.informed,
        responsibility=None if finding is None else finding.responsibility,
        type=seen.type,
        outcome=case.lifecycle.outcome,
        demands=demands,
    )


def limits_of(ground: RemedyGround, book: Book) -> Limits:
    """Return up to which sums the rule approves remedies of this ground itself."""
    desk = book.desk
    return limits(ground, book.remedy_rules, desk.remedy_limits, without_money=desk.approve_without_money)


def require_reason(ground: RemedyGround | None, part: Remedies, given: Given) -> None:
    """Refuse to go on without a reason where the complainant was given unusually much; what is owed goes on.

    Raises:
        Refusal: ``reason_required``.
    """
    if part.questioned and ground != "fault" and not given.why:
        reason = "this person was given unusually much, see the warning; write why to go on all the same"
        raise Refusal("reason_required", reason, ground=ground)


def _option(command: ProposeRemedy) -> Option:
    pays = command.customer_pays is not None
    return Option(command.form, command.ground, command.head, command.amount, command.point, customer_pays=pays)


def _require_overruling(advice: Advice, given: Given) -> None:
    rule = advice.rule.rule if advice.rule else None
    if not given.by_person:
        raise Refusal(
            "person_required", "this is not what the rule proposes; a verified person overrules it", rule=rule
        )
    if not given.why:
        raise Refusal("reason_required", "this is not what the rule proposes; write why to overrule it", rule=rule)


def _limit(amount: Money | None, part: Remedies, within: Limits) -> str | None:
    return limit_that_allows(amount, part.committed(amount.currency) if amount else NOTHING, within)
