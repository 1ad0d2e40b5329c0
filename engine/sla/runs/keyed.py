"""Clocks of which several run side by side, told apart by an id: requests, promises, actions."""

from engine.sla.kinds import Kind, Terms
from engine.sla.marks import Entry
from engine.sla.runs.matching import matches, moments
from engine.sla.runs.once import continue_run, stops
from engine.sla.runs.run import Run
from engine.sla.runs.story import ENDED_BY, ENDS, Story
from engine.sla.runs.timeline import Timeline


def unfold_keyed(story: Story, row: Kind, timeline: Timeline) -> list[Run]:
    """Return one run per id and cycle; an id that is named again starts nothing new and moves no due."""
    runs: list[Run] = []
    for index in moments(story, timeline):
        entry, terms = story.entries[index], timeline.at(index)
        for run in runs:
            if run.open:
                _advance(story, row, terms, run, index)
        if terms is None:
            continue
        if entry.type == "complaint.reopened" and row.reopen == "continue":
            carried = [run for run in runs if _goes_on(run, story.cycle[index])]
            runs.extend(continue_run(story, terms, row, run, index) for run in carried)
        elif matches(story, terms.start, index) and _is_new(row, runs, entry) and _has_due(terms, entry):
            runs.append(_begun(story, row, terms, index))
    return runs


def _goes_on(run: Run, cycle: int) -> bool:
    """What was not kept goes on in the next cycle, even if closing cancelled it; what was called off does not."""
    return run.cycle == cycle - 1 and run.stop is not None and run.stop.type in ENDED_BY


def _has_due(terms: Terms, entry: Entry) -> bool:
    """An action without a date is no clock, unless the policy gives it a target."""
    return terms.target is not None or "due" in entry.fields


def _begun(story: Story, row: Kind, terms: Terms, index: int) -> Run:
    entry = story.entries[index]
    return Run(
        terms.kind,
        story.cycle[index],
        terms,
        start=entry,
        opened=entry,
        index=index,
        reference=_reference(row, entry),
        source=entry.fields.get("from"),
    )


def _reference(row: Kind, entry: Entry) -> str | None:
    value = entry.fields.get(row.reference) if row.reference else None
    return None if value is None else str(value)


def _is_new(row: Kind, runs: list[Run], entry: Entry) -> bool:
    reference = _reference(row, entry)
    return reference is None or all(run.reference != reference for run in runs)


def _advance(story: Story, row: Kind, terms: Terms | None, run: Run, index: int) -> None:
    entry = story.entries[index]
    if terms is not None and matches(story, terms.fulfil, index, leaving=True) and _names(row, run, entry):
        run.evidence.append(entry)
    elif terms is None or matches(story, terms.cancel, index, leaving=True) or _is_over(story, row, terms, index):
        run.stop = entry


def _names(row: Kind, run: Run, entry: Entry) -> bool:
    """An end without id ends all that wait for the same; one with an id only that."""
    reference = _reference(row, entry)
    if reference is not None:
        return reference == run.reference
    return run.source is None or entry.fields.get("from") in (run.source, None)


def _is_over(story: Story, row: Kind, terms: Terms, index: int) -> bool:
    if terms.kind == "requester_wait" and story.entries[index].type in ENDS:
        return True
    return stops(story, row, index)
