"""The one function of every door: octets or a mapping become something the service takes, or a reason why not.

Limits are judged before anything is parsed. A reason names a path and a fix, never a value.
"""

import codecs
import re
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

import orjson
from pydantic import ValidationError

from engine.incoming import Arrived, Asked, Circumstances
from schemas import channels
from schemas.catalogue import COMMANDS
from schemas.channels.message import MessageRefused
from schemas.input import InputRefused, first_fault
from schemas.published import cloudevent
from schemas.published.cloudevent import CloudEvent
from schemas.published.command import CommandMessage, CommandRefused, read_command
from schemas.published.dead_letter import ErrorClass

MAIL: Final = "message/rfc822"
MAX_OCTETS: Final = 40 * 1024 * 1024
"""The largest message: an e-mail with its attachments as mail servers commonly allow, with base64."""

BY_DOORS_ONLY: Final = frozenset({"receive"})
"""Rights of commands that nobody gives: a door makes them of what arrives."""

T = TypeVar("T", bound=Arrived | Asked)

_TRACE: Final = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


@dataclass(frozen=True, slots=True)
class Rejected:
    """It can never be accepted. ``path`` says where, ``reason`` what is wrong and how to mend it."""

    path: str
    reason: str
    error: ErrorClass = "schema"


def from_octets(octets: bytes, around: Circumstances) -> Arrived | Rejected:
    """Return the channel message in ``octets``: JSON of a channel model, bare or in a CloudEvent."""
    data = _json(octets)
    return data if isinstance(data, Rejected) else from_mapping(data, around, clean_texts=b"\\u" not in octets)


def from_mapping(data: object, around: Circumstances, *, clean_texts: bool = False) -> Arrived | Rejected:
    """Return the channel message in a parsed JSON value; ``clean_texts`` as of ``channels.parse``."""
    if isinstance(data, dict) and cloudevent.looks_like_cloudevent(data):
        event = _event(data)
        return event if isinstance(event, Rejected) else from_event(event, around)
    return _from_channel(data, around, clean_texts=clean_texts)


def from_event(event: CloudEvent, around: Circumstances) -> Arrived | Rejected:
    """Return the channel message in a CloudEvent, in whichever mode it came."""
    return _within(_from_data(event, _traced(event, around)))


def command_from_octets(octets: bytes, around: Circumstances) -> Asked | Rejected:
    """Return the command in ``octets``: JSON of ``CommandMessage``, bare or in a CloudEvent."""
    data = _json(octets)
    if isinstance(data, Rejected):
        return data
    if isinstance(data, dict) and cloudevent.looks_like_cloudevent(data):
        event = _event(data)
        return event if isinstance(event, Rejected) else command_from_event(event, around)
    return _asked(data, around)


def command_from_event(event: CloudEvent, around: Circumstances) -> Asked | Rejected:
    """Return the command in a CloudEvent; without an id of its own it has the event's source and id."""
    data = event.data if event.data_base64 is None else _json(event.data_base64)
    if isinstance(data, Rejected):
        return _within(data)
    if isinstance(data, dict) and "id" not in data:
        data = {**data, "id": f"{event.source} {event.id}"}
    return _within(_asked(data, _traced(event, around)))


def from_rfc5322(octets: bytes, around: Circumstances) -> Arrived | Rejected:
    """Return the e-mail in ``octets``."""
    if len(octets) > MAX_OCTETS:
        return _too_large()
    try:
        model = channels.from_rfc5322(octets)
        return Arrived(channels.to_message(model, around.own), model.model_dump_json().encode(), around)
    except MessageRefused as refused:
        return _rejected(refused)


def _json(octets: bytes) -> Any:
    """Return the JSON value in ``octets``; a mark of byte order before it is passed over."""
    if len(octets) > MAX_OCTETS:
        return _too_large()
    try:
        return orjson.loads(octets.removeprefix(codecs.BOM_UTF8))
    except orjson.JSONDecodeError as error:
        if (octet := _not_utf8(octets)) is not None:
            return Rejected(f"(octet {octet})", "not UTF-8; send JSON in UTF-8", "encoding")
        return Rejected(f"(column {error.colno})", "not JSON; send one JSON object on one line", "syntax")


def _too_large() -> Rejected:
    return Rejected("(message)", f"larger than {MAX_OCTETS} octets; send large files apart", "size")


def _not_utf8(octets: bytes) -> int | None:
    """Return which octet, from 1, is the first that is not UTF-8."""
    try:
        octets.decode()
    except UnicodeDecodeError as error:
        return error.start + 1
    return None


def _from_channel(data: object, around: Circumstances, *, clean_texts: bool = False) -> Arrived | Rejected:
    if not isinstance(data, dict):
        return Rejected("(message)", "not an object; send one JSON object")
    try:
        model = channels.parse(data, clean_texts=clean_texts)
        return Arrived(channels.to_message(model, around.own), orjson.dumps(data), around)
    except MessageRefused as refused:
        return _rejected(refused)
    except orjson.JSONEncodeError:
        return Rejected("(message)", "nested too deeply; send what the channel's schema names", "depth")


def trace_of(header: str | None) -> str | None:
    """Return a W3C trace context as it is stored; what is none is passed over, as the standard asks."""
    found = (header or "").strip()
    return found if _TRACE.fullmatch(found) else None


def _rejected(refused: InputRefused) -> Rejected:
    return Rejected(refused.path or "(message)", f"{refused.reason}; {refused.fix}")


def _event(data: dict[str, Any]) -> CloudEvent | Rejected:
    try:
        return cloudevent.read(data)
    except cloudevent.EnvelopeRefused as refused:
        return _rejected(refused)


def _traced(event: CloudEvent, around: Circumstances) -> Circumstances:
    return replace(around, traceparent=around.traceparent or trace_of(event.traceparent))


def _within(inner: T | Rejected) -> T | Rejected:
    """Return the same, where it was rejected with the path as the whole event sees it."""
    if not isinstance(inner, Rejected):
        return inner
    return replace(inner, path="data" if inner.path.startswith("(") else f"data.{inner.path}")


def _asked(data: object, around: Circumstances) -> Asked | Rejected:
    try:
        given = read_command(data)
        kind = COMMANDS.get(given.name)
        if kind is None or kind.RIGHT in BY_DOORS_ONLY:
            return Rejected("name", "is no command; see the commands of the catalogue")
        return _command(given, around)
    except CommandRefused as refused:
        return _rejected(refused)


def _command(given: CommandMessage, around: Circumstances) -> Asked | Rejected:
    try:
        command = COMMANDS[given.name].model_validate_json(orjson.dumps(given.command))
    except ValidationError as error:
        path, reason, fix = first_fault(error)
        return Rejected(f"command.{path}".rstrip("."), f"{reason}; {fix}")
    return Asked(given.stream, command, given.id, around, given.why, given.expected, given.occurred_at)


def _from_data(event: CloudEvent, around: Circumstances) -> Arrived | Rejected:
    """Return the message that a CloudEvent carries: an e-mail where it says so, otherwise JSON."""
    media = (event.datacontenttype or "").partition(";")[0].strip().lower()
    if media == MAIL and event.octets is not None:
        return from_rfc5322(event.octets, around)
    data = event.data if event.data_base64 is None else _json(event.data_base64)
    return data if isinstance(data, Rejected) else _from_channel(data, around)
