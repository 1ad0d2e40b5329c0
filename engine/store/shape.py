"""What of a stored model stands open: its validator and serializer with personal values left out.

An event is written by pydantic in one step, and read by it in one step; both would otherwise have
to go over the whole of it to take personal values out and to put them back. So each class gets a
second validator and serializer, made of the very schema that pydantic made of the class, but with
its personal fields never written and never asked for. What they validate are instances of the
class itself, checked in every other field; ``put_in`` then sets the personal values, which are
text or ``Withheld`` and nothing else (``plan`` refuses a class where they could be more).

What a policy promises stands in full in every ``complaint.sla_applied`` and is the same octets for every
case under it. It is written and read once, and its events then share one immutable object.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import cache, lru_cache
from typing import Any, Final, Generic, NamedTuple, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import SchemaSerializer, SchemaValidator

from engine.sla.same import Same
from engine.store.vault.plan import plan_of
from schemas.complaint.clocks import SlaApplied
from schemas.words import SEALED

M = TypeVar("M", bound=BaseModel)


class Shape(Generic[M]):
    """The open part of one class."""

    def __init__(self, model: type[M]) -> None:
        schema = _open(model.__pydantic_core_schema__)
        # The classes' own validators would be taken for their parts otherwise, personal fields and all.
        serializer = SchemaSerializer(schema, _use_prebuilt=False)
        self._validate: Callable[[bytes], M] = SchemaValidator(schema, _use_prebuilt=False).validate_json
        self._to_json = serializer.to_json
        self._shared = _SHARED.get(model, "")
        self._octets_of = lru_cache(maxsize=256)(self._written)
        self._model = model
        self.from_json: Callable[[bytes], M] = self._validate
        if self._shared:
            self._begin = f',"{self._shared}":'.encode()
            self._value_of = lru_cache(maxsize=128)(_reader_of(schema, self._shared))
            others = SchemaValidator(_without(schema, self._shared), _use_prebuilt=False)
            self._others: Callable[[bytes], M] = others.validate_json
            self.from_json = self._read

    def to_json(self, model: M, without: set[str] | None = None) -> bytes:
        """Return what stands open, without absent values and the fields of ``without``."""
        if without:
            return self._to_json(model, exclude_none=True, exclude=without)
        if not self._shared:
            return self._to_json(model, exclude_none=True)
        own = self._to_json(model, exclude_none=True, exclude={self._shared})
        return own[:-1] + b"," + self._octets_of(Same(getattr(model, self._shared)))

    def _read(self, octets: bytes) -> M:
        """Return the model with the shared field of all that have its very octets; see ``to_json``."""
        head, found, tail = octets.partition(self._begin)
        try:
            value = self._value_of(tail[:-1]) if found else SEALED
        except ValidationError:  # it is not the last field, or it is wrong: the whole says which
            value = SEALED
        if value is SEALED:
            return self._validate(octets)
        model = self._others(head + b"}")
        model.__dict__[self._shared] = value
        model.__pydantic_fields_set__.add(self._shared)
        return model

    def _written(self, value: Same[Any]) -> bytes:
        """Return the shared last field as it ends an event's JSON."""
        alone = self._model.model_construct(None, **{self._shared: value.of})
        return self._to_json(alone, exclude_none=True, include={self._shared})[1:]


_SHARED: Final[dict[type[BaseModel], str]] = {SlaApplied: "clocks"}
"""A last field whose very object many events share: what a policy promises is worked out once, and so is its JSON."""


@cache
def shape_of(model: type[M]) -> Shape[M]:
    """Return the open part of a class; made once."""
    return Shape(model)


def _open(schema: Any) -> Any:
    """Return a copy of a core schema in which no personal field is written or needed."""
    if isinstance(schema, list):
        return [_open(inner) for inner in schema]
    if not isinstance(schema, dict):
        return schema
    copied = {key: _open(inner) for key, inner in schema.items()}
    if schema.get("type") == "model":
        fields = _fields(copied)
        for name in plan_of(schema["cls"]).personal:
            _leave_out(fields[name])
    return copied


def _fields(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a model's core schema."""
    while schema["type"] != "model-fields":
        schema = schema["schema"]
    found: dict[str, Any] = schema["fields"]
    return found


def _reader_of(schema: dict[str, Any], name: str) -> Callable[[bytes], Any]:
    """Return a validator of one field alone."""
    alone = _fields(schema)[name]["schema"]
    if schema["type"] == "definitions":
        alone = {**schema, "schema": alone}
    return SchemaValidator(alone, _use_prebuilt=False).validate_json


def _without(schema: dict[str, Any], name: str) -> dict[str, Any]:
    """Return a copy of a core schema that does not ask for one field."""
    copied: dict[str, Any] = _open(schema)
    _leave_out(_fields(copied)[name])
    return copied


def _leave_out(field: dict[str, Any]) -> None:
    field["serialization_exclude"] = True
    if field["schema"]["type"] != "default":
        field["schema"] = {"type": "default", "schema": field["schema"], "default": SEALED}


class Place(NamedTuple):
    """A model in an event or its envelope, and the fields of it that a sealed part fills."""

    in_meta: bool
    path: tuple[str | int, ...]
    names: tuple[str, ...]


@lru_cache(maxsize=4096)
def places(fields: bytes) -> tuple[Place, ...]:
    """Return the places that the ``fields`` of a sealed part name (see ``frame``), in order."""
    found: list[Place] = []
    for pointer in fields.decode().split("\0"):
        _, root, *path = pointer.split("/")
        steps = tuple(int(step) if step.isdecimal() else step for step in path[:-1])
        place = Place(root == "meta", steps, (path[-1] if path else "",))
        if found and found[-1][:2] == place[:2]:
            found[-1] = place._replace(names=found[-1].names + place.names)
        else:
            found.append(place)
    return tuple(found)


def put_in(meta: BaseModel, data: BaseModel, where: Iterable[Place], values: Iterator[Any]) -> None:
    """Set personal values in an envelope and an event just read; a place that they do not have is passed over."""
    for in_meta, path, names in where:
        node: Any = meta if in_meta else data
        if path:
            node = _inside(node, path)
        known = {} if node is None else node.__dict__
        for name in names:
            value = next(values)
            if name in known:
                known[name] = value
                node.__pydantic_fields_set__.add(name)


def _inside(node: Any, path: Iterable[str | int]) -> Any:
    for step in path:
        if isinstance(step, str):
            node = getattr(node, step, None)
        else:
            node = node[step] if node.__class__ is tuple and step < len(node) else None
    return node
