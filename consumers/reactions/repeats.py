"""Repeated negatives: a wave of copies is marked for a person to decide; who is real is heard again.

Of complaints that everybody can read, the signs of ``engine.text.authenticity`` are counted. What they make
suspect is kept as it is, tagged, and says why in a note; the whole wave is one alarm, on its oldest complaint.
As long as the tag stands no notice is written to the complainant (``engine.rules.notices``).
Whoever is known and complains again of the same matter gets his last complaint back, once: it is reopened,
with a note of what was done before, and the new one is linked to it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final
from uuid import UUID

from consumers.reactions.following import Reaction, World, proposed
from engine.complaint.case import Case
from engine.complaint.decider import fold
from engine.complaint.lifecycle import takes_back
from engine.ids import derived
from engine.incoming import Asked
from engine.store.batch import Recorded
from engine.text.authenticity import SUSPECTED, TAG, WINDOW, Judged, Usual, Written, has_details, judge
from engine.text.similarity import Corpus, Sketch, sketch
from projections.views.cases import beside
from projections.views.similar import ask as similar
from projections.views.similar.ask import MOST
from projections.views.similar.rows import Row
from schemas.complaint.assignment import Escalate
from schemas.complaint.base import Command
from schemas.complaint.classification import Classify
from schemas.complaint.correspondence import AddNote
from schemas.complaint.lifecycle import Reopen
from schemas.complaint.records import LinkComplaint
from schemas.complaint.registration import ComplaintReceived
from schemas.words import RuleRef

NAME: Final = "repeats"
ALARM: Final = "inauthentic-wave"
_PUBLIC: Final = ("review", "social")
_DAY: Final = timedelta(days=1)
_LEAST_DAYS: Final = 7
"""Of shorter history nobody knows what is usual."""


@dataclass(frozen=True, slots=True)
class _Here:
    """What is known of one complaint beside itself."""

    world: World
    rows: Mapping[UUID, Row]
    """All complaints around it, by stream, the latest first."""
    public: frozenset[UUID]
    streams: Mapping[UUID, Sequence[UUID]]
    """Of every author, where something of him is kept."""

    def written(self, row: Row, *, details: bool = True) -> Written:
        known = len(self.streams.get(row.subject, ())) > 1
        return Written(str(row.stream), str(row.subject), row.received_at, row.sketch, known=known, details=details)


def react(events: Sequence[Recorded], world: World) -> list[Asked]:
    """Return marks and one alarm for what is suspect, and what is reopened for who is known."""
    received = [one for one in events if isinstance(one.event, ComplaintReceived)]
    return [asked for one in received for asked in _of_one(one, world)]


REACTION: Final = Reaction(NAME, frozenset({ComplaintReceived.NAME}), react, texts=True)


def _of_one(to: Recorded, world: World) -> Iterator[Asked]:
    event = to.event
    if not isinstance(event, ComplaintReceived) or not isinstance(event.body, str) or event.subject_id is None:
        return
    here = _around(to, world)
    mine = here.rows.get(to.stream)
    if mine is None:
        return
    judged = _judged(mine, event.body, here) if to.stream in here.public else None
    if judged is not None and judged.suspected:
        yield from _suspected(to, mine, judged, here)
    else:
        yield from _heard_again(to, event.subject_id, sketch(event.body), here)


def _around(to: Recorded, world: World) -> _Here:
    with world.views.snapshot([*similar.NAMES, beside.NAME], to.position) as snapshot:
        at = to.envelope.received_at or to.envelope.occurred_at
        rows = similar.latest(snapshot, at + _DAY, WINDOW.days + 1, MOST)
        public = beside.in_channels(snapshot, [row.stream for row in rows], _PUBLIC)
    streams = world.store.keys.streams_of({row.subject for row in rows})
    return _Here(world, {row.stream: row for row in rows}, public, streams)


def _rule(world: World, rule: str) -> RuleRef:
    desk = world.book().desk
    return RuleRef(rule_set=desk.id, version=desk.version, rule=rule)


# ------------------------------------------------------------------------------------------------ suspected


def _judged(mine: Row, body: str, here: _Here) -> Judged:
    around = [here.written(row) for row in here.rows.values() if row.stream in here.public]
    return judge(here.written(mine, details=has_details(body)), around, _usual(mine, around))


def _usual(mine: Row, around: Sequence[Written]) -> Usual:
    """Return what was usual before the last day; a short history counts as a quiet one of a week."""
    before = [one for one in around if one.at < mine.received_at - _DAY]
    days = max(_LEAST_DAYS, WINDOW.days - 1)
    new = sum(not one.known for one in before) / len(before) if before else 0.5
    return Usual(len(before) / days, new)


def _suspected(to: Recorded, mine: Row, judged: Judged, here: _Here) -> Iterator[Asked]:
    copies = {UUID(other) for reason in judged.reasons if reason.sign == "same_text" for other in reason.others}
    wave = sorted({mine.stream, *copies}, key=lambda stream: (here.rows[stream].received_at, stream))
    rule = _rule(here.world, "repeats.inauthentic")
    for stream in wave:
        for what, command in _marks(stream, mine, judged, here):
            yield _for(stream, proposed(NAME, to, command, here.world, what=f"{what}/{stream}", rule=rule))
    alarm = Escalate(level=1, reason=ALARM)
    asked = proposed(NAME, to, alarm, here.world, what="alarm", rule=rule)
    yield replace(asked, stream=wave[0], id=str(derived(wave[0], f"{NAME}/alarm")))


def _marks(stream: UUID, mine: Row, judged: Judged, here: _Here) -> Iterator[tuple[str, Command]]:
    case = fold(here.world.store.read.stream(stream))
    if not isinstance(case, Case) or TAG in case.classification.tags:
        return
    yield "tag", Classify(tags=(*case.classification.tags, TAG))
    if stream == mine.stream:
        yield "why", AddNote(note=_why(judged))


def _why(judged: Judged) -> str:
    """Return the signs with their figures, for the person who decides."""
    words = {
        "same_text": "nearly the same text from {} others",
        "burst": "{} within a day, far more than usual",
        "new_authors": "{} % of that day's authors were never customers",
        "unknown_author": "the author was never heard of",
        "no_details": "nothing in it can be checked",
    }
    signs = "; ".join(words[reason.sign].format(reason.number) for reason in judged.reasons)
    return (
        f"Perhaps no real customer's, {judged.points} points (suspected from {SUSPECTED}): {signs}. A person decides."
    )


def _for(stream: UUID, asked: Asked) -> Asked:
    return replace(asked, stream=stream)


# ------------------------------------------------------------------------------------------------ heard again


def _heard_again(to: Recorded, subject: UUID, said: Sketch, here: _Here) -> Iterator[Asked]:
    """Take back the last complaint of a person who complains of the same matter again, if it has ended, once."""
    mine = [row for row in here.rows.values() if row.subject == subject and row.stream != to.stream]
    alike = {one.key for one in Corpus({str(row.stream): row.sketch for row in here.rows.values()}).like(said)}
    last = next(
        (row for row in mine if str(row.stream) in alike and row.received_at <= here.rows[to.stream].received_at), None
    )
    if last is None:
        return
    rule = _rule(here.world, "repeats.real")
    link = LinkComplaint(other=last.stream, kind="continues")
    yield proposed(NAME, to, link, here.world, what=f"continues/{last.stream}", rule=rule)
    case = fold(here.world.store.read.stream(last.stream))
    if not isinstance(case, Case) or case.lifecycle.is_open or case.cycle > 1:
        return
    if takes_back(case, to.envelope.occurred_at, here.world.book()):
        for what, command in (("reopen", Reopen(reason="new_message")), ("done", AddNote(note=_done(case)))):
            yield _for(last.stream, proposed(NAME, to, command, here.world, what=what, rule=rule))


def _done(case: Case) -> str:
    """Return what was done before, for whoever takes it up again."""
    given = [
        f"{one.form} {one.approved.amount:f} {one.approved.currency}" if one.approved else str(one.form)
        for one in case.remedies.known
        if one.status == "approved"
    ]
    outcome = case.lifecycle.outcome or "no outcome"
    remedies = ", ".join(given) or "none"
    return f"Reopened: the same person complains of the same matter again. Before: {outcome}; remedies: {remedies}."
