"""The lives that a complaint can have. Every plot plays on a scene; time goes on as it does."""

from datetime import timedelta

from consumers.sample.handling import (
    MONEY,
    above_limit,
    act,
    answer,
    approve,
    approver,
    complain,
    end,
    establish,
    give,
    hand_over,
    look_into,
    offer,
    propose,
    rated,
    take_in,
    thanked,
    within_limit,
)
from consumers.sample.people import LEAD
from consumers.sample.scene import Scene
from schemas.complaint.clocks import KeepPromise, MakePromise
from schemas.complaint.lifecycle import Close, DisputeOutcome, Reopen
from schemas.complaint.remedies import RejectRemedy, ReverseRemedy
from schemas.complaint.waiting import ProvideInformation, RequestInformation
from schemas.words import Outcome, RemedyForm, WaitFor


def straight(scene: Scene) -> None:
    """Looked into, answered, ended."""
    complain(scene)
    _handled(scene)
    end(scene)


def _handled(scene: Scene) -> None:
    """From the first look to the outcome."""
    take_in(scene)
    look_into(scene)
    outcome: Outcome = scene.draw.choices(("upheld", "partly_upheld", "not_upheld"), (55, 20, 25))[0]
    establish(scene, outcome)
    scene.desk(0.3, 8)
    answer(scene, outcome)


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


def asks(scene: Scene) -> None:
    """The complainant is asked for something; from here on the wait is his."""
    question, scene.known_answer = scene.words.pair("questions_to_customer")
    message = scene.tells(question, "question")
    answer_by = scene.at + timedelta(days=10)
    scene.does(RequestInformation(request_id=scene.id("request"), what=question, answer_by=answer_by, message=message))


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


def disputed(scene: Scene) -> None:
    """The complainant does not accept the outcome; his words open the second cycle."""
    complain(scene)
    _handled(scene)
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
    _handled(scene)
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
    _handled(scene)
    scene.days(1)
    scene.does(Close(reason="decision"))
    scene.people(31 * 24, 40 * 24)
    scene.says("late_reopenings", sense="complaint")
    _handled(scene)
    end(scene)


def thanked_after(scene: Scene) -> None:
    """All is well, and the complainant says so after the end."""
    complain(scene)
    _handled(scene)
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
    _handled(scene)
    end(scene)


def twice(scene: Scene) -> None:
    """The same message is delivered two times."""
    complain(scene)
    first = scene.last
    scene.seconds(60, 3_000)
    scene.add(first)
    _handled(scene)
    scene.add(first)
    end(scene)


def turned(scene: Scene) -> None:
    """A question that nobody answered turns into a complaint."""
    subject, text = scene.words.one("feedback", "question", "subjects"), scene.words.one("feedback", "question", "says")
    scene.opens_with(subject, text, "question")
    scene.people(50, 140)
    scene.says("turning", sense="complaint")
    _handled(scene)
    end(scene)


def forwarded(scene: Scene) -> None:
    """An authority passes a complaint on, asks once more and is told the end of it."""
    complain(scene)
    _handled(scene)
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
