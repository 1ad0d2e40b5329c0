"""What the routes of questions stand on; the door that assembles the application hands it in."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID

from fastapi import Request

from engine.store.batch import Recorded
from projections.answers import Views
from projections.api.paging import BadCursor
from projections.replay.as_of import BadWhen, NoSuchCase, NotThereYet
from projections.replay.calendars import BadTarget, NoSuchCalendar
from projections.replay.drafts import BadDraft, NoSuchPolicy
from projections.replay.files import FileAway, FileErased, NoSuchFile, OctetsOf
from projections.replay.helping import Helping
from projections.replay.ruled import Ruled
from projections.replay.sentence import Language
from projections.replay.texts import TextLog
from projections.runtime.progress import Missing, NotYet

Shown = Literal["case", "history", "page", "search"]
"""What a reader is shown: one case, its history, its page, or what a search in texts finds."""


class End(Protocol):
    """Where a log ends."""

    @property
    def position(self) -> int: ...
    @property
    def incarnation(self) -> UUID: ...


class OpenLog(TextLog, Protocol):
    """What questions need of ``engine.store.read.Reader``: no texts, no keys."""

    def head(self) -> End: ...
    def log(self, after: int, limit: int, *, names: Collection[str] | None = None) -> Sequence[Recorded]: ...
    def streams(self, ids: Collection[UUID]) -> Mapping[UUID, Sequence[Recorded]]: ...


class BeyondTheLog(LookupError):
    """Somebody has seen more than the log holds: it was restored to an earlier state, so he begins anew."""

    def __init__(self, seen: int, head: int) -> None:
        self.seen, self.head = seen, head
        super().__init__(f"the log ends at position {head}, before {seen}: look at its incarnation, and begin anew")


class NoSuchConfiguration(LookupError):
    """Nothing of this kind, id and version ever came into force."""

    def __init__(self) -> None:
        super().__init__("nothing of this kind, id and version ever came into force; GET /v1/configuration lists all")


class NoReplyRules(LookupError):
    """No rule set of concern 'replies' is in force, so there is nothing to judge by."""

    def __init__(self) -> None:
        super().__init__("no rule set of concern 'replies' is in force; add a file with one")


class NoSuchPerson(LookupError):
    """Nobody was ever bound to this actor: he is no person, is known by no token, or has never come."""

    def __init__(self) -> None:
        super().__init__("nobody is bound to this actor: he is no person of an issuer of tokens")


class MayNotSee(PermissionError):
    """Who asks may not see the personal texts of this case: leave ``texts`` out, or ask for the right."""

    def __init__(self, case: UUID) -> None:
        self.case = case
        super().__init__(f"the personal texts of case {case} may not be shown to you: ask without texts")


async def _for_good(_request: Request, _now: datetime) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Desk:
    """``log`` reads without keys. ``now`` is the present, UTC.

    ``opener`` returns a log that opens the texts of a case, after it has made sure that who sends
    this request may see them and has recorded the reading; None if he may not. ``noted`` hears of every
    reading that opens no text and of every search in texts, and records what this installation wants recorded.
    ``ruled`` tells of an opened history which rules decided what, ``helping`` what helps to answer a case,
    ``octets_of`` opens a file; None where no door hands it in. ``leaving`` says whether this process drains: streams
    end then. So they do once ``still`` says that who follows has not the right any more by which they began.
    """

    views: Views
    log: OpenLog
    now: Callable[[], datetime]
    opener: Callable[[Request, UUID], TextLog | None]
    noted: Callable[[Request, Shown, UUID | None], None] = lambda _request, _what, _case: None
    ruled: Callable[[Sequence[Recorded], Language], Ruled] | None = None
    helping: Helping | None = None
    leaving: Callable[[], bool] = lambda: False
    still: Callable[[Request, datetime], Awaitable[bool]] = _for_good
    octets_of: OctetsOf | None = None

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
    BeyondTheLog: 409,
    NoSuchCase: 404,
    NoSuchPerson: 404,
    NotThereYet: 404,
    BadWhen: 400,
    MayNotSee: 403,
    NoReplyRules: 409,
    NoSuchCalendar: 404,
    NoSuchConfiguration: 404,
    NoSuchPolicy: 404,
    BadDraft: 422,
    BadTarget: 422,
    NoSuchFile: 404,
    FileErased: 410,
    FileAway: 503,
}
"""The HTTP status of each error that a question may raise; with 503 goes ``Retry-After: retry_after``."""
