"""May a reply go out? The verdict on its text by the rules in force, and the cases of these rules."""

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from engine.text.quality import Quality, judge
from engine.text.replies.finding import About, Finding
from schemas.complaint.correspondence import QualityPart, QualityPlace, QualityVerdict
from schemas.configuration.replies import ReplyCase, ReplyRules
from schemas.words import RuleRef


class Checked(NamedTuple):
    """What was found, without what the rules ignore, and what of it keeps the reply back."""

    quality: Quality
    blocking: tuple[Finding, ...]
    too_low: bool
    """It is final, and its score is below the least."""

    @property
    def passed(self) -> bool:
        return not self.blocking and not self.too_low


def check(text: str, about: About, rules: ReplyRules) -> Checked:
    """Return what is found in a reply and what of it the rules block."""
    found = judge(text, replace(about, ours=(*about.ours, *rules.ours)))
    kept = tuple(one for one in found.findings if rules.severity(one.check) != "ignore")
    blocking = tuple(one for one in kept if rules.severity(one.check) == "block")
    return Checked(found._replace(findings=kept), blocking, about.final and found.score < rules.least_score)


def verdict(checked: Checked, rules: ReplyRules) -> QualityVerdict:
    """Return what is stored with the reply: codes, numbers and places, no word of it."""
    quality = checked.quality
    return QualityVerdict(
        score=quality.score,
        findings=tuple(dict.fromkeys(one.check for one in quality.findings)),
        passed=checked.passed,
        parts=tuple(QualityPart(part=name, score=score) for name, score in quality.parts.items()),
        places=tuple(
            QualityPlace(check=one.check, start=one.place.start, end=one.place.end)
            for one in quality.findings
            if one.place is not None
        ),
        judged_by=RuleRef(rule_set=rules.id, version=rules.version, rule="quality"),
    )


class Failed(NamedTuple):
    """A case that comes out otherwise than it says."""

    case: str
    field: str
    expected: str
    found: str


def failed(rules: ReplyRules) -> Iterator[Failed]:
    """Yield what comes out otherwise than the cases of the rules say, field by field, in their order."""
    for case in rules.cases:
        checked = check(case.given.reply, about(case), rules)
        told = sorted(one.check for one in checked.quality.findings)
        for field, expected, found in (
            ("finds", ", ".join(sorted(case.then.finds)), ", ".join(told)),
            ("passes", str(case.then.passes).lower(), str(checked.passed).lower()),
        ):
            if expected != found:
                yield Failed(case.case, field, expected, found)


def about(case: ReplyCase) -> About:
    """Return what a case gives beside the reply."""
    given = case.given
    return About(
        complaint=(given.complaint,) if given.complaint else (),
        names=(given.name,) if given.name else (),
        public=given.public,
        final=given.final,
        no_fault=given.no_fault,
    )
