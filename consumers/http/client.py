"""A client of the HTTP door for Python programs: typed by the words (``schemas``), and nothing else of Plaint.

Each command has a key, so that one whose answer was lost is sent again and has its effect once. What the door
refuses is ``Refused`` with the problem's code; what it cannot do at the moment is tried again, a bounded number of
times, after the time that it names.
"""

import json
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any, Final, Self
from urllib.parse import quote, urlencode, urlsplit
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict

from schemas.complaint.base import Command

JSON: Final = "application/json"
LINES: Final = "application/x-ndjson"
_BUSY: Final = frozenset({408, 429, 503})
_GROUPS: Final = {"complaint": "complaints", "feedback": "feedback", "problem": "problems", "survey": "surveys"}


class Accepted(BaseModel):
    """What became of a message or command. ``already``: it came before, and this is its first answer again.

    ``position`` is one of the log that ``incarnation`` names; questions take it as ``at_least``.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")
    status: str
    incarnation: UUID
    stream: UUID | None = None
    kind: str | None = None
    version: int | None = None
    position: int | None = None
    opened: bool = False
    already: bool = False
    parked_until: AwareDatetime | None = None
    file: UUID | None = None
    """Of a file that was added."""


class Refused(Exception):
    """The door said no: ``code`` is stable and for programs, ``trace_id`` is what its log has of the request."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        self.status = status
        self.code = str(problem.get("code", "unknown"))
        self.detail = str(problem.get("detail", ""))
        self.errors: list[dict[str, Any]] = list(problem.get("errors") or ())
        self.facts: dict[str, Any] = dict(problem.get("facts") or {})
        self.trace_id: str | None = problem.get("trace_id")
        wrong = "".join(f"; {one.get('path')}: {one.get('reason')}" for one in self.errors)
        super().__init__(f"{status} {self.code}: {self.detail}{wrong}")


class Unreachable(Exception):
    """The door did not answer, or could not at the moment, however often it was tried."""


@dataclass(frozen=True, slots=True)
class Change:
    """Something that was recorded, as a follower hears it."""

    position: int
    name: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Client:
    """One door at ``address``: scheme, host and port. For one thread at a time; each request has its own connection.

    ``token`` is a signed token of who asks, ``person`` the name of a local one where nobody is asked who he is.
    ``seconds`` bound each wait for an answer, ``tries`` how often a request is sent at most.
    """

    address: str
    token: str | None = field(default=None, repr=False)
    person: str | None = None
    seconds: float = 35.0
    tries: int = 4
    pause: Callable[[float], Any] = time.sleep
    new_key: Callable[[], object] = uuid.uuid4  # noqa: TID251 -- for programs of others, which lend it nothing

    def __post_init__(self) -> None:
        """Refuse (ValueError) what names no door: it would be looked for somewhere else."""
        parts = urlsplit(self.address)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/") or parts.query:
            raise ValueError(f"{self.address!r} is no address of a door: give one such as http://127.0.0.1:8080")

    def send(self, message: BaseModel | Mapping[str, Any]) -> Accepted:
        """Hand in a channel message (a model of ``schemas.channels``, or its JSON); the same again changes nothing.

        Raises:
            Refused: it can never be taken; ``errors`` name the fields.
            Unreachable: it is not known to have been taken; send it again.
        """
        body = message.model_dump(mode="json", exclude_unset=True) if isinstance(message, BaseModel) else dict(message)
        return self._accepted("/v1/messages", body)

    def send_mail(self, octets: bytes) -> Accepted:
        """Hand in a raw e-mail (RFC 5322); raises as ``send``."""
        return self._accepted("/v1/messages", octets, kind="message/rfc822")

    def give(
        self,
        stream: UUID,
        command: Command,
        *,
        why: str | None = None,
        occurred_at: datetime | None = None,
        key: str | None = None,
        version: int | None = None,
    ) -> Accepted:
        """Give a command for a complaint, feedback, problem or respondent; under one ``key`` it has its effect once.

        ``version`` is the one that it was made for: should the case have moved on, it is refused.

        Raises:
            Refused: the case forbids it, or who asks may not; nothing has happened.
            Unreachable: it is not known to have happened; give it again under the same key.
        """
        group, word = command.NAME.split(".")
        body = {"fields": command.model_dump(mode="json", exclude_unset=True), "why": why}
        if occurred_at is not None:
            body["occurred_at"] = occurred_at.isoformat()
        headers = {"Idempotency-Key": json.dumps(key or str(self.new_key()))}
        if version is not None:
            headers["If-Match"] = f'"{version}"'
        path = f"/v1/{_GROUPS[group]}/{stream}/{word.replace('_', '-')}"
        return self._accepted(path, body, **headers)

    def add_file(
        self, stream: UUID, octets: bytes, media_type: str, name: str | None = None, *, key: str | None = None
    ) -> Accepted:
        """Add a file to a complaint, under a name or none; under the same ``key`` once. Raises as ``give``."""
        headers = {"Idempotency-Key": json.dumps(key or str(self.new_key()))}
        if name is not None:
            headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
        return self._accepted(f"/v1/complaints/{stream}/files", octets, media_type, **headers)

    def file(self, reference: UUID | str, file: UUID) -> bytes:
        """Return a file of a case as it came; ``ask(f"/v1/cases/{reference}/files")`` lists them.

        Raises:
            Refused: ``no_such_file``; ``file_erased`` with the person whose it was; or who asks may not.
            Unreachable: there is no answer at the moment, or it broke off.
        """
        with self._answer("GET", f"/v1/cases/{reference}/files/{file}", None, Accept="*/*") as answer:
            return answer.octets()

    def ask(self, path: str, **query: object) -> Any:
        """Ask a question, such as ``ask("/v1/funnel", channel="email")``; the answer as JSON data.

        Raises:
            Refused: the question is not what it should be, or who asks may not.
            Unreachable: there is no answer at the moment.
        """
        with self._answer("GET", _with(path, query), None) as answer:
            return answer.value()

    def post(self, path: str, **body: object) -> Any:
        """Ask what is asked by a body, such as ``post("/v1/sla/what-if", draft=text)``; raises as ``ask``.

        So a person is found by a contact and erased, too; what is asked again erases nothing anew.
        """
        with self._answer("POST", path, body) as answer:
            return answer.value()

    def case(self, reference: UUID | str, **query: object) -> dict[str, Any]:
        """Return a case by number or id, as it is or was (``position``, ``recorded``, ``occurred``); as ``ask``."""
        found: dict[str, Any] = self.ask(f"/v1/cases/{reference}", **query)
        return found

    def rows(self, path: str, **query: object) -> Iterator[dict[str, Any]]:
        """Yield the rows of a list one by one, however many: ``rows("/v1/cases", open=True)``; raises as ``ask``.

        Raises:
            Unreachable: also where the answer breaks off; the rows so far were right.
        """
        with self._answer("GET", _with(path, query), None, Accept=LINES) as answer:
            for line in _lines(answer):
                yield json.loads(line)

    def follow(self, after: int, **query: object) -> Iterator[Change]:
        """Yield what is recorded behind a position, as it comes, until the door leaves or is away: then go on.

        Raises:
            Refused: ``beyond_the_log`` where the log was restored to an earlier state.
            Unreachable: the door was away; follow again behind the last position.
        """
        headers = {"Accept": "text/event-stream", "Last-Event-ID": str(after)}
        with self._answer("GET", _with("/v1/changes", query), None, **headers) as answer:
            told: dict[str, str] = {}
            for line in _lines(answer):
                name, _, value = line.decode().rstrip("\n").partition(": ")
                if name:
                    told[name] = value
                elif change := _change(told):
                    yield change
                told = told if name else {}

    def _accepted(self, path: str, body: object, kind: str = JSON, **headers: str) -> Accepted:
        with self._answer("POST", path, body, kind, **headers) as answer:
            return Accepted.model_validate({**answer.value(), "already": answer.replayed})

    def _answer(self, method: str, path: str, body: object, kind: str = JSON, **headers: str) -> "_Answer":
        octets = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        wanted = {"Accept": JSON, **self._who(), **headers, **({} if octets is None else {"Content-Type": kind})}
        reason = "it was never tried"
        for left in reversed(range(self.tries)):
            try:
                answer = _Answer(self._connection(), method, path, octets, wanted)
            except (OSError, HTTPException) as error:
                reason, wait = type(error).__name__, 1.0
            else:
                if answer.status < 400:
                    return answer
                refusal, wait = answer.refusal(), answer.wait()
                if answer.status not in _BUSY:
                    raise refusal
                reason = str(refusal)
            if left:
                self.pause(wait)
        raise Unreachable(f"{self.address}: {reason}; tried {self.tries} times")

    def _connection(self) -> HTTPConnection:
        parts = urlsplit(self.address)
        made = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        return made(parts.hostname or "127.0.0.1", parts.port, timeout=self.seconds)

    def _who(self) -> dict[str, str]:
        token = {} if self.token is None else {"Authorization": f"Bearer {self.token}"}
        return token if self.person is None else {**token, "Plaint-Person": self.person}


class _Answer:
    """An answer that has begun; whoever has it closes it."""

    def __init__(
        self, connection: HTTPConnection, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> None:
        self._connection = connection
        try:
            connection.request(method, path, body, dict(headers))
            self._response: HTTPResponse = connection.getresponse()
        except BaseException:
            connection.close()
            raise
        self.status = self._response.status

    @property
    def replayed(self) -> bool:
        """Whether it is the first answer again."""
        return self._response.headers.get("Idempotency-Replayed") == "true"

    def value(self) -> Any:
        """Return what it says, as JSON data."""
        return json.loads(self.octets())

    def octets(self) -> bytes:
        """Return what it says, as it is."""
        try:
            return self._response.read()
        except (OSError, HTTPException) as error:
            raise Unreachable(f"the answer broke off ({type(error).__name__})") from None

    def readline(self) -> bytes:
        return self._response.readline()

    def wait(self) -> float:
        """Return after how many seconds to come back."""
        told = self._response.headers.get("Retry-After", "1")
        return float(told) if told.isdecimal() else 1.0

    def refusal(self) -> Refused:
        """Return the problem that this answer is, and close it."""
        with closing(self._connection):
            try:
                told = json.loads(self._response.read())
            except (ValueError, OSError, HTTPException):
                told = {}
        return Refused(self.status, told if isinstance(told, dict) else {})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()


def _lines(answer: _Answer) -> Iterator[bytes]:
    try:
        while line := answer.readline():
            yield line
    except (OSError, HTTPException) as error:
        raise Unreachable(f"the answer broke off ({type(error).__name__})") from None


def _change(told: Mapping[str, str]) -> Change | None:
    """Return the change of an event; None for what only says that the door is there."""
    if "id" not in told or "data" not in told:
        return None
    return Change(int(told["id"]), told["event"], json.loads(told["data"]))


def _with(path: str, query: Mapping[str, object]) -> str:
    said = {name.rstrip("_"): _plain(value) for name, value in query.items() if value is not None}
    return f"{path}?{urlencode(said)}" if said else path


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, datetime) else str(value)
