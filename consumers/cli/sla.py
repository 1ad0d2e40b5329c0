"""``plaint sla judge``: the clocks of one plain file, without a database and without settings."""

import sys
from collections.abc import Mapping, Sequence
from typing import Annotated, Final, Literal, NoReturn

from cyclopts import Parameter

from consumers.cli import documents, output
from consumers.cli.documents import Document, Unreadable
from engine.sla.calendar import BeyondCalendar
from engine.sla.document import BadDocument, Judgeable, judgeable
from engine.sla.document_problems import spelled
from engine.sla.explain import Applied, Explanation, data
from engine.sla.explain import explain as explained
from engine.sla.judge import Verdict, judge, row

Language = Literal["en", "ru"]
Json = Annotated[bool, Parameter(negative="", help="Print JSON.")]
_COLUMNS: Final = ("clock", "cycle", "started", "due", "state", "fulfilled", "elapsed", "left", "over", "")


def judge_file(
    file: Annotated[str, Parameter(help="A document with calendar, policy, events and at; - is standard input.")],
    /,
    *,
    explain: Annotated[bool, Parameter(negative="", help="Tell how each deadline came about.")] = False,
    language: Annotated[Language, Parameter(help="Of the words of --explain.")] = "en",
    json: Json = False,
) -> int:
    """Judge the clocks of one plain document, YAML or JSON; needs no database and no settings."""
    name, octets = documents.load(file)
    known, verdicts = _judged(name, octets)
    if explain:
        applied = {-1: Applied(known.policy.id, known.policy.version, "first", None)}
        told(explained(known.marks, known.calendars, known.at, known.known_at, applied), language, json=json)
    elif json:
        output.emit_json({"clocks": [row(one) for one in verdicts]})
    else:
        output.table(_COLUMNS, [_shown(one) for one in verdicts])
    return output.OK


def told(clocks: Sequence[Explanation], language: Language, *, json: bool) -> None:
    """Print how deadlines came about: a paragraph a clock, or one JSON document with the same in data and words."""
    from projections.replay.clock_words import clock_words  # it brings the words of all events

    if json:
        rows = [{**data(one), "words": list(clock_words(one, language))} for one in clocks]
        output.emit_json({"clocks": rows})
        return
    before: tuple[Applied, ...] | None = None
    for one in clocks:
        lines = clock_words(one, language, promises=one.applied != before)
        sys.stdout.write(output.harmless(("" if before is None else "\n") + "\n".join(lines) + "\n"))
        before = one.applied


def _judged(name: str, octets: bytes) -> tuple[Judgeable, tuple[Verdict, ...]]:
    """Return the document and its verdicts, or end the command with every error: its line, field and fix."""
    try:
        document = documents.parse(octets)
    except Unreadable as error:
        _refuse(name, [(f"line {line}: " if line else "") + text for line, text in error.problems])
    known = _judgeable(name, document)
    try:
        return known, judge(known.marks, known.calendars, known.at, known.known_at)
    except BeyondCalendar as error:
        _refuse(name, [f"{error}; shorten the target, or correct the times"])


def _judgeable(name: str, document: Document) -> Judgeable:
    if not isinstance(document.data, Mapping):
        _refuse(name, ["line 1: document: write a mapping with calendar, policy, events and at"])
    try:
        return judgeable(document.data)
    except BadDocument as error:
        _refuse(name, [f"line {document.line(path)}: {spelled(path)}: {fix}" for path, fix in error.problems])


def _refuse(name: str, problems: list[str]) -> NoReturn:
    output.stop(output.SOME_REJECTED, "\n".join(f"{name}: {output.harmless(problem)}" for problem in problems))


def _shown(one: Verdict) -> tuple[object, ...]:
    data = row(one)
    clock = f"{one.kind} #{one.instance}" if one.instance > 1 else one.kind
    spans = (spoken(data[f"{name}_seconds"]) for name in ("elapsed", "remaining", "overdue"))
    remark = "late evidence" if one.late_evidence else ""
    return clock, one.cycle, data["started_at"], data["due_at"], one.state, data["fulfilled_at"], *spans, remark


def spoken(seconds: float | None) -> str:
    """Return seconds of a clock's own time as hours, minutes and, where there are any, seconds."""
    if seconds is None:
        return ""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours} h {minutes:02d} min" + (f" {rest:g} s" if rest else "")
