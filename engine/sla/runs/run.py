"""A run: one clock, of one kind, cycle and instance, as far as events alone tell it."""

from dataclasses import dataclass, field
from typing import Literal

from engine.sla.kinds import Terms
from engine.sla.marks import Entry

Gap = tuple[Entry, Entry | None]
"""From an entry up to another; None where it has not ended."""


@dataclass(frozen=True, slots=True)
class Change:
    """Something that moves a due: new terms, an extension, a merge with an earlier receipt."""

    what: Literal["terms", "extension", "merge"]
    by: Entry
    terms: Terms | None = None
    due: object = None
    """Of an extension: the new due as the event states it, an instant or a date."""
    start: Entry | None = None
    """Of a merge: the other's first receipt."""


@dataclass(slots=True, eq=False)
class Run:
    """Filled while the events are gone through, read-only afterwards."""

    kind: str
    cycle: int
    terms: Terms
    """As they held at the start."""
    start: Entry
    opened: Entry
    """Where its row begins: the start, or the reopening that continues an earlier cycle's clock."""
    index: int
    """Of ``opened`` among the entries."""
    reference: str | None = None
    source: str | None = None
    """Of a wait: from whom."""
    evidence: list[Entry] = field(default_factory=list)
    """What fulfils it, in world order; the first counts, the others may prove it was kept."""
    stop: Entry | None = None
    """What cancelled it, or froze it if it was missed."""
    gaps: list[Gap] = field(default_factory=list)
    """Time that does not count for another reason than waiting."""
    pauses: list[Gap] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    instance: int = 0

    @property
    def open(self) -> bool:
        """Neither fulfilled nor cancelled."""
        return not self.evidence and self.stop is None

    @property
    def end(self) -> Entry | None:
        """What ended it, if anything did."""
        return self.evidence[0] if self.evidence else self.stop

    @property
    def continued(self) -> bool:
        """Carries on a clock of an earlier cycle."""
        return self.opened is not self.start
