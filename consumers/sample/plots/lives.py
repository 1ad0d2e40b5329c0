"""The ordinary lives of a complaint, one cycle each: every plot plays on a scene, and time goes on as it does."""

from datetime import timedelta

from consumers.sample.plots.handling import (
    MONEY,
    above_limit,
    act,
    answer,
    approve,
    approver,
    asks,
    complain,
    end,
    establish,
    give,
    hand_over,
    handled,
    look_into,
    offer,
    propose,
    rated,
    take_in,
    within_limit,
)
from consumers.sample.scene import Scene
from schemas.complaint.clocks import KeepPromise, MakePromise
from schemas.complaint.lifecycle import Close
from schemas.complaint.remedies import RejectRemedy, ReverseRemedy
from schemas.complaint.waiting import ProvideInformation, RequestInformation
from schemas.words import RemedyForm, WaitFor


def straight(scene: Scene) -> None:
    """Looked into, answered, ended."""
    complain(scene)
    handled(scene)
    end(scene)


def waiting(scene: Scene) -> None:
    """Something is missing: the complainant is asked, and answers after hours or days."""
    complain(scene)
    take_in(scene)
    look_into(scene, 0.2, 3)
    asks(scene)
    scene.people(3, 90)
    if scene.happens(0.15):
        scene.says("nudges", sense="question")
        scene.people(2, 20)
    scene.writes(scene.known_answer, "unknown")
    scene.desk(0.5, 7)
    establish(scene)
    answer(scene, "upheld")
    end(scene)


def waiting_for_department(scene: Scene) -> None:
    """Another department or the carrier must say something first; no clock stands still for that."""
    complain(scene)
    take_in(scene)
    look_into(scene, 0.2, 3)
    request = scene.id("request")
    question = scene.words.one("questions_to_department")
    outside = scene.happens(0.33)
    whom: WaitFor = "third_party" if outside else "department"
    scene.tells(question, "question", counterparty="third_party" if outside else "department")
    scene.does(RequestInformation(request_id=request, from_=whom, what=question))
    scene.desk(4, 40)
    scene.does(ProvideInformation(request_id=request, from_=whom))
    establish(scene)
    scene.desk(0.5, 5)
    answer(scene, scene.draw.choice(("upheld", "partly_upheld")))
    end(scene)


def small_refund(scene: Scene) -> None:
    """A sum within the desk's limit: the rule approves, it is paid."""
    _opened(scene)
    form = _money_form(scene)
    remedy = propose(scene, form, within_limit(scene))
    offer(scene, remedy, asks=scene.happens(0.7))
    give(scene, remedy)
    answer(scene, "upheld", form)
    end(scene)


def _opened(scene: Scene) -> None:
    complain(scene)
    take_in(scene)
    look_into(scene)
    establish(scene)
    scene.desk(0.2, 4)


def _money_form(scene: Scene) -> RemedyForm:
    fitting = [form for form in scene.cast.matter.remedies if form in MONEY]
    return scene.draw.choice(fitting) if fitting else "discount"


def large_refund(scene: Scene) -> None:
    """A sum above the limit: a second person approves, now and then only the second proposal."""
    _opened(scene)
    form = _money_form(scene)
    remedy = propose(scene, form, 1.0)
    if above_limit(scene) and scene.happens(0.3):
        scene.desk(0.5, 6)
        scene.does(RejectRemedy(remedy_id=remedy, reason=scene.words.one("reasons", "reject")), approver(scene))
        scene.desk(0.3, 3)
        remedy = propose(scene, form, 0.7)
    approve(scene, remedy)
    offer(scene, remedy, asks=scene.happens(0.6))
    give(scene, remedy)
    answer(scene, "upheld", form)
    end(scene)


def reversed_payment(scene: Scene) -> None:
    """It was paid and had to be taken back."""
    _opened(scene)
    remedy = propose(scene, "refund", 0.9)
    approve(scene, remedy)
    give(scene, remedy)
    answer(scene, "upheld", "refund")
    scene.days(scene.draw.uniform(1, 4))
    scene.does(ReverseRemedy(remedy_id=remedy), approver(scene), why=scene.words.one("reasons", "reverse"))
    end(scene)


def put_right(scene: Scene) -> None:
    """Exchanged, repaired, done again or thrown in."""
    _opened(scene)
    fitting: list[RemedyForm] = [form for form in scene.cast.matter.remedies if form not in MONEY]
    form = scene.draw.choice(fitting) if fitting else "extra_service"
    remedy = propose(scene, form, 0)
    offer(scene, remedy, asks=scene.happens(0.4))
    give(scene, remedy)
    answer(scene, "upheld", form)
    end(scene)


def handed_over(scene: Scene) -> None:
    """It goes through more than one pair of hands."""
    complain(scene)
    take_in(scene)
    hand_over(scene)
    if scene.happens(0.3):
        hand_over(scene)
    look_into(scene)
    establish(scene)
    answer(scene, "partly_upheld")
    end(scene)


def promised(scene: Scene) -> None:
    """The desk promises something by a date: two of three promises are kept in time."""
    _opened(scene)
    promise = scene.id("promise")
    due = scene.at + timedelta(days=scene.draw.randint(2, 5))
    scene.does(MakePromise(promise_id=promise, what=scene.words.one("promises"), due=due))
    kept = scene.happens(0.67)
    scene.desk(2, 8) if kept else scene.days(8)
    if not kept:
        scene.says("nudges", sense="question")
        scene.desk(0.2, 2)
    if kept or scene.happens(0.6):
        scene.does(KeepPromise(promise_id=promise))
    answer(scene, "upheld")
    end(scene)


def corrected(scene: Scene) -> None:
    """The cause is mended for the next customer, too."""
    _opened(scene)
    act(scene, done=scene.happens(0.85))
    answer(scene, "upheld")
    end(scene)


def forwarded(scene: Scene) -> None:
    """An authority passes a complaint on, asks once more and is told the end of it."""
    complain(scene)
    handled(scene)
    scene.tells(scene.words.one("findings", "partly_upheld"), "other", counterparty="authority")
    if scene.happens(0.5):
        rated(scene)
    else:
        scene.days(2)
        scene.does(Close(reason="decision"))


def forgotten(scene: Scene) -> None:
    """Nobody has come to it, so that it is overdue, or the work on it has stopped."""
    complain(scene)
    worked = scene.happens(0.6)
    take_in(scene, worked=worked)
    if not worked:
        return
    look_into(scene)
    if scene.happens(0.5):
        establish(scene)
        act(scene, done=False)
    elif scene.happens(0.5):
        asks(scene)
    scene.people(60, 200)
    scene.says("nudges", sense="question")
