"""What a change of the HTTP door's description would break for who calls it.

A request that was good stays good: paths, methods and fields stay, nothing new is demanded, limits only widen.
An answer that was read can still be read: its fields stay, those that were always there still are, and none holds
another type. Answers may say more, and a closed list in them may grow: a caller passes over what he does not know.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from schemas.published.compatibility import breaks

Document = Mapping[str, Any]
_METHODS: Final = ("get", "put", "post", "delete", "patch")
_COMPONENTS: Final = "#/components/schemas/"


def breaks_of_api(old: Document, new: Document) -> list[str]:
    """Return every break between two descriptions, each as ``METHOD path: place: what``; empty if there is none."""
    found: list[str] = []
    for path, operations in old["paths"].items():
        for method in _METHODS:
            if method not in operations:
                continue
            now = new["paths"].get(path, {}).get(method)
            told = ["is gone"] if now is None else list(_operation(operations[method], now, (old, new)))
            found += [f"{method.upper()} {path}: {text}" for text in told]
    return found


def _operation(was: Document, now: Document, documents: tuple[Document, Document]) -> Iterator[str]:
    whole = tuple({"$defs": _defs(one)} for one in documents)
    yield from breaks(whole[0] | _parameters(was), whole[1] | _parameters(now), "input")
    yield from _requests(was, now, whole)
    yield from _answers(was, now, whole)


def _parameters(operation: Document) -> dict[str, Any]:
    """Return the parameters of an operation as the schema of one object."""
    named = {f"{one['in']} {one['name']}": one for one in operation.get("parameters", ())}
    required = [name for name, one in named.items() if one.get("required")]
    properties = {name: _local(one["schema"]) for name, one in named.items()}
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _requests(was: Document, now: Document, whole: Sequence[dict[str, Any]]) -> Iterator[str]:
    before, after = was.get("requestBody"), now.get("requestBody")
    if after is not None and after.get("required") and not (before or {}).get("required"):
        yield "body: its absence is no longer valid"
    for media, told in (before or {}).get("content", {}).items():
        other = (after or {}).get("content", {}).get(media)
        if other is None:
            yield f"body: {media} is no longer taken"
        else:
            yield from breaks(_with(whole[0], told), _with(whole[1], other), "input")


def _answers(was: Document, now: Document, whole: Sequence[dict[str, Any]]) -> Iterator[str]:
    for status, answer in was["responses"].items():
        for media, told in answer.get("content", {}).items():
            other = now["responses"].get(status, {}).get("content", {}).get(media)
            if other is None:
                yield f"answer {status}: there is no {media} any more"
            else:
                yield from _Read(whole[0]["$defs"], whole[1]["$defs"]).misfits(
                    _local(told.get("schema", {})), _local(other.get("schema", {})), f"answer {status}"
                )


def _with(whole: Mapping[str, Any], told: Document) -> dict[str, Any]:
    schema: dict[str, Any] = {**whole, **_local(told.get("schema", {}))}
    return schema


class _Read:
    """Answers of two versions, by the parts that they name."""

    def __init__(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
        self._old, self._new = old, new
        self._seen: set[tuple[str, str]] = set()

    def misfits(self, was: Any, now: Any, place: str) -> Iterator[str]:
        """Yield what a reader of the old one would miss, or could not read."""
        names = (str(was.get("$ref")), str(now.get("$ref")))
        if "$ref" in was:
            if names in self._seen:
                return
            self._seen.add(names)
        before, after = _followed(was, self._old), _followed(now, self._new)
        for kind in sorted(_kinds(after, self._new) - _kinds(before, self._old)):
            yield f"{place}: may now be {kind}"
        for name, one in before.get("properties", {}).items():
            if name not in after.get("properties", {}):
                yield f"{place}.{name}: is gone"
                continue
            if name in before.get("required", ()) and name not in after.get("required", ()):
                yield f"{place}.{name}: was always there, and may now be absent"
            yield from self.misfits(one, after["properties"][name], f"{place}.{name}")
        if isinstance(before.get("items"), dict) and isinstance(after.get("items"), dict):
            yield from self.misfits(before["items"], after["items"], f"{place}[]")
        yield from self._shapes(before, after, place)

    def _shapes(self, before: Document, after: Document, place: str) -> Iterator[str]:
        """Compare what may stand for a value, shape by shape, where these are the same in number."""
        for choice in ("anyOf", "oneOf"):
            ours, theirs = before.get(choice, ()), after.get(choice, ())
            if len(ours) == len(theirs):
                for one, other in zip(ours, theirs, strict=True):
                    yield from self.misfits(one, other, place)


def _kinds(schema: Document, defs: Mapping[str, Any]) -> set[str]:
    """Return the types that a value may have; none are told where any may stand."""
    for choice in ("anyOf", "oneOf"):
        if choice in schema:
            return {kind for one in schema[choice] for kind in _kinds(_followed(one, defs), defs)}
    found = schema.get("type", ())
    return {found} if isinstance(found, str) else set(found)


def _followed(schema: Any, defs: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = dict(schema) if isinstance(schema, Mapping) else {}
    while "$ref" in found:
        found = dict(defs[found["$ref"].removeprefix("#/$defs/")])
    return found


def _defs(document: Document) -> dict[str, Any]:
    found: dict[str, Any] = _local(document.get("components", {}).get("schemas", {}))
    return found


def _local(node: Any) -> Any:
    """Return the same with references to parts of the document as ``breaks`` knows them."""
    if isinstance(node, Mapping):
        return {key: _place(value) if key == "$ref" else _local(value) for key, value in node.items()}
    return [_local(one) for one in node] if isinstance(node, list) else node


def _place(reference: Any) -> Any:
    return f"#/$defs/{reference.removeprefix(_COMPONENTS)}" if isinstance(reference, str) else _local(reference)
