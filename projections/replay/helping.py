"""What helps to answer a complaint: the verdict on a reply before it goes out, and the articles that fit."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from engine.complaint.case import Case
from engine.complaint.decider import fold
from engine.complaint.told import texts
from engine.rules.replies import Checked, verdict
from engine.store.batch import Recorded
from engine.text.knowledge import Article, Fitting, fitting
from engine.text.replies.advice import advice
from engine.text.words import SpokenLanguage
from projections.answers import Answer
from schemas.complaint.correspondence import QualityVerdict
from schemas.configuration.replies import ReplyCheck, ReplyRules, Severity
from schemas.words import RuleRef

LONGEST_REPLY = 1_000_000
"""Characters of a reply that are judged."""


class Draft(BaseModel):
    """A reply that is not given yet."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
    body: Annotated[str, Field(min_length=1, max_length=LONGEST_REPLY)]
    public: bool = False
    """It goes out where everybody can read it."""
    final: bool = True
    language: SpokenLanguage = "en"
    """Of the advice."""


class ToMend(Answer):
    """Something that was found in a reply, from which character to which; the whole text where none is named."""

    check: ReplyCheck
    severity: Severity
    start: int | None
    end: int | None
    words: str | None
    advice: str


class CheckedReply(Answer):
    """The verdict on a reply. ``passes`` false: it goes out with a person's written reason alone."""

    score: int
    parts: dict[str, int]
    passes: bool
    findings: tuple[ToMend, ...]
    judged_by: RuleRef | None


class FittingArticle(Answer):
    """An article that fits what the complainant wrote, how well (0 to 1), and what both have in common."""

    article: str
    type: str
    language: SpokenLanguage
    title: str
    likeness: float
    common: tuple[str, ...]
    body: str


class FittingArticles(Answer):
    """The articles that fit, the best first. Those named in the reply's ``articles`` are counted."""

    articles: tuple[FittingArticle, ...]


@dataclass(frozen=True, slots=True)
class Helping:
    """What the door hands in: who judges a reply for a case, and where the articles are.

    ``judge`` returns None for what is no complaint, or where no rules are in force.
    """

    judge: Callable[[UUID, Draft], CheckedReply | None]
    articles: Callable[[], Sequence[Article]]


def told(checked: Checked, rules: ReplyRules, language: SpokenLanguage) -> CheckedReply:
    """Return a verdict with its advice in words."""
    stored: QualityVerdict = verdict(checked, rules)
    findings = tuple(
        ToMend(
            check=one.check,
            severity=rules.severity(one.check),
            start=one.place.start if one.place else None,
            end=one.place.end if one.place else None,
            words=one.words or None,
            advice=advice(one, language),
        )
        for one in checked.quality.findings
    )
    return CheckedReply(
        score=checked.quality.score,
        parts={str(part): score for part, score in checked.quality.parts.items()},
        passes=checked.passed,
        findings=findings,
        judged_by=stored.judged_by,
    )


def suggested(history: Sequence[Recorded], articles: Iterable[Article], most: int) -> FittingArticles | None:
    """Return the articles that fit an opened complaint; None where the stream holds none."""
    state = fold(history) if history and history[0].name.startswith("complaint.") else None
    if not isinstance(state, Case):
        return None
    found = fitting(texts(history).complaint, state.classification.type, tuple(articles), most=most)
    return FittingArticles(articles=tuple(_article(one) for one in found))


def _article(one: Fitting) -> FittingArticle:
    found = one.article
    return FittingArticle(
        article=found.id,
        type=found.type,
        language=found.language,
        title=found.title,
        likeness=round(one.likeness, 3),
        common=tuple(one.common),
        body=found.body,
    )
