"""What a check of a reply may find, and what it is told of the case beside the text."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from engine.text.similarity import Sketch
from engine.text.words import Place
from schemas.configuration.replies import ReplyCheck

Check = ReplyCheck


class Finding(NamedTuple):
    """Something to mend, and where it stands.

    ``words`` are those found, of the reply or of the complainant's question: personal.
    ``instead`` is what to write in their place, where a list knows it. Without a place the
    whole text is meant.
    """

    check: Check
    place: Place | None = None
    words: str = ""
    instead: str | None = None


@dataclass(frozen=True, slots=True)
class About:
    """What is known of a case when its reply is judged. All texts are personal; what is unknown is left out."""

    complaint: tuple[str, ...] = ()
    """What the complainant wrote, in order."""
    names: tuple[str, ...] = ()
    """His, and those of who speaks for him."""
    other_names: tuple[str, ...] = ()
    """Of others in the case."""
    number: str | None = None
    references: tuple[str, ...] = ()
    """Orders, serial numbers and numbers of other systems that belong to the case."""
    contacts: tuple[str, ...] = ()
    """Addresses and telephone numbers of the complainant's."""
    ours: tuple[str, ...] = ()
    """The company's own: whole addresses and numbers, or a domain as ``@shop.example``."""
    public: bool = False
    final: bool = True
    no_fault: bool = False
    """A remedy was given though nobody was at fault, or nobody is responsible."""
    others: Sequence[Sketch] = ()
    """Replies that other people got lately."""
