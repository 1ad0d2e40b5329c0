"""What a change of the topics' description would break for who sends to them or reads them.

What a record holds is a document of its own, which ``compatibility`` compares. Here is what stands around it: the
topics and their default names, which messages each carries in which form, and the headers, by the promise ``stored``:
who reads has records of every version before him.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from schemas.published.compatibility import breaks

Document = Mapping[str, Any]
_HEADERS: Final = "headers."


def breaks_of_topics(old: Document, new: Document) -> list[str]:
    """Return every break between two descriptions, each as ``place: what``; empty if there is none."""
    before, after = old["components"], new["components"]
    return [
        *_channels(old["channels"], new["channels"]),
        *_messages(before["messages"], after["messages"]),
        *_headers(before["schemas"], after["schemas"]),
    ]


def _channels(old: Document, new: Document) -> Iterator[str]:
    for name, was in old.items():
        now = new.get(name)
        if now is None:
            yield f"{name}: is gone"
            continue
        if now["address"] != was["address"]:
            yield f"{name}: was {was['address']} and would be {now['address']}"
        yield from (
            f"{name}: carries no {message} any more" for message in was["messages"] if message not in now["messages"]
        )


def _messages(old: Document, new: Document) -> Iterator[str]:
    for name in (one for one in old if one in new):
        was, now = old[name]["contentType"], new[name]["contentType"]
        if was != now:
            yield f"{name}: was {was} and would be {now}"
        if "headers" in old[name] and "headers" not in new[name]:
            yield f"{name}: has no headers any more"


def _headers(old: Document, new: Document) -> Iterator[str]:
    for name in (one for one in old if one.startswith(_HEADERS)):
        if name not in new:
            yield f"{name}: is gone"
            continue
        yield from (f"{name}: {text}" for text in breaks(old[name], new[name], "stored"))
