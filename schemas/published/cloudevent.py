"""CloudEvents 1.0: the envelope of everything that Plaint takes from and gives to a broker or over HTTP.

Written after the CloudEvents core specification 1.0.2, its JSON format and its Kafka and HTTP
bindings. Extension attributes that Plaint uses have fields; every other one is kept as it came.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Final, Literal, NamedTuple
from urllib.parse import unquote

from pydantic import (
    BaseModel,
    ConfigDict,
    JsonValue,
    SerializerFunctionWrapHandler,
    StringConstraints,
    ValidationError,
    model_serializer,
    model_validator,
)
from pydantic_core import from_json, to_json

from schemas.input import Base64, Id, InputRefused, Instant, fault, first_fault

STRUCTURED: Final = "application/cloudevents+json"
BATCH: Final = "application/cloudevents-batch"
JSON: Final = "application/json"
CONTENT_TYPE: Final = "content-type"
KAFKA_PREFIX: Final = "ce_"
HTTP_PREFIX: Final = "ce-"
MAX_EXTENSIONS = 40
CONTENT = frozenset({"data", "data_base64"})

Attribute = Annotated[str, StringConstraints(min_length=1, max_length=2_000)]
KafkaHeader = tuple[str, bytes]


class EnvelopeRefused(InputRefused):
    """What arrived is no CloudEvent that can be read; the refusal repeats nothing of it."""


class KafkaRecord(NamedTuple):
    """A CloudEvent as Kafka carries it: key, headers and value. A value of ``None`` has no data."""

    key: bytes | None
    headers: list[KafkaHeader]
    value: bytes | None


class CloudEvent(BaseModel):
    """One CloudEvent; its JSON form (``model_dump_json``) is the structured mode.

    ``source`` and ``id`` together name the event. ``data`` holds JSON, ``data_base64`` octets, never
    both. ``partitionkey`` becomes the Kafka key: messages of one conversation share one.
    ``sequence`` sorts as text. ``recordedtime`` is when it was stored, ``time`` when it happened.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    specversion: Literal["1.0"] = "1.0"
    id: Id
    source: Attribute
    type: Attribute
    subject: Attribute | None = None
    time: Instant | None = None
    datacontenttype: Attribute | None = None
    dataschema: Attribute | None = None
    partitionkey: Attribute | None = None
    traceparent: Attribute | None = None
    tracestate: Attribute | None = None
    correlationid: Attribute | None = None
    causationid: Attribute | None = None
    sequence: Attribute | None = None
    recordedtime: Instant | None = None
    data: JsonValue = None
    data_base64: Base64 | None = None

    def __repr__(self) -> str:
        return "<CloudEvent>"

    __str__ = __repr__

    @model_validator(mode="after")
    def _keeps_to_the_specification(self) -> "CloudEvent":
        if self.data is not None and self.data_base64 is not None:
            raise fault("data", "holds its data twice; send data or data_base64, not both")
        if len(self.extensions) > MAX_EXTENSIONS:
            raise fault("extensions", f"has too many extension attributes; send at most {MAX_EXTENSIONS}")
        for name, value in self.extensions.items():
            if not re.fullmatch(r"[a-z0-9]{1,40}", name):
                raise fault("extensions", "has an attribute whose name is none; use a-z and 0-9 only")
            if value is not None and not isinstance(value, str | bool | int):
                raise fault("extensions", "has an attribute that is no string, integer or boolean; move it into data")
        return self

    @model_serializer(mode="wrap")
    def _without_what_is_absent(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in handler(self).items() if value is not None}

    @property
    def extensions(self) -> Mapping[str, Any]:
        """Extension attributes without a field of their own, as they came."""
        return self.__pydantic_extra__ or {}

    @property
    def octets(self) -> bytes | None:
        """The data as binary mode carries it: JSON encoded, other content as it is."""
        if self.data_base64 is not None:
            return self.data_base64
        if isinstance(self.data, str) and not _is_json(self.datacontenttype):
            return self.data.encode()
        return None if self.data is None else to_json(self.data)

    def attributes(self) -> dict[str, str]:
        """Return every context attribute that is present, in the text form of the specification."""
        given = self.model_dump(mode="json", exclude=set(CONTENT))
        return {name: _written(value) for name, value in given.items() if value is not None}


def looks_like_cloudevent(given: Mapping[str, Any]) -> bool:
    """Tell a CloudEvent in structured mode from a bare message; it may still be refused."""
    return "specversion" in given and {"id", "source", "type"} <= given.keys()


def read(given: bytes | Mapping[str, Any]) -> CloudEvent:
    """Return the event of structured mode, from JSON octets or an object already read.

    Raises:
        EnvelopeRefused: it is no CloudEvent 1.0.
    """
    try:
        return CloudEvent.model_validate(_json(given, "") if isinstance(given, bytes) else given)
    except ValidationError as error:
        raise EnvelopeRefused(*first_fault(error)) from None


def to_kafka_headers(event: CloudEvent) -> KafkaRecord:
    """Return the event in Kafka binary mode; the key is the ``partitionkey``."""
    attributes = event.attributes()
    content_type = attributes.pop("datacontenttype", None)
    headers = [(f"{KAFKA_PREFIX}{name}", value.encode()) for name, value in attributes.items()]
    if content_type is not None:
        headers.append((CONTENT_TYPE, content_type.encode()))
    return KafkaRecord(event.partitionkey.encode() if event.partitionkey else None, headers, event.octets)


def from_kafka_headers(headers: Iterable[KafkaHeader], value: bytes | None) -> CloudEvent:
    """Return the event of a Kafka record, in binary mode or, by its content type, in structured mode.

    Headers of others (``traceparent`` without prefix, a broker's own) are passed over.

    Raises:
        EnvelopeRefused: it is no CloudEvent 1.0, a batch, or gives an attribute twice.
    """
    given: dict[str, str] = {}
    for name, octets in headers:
        known = CONTENT_TYPE if name.lower() == CONTENT_TYPE else name
        if known != CONTENT_TYPE and not known.startswith(KAFKA_PREFIX):
            continue
        if known in given:
            raise EnvelopeRefused("headers", "gives an attribute twice", "send each ce_ header once")
        given[known] = _utf8(octets)
    return _from_headers(given, KAFKA_PREFIX, value)


def from_http_headers(headers: Mapping[str, str], body: bytes) -> CloudEvent:
    """Return the event of an HTTP request, in binary mode or, by its content type, in structured mode.

    Raises:
        EnvelopeRefused: it is no CloudEvent 1.0, or a batch.
    """
    lowered = {name.lower(): value for name, value in headers.items()}
    given = {name: unquote(value) for name, value in lowered.items() if name.startswith(HTTP_PREFIX)}
    if CONTENT_TYPE in lowered:
        given[CONTENT_TYPE] = lowered[CONTENT_TYPE]
    return _from_headers(given, HTTP_PREFIX, body)


def _from_headers(given: dict[str, str], prefix: str, body: bytes | None) -> CloudEvent:
    content_type = given.pop(CONTENT_TYPE, None)
    media = _media(content_type)
    if media.startswith(BATCH):
        raise EnvelopeRefused("headers", "announces a batch", "send one event in each message")
    if media == STRUCTURED:
        return read(body or b"")
    if f"{prefix}specversion" not in given:
        raise EnvelopeRefused("headers", "has no specversion", f"send {prefix}specversion: 1.0, or {STRUCTURED}")
    attributes: dict[str, Any] = {name.removeprefix(prefix): value for name, value in given.items()}
    if CONTENT.intersection(attributes):
        raise EnvelopeRefused("headers", "holds data in a header", "send data as the value or body")
    return read({**attributes, "datacontenttype": content_type, **_content(media, body)})


def _content(media: str, body: bytes | None) -> dict[str, Any]:
    """Return JSON as ``data``, anything else as octets; without a content type JSON is tried."""
    if not body:
        return {}
    if media and _is_json(media):
        return {"data": _json(body, "data")}
    if media:
        return {"data_base64": body}
    try:
        return {"data": _json(body, "data")}
    except EnvelopeRefused:
        return {"data_base64": body}


def _media(content_type: str | None) -> str:
    return (content_type or "").partition(";")[0].strip().lower()


def _is_json(content_type: str | None) -> bool:
    """Tell whether data of this content type is JSON; it is where none is named."""
    media = _media(content_type)
    return media in ("", JSON) or media.endswith("+json")


def _json(octets: bytes, path: str) -> Any:
    try:
        return from_json(octets, allow_inf_nan=False)
    except (ValueError, RecursionError):
        raise EnvelopeRefused(path, "is not JSON", "send JSON in UTF-8, or name the content type") from None


def _utf8(octets: bytes) -> str:
    try:
        return octets.decode()
    except UnicodeDecodeError:
        raise EnvelopeRefused("headers", "is not UTF-8", "send every ce_ header in UTF-8") from None


def _written(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
