"""A parked message as octets, and back: the channel message whole, with the circumstances of its arrival."""

from base64 import b64decode, b64encode
from datetime import datetime
from typing import Any

import orjson
from pydantic import TypeAdapter

from engine.incoming import Arrived, Circumstances, Sender
from schemas import channels
from schemas.channels.mail.automatic import NOTHING_OWN, OwnMail
from schemas.envelope import Source

_SOURCE: TypeAdapter[Source] = TypeAdapter(Source)


class NotParked(ValueError):
    """What was kept for a parked message cannot be read as one; trying again changes nothing."""


def _own(names: list[list[str]]) -> OwnMail:
    addresses, domains, lists = map(frozenset, names)
    return OwnMail(addresses=addresses, message_id_domains=domains, lists=lists)


def _sorted(names: frozenset[str] | None) -> list[str] | None:
    return None if names is None else sorted(names)


def _set(names: list[str] | None) -> frozenset[str] | None:
    return None if names is None else frozenset(names)


def pack(item: Arrived) -> bytes:
    """Return the message and its circumstances as octets, to be kept encrypted."""
    around = item.around
    return orjson.dumps(
        {
            "payload": b64encode(item.payload).decode(),
            "received_at": around.received_at,
            "clock": around.clock,
            "trusts_claim": around.trusts_claim,
            "traceparent": around.traceparent,
            "source": _SOURCE.dump_python(around.source, mode="json"),
            "workload": around.sender.workload,
            "actor": around.sender.actor,
            "identity": around.sender.identity,
            "on_behalf_of": around.sender.on_behalf_of,
            "groups": _sorted(around.sender.groups),
            "units": _sorted(around.sender.units),
            "own": [sorted(names) for names in (around.own.addresses, around.own.message_id_domains, around.own.lists)],
        }
    )


def unpack(octets: bytes) -> Arrived:
    """Return what was packed.

    Raises:
        NotParked: these octets are no parked message.
        MessageRefused: the channel models no longer accept the message.
    """
    payload, around = _opened(octets)
    return Arrived(channels.to_message(channels.parse(payload), around.own), payload, around)


def _opened(octets: bytes) -> tuple[bytes, Circumstances]:
    try:
        return _read(orjson.loads(octets))
    except (ValueError, TypeError, LookupError, AttributeError):
        raise NotParked("these octets are no parked message") from None


def _read(kept: dict[str, Any]) -> tuple[bytes, Circumstances]:
    payload = b64decode(kept["payload"])
    own = _own(kept["own"]) if "own" in kept else NOTHING_OWN
    around = Circumstances(
        sender=_sender(kept),
        source=_SOURCE.validate_python(kept["source"]),
        received_at=datetime.fromisoformat(kept["received_at"]),
        trusts_claim=kept["trusts_claim"],
        traceparent=kept["traceparent"],
        clock=datetime.fromisoformat(kept["clock"]) if kept["clock"] else None,
        own=own,
    )
    return payload, around


def _sender(kept: dict[str, Any]) -> Sender:
    return Sender(
        kept["workload"],
        kept["actor"],
        kept["identity"],
        kept.get("on_behalf_of"),
        groups=_set(kept.get("groups")),
        units=_set(kept.get("units")),
    )
