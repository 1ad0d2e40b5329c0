"""How a complaint leaves the funnel early."""

from typing import Final

from consumers.sample.plots.feedback import unasked
from consumers.sample.plots.handling import answer, asks, complain, end, establish, look_into, take_in, thanked
from consumers.sample.scene import Scene
from consumers.sample.script import UNKNOWN
from schemas.complaint.lifecycle import Close, Discontinue
from schemas.complaint.records import LinkComplaint
from schemas.words import ExitReason

_EXPLAINED: Final[dict[ExitReason, int]] = {
    "unfounded": 40,
    "clarified": 25,
    "not_a_complaint": 10,
    "time_barred": 10,
    "other_procedure": 8,
    "abusive": 7,
}


def _left(scene: Scene, reason: ExitReason, to: str | None = None) -> None:
    """Looked at, found to be no case for the funnel, explained, ended."""
    scene.does(Discontinue(reason=reason, to=to))
    scene.replies(scene.words.one("exits", reason), final=True)
    scene.ends_in_public()
    scene.desk(0.1, 2)
    scene.does(Close())


def explained(scene: Scene) -> None:
    """It was a misunderstanding, not ours, too late, or about something else."""
    complain(scene)
    take_in(scene)
    look_into(scene, 0.3, 6)
    _left(scene, scene.draw.choices(tuple(_EXPLAINED), tuple(_EXPLAINED.values()))[0])
    if scene.happens(0.1):
        thanked(scene)


def not_ours(scene: Scene) -> None:
    """It belongs to another company, which gets it."""
    complain(scene)
    take_in(scene)
    scene.desk(0.3, 4)
    _left(scene, "not_ours", to="parcel-service")


def withdrawn(scene: Scene) -> None:
    """The complainant takes it back by word."""
    complain(scene)
    take_in(scene)
    scene.people(3, 40)
    scene.says("withdrawals", sense="unknown")
    scene.desk(0.2, 4)
    scene.does(Discontinue(reason="withdrawn"))
    scene.does(Close())


def unresponsive(scene: Scene) -> None:
    """The complainant never answers: asked, reminded, told, ended."""
    complain(scene)
    take_in(scene)
    look_into(scene, 0.2, 3)
    asks(scene)
    scene.days(7)
    scene.tells(scene.words.one("notices"), "notice")
    scene.days(4)
    scene.does(Discontinue(reason="customer_unresponsive"))
    scene.ends_in_public()
    scene.does(Close())


def duplicated(scene: Scene) -> None:
    """The same matter comes by a second channel; that case ends, the first one goes on."""
    complain(scene)
    take_in(scene)
    second = scene.beside(f"{scene.case}b", "web_form" if scene.cast.channel != "web_form" else "email")
    second.people(1, 20)
    complain(second)
    take_in(second)
    second.desk(0.2, 3)
    second.does(LinkComplaint(other=UNKNOWN, kind="duplicate", confirmed=True), other=scene.case)
    second.does(Discontinue(reason="duplicate", of=UNKNOWN), other=scene.case)
    second.does(Close())
    look_into(scene)
    establish(scene)
    answer(scene, "upheld")
    end(scene)


def disguised_spam(scene: Scene) -> None:
    """An advertisement that nothing gave away; a person throws it out."""
    scene.opens_with(*unasked(scene, "hidden_spam"), "spam")
    take_in(scene, worked=False)
    scene.desk(0.1, 5)
    scene.does(Discontinue(reason="spam_or_bot"))
    scene.does(Close())
