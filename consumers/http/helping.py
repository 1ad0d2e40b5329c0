"""What helps to answer a complaint, for the routes of questions: the rules in force and the knowledge base."""

from collections.abc import Callable, Sequence
from uuid import UUID

from engine.service import Service
from engine.text.knowledge import Article
from projections.api.desk import NoReplyRules
from projections.replay.helping import CheckedReply, Draft, Helping, told


def helping(service: Service, articles: Callable[[], Sequence[Article]]) -> Helping:
    """Return what judges a reply by all that is known when it is given, and the articles."""

    def judge(case: UUID, draft: Draft) -> CheckedReply | None:
        rules = service.book().reply_rules
        if rules is None:
            raise NoReplyRules
        checked = service.judged(case, draft.body, rules, public=draft.public, final=draft.final)
        return None if checked is None else told(checked, rules, draft.language)

    return Helping(judge, articles)
