"""Clocks of the stages: one per cycle, which goes on when its stage is entered again."""

from engine.sla.kinds import Kind, Terms
from engine.sla.runs.matching import matches, moments
from engine.sla.runs.once import stops
from engine.sla.runs.run import Run
from engine.sla.runs.story import Story
from engine.sla.runs.timeline import Timeline

_LEFT_BY_REOPENING = frozenset({"stage:satisfaction_check", "stage:closed"})


def unfold_stage(story: Story, row: Kind, timeline: Timeline) -> list[Run]:
    """Return one run per cycle in which the stage was entered."""
    runs: list[Run] = []
    for index in moments(story, timeline):
        entry, terms = story.entries[index], timeline.at(index)
        current = runs[-1] if runs else None
        if current is not None and current.open:
            _advance(story, row, terms, current, index)
        if terms is None or (current is not None and current.open) or not matches(story, terms.start, index):
            continue
        if current is None or current.cycle != story.cycle[index]:
            runs.append(Run(terms.kind, story.cycle[index], terms, start=entry, opened=entry, index=index))
        elif current.evidence:
            current.gaps.append((current.evidence.pop(), entry))
    return runs


def _advance(story: Story, row: Kind, terms: Terms | None, run: Run, index: int) -> None:
    entry = story.entries[index]
    if terms is None:
        run.stop = entry
    elif _leaves(story, terms, index):
        run.evidence.append(entry)
    elif matches(story, terms.cancel, index, leaving=True) or stops(story, row, index):
        run.stop = entry


def _leaves(story: Story, terms: Terms, index: int) -> bool:
    if story.entries[index].type == "complaint.reopened":
        return terms.kind in _LEFT_BY_REOPENING and index not in story.void
    return matches(story, terms.fulfil, index, leaving=True)
