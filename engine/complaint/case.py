"""The folded state of one complaint: codes, facts and references, never a text that a person typed."""

from dataclasses import dataclass, field
from uuid import UUID

from engine.complaint.assignment import Assignment
from engine.complaint.classification import Classification
from engine.complaint.clocks import Clocks
from engine.complaint.correspondence import Correspondence
from engine.complaint.given import Given
from engine.complaint.investigation import Inquiry
from engine.complaint.records import Records
from engine.complaint.registration import PartyRef, PointFacts, Registration, merged
from engine.complaint.remedy import Remedies
from engine.complaint.stage import Lifecycle, Stage
from engine.complaint.waiting import Waiting
from schemas.refusals import Refusal


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nothing is stored of this complaint."""


@dataclass(frozen=True, slots=True)
class Case:
    """What is known of one complaint; each part is owned by the module of its name."""

    registration: Registration = field(default_factory=Registration)
    classification: Classification = field(default_factory=Classification)
    assignment: Assignment = field(default_factory=Assignment)
    correspondence: Correspondence = field(default_factory=Correspondence)
    waiting: Waiting = field(default_factory=Waiting)
    investigation: Inquiry = field(default_factory=Inquiry)
    remedies: Remedies = field(default_factory=Remedies)
    clocks: Clocks = field(default_factory=Clocks)
    lifecycle: Lifecycle = field(default_factory=Lifecycle)
    records: Records = field(default_factory=Records)
    additions: tuple[UUID, ...] = ()
    """Commands whose repetition the facts alone cannot show: they brought text, or a further payment."""
    handlers: tuple[str, ...] = ()
    """Persons who worked on the case; none of them may rate it."""

    @property
    def stage(self) -> Stage:
        return self.lifecycle.stage

    @property
    def cycle(self) -> int:
        """Counts the reopenings, from 1."""
        return self.lifecycle.cycle

    @property
    def parties(self) -> tuple[PartyRef, ...]:
        return (*self.registration.parties, *self.correspondence.parties)

    @property
    def points(self) -> tuple[PointFacts, ...]:
        """The points by number, as last classified."""
        return merged(self.registration.points, self.classification.points)

    @property
    def complainant(self) -> UUID | None:
        """Whose subject the texts of staff belong to."""
        by_role = {party.role: party.subject_id for party in reversed(self.parties)}
        first = self.parties[0].subject_id if self.parties else None
        return by_role.get("complainant") or first or self.registration.author

    def subject(self, given: Given) -> UUID:
        """Return the complainant's subject; a history without parties gets one derived from the command.

        After an erasure a text is the case's own, see ``Given.owner``.
        """
        return given.owner(self.complainant or given.derive("complainant"))

    def require_point(self, number: int | None) -> None:
        """Refuse a point that this complaint does not have.

        Raises:
            Refusal: ``unknown_point``.
        """
        if number is not None and all(point.point != number for point in self.points):
            raise Refusal("unknown_point", "the complaint has no such point; register it first", point=number)


State = Unknown | Case
UNKNOWN = Unknown()
BLANK = Case()
