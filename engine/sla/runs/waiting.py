"""When is a clock paused: while a request is open that its terms name."""

from collections.abc import Iterator
from itertools import pairwise

from engine.sla.kinds import Terms
from engine.sla.marks import Entry
from engine.sla.runs.matching import hits
from engine.sla.runs.run import Gap
from engine.sla.runs.story import Story
from engine.sla.runs.timeline import Timeline

_UNNAMED = "#"
"""Begins the key of a request without id."""


def pauses(story: Story, timeline: Timeline) -> list[Gap]:
    """Return the pauses of a kind in order, under the terms that held at the time; the last may be open."""
    found: list[Gap] = []
    bounds = [*timeline.steps, (len(story.entries), None)]
    for (position, terms), (following, _) in pairwise(bounds):
        if terms is None or not terms.pause:
            continue
        begin = None if position < 0 else story.entries[position]
        end = None if following >= len(story.entries) else story.entries[following]
        for gap in _within(_intervals(story, terms), begin, end):
            _extend(found, gap)
    return found


def _extend(found: list[Gap], gap: Gap) -> None:
    """Add a gap; one that goes on where the last one was cut by new terms is still the same pause."""
    if found and found[-1][1] is gap[0]:
        gap = found.pop()[0], gap[1]
    found.append(gap)


def _within(intervals: Iterator[Gap], begin: Entry | None, end: Entry | None) -> Iterator[Gap]:
    """Cut to the part between two entries: a pause outlives a change of terms that pause alike."""
    for start, stop in intervals:
        first = start if begin is None or begin.key < start.key else begin
        last = end if stop is None or (end is not None and end.key < stop.key) else stop
        if last is None or first.key < last.key:
            yield first, last


def _intervals(story: Story, terms: Terms) -> Iterator[Gap]:
    waiting: dict[str, object] = {}
    since: Entry | None = None
    begins = hits(story, terms.pause)
    if not begins:
        return
    ends = hits(story, terms.resume)
    for index in sorted(begins | ends | story.turns):
        entry = story.entries[index]
        if index in begins:
            key = str(entry.fields.get("request_id", f"{_UNNAMED}{index}"))
            waiting[key] = entry.fields.get("from")
            since = since or entry
        elif waiting:
            _end(waiting, entry)
            if not waiting and since is not None:
                yield since, entry
                since = None
    if since is not None:
        yield since, None


def _end(waiting: dict[str, object], entry: Entry) -> None:
    """Take out what an entry ends: the request that it names, or all without a name of the same source."""
    if entry.type != "complaint.information_provided":
        waiting.clear()
        return
    named = str(entry.fields["request_id"]) if "request_id" in entry.fields else None
    if named in waiting:
        del waiting[named]
        return
    source = entry.fields.get("from")
    for key in [key for key, asked in waiting.items() if asked in (source, None)]:
        if named is None or key.startswith(_UNNAMED):
            del waiting[key]
