"""By what a person is recognised in texts: his contacts and his name, as his own events tell them."""

import base64
import binascii
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message as Mail
from typing import Any, Final
from uuid import UUID

import orjson
from pydantic import BaseModel, ValidationError

from engine import parking
from engine.store.batch import NewEvent, Recorded
from engine.store.set_aside import AsideRow, NotSetAside, SetAsideBox
from engine.store.vault.master import UnknownMasterKey
from engine.store.vault.plan import Plan, plan_of
from engine.store.vault.seal import SealBroken
from engine.taking import Keyed, contact_keys
from schemas import channels
from schemas.channels.mail.automatic import NOTHING_OWN
from schemas.channels.message import Message, MessageRefused
from schemas.published.dead_letter import DeadLetter
from schemas.words import Withheld

_SHORTEST: Final = 5
"""Of what is searched for: less would be found in anybody's text."""
_SHORTEST_PHONE: Final = 7
_BETWEEN: Final = r"[\s()./-]{0,3}"
"""What people put between the digits of a telephone number."""
_PAGE: Final = 200
_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)
_PACKED: Final = "codec "
"""Begins the reason of a dead letter whose octets are compressed in a way that nobody here can undo."""
_OTHER_CHARSETS: Final = ("cp1251", "koi8-r", "cp866", "utf-16-le", "utf-16-be")
"""In which octets that are not UTF-8 may say something to a Russian or English reader."""
_ESCAPE: Final = re.compile(r"\\u([0-9a-fA-F]{4})")
"""A letter as JSON may write it, in JSON that is broken elsewhere."""
_KEY_OCTETS: Final = 16
"""Of a keyed hash, in the look-up of contacts."""


@dataclass(frozen=True, slots=True)
class Person:
    """What a person is recognised by. Holds personal text: in memory alone, for the time of one erasure."""

    sure: frozenset[str] = field(default=frozenset(), repr=False)
    """Contacts, and names of several words."""
    maybe: frozenset[str] = field(default=frozenset(), repr=False)
    """Names of one word, which many bear."""
    phones: frozenset[str] = field(default=frozenset(), repr=False)
    """Digits of his telephone numbers, however they are set apart in a text."""
    contacts: frozenset[bytes] = field(default=frozenset(), repr=False)
    """Keyed hashes of his contacts."""

    def named_in(self, texts: Iterable[str]) -> bool:
        """Whether a contact or a name of his stands in one of these texts."""
        return _in(self.sure | self.maybe, texts) or self.reached_by(texts)

    def reached_by(self, texts: Iterable[str]) -> bool:
        """Whether a telephone number of his stands in one of these texts."""
        forms = [re.compile(_BETWEEN.join(digits)) for digits in self.phones]
        return any(form.search(text) for text in texts for form in forms)


NOTHING: Final = Person()


@dataclass(frozen=True, slots=True)
class Unread:
    """A message set aside that cannot be opened or unpacked, and when it and the key of its week are gone."""

    id: UUID
    until: datetime


@dataclass(frozen=True, slots=True)
class Aside:
    """What of the messages set aside is a person's."""

    his: tuple[UUID, ...] = ()
    may_be: tuple[UUID, ...] = ()
    unread: tuple[Unread, ...] = ()
    until: datetime = _LONG_AGO
    """All that were set aside up to then were looked through."""


def person(subject: UUID, histories: Iterable[Sequence[Recorded]], contacts: Collection[bytes]) -> Person:
    """Return by what a person is recognised, from events that were opened."""
    sure: set[str] = set()
    maybe: set[str] = set()
    phones: set[str] = set()
    for history in histories:
        for one in history:
            for party in _parties(one.event.model_dump(mode="json"), str(subject)):
                for contact in party.get("contacts") or ():
                    sure.add(_text(contact.get("value")))
                    if contact.get("kind") == "phone":
                        phones.add(re.sub(r"\D", "", _text(contact.get("value"))))
                name = _text(party.get("name"))
                (sure if " " in name else maybe).add(name)
    return Person(
        frozenset(text for text in sure if len(text) >= _SHORTEST),
        frozenset(text for text in maybe if len(text) >= _SHORTEST),
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


def look_through(box: SetAsideBox, wanted: Person, keyed: Keyed) -> Aside:
    """Open every message set aside and tell which are the person's; an empty person has none."""
    if wanted == NOTHING:
        return Aside(until=datetime.max.replace(tzinfo=UTC))
    his: list[UUID] = []
    may_be: list[UUID] = []
    unread: list[Unread] = []
    last = _LONG_AGO
    for row in _all(box):
        last = row.since
        try:
            octets = box.show(row.id)[1]
        except NotSetAside:
            continue
        except (SealBroken, UnknownMasterKey):
            unread.append(Unread(row.id, row.until))
            continue
        texts = tuple(_texts(octets))
        if _reaches(row, octets, wanted, keyed) or _in(wanted.sure, texts) or wanted.reached_by(texts):
            his.append(row.id)
        elif _in(wanted.maybe, texts):
            may_be.append(row.id)
        elif row.kind == "dead_letter" and row.reason.startswith(_PACKED):
            unread.append(Unread(row.id, row.until))
    return Aside(tuple(his), tuple(may_be), tuple(unread), last)


def _all(box: SetAsideBox) -> Iterator[AsideRow]:
    after: tuple[datetime, UUID] | None = None
    while rows := box.listed(limit=_PAGE, after=after):
        yield from rows
        after = (rows[-1].since, rows[-1].id)


def _reaches(row: AsideRow, octets: bytes, wanted: Person, keyed: Keyed) -> bool:
    """Whether a message comes from, or for, one whom a contact of his reaches; what is no message does not."""
    message = _message(row, octets)
    if message is None:
        return False
    keys = (*contact_keys(message.author, keyed), *contact_keys(message.on_behalf_of, keyed))
    return any(key[:_KEY_OCTETS] in wanted.contacts for key in keys)


def _message(row: AsideRow, octets: bytes) -> Message | None:
    """Return the channel message that was set aside, if that can be read now."""
    try:
        if row.kind == "parked":
            return parking.unpack(octets).message
        value = DeadLetter.from_octets(octets).value
        return None if value is None else channels.to_message(channels.parse(value), NOTHING_OWN)
    except (MessageRefused, parking.NotParked, ValidationError):
        return None


def _texts(octets: bytes) -> Iterator[str]:
    """Yield what octets say, however they are packed: as they are, JSON in them, a mail in them, base64 in them."""
    text = octets.decode("utf-8", "replace")
    yield text
    if "\N{REPLACEMENT CHARACTER}" in text or "\0" in text:
        yield from (octets.decode(charset, "replace") for charset in _OTHER_CHARSETS)
    try:
        said = orjson.loads(octets)
    except orjson.JSONDecodeError:
        if "\\u" in text:
            yield _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)
        yield from _of_mail(octets)
        return
    yield from _of_json(said)


def _of_json(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
        yield from _of_text(node)
    elif isinstance(node, dict):
        for key, child in node.items():
            yield key
            yield from _of_json(child)
    elif isinstance(node, list):
        for child in node:
            yield from _of_json(child)


def _of_text(text: str) -> Iterator[str]:
    """Yield what a string of JSON holds in turn: a payload in base64, or a raw mail."""
    if "\n" in text and ":" in text:
        yield from _of_mail(text.encode("utf-8", "surrogateescape"))
        return
    try:
        packed = base64.b64decode(text, validate=True) if len(text) >= _SHORTEST else b""
    except (binascii.Error, ValueError):
        return
    if packed:
        yield from _texts(packed)


def _of_mail(octets: bytes) -> Iterator[str]:
    mail: Mail = message_from_bytes(octets)
    for value in mail.values():
        yield str(make_header(decode_header(str(value))))
    for part in mail.walk():
        body = part.get_payload(decode=True)
        if isinstance(body, bytes):
            charset = part.get_content_charset() or "utf-8"
            try:
                yield body.decode(charset, "replace")
            except LookupError:
                yield body.decode("utf-8", "replace")


def _in(needles: Collection[str], texts: Iterable[str]) -> bool:
    return any(needle in text for text in map(str.casefold, texts) for needle in needles)
