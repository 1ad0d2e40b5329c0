"""How to reach somebody by what a case knows of him: over which channel, at which address. Pure."""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from schemas.words import Channel, ContactKind, Counterparty, Party, PartyRole

_SPEAKING: Final[tuple[PartyRole, ...]] = ("representative", "complainant", "customer", "joint_complainant")
"""Who is written to, the first that can be reached: whoever is represented wanted others to write."""
_BY_CHANNEL: Final[dict[Channel, tuple[ContactKind, ...]]] = {
    "messenger": ("username", "phone"),
    "chat": ("username", "phone"),
    "social": ("username",),
    "review": ("username",),
}
"""Channels that a program can answer on, and what it needs to know there."""
_NOWHERE: Final = ".invalid"
"""No address below it ever leads anywhere (RFC 2606): the people of `plaint sample` live there."""


class Way(NamedTuple):
    """Channel, counterparty and address; the address is personal."""

    channel: Channel
    counterparty: Counterparty
    to: str | None


def way_to(parties: Iterable[Party], channel: Channel | None) -> Way | None:
    """Return how the complainant is written to in private: by e-mail, else on the channel that he chose.

    None where only a person can: a letter, a visit, a call, an authority.
    """
    known = list(parties)
    for role in _SPEAKING:
        counterparty: Counterparty = "representative" if role == "representative" else "complainant"
        own = [party for party in known if party.role == role]
        if (mail := _contact(own, ("email",))) is not None:
            return Way("email", counterparty, mail)
        if channel in _BY_CHANNEL and (there := _contact(own, _BY_CHANNEL[channel])) is not None:
            return Way(channel, counterparty, there)
    return None


def in_public(channel: Channel | None) -> Way | None:
    """Return how a complaint that everybody could read is answered: where it was made."""
    return None if channel is None else Way(channel, "complainant", None)


def _contact(parties: Sequence[Party], kinds: tuple[ContactKind, ...]) -> str | None:
    """Return the contact that was told last, of the first kind that is known and may lead somewhere."""
    for kind in kinds:
        for party in reversed(parties):
            for contact in party.contacts:
                if contact.kind == kind and isinstance(contact.value, str) and not _leads_nowhere(contact.value):
                    return contact.value
    return None


def _leads_nowhere(address: str) -> bool:
    return address.rstrip(". >").casefold().endswith(_NOWHERE)
