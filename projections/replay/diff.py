"""What changed between two states: a JSON Patch of RFC 6902 that touches nothing else, and the same in words.

Each operation names what stood there ``was``, which RFC 6902 has readers pass over; so a patch can be
read as before and after, and applied backwards.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Literal

import orjson
from pydantic import SerializerFunctionWrapHandler, model_serializer

from engine.store.batch import Recorded
from projections.answers import Answer
from projections.replay.folding import states
from projections.replay.sentence import Language, spoken

_NOTHING: Final = object()
_BOOKKEEPING: Final = ("additions",)
"""Which commands were additions; the log names the command of every event anyhow."""
_LONGEST: Final = 400
"""Elements of both lists together that are aligned; of longer ones only what is alike at the ends stays untouched."""


class Operation(Answer):
    """One operation of RFC 6902. ``value`` is there with add and replace, ``was`` with remove and replace."""

    op: Literal["add", "remove", "replace"]
    path: str
    """A JSON Pointer (RFC 6901) into the state."""
    value: Any = None
    was: Any = None

    @model_serializer(mode="wrap")
    def _only_its_own(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        left_out = {"add": "was", "remove": "value"}.get(self.op)
        return {name: value for name, value in serialize(self).items() if name != left_out}


def patch(before: Any, after: Any) -> tuple[Operation, ...]:
    """Return the operations that turn one JSON value into another, to be applied in order; none where they are equal.

    ``None`` as the whole state means that nothing was there: the whole is then added or removed.
    """
    return tuple(_different("", _NOTHING if before is None else before, _NOTHING if after is None else after))


def changes(history: Sequence[Recorded]) -> dict[int, tuple[Operation, ...]]:
    """Return what each event of one case changed in its state, by position. ``history`` begins with its first event."""
    found: dict[int, tuple[Operation, ...]] = {}
    before: dict[str, Any] | None = None
    for one, after in states(history):
        found[one.position] = patch(before or {}, after or {})
        before = after
    return found


def in_words(operations: Sequence[Operation], language: Language) -> tuple[str, ...]:
    """Return the operations as lines such as ``lifecycle.stage.name: registration → investigation``.

    What is added or removed as a whole has a line for each of its fields; empty ones and bookkeeping have none.
    """
    return tuple(line for one in operations for line in _lines(one, language))


def _lines(one: Operation, language: Language) -> Iterator[str]:
    path = tuple(part.replace("~1", "/").replace("~0", "~") for part in one.path.split("/")[1:])
    if path[:1] == _BOOKKEEPING:
        return
    if one.op == "replace":
        before, after = (_shown(path, value, language) for value in (one.was, one.value))
        yield f"{'.'.join(path)}: {before} → {after}"
        return
    sign = "+" if one.op == "add" else "\N{MINUS SIGN}"
    for place, value in _leaves(path, one.value if one.op == "add" else one.was):
        if place[:1] != _BOOKKEEPING:
            yield f"{'.'.join(place)}: {sign} {_shown(place, value, language)}"


def _leaves(path: tuple[str, ...], value: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    """The fields of a value that say something, each with its place."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves((*path, name), inner)
    elif value is not None and value != [] and value is not False:
        yield path, value


def _shown(path: Sequence[str], value: Any, language: Language) -> str:
    if value is None or value in ([], {}):
        return "∅"
    if isinstance(value, dict | list):
        return orjson.dumps(value).decode()
    field = next((part for part in reversed(path) if not part.isdigit()), "")
    return spoken(field, value, language) or str(value)


def _different(path: str, before: Any, after: Any) -> Iterator[Operation]:
    if before is _NOTHING:
        if after is not _NOTHING:
            yield Operation(op="add", path=path, value=after)
    elif after is _NOTHING:
        yield Operation(op="remove", path=path, was=before)
    elif isinstance(before, dict) and isinstance(after, dict):
        for key in sorted(before.keys() | after.keys()):
            yield from _different(f"{path}/{_escaped(key)}", before.get(key, _NOTHING), after.get(key, _NOTHING))
    elif isinstance(before, list) and isinstance(after, list):
        yield from _lists(path, before, after)
    elif _key(before) != _key(after):
        yield Operation(op="replace", path=path, value=after, was=before)


def _lists(path: str, before: list[Any], after: list[Any]) -> Iterator[Operation]:
    """From the last element to the first, so that no operation moves the place of a later one."""
    old, new = list(map(_key, before)), list(map(_key, after))
    first = _alike(old, new)
    last = _alike(old[first:][::-1], new[first:][::-1])
    pairs = _aligned(old[first : len(old) - last], new[first : len(new) - last])
    for here, there in reversed(pairs):
        if there is None and here is not None:
            yield Operation(op="remove", path=f"{path}/{first + here[0]}", was=before[first + here[0]])
        elif there is not None and here is not None and here[1]:
            yield from _different(f"{path}/{first + here[0]}", before[first + here[0]], after[first + there])
        elif there is not None and here is not None:
            yield Operation(op="add", path=f"{path}/{first + here[0]}", value=after[first + there])


def _alike(old: Sequence[bytes], new: Sequence[bytes]) -> int:
    count = 0
    for one, other in zip(old, new, strict=False):
        if one != other:
            break
        count += 1
    return count


Pair = tuple[tuple[int, bool] | None, int | None]
"""Place in the old list and whether its element stands there for the new one's; place in the new list."""


def _aligned(old: Sequence[bytes], new: Sequence[bytes]) -> list[Pair]:
    """Return how the new list comes from the old one by the fewest elements added, removed or changed."""
    if len(old) + len(new) > _LONGEST:
        shared = min(len(old), len(new))
        kept: list[Pair] = [((n, True), n) for n in range(shared)]
        kept += [((n, True), None) for n in range(shared, len(old))]
        return kept + [((len(old), False), n) for n in range(shared, len(new))]
    costs = _costs(old, new)
    pairs: list[Pair] = []
    row, column = len(old), len(new)
    while row or column:
        cost = costs[row][column]
        if row and column and cost == costs[row - 1][column - 1] + (old[row - 1] != new[column - 1]):
            row, column = row - 1, column - 1
            pairs.append(((row, True), column))
        elif row and cost == costs[row - 1][column] + 1:
            row -= 1
            pairs.append(((row, True), None))
        else:
            column -= 1
            pairs.append(((row, False), column))
    return pairs[::-1]


def _costs(old: Sequence[bytes], new: Sequence[bytes]) -> list[list[int]]:
    """The distances of all beginnings of both lists (Wagner and Fischer)."""
    costs = [[*range(len(new) + 1)]]
    for row, one in enumerate(old, 1):
        above, line = costs[-1], [row]
        for column, other in enumerate(new, 1):
            line.append(min(above[column - 1] + (one != other), above[column] + 1, line[column - 1] + 1))
        costs.append(line)
    return costs


def _key(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def apply(before: Any, operations: Sequence[Mapping[str, Any] | Operation]) -> Any:
    """Return a JSON value after a patch of add, remove and replace; the value itself is left as it is.

    Raises:
        KeyError, IndexError: the patch is of another value.
    """
    whole = {"": orjson.loads(_key(before))}
    for one in operations:
        said = one.model_dump() if isinstance(one, Operation) else one
        _apply(whole, said["op"], said["path"], said.get("value"))
    return whole[""]


def _apply(whole: dict[str, Any], op: str, path: str, value: Any) -> None:
    *steps, last = (part.replace("~1", "/").replace("~0", "~") for part in path.split("/"))
    node: Any = whole
    for step in steps:
        node = node[int(step)] if isinstance(node, list) else node[step]
    if isinstance(node, list):
        index = int(last)
        if op == "add":
            node.insert(index, value)
        elif op == "remove":
            del node[index]
        else:
            node[index] = value
    elif op == "remove":
        del node[last]
    else:
        node[last] = value
