"""The story of a complaint: at each entry, which cycle and stage it is in and whether it has ended."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from engine.sla.marks import Entry
from engine.sla.runs.remedies import fulfilments

_STANDS = frozenset({"complaint.received", "complaint.sla_applied"})
"""What no correction takes back: nobody can correct a promise away."""
ENDS = frozenset({"complaint.resolved", "complaint.discontinued"})
ENDED_BY = frozenset({"complaint.closed", "complaint.reopened"})
"""What cancels whatever is still open."""
_TURNS = ENDS | ENDED_BY
_MOVES = ("complaint.deadline_extended", "complaint.linked")
STAGES = ("registration", "investigation", "corrective_action", "satisfaction_check", "closed")
_CORRECTIVE = frozenset({"complaint.remedy_approved", "complaint.action_assigned", "complaint.cause_established"})
_TAKES_BACK = (
    "complaint.corrected", "complaint.message_moved", "complaint.delivery_reported", "complaint.message_recorded",
)  # fmt: skip
"""What alone may say that something never was."""
_NOTHING: frozenset[int] = frozenset()
_NOWHERE: frozenset[str] = frozenset()
_PUBLIC_CHANNELS = frozenset({"review", "social"})


@dataclass(frozen=True, slots=True)
class Story:
    """Parallel tuples, one value per entry."""

    entries: tuple[Entry, ...]
    cycle: tuple[int, ...]
    """The cycle that the entry belongs to; a reopening belongs to the one it begins."""
    ended: tuple[bool, ...]
    """Resolved, discontinued or closed before the entry, and not reopened since."""
    resolved: tuple[bool, ...]
    """Resolved before the entry, in its cycle."""
    public: tuple[bool, ...]
    entered: tuple[str | None, ...]
    """The stage that the entry enters."""
    left: tuple[frozenset[str], ...]
    """The stages that the entry leaves: the one it found, and those that only entries left which never were."""
    void: frozenset[int]
    """What never was: messages and replies that bounced or moved to another case, and entries that were corrected."""
    remedied: frozenset[int]
    """Entries by which every approved remedy is given, or none is and the final reply is."""
    opening: frozenset[str]
    """Ids of the messages that opened the case."""
    begun: tuple[bool, ...]
    """Received before the entry."""
    merged: frozenset[int]
    """Exits by which the complaint went into another one: they cancel its clocks and fulfil none."""
    by_type: Mapping[str, Sequence[int]]
    """The entries of each type."""
    turns: frozenset[int]
    """Entries that end a cycle or begin one."""
    moves: Sequence[int]
    """Entries that may move a due: extensions and merges."""
    hits: dict[tuple[int, bool], frozenset[int]] = field(default_factory=dict)
    """Where conditions were found to hold, by the identity of terms that outlive the story; filled when asked."""

    def end_of_cycle(self, cycle: int) -> Entry | None:
        """Return what first ended a cycle: resolved, discontinued or closed."""
        for entry, number in zip(self.entries, self.cycle, strict=True):
            if number == cycle and (entry.type in ENDS or entry.type == "complaint.closed"):
                return entry
        return None


@dataclass(slots=True)
class _Teller:
    cycle: int = 1
    ended: bool = False
    resolved: bool = False
    begun: bool = False
    public: bool = False
    stage: str | None = None

    def tell(self, entry: Entry) -> str | None:
        """Go over one entry; return the stage that it enters."""
        match entry.type:
            case "complaint.received":
                self.begun = True
                self.public = self.public or _is_public(entry.fields)
                return None if self.ended else self._enter("registration", (None,))
            case "complaint.message_recorded":
                inbound = entry.fields.get("direction") == "inbound"
                self.public = self.public or (inbound and entry.fields.get("visibility") == "public")
            case "complaint.registered" if entry.fields.get("starts_investigation"):
                return self._enter("investigation", ("registration",))
            case "complaint.investigation_started":
                return self._enter("investigation", ("registration", "corrective_action"))
            case "complaint.resolved":
                self.ended = self.resolved = True
                return self._enter("satisfaction_check", STAGES[:3])
            case "complaint.discontinued":
                self.ended = True
                self.stage = None
            case "complaint.closed":
                self.ended = True
                return self._enter("closed", STAGES[:4])
            case "complaint.reopened":
                self.cycle += 1
                self.ended = self.resolved = False
                return self._enter("investigation", (*STAGES, None))
            case corrective if corrective in _CORRECTIVE:
                return self._enter("corrective_action", ("registration", "investigation"))
        return None

    def _enter(self, stage: str, over: tuple[str | None, ...]) -> str | None:
        if self.stage not in over:
            return None
        self.stage = stage
        return stage


def _is_public(fields: Mapping[str, object]) -> bool:
    if isinstance(fields.get("public"), bool):
        return fields["public"] is True
    if "visibility" in fields:
        return fields["visibility"] == "public"
    return fields.get("channel") in _PUBLIC_CHANNELS


def tell(entries: tuple[Entry, ...]) -> Story:
    """Return the story that these entries, in world order, tell."""
    teller = _Teller()
    by_type = _by_type(entries)
    void = _void(entries, by_type)
    merged = _merged_away(entries, void) if "complaint.linked" in by_type else _NOTHING
    away: frozenset[str] = _NOWHERE
    rows: list[tuple[int, bool, bool, bool, str | None, frozenset[str], bool]] = []
    for index, entry in enumerate(entries):
        ended, resolved, begun, stage = teller.ended, teller.resolved, teller.begun, teller.stage
        entered = teller.tell(entry)
        left = _NOWHERE
        if stage is not None and teller.stage != stage:
            left, away = (_NOWHERE, away | {stage}) if index in void else (away | {stage}, _NOWHERE)
        if entry.type == "complaint.reopened":
            resolved = ended = False
        rows.append((teller.cycle, ended, resolved, teller.public, entered, left, begun))
    columns = tuple(zip(*rows, strict=True)) if rows else ((),) * 7
    return Story(
        entries=entries,
        cycle=columns[0],
        ended=columns[1],
        resolved=columns[2],
        public=columns[3],
        entered=columns[4],
        left=columns[5],
        void=void | merged,
        remedied=fulfilments(entries, void),
        opening=frozenset(_messages(entries)),
        begun=columns[6],
        merged=merged,
        by_type=by_type,
        turns=frozenset(index for type_ in _TURNS for index in by_type.get(type_, ())),
        moves=sorted(index for type_ in _MOVES for index in by_type.get(type_, ()) if index not in void),
    )


def _by_type(entries: tuple[Entry, ...]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for index, entry in enumerate(entries):
        found.setdefault(entry.type, []).append(index)
    return found


def _messages(entries: tuple[Entry, ...]) -> Iterator[str]:
    for entry in entries:
        if entry.type == "complaint.received" and "message" in entry.fields:
            yield str(entry.fields["message"])


def _merged_away(entries: tuple[Entry, ...], void: frozenset[int]) -> frozenset[int]:
    """Return the exits as duplicate of a complaint that this one is linked to as merged."""
    merged_with: set[object] = set()
    found: set[int] = set()
    for index, entry in enumerate(entries):
        if index in void:
            continue
        if entry.type == "complaint.linked" and entry.fields.get("kind") == "merged":
            merged_with.add(entry.fields.get("other"))
        elif entry.type == "complaint.discontinued" and entry.fields.get("reason") == "duplicate" and merged_with:
            of = entry.fields.get("of")
            if of is None or of in merged_with:
                found.add(index)
    return frozenset(found)


def _void(entries: tuple[Entry, ...], by_type: Mapping[str, Sequence[int]]) -> frozenset[int]:
    if not any(type_ in by_type for type_ in _TAKES_BACK):
        return _NOTHING
    corrected = _corrected(entries)
    moved, failed = (
        {
            str(entry.fields["message"])
            for index, entry in enumerate(entries)
            if index not in corrected and "message" in entry.fields and takes_back(entry)
        }
        for takes_back in (_is_moved, _is_undelivered)
    )
    return corrected | {index for index, entry in enumerate(entries) if _never_was(entry, moved, failed)}


def _never_was(entry: Entry, moved: set[str], failed: set[str]) -> bool:
    """Whether a message or reply was moved to another case or never arrived; what came to us did arrive."""
    message = str(entry.fields.get("message"))
    if entry.type == "complaint.message_recorded" and entry.fields.get("direction") == "inbound":
        return message in moved
    return entry.type in ("complaint.message_recorded", "complaint.replied") and (message in moved or message in failed)


def _is_moved(entry: Entry) -> bool:
    return entry.type == "complaint.message_moved"


def _is_undelivered(entry: Entry) -> bool:
    if entry.type == "complaint.delivery_reported":
        return entry.fields.get("status") == "failed"
    return entry.type == "complaint.message_recorded" and entry.fields.get("delivery") == "failed"


def _corrected(entries: tuple[Entry, ...]) -> frozenset[int]:
    """Return the entries that were wrong, by the last word on each: a correction may itself have been wrong."""
    corrections = [entry for entry in entries if entry.type == "complaint.corrected"]
    wrong: set[str] = set()
    for entry in sorted(corrections, key=lambda one: one.seq, reverse=True):
        if entry.id not in wrong and "event_id" in entry.fields:
            wrong.add(str(entry.fields["event_id"]))
    if not wrong:
        return frozenset()
    return frozenset(
        index
        for index, entry in enumerate(entries)
        if entry.id is not None and entry.id in wrong and entry.type not in _STANDS
    )
