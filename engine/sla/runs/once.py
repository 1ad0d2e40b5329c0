"""Clocks that run once per cycle, from their first start to what fulfils them."""

from engine.sla.kinds import Kind, Terms
from engine.sla.marks import Entry
from engine.sla.runs.matching import matches, moments
from engine.sla.runs.run import Run
from engine.sla.runs.story import Story
from engine.sla.runs.timeline import Timeline


def stops(story: Story, row: Kind, index: int) -> bool:
    """Whether the entry ends what is still open of the kind: closed, reopened without it, or merged into another."""
    match story.entries[index].type:
        case "complaint.closed":
            return not (row.runs_on and story.resolved[index])
        case "complaint.reopened":
            return True
        case "complaint.discontinued":
            return index in story.merged
    return False


def unfold_once(story: Story, row: Kind, timeline: Timeline) -> list[Run]:
    """Return at most one run per cycle."""
    runs: list[Run] = []
    current: Run | None = None
    for index in moments(story, timeline):
        entry, terms = story.entries[index], timeline.at(index)
        if current is not None:
            advance(story, row, terms, current, index)
            if current.stop is not None or stops(story, row, index):
                current = None
        if terms is None:
            continue
        begun = _begin(story, terms, row, runs, index, entry)
        if begun is not None:
            runs.append(begun)
            current = begun
    return runs


def advance(story: Story, row: Kind, terms: Terms | None, run: Run, index: int) -> None:
    """Take one more entry into an open run, or as further evidence into a fulfilled one."""
    entry = story.entries[index]
    if terms is not None and matches(story, terms.fulfil, index, leaving=True):
        run.evidence.append(entry)
    elif run.open and (terms is None or matches(story, terms.cancel, index, leaving=True) or stops(story, row, index)):
        run.stop = entry


def _begin(story: Story, terms: Terms, row: Kind, runs: list[Run], index: int, entry: Entry) -> Run | None:
    cycle = story.cycle[index]
    if entry.type == "complaint.reopened":
        if not runs or _waits_for_its_own_start(terms):
            started = matches(story, terms.start, index)
            return Run(terms.kind, cycle, terms, start=entry, opened=entry, index=index) if started else None
        if terms.reopen == "reset":
            return Run(terms.kind, cycle, terms, start=entry, opened=entry, index=index)
        return continue_run(story, terms, row, runs[-1], index) if terms.reopen == "continue" else None
    if any(run.cycle == cycle for run in runs) or not matches(story, terms.start, index):
        return None
    return Run(terms.kind, cycle, terms, start=entry, opened=entry, index=index)


def _waits_for_its_own_start(terms: Terms) -> bool:
    """A public closing is due after each resolution, not after a reopening."""
    return terms.kind == "public_closing"


def continue_run(story: Story, terms: Terms, row: Kind, earlier: Run, index: int) -> Run:
    """Return the row of a new cycle that carries an earlier cycle's clock on."""
    entry = story.entries[index]
    gaps = list(earlier.gaps)
    if not row.due_stays:
        ends = (earlier.end, story.end_of_cycle(earlier.cycle))  # a day's 00:00 may come before what it stands after
        gaps.extend((end, entry) for end in ends if end is not None)
    return Run(
        terms.kind,
        story.cycle[index],
        earlier.terms,
        start=earlier.start,
        opened=entry,
        index=index,
        reference=earlier.reference,
        gaps=gaps,
    )
