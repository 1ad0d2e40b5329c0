"""By what a person is recognised in texts: his contacts and his name, as his own events tell them."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from pydantic import BaseModel

from engine import parking
from engine.store.batch import NewEvent, Recorded
from engine.store.set_aside import AsideRow, NotSetAside, SetAsideBox
from engine.store.vault.ledger import Discarded
from engine.store.vault.master import UnknownMasterKey
from engine.store.vault.plan import Plan, plan_of
from engine.store.vault.seal import SealBroken
from engine.taking import Keyed, contact_keys, speaker
from engine.text.unpacking import said_in
from schemas import channels
from schemas.channels.mail.automatic import NOTHING_OWN
from schemas.channels.message import Message
from schemas.published.dead_letter import DeadLetter
from schemas.words import Withheld

_SHORTEST: Final = 5
"""Of what is searched for: less would be found in anybody's text."""
_SHORTEST_PHONE: Final = 7
_BETWEEN: Final = r"[\s()./-]{0,3}"
"""What people put between the digits of a telephone number."""
_PAGE: Final = 200
_PACKED: Final = "codec "
"""How the reason of a letter begins that nobody here can unpack."""
_KEY_OCTETS: Final = 16
"""Of a keyed hash, in the look-up of contacts."""


@dataclass(frozen=True, slots=True)
class Person:
    """What a person is recognised by. Holds personal text: in memory alone, for the time of one erasure."""

    reach: frozenset[str] = field(default=frozenset(), repr=False)
    """His contacts as he gave them."""
    names: frozenset[str] = field(default=frozenset(), repr=False)
    """Others may bear them too."""
    phones: frozenset[str] = field(default=frozenset(), repr=False)
    """Digits of his telephone numbers, however they are set apart in a text."""
    contacts: frozenset[bytes] = field(default=frozenset(), repr=False)
    """Keyed hashes of his contacts."""

    def named_in(self, texts: Iterable[str]) -> bool:
        """Whether a contact or a name of his stands in one of these texts."""
        known = tuple(texts)
        return self.reached_in(known) or _in(self.names, known)

    def reached_in(self, texts: Iterable[str]) -> bool:
        """Whether a contact of his stands in one of these texts."""
        known = tuple(texts)
        forms = [re.compile(_BETWEEN.join(digits)) for digits in self.phones]
        return _in(self.reach, known) or any(form.search(text) for text in known for form in forms)


NOTHING: Final = Person()


@dataclass(frozen=True, slots=True)
class Unread:
    """A message set aside that cannot be opened, and when it and the key of its week are gone."""

    id: UUID
    until: datetime


@dataclass(frozen=True, slots=True)
class Aside:
    """What of the messages set aside is a person's."""

    his: tuple[Discarded, ...] = ()
    may_be: tuple[UUID, ...] = ()
    unread: tuple[Unread, ...] = ()
    seen: frozenset[UUID] | None = None
    """All that were looked through; None: nobody was looked for."""
    wanted: Person = NOTHING


def person(subject: UUID, histories: Iterable[Sequence[Recorded]], contacts: Collection[bytes]) -> Person:
    """Return by what a person is recognised, from events that were opened."""
    reach: set[str] = set()
    names: set[str] = set()
    phones: set[str] = set()
    for history in histories:
        for one in history:
            for party in _parties(one.event.model_dump(mode="json"), str(subject)):
                for contact in party.get("contacts") or ():
                    reach.add(_text(contact.get("value")))
                    if contact.get("kind") == "phone":
                        phones.add(re.sub(r"\D", "", _text(contact.get("value"))))
                names.add(_text(party.get("name")))
    return Person(
        frozenset(text for text in reach if len(text) >= _SHORTEST),
        frozenset(text for text in names if len(text) >= _SHORTEST),
        frozenset(digits for digits in phones if len(digits) >= _SHORTEST_PHONE),
        frozenset(key[:_KEY_OCTETS] for key in contacts),
    )


def _parties(node: Any, subject: str) -> Iterator[dict[str, Any]]:
    """Yield every part of an event that says of this person who he is."""
    if isinstance(node, dict):
        if node.get("subject_id") == subject and ("contacts" in node or "name" in node):
            yield node
        for child in node.values():
            yield from _parties(child, subject)
    elif isinstance(node, list):
        for child in node:
            yield from _parties(child, subject)


def _text(value: Any) -> str:
    return value.strip().casefold() if isinstance(value, str) else ""


def owned(recorded: NewEvent | Recorded) -> Mapping[UUID, tuple[str, ...]]:
    """Return the texts of an opened event by the person whose they are; what is erased is left out."""
    event = recorded.event
    found: dict[UUID, tuple[str, ...]] = {}
    texts = list(_owned(plan_of(type(event)), event, None))
    texts.append((event.subject_id, recorded.envelope.why))
    for owner, text in texts:
        if owner is not None and text is not None and not isinstance(text, Withheld):
            found[owner] = (*found.get(owner, ()), str(text))
    return found


def _owned(plan: Plan, model: BaseModel, owner: UUID | None) -> Iterator[tuple[UUID | None, Any]]:
    owner = getattr(model, "subject_id", None) if plan.owner else owner
    for name in plan.personal:
        yield owner, getattr(model, name, None)
    for name, inner in plan.single:
        if isinstance(child := getattr(model, name, None), BaseModel):
            yield from _owned(inner, child, owner)
    for name, inner in plan.repeated:
        for child in getattr(model, name, None) or ():
            yield from _owned(inner, child, owner)


# --- messages set aside -----------------------------------------------------------------------


def look_through(
    box: SetAsideBox, wanted: Person, keyed: Keyed, *, before: Aside | None = None, until: datetime | None = None
) -> Aside:
    """Open every message set aside and tell which are the person's; never raises for what one of them says.

    A message belongs to whom it is from, so it is his where a contact of his reaches its author. What
    others wrote and names him is told for a person to decide, and so is a name, since others bear it.
    Octets that are no message have no author who could be asked: one that holds a contact of his is his,
    for nobody else can be shown to own it, and it could never have its effect as it stands.

    ``before`` has what an earlier look at the same person found: only newer ones are opened. ``until``
    leaves out what was set aside later.
    """
    if wanted == NOTHING:
        return Aside()
    found = before if before is not None and before.wanted == wanted else Aside(seen=frozenset(), wanted=wanted)
    known = found.seen or frozenset()
    his, may_be, unread, seen = list(found.his), list(found.may_be), list(found.unread), set(known)
    for row in _all(box, until):
        if row.id in known:
            continue
        seen.add(row.id)
        match _of(box, row, wanted, keyed):
            case "his":
                his.append(Discarded(row.id, _fingerprint(row)))
            case "may be":
                may_be.append(row.id)
            case "unread":
                unread.append(Unread(row.id, row.until))
    return Aside(tuple(his), tuple(may_be), tuple(unread), frozenset(seen), wanted)


def _all(box: SetAsideBox, until: datetime | None) -> Iterator[AsideRow]:
    after: tuple[datetime, UUID] | None = None
    while rows := box.listed(limit=_PAGE, after=after):
        yield from (row for row in rows if until is None or row.since <= until)
        after = (rows[-1].since, rows[-1].id)


def _fingerprint(row: AsideRow) -> UUID | None:
    return UUID(bytes=row.fingerprint[:_KEY_OCTETS]) if row.kind == "parked" else None


def _of(
    box: SetAsideBox, row: AsideRow, wanted: Person, keyed: Keyed
) -> Literal["his", "may be", "unread", "another's"]:
    try:
        octets = box.show(row.id)[1]
    except NotSetAside:
        return "another's"
    except (SealBroken, UnknownMasterKey):
        return "unread"
    message = _message(row, octets)
    if message is not None and _reached(wanted, contact_keys(speaker(message), keyed)):
        return "his"
    said = said_in(octets)
    if message is None and wanted.reached_in(said.texts):
        return "his"
    if wanted.named_in(said.texts) or (message is not None and _takes_part(message, wanted, keyed)):
        return "may be"
    packed = row.kind == "dead_letter" and row.reason.startswith(_PACKED)
    return "another's" if said.whole and not packed else "unread"


def _message(row: AsideRow, octets: bytes) -> Message | None:
    """Return what was set aside as the message that it is; None where it is none."""
    try:
        if row.kind == "parked":
            return parking.unpack(octets).message
        value = DeadLetter.from_octets(octets).value
        return None if value is None else channels.to_message(channels.parse(value), NOTHING_OWN)
    except Exception:  # noqa: BLE001 # whatever hostile octets bring about in the parsers: they are no message then
        return None


def _reached(wanted: Person, keys: Iterable[bytes]) -> bool:
    return any(key[:_KEY_OCTETS] in wanted.contacts for key in keys)


def _takes_part(message: Message, wanted: Person, keyed: Keyed) -> bool:
    """Whether he is one of the two whom a message names as its parties."""
    keys = (*contact_keys(message.author, keyed), *contact_keys(message.on_behalf_of, keyed))
    return _reached(wanted, keys)


def _in(needles: Collection[str], texts: Iterable[str]) -> bool:
    return any(needle in text for text in map(str.casefold, texts) for needle in needles)
