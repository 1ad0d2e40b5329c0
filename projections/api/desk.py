"""What the routes of questions stand on; the door that assembles the application hands it in."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from fastapi import Request

from engine.store.batch import Recorded
from projections.answers import Views
from projections.api.paging import BadCursor
from projections.replay.as_of import BadWhen, NoSuchCase, NotThereYet
from projections.replay.helping import Helping
from projections.replay.ruled import Ruled
from projections.replay.sentence import Language
from projections.replay.texts import TextLog
from projections.runtime.progress import Missing, NotYet

Shown = Literal["case", "history", "page", "search"]
"""What a reader is shown: one case, its history, its page, or what a search in texts finds."""


class MayNotSee(PermissionError):
    """Who asks may not see the personal texts of this case: leave ``texts`` out, or ask for the right."""

    def __init__(self, case: UUID) -> None:
        self.case = case
        super().__init__(f"the personal texts of case {case} may not be shown to you: ask without texts")


@dataclass(frozen=True, slots=True)
class Desk:
    """``log`` reads without keys. ``now`` is the present, UTC.

    ``opener`` returns a log that opens the texts of a case, after it has made sure that who sends
    this request may see them and has recorded the reading; None if he may not. ``noted`` hears of every
    reading that opens no text and of every search in texts, and records what this installation wants recorded.
    ``ruled`` tells of an opened history which rules decided what, ``helping`` what helps to answer a case; None
    where no door hands it in.
    """

    views: Views
    log: TextLog
    now: Callable[[], datetime]
    opener: Callable[[Request, UUID], TextLog | None]
    noted: Callable[[Request, Shown, UUID | None], None] = lambda _request, _what, _case: None
    ruled: Callable[[Sequence[Recorded], Language], Ruled] | None = None
    helping: Helping | None = None

    def opened(self, request: Request, case: UUID) -> TextLog:
        """Return a log that opens texts.

        Raises:
            MayNotSee: who asks may not see them; the attempt is recorded.
        """
        log = self.opener(request, case)
        if log is None:
            raise MayNotSee(case)
        return log

    def log_for(self, request: Request, what: Shown, case: UUID, *, texts: bool) -> TextLog:
        """Return the log to show a case from, with its texts or without them; the reading is noted either way.

        Raises:
            MayNotSee: texts are wanted and who asks may not see them.
        """
        if texts:
            return self.opened(request, case)
        self.noted(request, what, case)
        return self.log


STATUS: Mapping[type[Exception], int] = {
    NotYet: 503,
    Missing: 503,
    BadCursor: 400,
    NoSuchCase: 404,
    NotThereYet: 404,
    BadWhen: 400,
    MayNotSee: 403,
}
"""The HTTP status of each error that a question may raise; with 503 goes ``Retry-After: retry_after``."""
