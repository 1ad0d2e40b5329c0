"""The one function of every door: octets or a mapping become something the service takes, or a reason why not.

Limits are judged before anything is parsed. A reason names a path and a fix, never a value.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson
from pydantic import ValidationError

from engine.incoming import Arrived, Circumstances
from schemas import channels
from schemas.channels.message import Message, MessageRefused
from schemas.published.cloudevent import CloudEvent, looks_like_cloudevent

MAX_OCTETS: Final = 40 * 1024 * 1024
"""The largest message: an e-mail with its attachments as mail servers commonly allow, with base64."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """It can never be accepted. ``path`` says where, ``reason`` what is wrong and how to mend it."""

    path: str
    reason: str


def from_octets(octets: bytes, around: Circumstances) -> Arrived | Rejected:
    """Return the channel message in ``octets``: JSON of a channel model, bare or in a CloudEvent."""
    if len(octets) > MAX_OCTETS:
        return Rejected("(message)", f"larger than {MAX_OCTETS} octets; send large files apart")
    try:
        data = orjson.loads(octets)
    except orjson.JSONDecodeError as error:
        return Rejected(f"(column {error.colno})", "not JSON; one JSON object is expected")
    return from_mapping(data, around)


def from_mapping(data: object, around: Circumstances) -> Arrived | Rejected:
    """Return the channel message in a parsed JSON value."""
    if not isinstance(data, dict):
        return Rejected("(message)", "a JSON object is expected")
    if looks_like_cloudevent(data):
        return _from_cloudevent(data, around)
    try:
        message = channels.parse(data).to_message()
    except MessageRefused as refused:
        return Rejected(refused.path, f"{refused.reason}; {refused.fix}")
    return Arrived(message, orjson.dumps(data), around)


def from_rfc5322(octets: bytes, around: Circumstances) -> Arrived | Rejected:
    """Return the e-mail in ``octets``."""
    if len(octets) > MAX_OCTETS:
        return Rejected("(message)", f"larger than {MAX_OCTETS} octets")
    try:
        model = channels.from_rfc5322(octets)
        message: Message = model.to_message()
    except MessageRefused as refused:
        return Rejected(refused.path, f"{refused.reason}; {refused.fix}")
    return Arrived(message, model.model_dump_json().encode(), around)


def _from_cloudevent(data: Mapping[str, Any], around: Circumstances) -> Arrived | Rejected:
    try:
        event = CloudEvent.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_input=False, include_context=False)[0]
        return Rejected(".".join(str(part) for part in first["loc"]), first["msg"])
    inner = from_mapping(event.data, around)
    return Rejected(f"data.{inner.path}", inner.reason) if isinstance(inner, Rejected) else inner


