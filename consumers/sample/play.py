"""Plays a sample into the application service, as if its weeks went by; or only writes its messages down."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID, uuid5

import orjson

from consumers import intake
from consumers.sample.script import Did, Said, Step
from consumers.sample.story import Language, Period, run_of, steps
from engine.incoming import Asked, Circumstances, Done, Incoming, Parked, Refused, Result, Sender
from schemas.envelope import RequestSource

Submit = Callable[[Sequence[Incoming], datetime], Sequence[Result]]
"""``Service.submit``."""
_WINDOW = 400
WORKLOAD = "sample"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A step that was refused: a mistake of the story or of the engine, never expected."""

    step: Step
    code: str
    reason: str


@dataclass(slots=True)
class Report:
    """What came of a sample. ``already`` counts the steps that had had their effect before."""

    cases: int = 0
    messages: int = 0
    commands: int = 0
    events: int = 0
    complaints: int = 0
    feedback: int = 0
    parked: int = 0
    already: int = 0
    refused: list[Refusal] = field(default_factory=list)


def play(
    submit: Submit,
    cases: int,
    seed: int,
    language: Language,
    start: datetime,
    end: datetime,
    on_progress: Callable[[int], None] | None = None,
) -> Report:
    """Play ``cases`` lives between ``start`` and ``end`` (aware) in the order of time.

    Every id derives from the arguments, so playing the same again changes nothing and an
    interrupted play is simply started again. ``on_progress`` hears how many cases have begun.
    """
    player = Player(submit)
    for begun, step in steps(cases, seed, language, Period(start, end)):
        if begun > player.report.cases and on_progress:
            on_progress(begun)
        player.report.cases = begun
        player.take(step)
    player.flush()
    player.report.cases = cases
    return player.report


def lines(cases: int, seed: int, language: Language, start: datetime, end: datetime) -> Iterator[bytes]:
    """Yield the channel messages alone, one JSON object a line, as ``plaint ingest`` reads them."""
    for _, said in _said(cases, seed, language, Period(start, end)):
        yield orjson.dumps(said.payload, option=orjson.OPT_APPEND_NEWLINE)


def records(cases: int, seed: int, language: Language, start: datetime, end: datetime) -> Iterator[tuple[bytes, bytes]]:
    """Yield the channel messages alone as key and value for a topic; those of one case share a key.

    What the desk does is left out: its commands name the cases that the messages open, and who only
    writes into a topic does not learn how they are called.
    """
    period = Period(start, end)
    run = run_of(seed, language, period)
    for step, said in _said(cases, seed, language, period):
        yield f"{run}/{step.case}".encode(), orjson.dumps(said.payload)


def _said(cases: int, seed: int, language: Language, period: Period) -> Iterator[tuple[Step, Said]]:
    for _, step in steps(cases, seed, language, period):
        if isinstance(step.act, Said):
            yield step, step.act


class Player:
    """Submits steps in time order, a window of them in as few batches as their needs allow.

    A command waits for the answers to all messages of its case, since they may open a stream or
    another one; what comes later in that case waits with it, and other cases need not.
    """

    def __init__(self, submit: Submit, window: int = _WINDOW) -> None:
        self._submit, self._window = submit, window
        self._streams: dict[str, UUID] = {}
        self._gathered: list[Step] = []
        self.report = Report()

    def take(self, step: Step) -> None:
        """Add a step; a full window is submitted."""
        self._gathered.append(step)
        if len(self._gathered) >= self._window:
            self.flush()

    def flush(self) -> None:
        """Submit what was gathered, each case's steps in their order."""
        while self._gathered:
            ready, self._gathered = _ready(self._gathered)
            self._play(ready)

    def _play(self, ready: list[Step]) -> None:
        taken = [(step, item) for step in ready if (item := self._item(step)) is not None]
        if not taken:
            return
        results = self._submit([item for _, item in taken], taken[-1][0].at)
        for (step, _), result in zip(taken, results, strict=True):
            self._note(step, result)

    def _item(self, step: Step) -> Incoming | None:
        return self._said(step, step.act) if isinstance(step.act, Said) else self._did(step, step.act)

    def _said(self, step: Step, act: Said) -> Incoming | None:
        arrived = intake.from_mapping(act.payload, around(step, "service:sample"))
        self.report.messages += 1
        if isinstance(arrived, intake.Rejected):
            self._refuse(step, "invalid", f"{arrived.path}: {arrived.reason}")
            return None
        return arrived

    def _did(self, step: Step, act: Did) -> Incoming | None:
        self.report.commands += 1
        if not all(case in self._streams for case in _cases(step.case, act)):
            self._refuse(step, "unknown_complaint", "the message that opens this case has not arrived")
            return None
        command = act.command
        if act.other is not None:
            field_name = "of" if "of" in type(command).model_fields else "other"
            command = command.model_copy(update={field_name: self._streams[act.other]})
        return Asked(self._streams[step.case], command, str(step.id), around(step, act.who), act.why)

    def _note(self, step: Step, result: Result) -> None:
        match result:
            case Refused(code=code, reason=reason):
                self._refuse(step, code, reason)
            case Parked():
                self.report.parked += 1
            case Done():
                self._done(step, result)

    def _done(self, step: Step, done: Done) -> None:
        self.report.events += done.events
        self.report.already += done.already
        if isinstance(step.act, Did):
            return
        self._streams[step.case] = done.stream
        if done.opened and not done.already:
            self.report.complaints += done.kind == "complaint"
            self.report.feedback += done.kind == "feedback"

    def _refuse(self, step: Step, code: str, reason: str) -> None:
        self.report.refused.append(Refusal(step, code, reason))


def around(step: Step, actor: str) -> Circumstances:
    """Return the circumstances of a step: its own time stands for the server's."""
    person = actor.startswith("person:")
    return Circumstances(
        sender=Sender(workload=WORKLOAD, actor=actor, identity="local" if person else "workload"),
        source=RequestSource(request=uuid5(step.id, "request")),
        received_at=step.at,
        clock=step.at,
    )


def _ready(gathered: Iterable[Step]) -> tuple[list[Step], list[Step]]:
    """Return the steps that can be submitted together, and those that need their results first."""
    ready: list[Step] = []
    later: list[Step] = []
    speaking: set[str] = set()
    waiting: set[str] = set()
    for step in gathered:
        named = (step.case,) if isinstance(step.act, Said) else _cases(step.case, step.act)
        needs = isinstance(step.act, Did) and not speaking.isdisjoint(named)
        if needs or not waiting.isdisjoint(named):
            waiting.add(step.case)
            later.append(step)
        else:
            ready.append(step)
            speaking.update((step.case,) if isinstance(step.act, Said) else ())
    return ready, later


def _cases(case: str, act: Did) -> tuple[str, ...]:
    return (case,) if act.other is None else (case, act.other)
