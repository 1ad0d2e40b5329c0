"""A reply judged before it goes out, over HTTP: by the rules in force and, where a case is named, by its texts."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field

from engine.complaint.case import Case
from engine.complaint.decider import fold
from engine.complaint.told import texts, with_facts
from engine.rules.replies import Checked, check
from engine.store.batch import Recorded
from engine.text.knowledge import fitting
from engine.text.replies.advice import advice
from engine.text.replies.finding import About
from engine.text.words import SpokenLanguage
from projections.answers import Answer
from projections.api.desk import Desk, NoReplyRules
from projections.replay.as_of import NoSuchCase
from projections.replay.routes import stream_of
from projections.views.replies.ask import NAMES
from schemas.configuration.replies import ReplyCheck, ReplyRules
from schemas.words import ComplaintType

_LONGEST: Final = 100_000


class ReplyDraft(BaseModel):
    """A reply that has not gone out. With ``case`` it is held against what was written there: that is noted."""

    model_config = ConfigDict(extra="forbid")
    text: Annotated[str, Field(min_length=1, max_length=_LONGEST)]
    case: Annotated[str, Field(max_length=60)] | None = None
    public: bool = False
    """It goes out where everybody can read it."""
    final: bool = True
    language: SpokenLanguage = "en"
    """Of the advice."""


class ReplyFinding(Answer):
    """Something to mend: where it stands in the text, and what to do. Without a place the whole text is meant."""

    check: ReplyCheck
    severity: str
    start: int | None
    end: int | None
    advice: str


class Judged(Answer):
    """Whether it may go out, its score of 100 and what that is made of."""

    passes: bool
    score: int
    parts: dict[str, int]
    findings: tuple[ReplyFinding, ...]
    rule_set: str
    version: int


class FittingArticle(Answer):
    """An article of the knowledge base; name it in the reply's ``articles``, so that its use is counted."""

    article: str
    type: ComplaintType
    language: SpokenLanguage
    title: str
    likeness: float
    body: str


class FittingArticles(Answer):
    """Articles that fit what the complainant wrote, the best first."""

    case: UUID
    articles: tuple[FittingArticle, ...]


def judged(desk: Desk, request: Request, draft: ReplyDraft) -> Judged:
    """Return the verdict on a draft.

    Raises:
        NoReplyRules: nothing is asked of replies.
        NoSuchCase, MayNotSee: the case is not there, or its texts are not for who asks.
    """
    with desk.views.snapshot(NAMES) as snapshot:
        rules = snapshot.book().reply_rules
    if rules is None:
        raise NoReplyRules
    about = About(public=draft.public, final=draft.final)
    if draft.case is not None:
        history, state = opened(desk, request, draft.case)
        about = with_facts(texts(history), state, public=draft.public, final=draft.final)
    return _told(check(draft.text, about, rules), rules, draft.language)


def articles(desk: Desk, request: Request, reference: str, most: int) -> FittingArticles:
    """Return articles that fit a case.

    Raises:
        NoSuchCase, MayNotSee: the case is not there, or its texts are not for who asks.
    """
    history, state = opened(desk, request, reference)
    found = fitting(texts(history).complaint, state.classification.type, desk.articles(), most=most)
    told = (
        FittingArticle(
            article=one.article.id,
            type=one.article.type,
            language=one.article.language,
            title=one.article.title,
            likeness=round(one.likeness, 3),
            body=one.article.body,
        )
        for one in found
    )
    return FittingArticles(case=history[0].stream, articles=tuple(told))


def opened(desk: Desk, request: Request, reference: str) -> tuple[list[Recorded], Case]:
    """Return the opened history of a complaint and what it comes to; the reading is noted."""
    case = stream_of(desk, reference)
    history = list(desk.opened(request, case).stream(case, open=True))
    state = fold(history) if history and history[0].name.startswith("complaint.") else None
    if not isinstance(state, Case):
        raise NoSuchCase(case)
    return history, state


def _told(checked: Checked, rules: ReplyRules, language: SpokenLanguage) -> Judged:
    quality = checked.quality
    findings = (
        ReplyFinding(
            check=one.check,
            severity=rules.severity(one.check),
            start=one.place.start if one.place else None,
            end=one.place.end if one.place else None,
            advice=advice(one, language),
        )
        for one in quality.findings
    )
    return Judged(
        passes=checked.passed,
        score=quality.score,
        parts={str(name): score for name, score in quality.parts.items()},
        findings=tuple(findings),
        rule_set=rules.id,
        version=rules.version,
    )
