"""The rules of replies: what they block, tell and ignore, what is stored, and what the shipped ones mean."""

import pytest

from consumers.wiring import presets
from engine.rules.replies import check, failed, verdict
from engine.text.replies.finding import About
from schemas.complaint.correspondence import QualityPart, QualityPlace
from schemas.configuration import ConfigurationRefused, load
from schemas.configuration.replies import ReplyRules, Severity
from schemas.words import RuleRef

BLAMING = "Hello,\nsorry. You should have read the manual. We refund it, or repair it, because it broke. Thanks!"


def rules(*, least_score: int = 0, otherwise: Severity = "warn", **checks: Severity) -> ReplyRules:
    return ReplyRules.model_validate(
        {
            "id": "replies",
            "version": 3,
            "concern": "replies",
            "checks": checks,
            "otherwise": otherwise,
            "least_score": least_score,
        }
    )


def test_the_shipped_rules_say_what_their_cases_mean() -> None:
    [shipped] = [one for one in presets.shipped() if isinstance(one, ReplyRules)]
    assert len(shipped.cases) == 7
    assert list(failed(shipped)) == []


def test_a_case_that_comes_out_otherwise_is_told_by_field() -> None:
    case = {"case": "blame", "given": {"reply": BLAMING}, "then": {"finds": ["defence"], "passes": False}}
    wrong = ReplyRules.model_validate({"id": "replies", "version": 1, "concern": "replies", "cases": [case]})
    assert list(failed(wrong)) == [("blame", "finds", "defence", "blame"), ("blame", "passes", "false", "true")]


@pytest.mark.parametrize(
    ("severity", "told", "passed"), [("block", ["blame"], False), ("warn", ["blame"], True), ("ignore", [], True)]
)
def test_a_finding_is_blocked_told_or_ignored(severity: Severity, told: list[str], *, passed: bool) -> None:
    checked = check(BLAMING, About(), rules(blame=severity))
    assert ([one.check for one in checked.quality.findings], checked.passed) == (told, passed)


def test_a_final_reply_of_a_low_score_is_kept_back_an_interim_one_not() -> None:
    score = check(BLAMING, About(), rules()).quality.score
    assert check(BLAMING, About(), rules(least_score=score)).passed
    assert not check(BLAMING, About(), rules(least_score=score + 1)).passed
    assert check(BLAMING, About(final=False), rules(least_score=100)).passed


def test_the_companys_own_addresses_stand_in_the_rules() -> None:
    mine = ReplyRules.model_validate({"id": "replies", "version": 1, "concern": "replies", "ours": ["@shop.example"]})
    text = "Write to jane@shop.example."
    assert [one.check for one in check(text, About(), mine).quality.findings if one.check == "data_of_others"] == []
    assert [one.words for one in check(text, About(), rules()).quality.findings if one.check == "data_of_others"] == [
        "jane@shop.example"
    ]


def test_what_is_stored_are_codes_numbers_and_places() -> None:
    stored = verdict(check(BLAMING, About(), rules(blame="block")), rules())
    assert stored.findings == ("blame",)
    assert (stored.score, stored.passed) == (94, False)
    assert stored.parts == (
        QualityPart(part="structure", score=100),
        QualityPart(part="answer", score=100),
        QualityPart(part="wording", score=100),
        QualityPart(part="respect", score=40),
        QualityPart(part="facts", score=100),
    )
    assert stored.places == (QualityPlace(check="blame", start=14, end=29),)
    assert stored.judged_by == RuleRef(rule_set="replies", version=3, rule="quality")


def test_an_unknown_check_is_refused_with_line_and_fix() -> None:
    text = "kind: rule_set\nconcern: replies\nid: replies\nversion: 1\nchecks:\n  rudeness: block\n"
    with pytest.raises(ConfigurationRefused) as refused:
        load(text, "replies.yaml")
    assert refused.value.problems[0].startswith("line 6: checks.rudeness")
