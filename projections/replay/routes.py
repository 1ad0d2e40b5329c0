"""A case as it is or was, over HTTP; folded from its stream, so never behind the log."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from projections.api.desk import Desk
from projections.api.route import RIGHT, router_of
from projections.replay.as_of import CaseAsOf, NoSuchCase, When, case_as_of
from projections.replay.folding import kind_of
from projections.replay.helping import CheckedReply, Draft, FittingArticles, suggested
from projections.replay.ruled import Ruled
from projections.replay.sentence import Language
from projections.replay.steps import Difference, Replay, difference, replay
from projections.views.cases.ask import NAME, find

_POINT: Final = "a position such as 120, a version such as v7, an instant, a date, or occurred: before these two"


class Asked(When):
    """Up to when, and with personal texts or without."""

    texts: bool = False


def routes(desk: Desk) -> APIRouter:
    """Return the routes of replay."""
    router = router_of("cases")

    @router.get("/cases/{reference}")
    def case(request: Request, response: Response, reference: str, asked: Annotated[Asked, Query()]) -> CaseAsOf:
        """Show a case by number or id; as of a recorded time, a position or an occurred time if given."""
        stream = stream_of(desk, reference)
        log = desk.log_for(request, "case", stream, texts=asked.texts)
        when = When.model_validate(asked.model_dump(exclude={"texts"}))
        found = case_as_of(log, stream, when, texts=asked.texts)
        response.headers["ETag"] = f'"{found.version}"'
        return found

    @router.get("/cases/{reference}/diff")
    def diff(
        request: Request,
        reference: str,
        from_: Annotated[str, Query(alias="from", description=_POINT)] = "0",
        to: Annotated[str | None, Query(description=f"{_POINT}; absent: now")] = None,
        language: Language = "en",
    ) -> Difference:
        """Show what changed in a case between two points of its history, as a JSON Patch and in words; no texts."""
        before, after = When.of(from_, "from"), When.of(to, "to") if to is not None else When()
        stream = stream_of(desk, reference)
        return difference(desk.log_for(request, "history", stream, texts=False), stream, before, after, language)

    @router.get("/cases/{reference}/steps")
    def steps(request: Request, reference: str, language: Language = "en", *, texts: bool = False) -> Replay:
        """Show a case step by step: each event, and what it changed."""
        stream = stream_of(desk, reference)
        return replay(desk.log_for(request, "history", stream, texts=texts), stream, language, texts=texts)

    if (told := desk.ruled) is not None:

        @router.get("/cases/{reference}/rules")
        def rules(request: Request, reference: str, language: Language = "en") -> Ruled:
            """Tell which rule decided what, what it looked at, and what else would have held; noted as a reading."""
            stream = stream_of(desk, reference)
            history = desk.opened(request, stream).stream(stream, open=True)
            if not history or kind_of(history[0]) is None:
                raise NoSuchCase(stream)
            return told(history, language)

    if (helping := desk.helping) is not None:

        @router.get("/cases/{reference}/articles", openapi_extra={RIGHT: "texts"})
        def articles(
            request: Request, reference: str, limit: Annotated[int, Query(ge=1, le=20)] = 3
        ) -> FittingArticles:
            """Show the articles that fit what the complainant wrote, the best first; noted as a reading."""
            stream = stream_of(desk, reference)
            found = suggested(desk.opened(request, stream).stream(stream, open=True), helping.articles(), limit)
            if found is None:
                raise NoSuchCase(stream)
            return found

        @router.post("/cases/{reference}/reply-check", openapi_extra={RIGHT: "texts"})
        def reply_check(request: Request, reference: str, draft: Draft) -> CheckedReply:
            """Judge a reply before it is given: what to mend, where, and its score; noted as a reading."""
            stream = stream_of(desk, reference)
            desk.opened(request, stream)
            found = helping.judge(stream, draft)
            if found is None:
                raise NoSuchCase(stream)
            return found

    return router


def stream_of(desk: Desk, reference: str) -> UUID:
    """Return the case that a number or an id names; an id needs no view.

    Raises:
        NoSuchCase: there is none of that number.
    """
    try:
        return UUID(reference)
    except ValueError:
        with desk.views.snapshot([NAME]) as snapshot:
            found = find(snapshot, reference)
    if found is None:
        raise NoSuchCase(reference)
    return found
