"""What every concern of rules can say of recorded complaints: why, what if, and whether its own cases hold."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from engine.configuration.in_force import Book
from engine.store.batch import Recorded
from projections.answers import Answer, Snapshot
from projections.replay.routing_facts import StreamsOf
from projections.runtime.progress import Name
from projections.views.cases import beside
from schemas.configuration.rule_set import RuleSet


class Asking(NamedTuple):
    """What a concern may read beside the histories: views at one position, and where something of a person is kept."""

    snapshot: Snapshot
    streams_of: StreamsOf
    book: Book
    """In force when it was decided, or at the end where nothing was."""
    decided: Sequence[Recorded] = ()
    """What the rules brought about when they looked; empty: they did not, or nobody asks."""
    again: bool = False
    """They had looked before, so that the history ends with what made them look once more."""


class Explained(Answer):
    """How the rules of one concern see one complaint. ``words`` say the same as the rest, a line a rule."""

    concern: str
    version: int
    position: int
    """The version is that of this position."""
    recorded: bool
    """The version decided something then; otherwise it is in force now, and nothing of it was recorded."""
    inputs: dict[str, Any]
    """What the rules looked at, without the complainant's words."""
    given: dict[str, Any]
    """What they give, each with its rule."""
    rules: tuple[dict[str, Any], ...]
    """Every rule that was asked: whether it holds, where it does not, what it gave and what came too late."""
    words: tuple[str, ...]


class Seen(NamedTuple):
    """What a concern says of a complaint, for ``Explained``."""

    inputs: dict[str, Any]
    given: dict[str, Any]
    rules: tuple[dict[str, Any], ...]
    words: tuple[str, ...]


class CaseRun(NamedTuple):
    """How one given/then case of a rule set went: what was expected and came otherwise, in words."""

    case: str
    differs: tuple[str, ...]

    @property
    def passed(self) -> bool:
        return not self.differs


Outcomes = Mapping[UUID, Mapping[str, str]]
"""Complaint -> field -> what the rules give, in words; a field that is given nothing is left out."""


@dataclass(frozen=True, slots=True)
class Concern:
    """One concern of rules. Histories come with their texts; each function is pure but for what ``Asking`` reads."""

    views: tuple[Name, ...]
    """Which views are read, all at one position."""
    explain: Callable[[RuleSet, Sequence[Recorded], Asking], Seen | None]
    """None: this complaint is none that the rules look at."""
    outcomes: Callable[[RuleSet, Sequence[Sequence[Recorded]], Asking], Outcomes]
    """What these rules would give to recorded complaints."""
    test: Callable[[RuleSet], Sequence[CaseRun]] | None = None
    """Run the rule set's own cases; None: it has none."""
    looks_again: bool = False
    """Each time that the rules looked is explained by itself, as it was then."""

    @property
    def reads(self) -> tuple[Name, ...]:
        """Which views a snapshot is lent of: that of cases where the concern itself reads none."""
        return self.views or (beside.NAME,)
