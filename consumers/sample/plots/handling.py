"""What the desk does with a complaint, one act after another: take in, look into, put right, answer, end."""

from datetime import timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from consumers.sample.matters import DEPARTMENTS
from consumers.sample.people import LEAD, TEAMS
from consumers.sample.scene import Scene
from schemas.complaint.assignment import Assign, Escalate
from schemas.complaint.classification import Classify, Prioritise
from schemas.complaint.correspondence import AddNote, ReviewReply, ReviewScore
from schemas.complaint.investigation import AssignAction, CompleteAction, EstablishCause, StartInvestigation
from schemas.complaint.lifecycle import AcceptOutcome, Close, InviteSurvey, Rate, Resolve, Score
from schemas.complaint.registration import Acknowledge, Assessment, Register
from schemas.complaint.remedies import AcceptRemedies, ApproveRemedy, Compensate, OfferRemedies, ProposeRemedy
from schemas.complaint.waiting import RequestInformation
from schemas.words import Cause, Level, Money, Outcome, Point, Priority, RemedyForm, RemedyGround, RemedyHead, Tone

MONEY: Final[frozenset[RemedyForm]] = frozenset({"refund", "price_reduction", "reimbursement", "payment", "discount"})
SEVERITY: Final[dict[Tone, Level]] = {"calm": "low", "dissatisfied": "medium", "angry": "medium", "threatening": "high"}
LIMITS: Final = {"GBP": Decimal(100), "RUB": Decimal(5_000)}
"""Up to this the rule approves, as the shipped desk says."""
SURVEY: Final = "after-closing"


# ----------------------------------------------------------------------------------------------- take in


def complain(scene: Scene) -> dict[str, object]:
    """The complainant writes for the first time; returns the message."""
    cast = scene.cast
    sought = scene.draw.choice(cast.matter.remedies) if cast.matter.remedies else "none"
    wish = {"payment": "refund", "extra_service": "discount"}.get(sought, sought)
    written = cast.channel in ("email", "letter", "authority", "web_form")
    text = scene.words.complaint(cast.matter.key, cast.tone, wish, letter=written)
    if cast.channel == "social":
        text = f"{scene.words.one('social')} {text}".strip()
    subject = scene.words.one("matters", cast.matter.key, "subjects")
    stars = scene.draw.choice((1, 1, 2)) if cast.channel == "review" else None
    return scene.opens_with(subject, text, "complaint", stars=stars)


def take_in(scene: Scene, *, worked: bool = True) -> None:
    """The desk acknowledges, hands out, registers and sorts the complaint; not ``worked``: only the rules did."""
    cast = scene.cast
    if cast.channel in ("email", "web_form", "messenger", "chat", "other"):
        _acknowledge(scene)
    scene.rule(Assign(team=cast.matter.team, reason="rule"), "rule:routing")
    if not worked:
        return
    scene.desk(0.03, 1.5 if scene.happens(0.8) else 9)
    scene.does(Assign(assignee=scene.handler.id, reason="load"), scene.lead)
    _sort(scene)
    if cast.channel not in ("email", "web_form", "messenger", "chat", "other"):
        scene.does(Acknowledge(channel=scene.answers_on, topic=cast.matter.subtype))
    if scene.public:
        scene.tells(scene.words.one("public_replies"), "interim", public=True)
    elif scene.happens(0.55):
        scene.replies(scene.words.one("interim"), final=False)
    if cast.tone == "threatening" and scene.happens(0.7):
        _escalate(scene)


def _acknowledge(scene: Scene) -> None:
    expected, rule = scene.at + timedelta(days=14), "rule:acknowledgement"
    scene.rule(Acknowledge(channel=scene.answers_on, topic=scene.cast.matter.subtype, expected_by=expected), rule)
    scene.tells(scene.words.one("acknowledgements"), "acknowledgement", automated=True, who=rule)


def _sort(scene: Scene) -> None:
    cast, facts = scene.cast, scene.cast.facts
    claimed = Money(amount=cast.price, currency=cast.currency) if cast.matter.type == "price" else None
    point = Point(
        point=1,
        type=cast.matter.type,
        subtype=cast.matter.subtype,
        product=facts.product,
        order_reference=facts.order,
        claimed=claimed,
    )
    assessment = Assessment(severity=SEVERITY[cast.tone], safety=cast.matter.key == "defective" and scene.happens(0.2))
    scene.does(Register(points=(point,), purchased_on=facts.day, assessment=assessment))
    scene.does(
        Classify(
            nature="objective" if cast.matter.objective else "subjective",
            informed=scene.draw.choice(("informed", "informed", "not_informed", "unknown")),
            type=cast.matter.type,
            subtype=cast.matter.subtype,
            tone=cast.tone,
        )
    )
    scene.does(Prioritise(priority=_priority(scene)))


def _priority(scene: Scene) -> Priority:
    if scene.cast.tone == "threatening":
        return "urgent" if scene.happens(0.4) else "high"
    if scene.cast.tone == "angry" or scene.cast.segment == "vip":
        return "high"
    return "low" if scene.cast.tone == "calm" and scene.happens(0.4) else "normal"


def _escalate(scene: Scene) -> None:
    scene.rule(Escalate(level=1, reason="threatens-court", to=scene.lead), "rule:escalation")
    scene.desk(0.2, 2)
    scene.does(Assign(assignee=scene.lead, reason="escalation"), scene.lead)
    scene.passes_to(LEAD)


def hand_over(scene: Scene) -> None:
    """Somebody else goes on, now and then of another team."""
    scene.desk(0.5, 8)
    team = scene.draw.choice(sorted(TEAMS))
    colleague = scene.draw.choice([other for other in TEAMS[team] if other != scene.handler])
    scene.does(AddNote(note=scene.words.one("notes")))
    why = scene.words.one("reasons", "handover")
    scene.does(Assign(team=team, assignee=colleague.id, reason="handover"), why=why)
    scene.passes_to(colleague)


# --------------------------------------------------------------------------------------------- look into


def look_into(scene: Scene, least: float = 0.3, most: float = 10) -> None:
    """The handler begins to find out what happened."""
    scene.desk(0.1, 4)
    scene.does(StartInvestigation(investigator=scene.handler.id))
    if scene.happens(0.3):
        scene.does(AddNote(note=scene.words.one("notes")))
    scene.desk(least, most)


def establish(scene: Scene, outcome: Outcome = "upheld") -> None:
    """The handler states why it happened."""
    cause: Cause = "customer" if outcome == "not_upheld" else scene.draw.choice(scene.cast.matter.causes)
    scene.cause = cause
    ours = cause not in ("customer", "external", "supplier")
    scene.does(
        EstablishCause(
            cause=cause,
            code=f"{cause}.{scene.cast.matter.subtype}",
            responsibility="company" if ours else "complainant" if cause == "customer" else "third_party",
            departments=(DEPARTMENTS[cause],),
            findings=scene.words.one("findings", outcome),
        )
    )


def act(scene: Scene, *, done: bool = True) -> None:
    """A corrective action is handed out, and done in time, late or not at all."""
    action = scene.id("action")
    due = scene.at + timedelta(days=scene.draw.randint(3, 10))
    owner = scene.draw.choice(TEAMS[scene.cast.matter.team]).id
    what = scene.words.one("actions")
    scene.does(AssignAction(action_id=action, team=DEPARTMENTS[scene.cause], owner=owner, due=due, what=what))
    if done:
        scene.days(scene.draw.uniform(1, 11))
        scene.does(CompleteAction(action_id=action, result=scene.words.one("results")), owner)


# --------------------------------------------------------------------------------------------- put right


def propose(scene: Scene, form: RemedyForm, share: float) -> UUID:
    """The handler proposes a remedy; one of money is this share of the price."""
    remedy = scene.id("remedy")
    amount = scene.money(share) if form in MONEY else None
    if amount is not None:
        scene.spent += amount.amount
        scene.names(amount)
    ground: RemedyGround = "no_fault" if scene.cause in ("customer", "external") else "fault"
    head: RemedyHead | None = "price" if amount is not None and ground == "fault" else None
    wish = ProposeRemedy(remedy_id=remedy, form=form, ground=ground, head=head, amount=amount, point=1)
    scene.does(wish, why=scene.words.one("reasons", "propose"))
    return remedy


def approve(scene: Scene, remedy: UUID) -> None:
    """The lead allows what is above the rule's limit: the second pair of eyes."""
    scene.desk(0.3, 6)
    scene.does(ApproveRemedy(remedy_id=remedy), approver(scene), why=scene.words.one("reasons", "approve"))


def approver(scene: Scene) -> str:
    """Return somebody who may approve and is not the handler."""
    return scene.lead if scene.handler != LEAD else "person:head"


def offer(scene: Scene, remedy: UUID, *, asks: bool = True) -> None:
    """The desk offers a remedy, the complainant says yes."""
    until = scene.at + timedelta(days=10)
    scene.does(OfferRemedies(remedy_ids=(remedy,), until=until))
    if not asks:
        return
    scene.people(1, 30)
    scene.says("thanks", sense="thanks")
    scene.desk(0.1, 3)
    scene.does(AcceptRemedies(remedy_ids=(remedy,)))


def give(scene: Scene, remedy: UUID) -> None:
    """What was approved is given."""
    scene.desk(0.2, 12)
    scene.does(Compensate(remedy_id=remedy, reference=f"TX-{scene.cast.facts.order}"))


def within_limit(scene: Scene) -> float:
    """Return a share of the price that the shipped desk's rule approves by itself."""
    safe = LIMITS[scene.cast.currency] * Decimal("0.9")
    return float(min(Decimal("0.9"), safe / scene.cast.price)) * scene.draw.uniform(0.3, 0.95)


def above_limit(scene: Scene) -> bool:
    """Whether what was proposed so far needs a second person."""
    return scene.spent > LIMITS[scene.cast.currency]


# ---------------------------------------------------------------------------------------- answer and end


def answer(scene: Scene, outcome: Outcome, help_with: RemedyForm | None = None) -> None:
    """The final reply, and the outcome."""
    sorry = outcome != "not_upheld"
    told = {"reimbursement": "refund", "payment": "refund"}.get(help_with or "none", help_with)
    message = scene.replies(scene.words.reply(scene.cause, told, sorry=sorry), final=True, apology=sorry)
    scene.ends_in_public()
    scene.does(Resolve(outcome=outcome, findings=scene.words.one("findings", outcome)))
    if scene.happens(0.12):
        scene.desk(1, 6)
        scores = (ReviewScore(criterion="clarity", score=scene.draw.randint(5, 10)),)
        comment = scene.words.one("reviews")
        scene.does(ReviewReply(message=message, scores=scores, comment=comment), approver(scene))


def end(scene: Scene) -> None:
    """The cycle ends on the complainant's word, his rating, after the term, or by decision."""
    how = scene.draw.choices(("accepted", "rated", "term", "decision"), (35, 25, 25, 15))[0]
    if how == "accepted":
        scene.people(2, 60)
        scene.says("thanks", sense="thanks")
        scene.desk(0.1, 4)
        scene.does(AcceptOutcome())
    elif how == "rated":
        rated(scene)
    elif how == "term":
        scene.at += timedelta(days=14)
        scene.rule(Close(reason="term_elapsed"), "rule:term", after=3_600)
    else:
        scene.days(scene.draw.uniform(0.5, 4))
        scene.does(Close(reason="decision"))
    if how != "rated" and scene.happens(0.35):
        rated(scene)
    if how != "accepted" and scene.happens(0.12):
        thanked(scene)


def rated(scene: Scene) -> None:
    """A survey goes out and comes back; good marks after a quick end, bad ones now and then."""
    scene.rule(InviteSurvey(survey=SURVEY), "rule:survey", after=1_800)
    scene.people(1, 70)
    best = scene.draw.choices((5, 4, 3, 2, 1), (38, 27, 15, 11, 9))[0]
    mood = "good" if best > 3 else "middling" if best == 3 else "bad"
    others = {name: best + scene.draw.choice((-1, 0, 0, 1)) for name in ("speed", "politeness")}
    marks = {"overall": best, **others}
    scores = tuple(Score(parameter=name, score=min(5, max(1, mark))) for name, mark in marks.items())
    comment = scene.words.one("survey_comments", mood) or None
    scene.rule(Rate(survey=SURVEY, scores=scores, comment=comment), "service:survey")


def thanked(scene: Scene) -> None:
    """Thanks after the end: they reopen nothing. A review is edited, with better stars."""
    scene.people(5, 90)
    if scene.cast.channel == "review":
        text = scene.words.one("thanks")
        scene.edit(text, scene.draw.choice((4, 5)))
    else:
        scene.says("thanks", sense="thanks")


# ------------------------------------------------------------------------------------------ often together


def handled(scene: Scene) -> None:
    """From the first look to the outcome."""
    take_in(scene)
    look_into(scene)
    outcome: Outcome = scene.draw.choices(("upheld", "partly_upheld", "not_upheld"), (55, 20, 25))[0]
    establish(scene, outcome)
    scene.desk(0.3, 8)
    answer(scene, outcome)


def asks(scene: Scene) -> None:
    """The complainant is asked for something; from here on the wait is his."""
    question, scene.known_answer = scene.words.pair("questions_to_customer")
    message = scene.tells(question, "question")
    answer_by = scene.at + timedelta(days=10)
    scene.does(RequestInformation(request_id=scene.id("request"), what=question, answer_by=answer_by, message=message))
