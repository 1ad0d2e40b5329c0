"""Whether a condition of a configuration file names an event and fields that exist."""

import difflib
from collections.abc import Iterable, Iterator
from typing import Final

from pydantic import BaseModel

from schemas.catalogue import EVENTS

_EVENTS: Final[dict[str, type[BaseModel]]] = {name.rpartition(".v")[0]: model for name, model in EVENTS.items()}


def problems(event: str, where: Iterable[str]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield place and fix of what is wrong; the name of a kind of clock stands for conditions of its own."""
    if "." not in event:
        return
    model = _EVENTS.get(event)
    if model is None:
        near = difflib.get_close_matches(event, _EVENTS, n=1)
        yield ("event",), f"there is no such event{f'; did you mean {near[0]}?' if near else ''}"
        return
    fields = {info.alias or name for name, info in model.model_fields.items()}
    for name in where:
        if name not in fields:
            yield ("where", name), f"{event} has no such field; one of: {', '.join(sorted(fields))}"
