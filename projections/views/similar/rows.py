"""One row per complaint: its opening text as numbers that can be compared, and nothing that somebody wrote.

The numbers still tell much of a text, so the table stands in ``views_personal`` and its rows go with the person.
"""

import struct
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import ClassVar, Final, Literal, NamedTuple
from uuid import UUID

from sqlalchemy import Column, DateTime, Index, LargeBinary, MetaData, Table, Text, Uuid

from engine.configuration.in_force import Book
from engine.store.batch import Recorded
from engine.text.similarity import Sketch, sketch
from projections import sql
from projections.runtime import copies, versions
from projections.runtime.projection import Projection, Work
from projections.sql import Link
from schemas.complaint.registration import ComplaintReceived

VIEW, VERSION = "similar", 1

_MOST: Final = 2**16 - 1
_metadata = MetaData(schema=copies.PERSONAL)

SKETCHES = versions.table(
    _metadata, VIEW, VERSION, "sketches",
    Column("stream", Uuid, primary_key=True),
    Column("subject", Uuid, primary_key=True, comment="Whose words these are."),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("language", Text),
    Column("runs", LargeBinary, nullable=False, comment="Runs of letters: numbers of 32 bits, little-endian."),
    Column("pieces", LargeBinary, nullable=False, comment="Stems and their pieces, likewise."),
    Column("counts", LargeBinary, nullable=False, comment="How often each piece is there: 16 bits, little-endian."),
    Index(f"{VIEW}_received_v{VERSION}", "received_at", "stream"),
)  # fmt: skip


class Row(NamedTuple):
    """One complaint, in the order of the table's columns."""

    stream: UUID
    subject: UUID
    received_at: datetime
    language: str | None
    runs: bytes
    pieces: bytes
    counts: bytes

    @property
    def sketch(self) -> Sketch:
        pieces = zip(_unpacked(self.pieces, "I"), _unpacked(self.counts, "H"), strict=True)
        return Sketch(frozenset(_unpacked(self.runs, "I")), dict(pieces))


class Similar(Projection):
    """What complaints say, made comparable."""

    name: ClassVar[str] = VIEW
    version: ClassVar[int] = VERSION
    tables = (SKETCHES,)
    concerns = frozenset({ComplaintReceived.NAME})
    opens: ClassVar[bool] = True

    def begin(self, _connection: Link, _streams: Sequence[UUID]) -> Work:
        return _Added(self.on(SKETCHES))

    def erase(self, connection: Link, subject: UUID, streams: Sequence[UUID]) -> None:
        table = self.on(SKETCHES)
        gone = table.delete().where(table.c.subject == subject, table.c.stream.in_(list(streams)))
        sql.run(connection, gone)


class _Added(Work):
    def __init__(self, table: Table) -> None:
        self._table = table
        self._rows: list[Row] = []

    def step(self, recorded: Recorded) -> None:
        self._rows.extend(_rows(recorded))

    def write(self, connection: Link, _: Book) -> None:
        if self._rows:
            sql.copy_in(connection, self._table, self._rows)


def _rows(recorded: Recorded) -> Iterable[Row]:
    event = recorded.event
    if not isinstance(event, ComplaintReceived) or event.subject_id is None or recorded.version > 1:
        return
    said = "\n".join(text for text in (event.subject, event.body) if isinstance(text, str))
    made = sketch(said)
    if made.counts:
        pieces, counts = zip(*sorted(made.counts.items()), strict=True)
        at = recorded.envelope.received_at or recorded.envelope.occurred_at
        yield Row(
            recorded.stream, event.subject_id, at, event.language, _packed(sorted(made.runs), "I"),
            _packed(pieces, "I"), _packed([min(count, _MOST) for count in counts], "H"),
        )  # fmt: skip


def _packed(numbers: Sequence[int], kind: Literal["H", "I"]) -> bytes:
    return struct.pack(f"<{len(numbers)}{kind}", *numbers)


def _unpacked(octets: bytes, kind: Literal["H", "I"]) -> tuple[int, ...]:
    return struct.unpack(f"<{len(octets) // struct.calcsize(kind)}{kind}", octets)
