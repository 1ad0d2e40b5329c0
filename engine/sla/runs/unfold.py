"""Marks become runs: what started, paused, fulfilled and changed each clock. Knows no calendar."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import assert_never

from engine.sla.calendar import to_us
from engine.sla.kinds import Kind, kind
from engine.sla.marks import Entry, Marks
from engine.sla.runs.keyed import unfold_keyed
from engine.sla.runs.once import unfold_once
from engine.sla.runs.replies import unfold_next_reply, unfold_update
from engine.sla.runs.run import Change, Run
from engine.sla.runs.stages import unfold_stage
from engine.sla.runs.story import Story, tell
from engine.sla.runs.timeline import Timeline, timelines
from engine.sla.runs.waiting import pauses

_ANSWERED_BY_THE_OTHER = frozenset({"acknowledgement", "first_reply"})


def unfold(marks: Marks, at: int, known_at: int | None = None) -> tuple[Run, ...]:
    """Return the runs as of ``at``, ordered by kind, cycle and instance.

    Entries that occurred later are left out, and those stored after ``known_at`` where one is given.
    Times are microseconds since 1970 in UTC.
    """
    entries = tuple(one for one in marks.entries if one.at <= at and _is_known(one, known_at))
    story = tell(entries)
    runs: list[Run] = []
    for timeline in timelines(marks, entries):
        row = kind(timeline.kind)
        found = _unfold(story, row, timeline)
        _finish(story, timeline, found)
        runs.extend(found)
    return tuple(runs)


def _is_known(entry: Entry, known_at: int | None) -> bool:
    if known_at is None:
        return True
    return (entry.at if entry.recorded is None else entry.recorded) <= known_at


def _unfold(story: Story, row: Kind, timeline: Timeline) -> list[Run]:
    match row.shape:
        case "once":
            return unfold_once(story, row, timeline)
        case "next_reply":
            return unfold_next_reply(story, row, timeline)
        case "update":
            return unfold_update(story, row, timeline)
        case "keyed":
            return unfold_keyed(story, row, timeline)
        case "stage":
            return unfold_stage(story, row, timeline)
    assert_never(row.shape)


def _finish(story: Story, timeline: Timeline, runs: Sequence[Run]) -> None:
    """Number the runs of each cycle and give them their pauses and changes."""
    if not runs:
        return
    waits = pauses(story, timeline)
    counted: Counter[int] = Counter()
    for run in runs:
        counted[run.cycle] += 1
        run.instance = counted[run.cycle]
        run.pauses = waits
    if not story.moves and len(timeline.steps) == 1:
        return
    for run in runs:
        changes = [*_terms_changes(story, timeline, run), *_other_changes(story, run, runs)]
        run.changes = sorted(changes, key=lambda one: one.by.key)
    for run in runs:
        _merge(story, run)


def _terms_changes(story: Story, timeline: Timeline, run: Run) -> list[Change]:
    return [
        Change("terms", story.entries[position], terms=terms)
        for position, terms in timeline.steps[1:]
        if terms is not None and _during(run, story.entries[position])
    ]


def _during(run: Run, entry: Entry) -> bool:
    return run.start.key < entry.key and (run.end is None or entry.key < run.end.key)


def _other_changes(story: Story, run: Run, runs: Sequence[Run]) -> list[Change]:
    found: list[Change] = []
    for index in story.moves:
        entry = story.entries[index]
        if not _during(run, entry):
            continue
        if entry.type == "complaint.deadline_extended" and _is_extended(story, entry, index, run, runs):
            found.append(Change("extension", entry, due=entry.fields.get("due_at")))
        receipt = _other_time(entry, "other_received_at")
        if receipt is not None and run.start.type == "complaint.received" and _may_precede(receipt, run.start):
            found.append(Change("merge", entry, start=_at(entry, receipt, "complaint.received")))
    return found


def _may_precede(receipt: int, start: Entry) -> bool:
    """Whether the receipt may have come first; of a day only the clock's calendar can tell."""
    return start.day is not None or receipt < start.at


def _is_extended(story: Story, entry: Entry, index: int, run: Run, runs: Sequence[Run]) -> bool:
    """Without cycle and instance it is the latest one of the kind; a continued clock keeps what was granted."""
    if entry.fields.get("clock") != run.kind:
        return False
    cycle = entry.fields.get("cycle", story.cycle[index])
    candidates = [one for one in runs if one.cycle == cycle and one.opened.key < entry.key]
    instance = entry.fields.get("instance", len(candidates))
    named = next((one for one in candidates if one.instance == instance), None)
    return named is not None and named.start is run.start


def _merge(story: Story, run: Run) -> None:
    """A reply to the other complaint before the merge answers this one too, unless it was answered or over by then."""
    if run.kind not in _ANSWERED_BY_THE_OTHER or run.start.type != "complaint.received":
        return
    for index in story.moves:
        entry = story.entries[index]
        replied = _other_time(entry, "other_replied_at")
        if replied is not None and _during(run, entry):
            receipt = _other_time(entry, "other_received_at")
            if replied >= min(run.start.at, run.start.at if receipt is None else receipt):
                run.evidence = sorted(
                    [*run.evidence, _at(entry, replied, "complaint.replied")], key=lambda one: one.key
                )
                run.changes = [change for change in run.changes if change.by.key <= entry.key]


def _other_time(entry: Entry, name: str) -> int | None:
    if entry.type != "complaint.linked" or entry.fields.get("kind") != "merged":
        return None
    value = entry.fields.get(name)
    return to_us(datetime.fromisoformat(value)) if isinstance(value, str) else None


def _at(entry: Entry, us: int, type_: str) -> Entry:
    return entry._replace(at=us, order=us, type=type_, fields={}, day=None, trusted=None, recorded=None)
