from typing import Any, cast

import pytest

from consumers.wiring import presets
from projections.replay.concern import Asking, CaseRun
from projections.replay.replies_concern import CONCERN, explain, outcomes
from schemas.complaint.correspondence import ComplaintReplied, MessageRecorded, QualityVerdict
from schemas.complaint.registration import ComplaintReceived
from schemas.configuration.replies import ReplyRules
from schemas.words import Party
from support.histories import FEEDBACK, PERSON, Writer, uid

ASKING = cast("Asking", None)
"""The rules look at the history alone."""
RECEIVED = ComplaintReceived(
    subject_id=PERSON,
    channel="email",
    message=uid("opening"),
    parties=(Party(role="complainant", subject_id=PERSON, name="Anna Berg"),),
    body="My kettle leaks.",
)
BODY = "Dear Peter,\nsorry, it was a mistake. We refund you, or you choose a new one. Thank you."
SENT = MessageRecorded(
    subject_id=PERSON, direction="outbound", message=uid("m1"), channel="email", purpose="final", body=BODY
)
REPLIED = ComplaintReplied(
    subject_id=PERSON, message=uid("m1"), final=True, checks=QualityVerdict(score=40, findings=("blame",), passed=False)
)


def rules(**changes: object) -> ReplyRules:
    [shipped] = [one for one in presets.shipped() if isinstance(one, ReplyRules)]
    return shipped.model_copy(update=changes)


def test_every_finding_in_a_reply_is_told_with_its_place_beside_what_was_recorded_then() -> None:
    seen = explain(rules(), Writer().add("one", RECEIVED, SENT, REPLIED).events, ASKING)
    assert seen is not None
    assert seen.inputs == {"replies": [{"position": 3, "final": True}]}
    assert seen.given == {
        "replies": [
            {
                "position": 3,
                "score": 90,
                "parts": {"structure": 100, "answer": 100, "wording": 100, "respect": 100, "facts": 0},
                "passes": False,
                "findings": ["wrong_name"],
                "recorded": {"score": 40, "findings": ["blame"], "passed": False},
            }
        ]
    }
    assert seen.rules == (
        {"rule": "wrong_name", "holds": True, "severity": "block", "position": 3, "place": {"start": 5, "end": 10}},
    )
    assert seen.words == (
        "final reply at position 3: score 90, is kept back",
        "+ wrong_name (block), characters 5 to 10",
    )


def test_a_draft_shows_what_it_would_find_in_the_last_reply() -> None:
    writer = Writer().add("one", RECEIVED, SENT, REPLIED).add("two", RECEIVED).add("thanks", FEEDBACK)
    histories = [[one for one in writer.events if one.stream == uid(name)] for name in ("one", "two", "thanks")]
    assert outcomes(rules(), histories, ASKING) == {uid("one"): {"passes": "no", "finds": "wrong_name", "score": "90"}}
    milder = rules(checks={"wrong_name": "ignore"})
    assert outcomes(milder, histories, ASKING) == {uid("one"): {"passes": "yes", "finds": "", "score": "90"}}


def test_a_case_without_a_reply_is_none_that_the_rules_look_at() -> None:
    assert explain(rules(), Writer().add("one", RECEIVED).events, ASKING) is None


def test_the_shipped_cases_hold_and_one_that_does_not_is_told() -> None:
    assert CONCERN.test is not None
    assert [one.case for one in CONCERN.test(rules()) if not one.passed] == []
    first = rules().cases[0]
    wrong = first.model_copy(update={"then": first.then.model_copy(update={"passes": False})})
    assert CONCERN.test(rules(cases=(wrong,))) == [CaseRun(first.case, ("passes: expected false, came true",))]


def test_it_looks_at_no_other_rules() -> None:
    with pytest.raises(TypeError):
        outcomes(cast("Any", object()), [], ASKING)
