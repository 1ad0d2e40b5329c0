"""The parts of a good reply: preface with apology, why it happened, how we help and what else, a good end."""

from typing import Final, Literal

from engine.text import lists
from engine.text.replies.finding import Check, Finding
from engine.text.words import language_of, sentences

Part = Literal["greeting", "apology", "cause", "help", "alternative", "done", "end"]

_LISTS: Final[dict[Part, str]] = {
    "greeting": "reply_greeting",
    "apology": "reply_apology",
    "cause": "reply_why",
    "help": "reply_help",
    "alternative": "reply_alternative",
    "done": "reply_done",
    "end": "reply_end",
}
_MISSING: Final[dict[Part, Check]] = {
    "greeting": "greeting_missing",
    "apology": "apology_missing",
    "cause": "cause_missing",
    "help": "help_missing",
    "alternative": "alternative_missing",
    "end": "end_missing",
}
_INTERIM: Final[tuple[Part, ...]] = ("greeting", "apology", "end")
"""An interim answer need not know the cause yet."""


def parts(text: str) -> frozenset[Part]:
    """Return the parts that a reply has; a greeting stands in its first lines, an end in its last ones."""
    language = language_of(text)
    where = {"greeting": _first(text), "end": _last(text)}
    return frozenset(
        part for part, name in _LISTS.items() if lists.holds(where.get(part, text), name, language)
    )  # fmt: skip


def expected(*, final: bool) -> tuple[Part, ...]:
    """Return the parts that a reply must have; ``done`` is asked of none."""
    return tuple(_MISSING) if final else _INTERIM


def missing(found: frozenset[Part], *, final: bool) -> list[Finding]:
    """Return what a reply lacks. Without any help its alternatives are not missed beside."""
    lacks = [part for part in expected(final=final) if part not in found]
    return [Finding(_MISSING[part]) for part in lacks if part != "alternative" or "help" in found]


def alone(found: frozenset[Part], *, final: bool) -> list[Finding]:
    """A final reply that explains and does nothing: an explanation alone helps nobody."""
    return [Finding("explanation_alone")] if final and "help" not in found and "cause" in found else []


def _first(text: str) -> str:
    pieces = sentences(text)
    return text[: pieces[1].end] if len(pieces) > 1 else text


def _last(text: str) -> str:
    """Return the last four sentences: what may be a signature, and the end before it."""
    pieces = sentences(text)
    return text[pieces[-4].start :] if len(pieces) > 4 else text
