"""One case on its stage: who complains of what, who answers, and what either of them can do next."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any, Final, Self
from uuid import UUID

from consumers.sample.matters import MATTERS, PRICES, Matter
from consumers.sample.people import LEAD, TEAMS, Colleague, Person
from consumers.sample.script import Did, Said, Script, Step
from consumers.sample.voice import Voice
from consumers.sample.wording import Facts, Wording, table
from schemas.complaint.base import Command
from schemas.complaint.correspondence import RecordMessage, Reply
from schemas.words import Cause, Channel, Counterparty, Money, Purpose, Sense, Tone

ANSWERED_BY: Final[dict[Channel, Channel]] = {"visit": "email", "authority": "letter", "other": "email"}
"""On which channel the desk writes to whom did not come on one that it can write to."""
SEGMENTS: Final = ("standard",) * 7 + ("loyal",) * 2 + ("vip",)
LOCATIONS: Final = {"en": ("online", "online", "leeds-north", "riga-centre"), "ru": ("online", "online", "almaty-mall")}


@dataclass(frozen=True, slots=True)
class Cast:
    """What a case is made of before anything happens."""

    person: Person
    channel: Channel
    matter: Matter
    tone: Tone
    handler: Colleague
    facts: Facts
    price: Decimal
    currency: str
    segment: str


def cast(person: Person, channel: Channel, at: datetime, order: str, draw: Random) -> Cast:
    """Draw what a case is about."""
    matter = draw.choices(MATTERS, [matter.weight for matter in MATTERS])[0]
    product = draw.choice(matter.products)
    tone: Tone = draw.choices(("calm", "dissatisfied", "angry", "threatening"), (30, 45, 18, 7))[0]
    low, high = PRICES[product]
    russian = person.language == "ru"
    price = Decimal(draw.randint(low, high)) * (100 if russian else 1)
    handler = draw.choice(TEAMS[matter.team])
    location = draw.choice(LOCATIONS[person.language])
    days = draw.randint(4, 20)
    facts = Facts(
        person=person,
        agent=handler.signs(person.language),
        product=product,
        order=order,
        day=(at - timedelta(days=days + draw.randint(3, 9))).date(),
        since=(at - timedelta(days=days)).date(),
        days=days,
        amount=spelled(price, russian=russian),
        location=location,
        topic=product,
    )
    currency = "RUB" if russian else "GBP"
    return Cast(person, channel, matter, tone, handler, facts, price, currency, draw.choice(SEGMENTS))


class Scene(Script):
    """A script that knows its people."""

    def __init__(self, run: str, case: str, at: datetime, draw: Random, cast: Cast, steps: list[Step]) -> None:
        super().__init__(run, case, at, draw, steps)
        self.cast, self.handler = cast, cast.handler
        self.words = Wording(draw, cast.facts)
        self.voice = Voice(cast.person, cast.channel, f"{run}-{case}", draw.random())
        self.spent = Decimal(0)
        """Money proposed so far: what the rule's limit is compared with."""
        self.cause: Cause = draw.choice(cast.matter.causes)
        self.known_answer = ""
        """What the complainant will say to the last question that he was asked."""

    @property
    def public(self) -> bool:
        return self.voice.public

    @property
    def answers_on(self) -> Channel:
        return ANSWERED_BY.get(self.cast.channel, self.cast.channel)

    def beside(self, case: str, channel: Channel) -> Self:
        """Return a second case of the same person and matter, on another channel; its steps join these."""
        return type(self)(self.run, case, self.at, self.draw, replace(self.cast, channel=channel), self._steps)

    def happens(self, share: float) -> bool:
        """Draw whether something that happens to this share of cases happens to this one."""
        return self.draw.random() < share

    # --- the complainant --------------------------------------------------------------------

    def says(self, *path: str, sense: Sense, stars: int | None = None) -> None:
        """The complainant writes again in the conversation."""
        self.writes(self.words.one(*path), sense, stars=stars)

    def writes(self, text: str, sense: Sense, *, stars: int | None = None) -> None:
        """The complainant writes ``text``."""
        subject = f"Re: {self.cast.facts.order}"
        body = f"{text}\n\n{self.words.one('signoffs')}" if self.cast.channel in ("email", "letter") else text
        self.add(Said(self.voice.says(self.at, body, subject=subject, stars=stars), sense))
        self.seconds(40, 200)

    def edit(self, text: str, stars: int) -> None:
        """The author writes his review anew."""
        self.add(Said(self.voice.edits(self.at, text, stars), "thanks"))
        self.seconds(40, 200)

    def opens_with(self, subject: str, text: str, sense: Sense, *, stars: int | None = None) -> dict[str, Any]:
        """Write down the first message; returns its JSON."""
        payload = self.first_message(subject, text, stars=stars)
        self.add(Said(payload, sense, opens=True))
        self.seconds(30, 120)
        return payload

    def first_message(self, subject: str, text: str, *, stars: int | None = None) -> dict[str, Any]:
        return self.voice.says(
            self.at,
            text,
            subject=subject,
            hints=self._hints(),
            stars=stars,
            photo=self.cast.matter.type == "product" and self.happens(0.3),
            summary=self.words.one("calls"),
        )

    def _hints(self) -> dict[str, Any]:
        facts, matter = self.cast.facts, self.cast.matter
        product = table(self.cast.person.language)["products"][facts.product]
        hints: dict[str, Any] = {
            "product": facts.product if self.happens(0.7) else product,
            "order_reference": facts.order,
            "location": facts.location,
            "customer_segment": self.cast.segment,
            "purchased_on": facts.day.isoformat(),
        }
        if matter.remedies and self.happens(0.5):
            hints["remedy_sought"] = matter.remedies[0]
        if matter.type == "price":
            hints["claimed"] = {"amount": str(self.cast.price), "currency": self.cast.currency}
        return hints

    # --- the desk ---------------------------------------------------------------------------

    def does(self, command: Command, who: str | None = None, why: str | None = None, other: str | None = None) -> None:
        """Somebody of the desk (the handler, unless named) or a rule does something; a minute or two pass."""
        self.add(Did(command, who or self.handler.id, why, other))
        self.seconds(30, 160)

    def rule(self, command: Command, name: str, after: float = 60) -> None:
        """A rule or service does something within seconds; ``name`` is its actor id."""
        self.seconds(2, after)
        self.add(Did(command, name))

    def passes_to(self, colleague: Colleague) -> None:
        """From here on somebody else works on the case and signs."""
        self.handler = colleague
        self.words.signed(colleague.signs(self.cast.person.language))

    def tells(
        self,
        text: str,
        purpose: Purpose,
        *,
        automated: bool = False,
        who: str | None = None,
        counterparty: Counterparty | None = None,
        public: bool = False,
    ) -> UUID:
        """The desk writes ``text``, to the complainant unless ``counterparty`` is somebody else; returns its id."""
        message = self.id("message")
        command = RecordMessage(
            message=message,
            counterparty=counterparty,
            visibility="public" if public else "private",
            automated=automated,
            purpose=purpose,
            channel=self.cast.channel if public else self.answers_on,
            to=None if public else self.cast.person.email,
            body=text,
            delivery="sent",
        )
        self.does(command, who)
        return message

    def replies(self, text: str, *, final: bool, apology: bool = False) -> UUID:
        """The handler answers; a public case is answered in public, too."""
        message = self.id("reply")
        reply = Reply(
            message=message,
            final=final,
            channel=self.answers_on,
            to=self.cast.person.email,
            subject=f"Re: {self.cast.facts.order}",
            body=text,
            signed_by=self.handler.id,
            apology=apology,
        )
        self.does(reply)
        if self.cast.channel == "email" and self.happens(0.06):
            self.away()
        return message

    def away(self) -> None:
        """The complainant's mail program answers by itself."""
        self.seconds(2, 30)
        subject, text = self.words.pair("autoresponses")
        self.add(Said(self.voice.answers_by_itself(self.at, subject, text), "unknown"))
        self.seconds(20, 60)

    def ends_in_public(self) -> None:
        """What everybody could read is ended where everybody can read it."""
        if self.public:
            self.tells(self.words.one("public_closings"), "public_closing", public=True)

    def money(self, share: float) -> Money:
        """Return a share of the price, rounded to what people pay."""
        amount = max(Decimal(1), (self.cast.price * Decimal(f"{share:.2f}")).quantize(Decimal(1)))
        return Money(amount=amount, currency=self.cast.currency)

    def names(self, money: Money) -> None:
        """From here on the letters speak of this sum."""
        russian = self.cast.person.language == "ru"
        self.words.signed(self.handler.signs(self.cast.person.language), amount=spelled(money.amount, russian=russian))

    @property
    def lead(self) -> str:
        return LEAD.id


def spelled(amount: Decimal, *, russian: bool) -> str:
    """Return a sum as people write it."""
    return f"{amount:,.0f} руб.".replace(",", " ") if russian else f"£{amount:,.2f}"
