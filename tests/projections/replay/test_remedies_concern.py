from decimal import Decimal
from typing import Any, cast

import pytest

from projections.replay.concern import Asking, CaseRun
from projections.replay.remedies_concern import CONCERN, explain, outcomes
from schemas.complaint.classification import ComplaintClassified
from schemas.complaint.registration import ComplaintRegistered
from schemas.complaint.remedies import RemedyProposed
from schemas.words import Money, Point, RuleRef
from support.histories import FEEDBACK, PERSON, RECEIVED, SECRET, Writer, uid
from support.remedies import table

ASKING = cast("Asking", None)
"""The table looks at the history alone."""
EUR_30 = Money(amount=Decimal(30), currency="EUR")
REGISTERED = ComplaintRegistered(
    subject_id=PERSON, number="PL-00000-00001", points=(Point(point=1, claimed=EUR_30, remedy_sought="refund"),)
)
OBJECTIVE = ComplaintClassified(subject_id=PERSON, nature="objective")
DISCOUNT = RemedyProposed(
    subject_id=PERSON,
    remedy_id=uid("r1"),
    form="discount",
    ground="fault",
    advice="overruled",
    advised_by=RuleRef(rule_set="remedies", version=1, rule="objective"),
)


def test_every_rule_that_was_asked_is_told_with_what_it_lacked_and_what_was_made_of_its_options() -> None:
    history = Writer().add("one", RECEIVED, REGISTERED, OBJECTIVE, DISCOUNT).events
    seen = explain(table(), history, ASKING)
    assert seen is not None
    assert seen.inputs == {
        "nature": "objective", "informed": None, "responsibility": None, "type": None, "outcome": None,
        "demands": [{"point": 1, "form": "refund", "claimed": "30 EUR", "distress": None}],
    }  # fmt: skip
    assert seen.given == {
        "rule": "objective",
        "ground": {"value": "fault", "by": "rule"},
        "first": ["apologise"],
        "options": ["refund 30 EUR", "replacement", "repair"],
        "proposals": [
            {
                "position": 4, "remedy_id": str(uid("r1")), "form": "discount", "ground": "fault",
                "advice": "overruled", "advised_by": {"rule_set": "remedies", "version": 1, "rule": "objective"},
                "why": SECRET,
            }
        ],
    }  # fmt: skip
    assert seen.words == (
        "+ objective: first apologise; proposes refund 30 EUR, replacement, repair; ground fault, by rule",
        "- subjective-informed: wants nature subjective, has objective",
        "- subjective-misinformed: wants nature subjective, has objective",
        "- subjective-not-informed: wants nature subjective, has objective",
        "= unknown: holds, but a rule above it fired",
    )
    assert [(one["rule"], one["holds"], one["fired"]) for one in seen.rules][:2] == [
        ("objective", True, True), ("subjective-informed", False, False),
    ]  # fmt: skip


def test_a_draft_shows_what_it_would_propose_instead() -> None:
    writer = Writer().add("one", RECEIVED, REGISTERED, OBJECTIVE).add("two", RECEIVED).add("thanks", FEEDBACK)
    histories = [[one for one in writer.events if one.stream == uid(name)] for name in ("one", "two", "thanks")]
    draft = table().model_copy(update={"rules": table().rules[-1:]})
    assert outcomes(table(), histories, ASKING) == {
        uid("one"): {
            "rule": "objective", "ground": "fault", "first": "apologise",
            "proposes": "refund 30 EUR, replacement, repair",
        },
        uid("two"): {"rule": "unknown", "ground": "no_fault", "first": "study_history"},
    }  # fmt: skip
    assert {one["rule"] for one in outcomes(draft, histories, ASKING).values()} == {"unknown"}


def test_the_shipped_cases_hold_and_one_that_does_not_is_told() -> None:
    assert CONCERN.test is not None
    assert [one.case for one in CONCERN.test(table()) if not one.passed] == []
    first = table().cases[0]
    wrong = first.model_copy(update={"then": first.then.model_copy(update={"first": ()})})
    assert CONCERN.test(table().model_copy(update={"cases": (wrong,)})) == [
        CaseRun(first.case, ("first: expected nothing, came apologise",))
    ]


def test_it_looks_at_no_other_rules() -> None:
    with pytest.raises(TypeError):
        outcomes(cast("Any", object()), [], ASKING)
