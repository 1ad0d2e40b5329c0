"""Clocks between messages: the oldest unanswered one, and the next word to the complainant."""

from engine.sla.kinds import Kind
from engine.sla.runs.matching import matches, moments
from engine.sla.runs.once import advance, stops
from engine.sla.runs.run import Run
from engine.sla.runs.story import Story
from engine.sla.runs.timeline import Timeline


def unfold_next_reply(story: Story, row: Kind, timeline: Timeline) -> list[Run]:
    """Return one run per inbound message that found no other unanswered; after the end none opens."""
    runs: list[Run] = []
    for index in moments(story, timeline):
        entry, terms = story.entries[index], timeline.at(index)
        _advance_all(story, row, timeline, runs, index)
        if terms is None or story.ended[index] or not story.begun[index]:
            continue
        if str(entry.fields.get("message")) in story.opening or any(run.open for run in runs):
            continue
        if matches(story, terms.start, index):
            runs.append(Run(terms.kind, story.cycle[index], terms, start=entry, opened=entry, index=index))
    return runs


def unfold_update(story: Story, row: Kind, timeline: Timeline) -> list[Run]:
    """Return one run per stretch between messages to the complainant; a reopening begins anew."""
    runs: list[Run] = []
    for index in moments(story, timeline):
        entry, terms = story.entries[index], timeline.at(index)
        cycle = story.cycle[index]
        was_open = any(run.open for run in runs)
        _advance_all(story, row, timeline, runs, index)
        if terms is None:
            continue
        first = not any(run.cycle == cycle for run in runs)
        begins = first and (matches(story, terms.start, index) or (entry.type == "complaint.reopened" and runs))
        if begins or (was_open and matches(story, terms.fulfil, index, leaving=True)):
            runs.append(Run(terms.kind, cycle, terms, start=entry, opened=entry, index=index))
    return runs


def _advance_all(story: Story, row: Kind, timeline: Timeline, runs: list[Run], index: int) -> None:
    """Take the entry into the runs of the current cycle; a reopening first ends those of the one before."""
    reopened = story.entries[index].type == "complaint.reopened"
    cycle = story.cycle[index] - 1 if reopened else story.cycle[index]
    for run in runs:
        if run.cycle == cycle and run.stop is None and (run.open or not stops(story, row, index)):
            advance(story, row, timeline.at(index), run, index)
