"""The one function of every door: octets or a mapping become something the service takes, or a reason why not.

Limits are judged before anything is parsed. A reason names a path and a fix, never a value.
"""

from dataclasses import dataclass
from typing import Any, Final

import orjson

from engine.incoming import Arrived, Circumstances
from schemas import channels
from schemas.channels.mail.automatic import NOTHING_OWN, OwnMail
from schemas.channels.message import MessageRefused
from schemas.input import InputRefused
from schemas.published import cloudevent

MAX_OCTETS: Final = 40 * 1024 * 1024
"""The largest message: an e-mail with its attachments as mail servers commonly allow, with base64."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """It can never be accepted. ``path`` says where, ``reason`` what is wrong and how to mend it."""

    path: str
    reason: str


def from_octets(octets: bytes, around: Circumstances, own: OwnMail = NOTHING_OWN) -> Arrived | Rejected:
    """Return the channel message in ``octets``: JSON of a channel model, bare or in a CloudEvent.

    ``own`` tells our own automatic mail and mailing lists from others'.
    """
    if len(octets) > MAX_OCTETS:
        return Rejected("(message)", f"larger than {MAX_OCTETS} octets; send large files apart")
    try:
        data = orjson.loads(octets)
    except orjson.JSONDecodeError as error:
        return Rejected(f"(column {error.colno})", "not JSON; send one JSON object on one line")
    return from_mapping(data, around, own)


def from_mapping(data: object, around: Circumstances, own: OwnMail = NOTHING_OWN) -> Arrived | Rejected:
    """Return the channel message in a parsed JSON value."""
    if not isinstance(data, dict):
        return Rejected("(message)", "not an object; send one JSON object")
    if cloudevent.looks_like_cloudevent(data):
        return _from_cloudevent(data, around, own)
    try:
        model = channels.parse(data)
        return Arrived(channels.to_message(model, own), orjson.dumps(data), around)
    except MessageRefused as refused:
        return _rejected(refused)


def from_rfc5322(octets: bytes, around: Circumstances, own: OwnMail = NOTHING_OWN) -> Arrived | Rejected:
    """Return the e-mail in ``octets``."""
    if len(octets) > MAX_OCTETS:
        return Rejected("(message)", f"larger than {MAX_OCTETS} octets; send large files apart")
    try:
        model = channels.from_rfc5322(octets)
        return Arrived(channels.to_message(model, own), model.model_dump_json().encode(), around)
    except MessageRefused as refused:
        return _rejected(refused)


def _rejected(refused: InputRefused) -> Rejected:
    return Rejected(refused.path or "(message)", f"{refused.reason}; {refused.fix}")


def _from_cloudevent(data: dict[str, Any], around: Circumstances, own: OwnMail) -> Arrived | Rejected:
    try:
        event = cloudevent.read(data)
    except cloudevent.EnvelopeRefused as refused:
        return _rejected(refused)
    inner = from_mapping(event.data, around, own)
    return Rejected(f"data.{inner.path}", inner.reason) if isinstance(inner, Rejected) else inner
