"""What rules decided stays told when the words that they looked at are gone; a person's word stands beside it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import pytest

from consumers.reactions import routing
from consumers.reactions.following import Follower, World
from consumers.wiring import presets
from projections.answers import Snapshot, Views
from projections.replay.concern import Explained
from projections.replay.library import library
from projections.replay.ruled import Ruled, ruled
from projections.runtime.progress import Name
from projections.views.cases.rows import Cases
from projections.views.remedies.rows import Remedies
from schemas.complaint.assignment import Assign
from schemas.complaint.classification import Classify
from support.erasing import Eraser, eraser
from support.views import build

VIEWS = (Cases(), Remedies())
TEXT = "The heater caught fire in the night."


@pytest.fixture
def desk(database: str, tmp_path: Path) -> Iterator[Eraser]:
    with eraser(database, tmp_path) as here:
        here.service.activate(presets.shipped(), here.around(), here.at)
        yield here


def opened(desk: Eraser, name: str = "1") -> UUID:
    author = {"name": "Ann", "contacts": [{"kind": "email", "value": "ann@example.org"}]}
    hints = {"sense": "complaint"}
    return desk.opened(channel="web_form", system="shop", id=name, text=TEXT, author=author, hints=hints)


def route(desk: Eraser) -> None:
    assert desk.pool is not None
    build(desk.pool, desk.store.read, VIEWS)
    views = Views(desk.pool, pause=lambda _: None, patience=0)
    world = World(desk.store, views, desk.service.book, lambda: desk.at)
    assert Follower(desk.pool, world, desk.service.submit, [routing.REACTION]).once() is not None


def told(desk: Eraser, stream: UUID) -> Ruled:
    assert desk.pool is not None
    build(desk.pool, desk.store.read, VIEWS)
    views = Views(desk.pool, pause=lambda _: None, patience=0)

    @contextmanager
    def lent(names: Sequence[Name]) -> Iterator[Snapshot]:
        with views.snapshot(names) as seen:
            yield seen

    return ruled(desk.history(stream), library(desk.store.read), lent, desk.store.keys.streams_of)


def routed(found: Ruled) -> Explained:
    (seen,) = [one for one in found.concerns if one.concern == "routing"]
    return seen


def test_an_erasure_leaves_the_decisions_and_takes_the_words_they_were_made_by(desk: Eraser) -> None:
    stream = opened(desk)
    route(desk)
    before = told(desk, stream)
    desk.erased(desk.author(stream))
    after = told(desk, stream)
    assert [one.rule for one in after.decisions] == [one.rule for one in before.decisions]
    danger = [next(one for one in routed(found).rules if one["rule"] == "danger") for found in (before, after)]
    assert [(one["holds"], one["checked"][0]["has"]) for one in danger] == [
        (True, ["caught fire"]),
        (False, ["(erased)"]),
    ]


def test_who_was_erased_is_a_new_person_and_has_complained_of_nothing(desk: Eraser) -> None:
    first = opened(desk)
    desk.erased(desk.author(first))
    desk.later(days=1)
    again = opened(desk, "2")
    desk.later(days=1)
    third = opened(desk, "3")
    route(desk)
    assert [routed(told(desk, one)).inputs["earlier"] for one in (again, third)] == [0, 1]


def test_a_person_who_settles_it_otherwise_is_told_as_overruling_what_he_changed(desk: Eraser) -> None:
    stream = opened(desk)
    route(desk)
    desk.give(stream, Classify(tags=("danger", "seen")), by="person:ann", why="the fire brigade was there")
    desk.give(stream, Assign(team="safety"), by="person:ben")
    mine = [one for one in told(desk, stream).decisions if one.rule_set == "routing"]
    assert [(one.rule, one.overruled and (one.overruled.actor, one.overruled.why)) for one in mine] == [
        ("tone", None),
        ("danger", ("person:ann", "the fire brigade was there")),
        ("danger", None),
        ("first-line", ("person:ben", None)),
    ]


def test_what_no_rule_has_touched_is_judged_by_the_rules_in_force(desk: Eraser) -> None:
    seen = routed(told(desk, opened(desk)))
    assert (seen.recorded, seen.version) == (False, 1)
    assert seen.given["priority"] == {"value": "urgent", "rule": "danger"}


def test_each_time_that_the_rules_looked_is_explained_as_it_was_then(desk: Eraser) -> None:
    stream = opened(desk)
    route(desk)
    desk.give(stream, Classify(type="staff", tone="angry"), by="person:ann")
    route(desk)
    first, again = (one for one in told(desk, stream).concerns if one.concern == "routing")
    assert [(one.inputs["type"], one.inputs["tone"]) for one in (first, again)] == [([], "calm"), (["staff"], "angry")]
    assert [one.given["tags"]["value"] for one in (first, again)] == [["danger"], ["danger", "harsh-tone"]]
    positions = [one.position for one in told(desk, stream).decisions if one.rule == "harsh-tone"]
    assert (again.position, again.recorded) == (positions[0], True)
