"""Lives that take a turn: reopened, overtaken, doubled, answered by a machine, thanked for when all is over."""

from consumers.sample.people import LEAD
from consumers.sample.plots.handling import (
    answer,
    complain,
    end,
    establish,
    give,
    handled,
    look_into,
    propose,
    rated,
    take_in,
    thanked,
)
from consumers.sample.scene import Scene
from schemas.complaint.lifecycle import Close, DisputeOutcome, Reopen


def disputed(scene: Scene) -> None:
    """The complainant does not accept the outcome; his words open the second cycle."""
    complain(scene)
    handled(scene)
    scene.people(2, 60)
    if scene.happens(0.7):
        scene.says("disputes", sense="complaint")
        scene.desk(0.3, 4)
    else:
        scene.desk(0.3, 6)
        scene.does(DisputeOutcome(grounds=scene.words.one("disputes")))
        scene.does(Reopen(reason="disputed"))
    _second_cycle(scene)


def _second_cycle(scene: Scene) -> None:
    scene.passes_to(LEAD)
    look_into(scene, 1, 8)
    establish(scene)
    remedy = propose(scene, "extra_service", 0)
    give(scene, remedy)
    answer(scene, "partly_upheld", "extra_service")
    end(scene)


def reopened(scene: Scene) -> None:
    """It was closed, and it happens again within the window."""
    complain(scene)
    handled(scene)
    scene.days(1)
    scene.does(Close(reason="decision"))
    if scene.happens(0.4):
        rated(scene)
    scene.people(30, 300)
    scene.says("reopenings", sense="complaint")
    scene.desk(0.3, 4)
    _second_cycle(scene)


def continued(scene: Scene) -> None:
    """It happens again long after the end: a new complaint, linked to the old one."""
    complain(scene)
    handled(scene)
    scene.days(1)
    scene.does(Close(reason="decision"))
    scene.people(31 * 24, 40 * 24)
    scene.says("late_reopenings", sense="complaint")
    handled(scene)
    end(scene)


def thanked_after(scene: Scene) -> None:
    """All is well, and the complainant says so after the end."""
    complain(scene)
    handled(scene)
    scene.desk(2, 20)
    scene.does(Close(reason="decision"), why=scene.words.one("reasons", "close"))
    thanked(scene)


def absent(scene: Scene) -> None:
    """The complainant's mail program answers the desk's mail; nothing comes of it."""
    complain(scene)
    take_in(scene)
    scene.away()
    look_into(scene)
    establish(scene)
    answer(scene, "upheld")
    scene.away()
    end(scene)


def swapped(scene: Scene) -> None:
    """The second message overtakes the first one on its way."""
    complain(scene)
    first = scene.withhold()
    scene.people(0.2, 1)
    scene.says("nudges", sense="question")
    scene.seconds(120, 2_000)
    scene.add(first)
    scene.seconds(30, 90)
    handled(scene)
    end(scene)


def twice(scene: Scene) -> None:
    """The same message is delivered two times."""
    complain(scene)
    first = scene.last
    scene.seconds(60, 3_000)
    scene.add(first)
    handled(scene)
    scene.add(first)
    end(scene)


def turned(scene: Scene) -> None:
    """A question that nobody answered turns into a complaint."""
    subject, text = scene.words.one("feedback", "question", "subjects"), scene.words.one("feedback", "question", "says")
    scene.opens_with(subject, text, "question")
    scene.people(50, 140)
    scene.says("turning", sense="complaint")
    handled(scene)
    end(scene)
