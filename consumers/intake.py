"""The one function of every door: octets or a mapping become something the service takes, or a reason why not.

Limits are judged before anything is parsed. A reason names a path and a fix, never a value.
"""

import codecs
import re
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson

from engine.incoming import Arrived, Circumstances
from schemas import channels
from schemas.channels.message import MessageRefused
from schemas.input import InputRefused
from schemas.published import cloudevent
from schemas.published.cloudevent import CloudEvent

MAIL: Final = "message/rfc822"
MAX_OCTETS: Final = 40 * 1024 * 1024
"""The largest message: an e-mail with its attachments as mail servers commonly allow, with base64."""

_TRACE: Final = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


@dataclass(frozen=True, slots=True)
class Rejected:
    """It can never be accepted. ``path`` says where, ``reason`` what is wrong and how to mend it."""

    path: str
    reason: str


def from_octets(octets: bytes, around: Circumstances) -> Arrived | Rejected:
    """Return the channel message in ``octets``: JSON of a channel model, bare or in a CloudEvent."""
    data = _json(octets)
    return data if isinstance(data, Rejected) else from_mapping(data, around)


def from_mapping(data: object, around: Circumstances) -> Arrived | Rejected:
    """Return the channel message in a parsed JSON value."""
    if isinstance(data, dict) and cloudevent.looks_like_cloudevent(data):
        return _from_cloudevent(data, around)
    return _from_channel(data, around)


def from_rfc5322(octets: bytes, around: Circumstances) -> Arrived | Rejected:
    """Return the e-mail in ``octets``."""
    if len(octets) > MAX_OCTETS:
        return Rejected("(message)", f"larger than {MAX_OCTETS} octets; send large files apart")
    try:
        model = channels.from_rfc5322(octets)
        return Arrived(channels.to_message(model, around.own), model.model_dump_json().encode(), around)
    except MessageRefused as refused:
        return _rejected(refused)


def _json(octets: bytes) -> Any:
    """Return the JSON value in ``octets``; a mark of byte order before it is passed over."""
    if len(octets) > MAX_OCTETS:
        return Rejected("(message)", f"larger than {MAX_OCTETS} octets; send large files apart")
    try:
        return orjson.loads(octets.removeprefix(codecs.BOM_UTF8))
    except orjson.JSONDecodeError as error:
        if (octet := _not_utf8(octets)) is not None:
            return Rejected(f"(octet {octet})", "not UTF-8; send JSON in UTF-8")
        return Rejected(f"(column {error.colno})", "not JSON; send one JSON object on one line")


def _not_utf8(octets: bytes) -> int | None:
    """Return which octet, from 1, is the first that is not UTF-8."""
    try:
        octets.decode()
    except UnicodeDecodeError as error:
        return error.start + 1
    return None


def _from_channel(data: object, around: Circumstances) -> Arrived | Rejected:
    if not isinstance(data, dict):
        return Rejected("(message)", "not an object; send one JSON object")
    try:
        model = channels.parse(data)
        return Arrived(channels.to_message(model, around.own), orjson.dumps(data), around)
    except MessageRefused as refused:
        return _rejected(refused)
    except orjson.JSONEncodeError:
        return Rejected("(message)", "nested too deeply; send what the channel's schema names")


def trace_of(header: str | None) -> str | None:
    """Return a W3C trace context as it is stored; what is none is passed over, as the standard asks."""
    found = (header or "").strip()
    return found if _TRACE.fullmatch(found) else None


def _rejected(refused: InputRefused) -> Rejected:
    return Rejected(refused.path or "(message)", f"{refused.reason}; {refused.fix}")


def _from_cloudevent(data: dict[str, Any], around: Circumstances) -> Arrived | Rejected:
    try:
        event = cloudevent.read(data)
    except cloudevent.EnvelopeRefused as refused:
        return _rejected(refused)
    traced = replace(around, traceparent=around.traceparent or trace_of(event.traceparent))
    inner = _from_data(event, traced)
    if not isinstance(inner, Rejected):
        return inner
    return Rejected("data" if inner.path.startswith("(") else f"data.{inner.path}", inner.reason)


def _from_data(event: CloudEvent, around: Circumstances) -> Arrived | Rejected:
    """Return the message that a CloudEvent carries: an e-mail where it says so, otherwise JSON."""
    media = (event.datacontenttype or "").partition(";")[0].strip().lower()
    if media == MAIL and event.octets is not None:
        return from_rfc5322(event.octets, around)
    data = event.data if event.data_base64 is None else _json(event.data_base64)
    return data if isinstance(data, Rejected) else _from_channel(data, around)
