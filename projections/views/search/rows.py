"""One row per event and person whose words it holds: those words as a search index, and the codes among them.

Plaintext of persons, so it stands in ``views_personal`` alone. The words themselves are not kept but
their vector: a search needs no more, and what is shown is opened from the log, for who may see it.
A vector still tells what was written, so it is erased with the person.
"""

from collections.abc import Iterator, Sequence
from typing import ClassVar, Final, NamedTuple
from uuid import UUID

from psycopg import sql as text
from sqlalchemy import BigInteger, Column, Index, MetaData, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY, TSVECTOR

from engine.configuration.in_force import Book
from engine.store.batch import Recorded
from engine.store.vault.plan import Parts, plan_of, take_out
from projections import sql
from projections.runtime import copies, versions
from projections.runtime.projection import Projection, Work
from projections.sql import Link
from projections.views.search.spelling import code, plain
from schemas.catalogue import EVENTS

VIEW, VERSION = "search", 1
LANGUAGE: Final = "pg_catalog.russian"
"""Stems Russian words as Russian and words in Latin letters as English."""

_VACUUM: Final = {"autovacuum_vacuum_scale_factor": 0, "autovacuum_vacuum_threshold": 0}
"""Rows die by erasure alone, and PostgreSQL is to free their place at its next look, a minute later as a rule."""

_metadata = MetaData(schema=copies.PERSONAL)

TEXTS = versions.table(
    _metadata, VIEW, VERSION, "texts",
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("subject", Uuid, primary_key=True, comment="Whose words these are."),
    Column("stream", Uuid, nullable=False),
    Column("words", TSVECTOR, nullable=False),
    Column("codes", ARRAY(Text), nullable=False, comment="Serial numbers, orders, references, contacts, as spelled."),
    Index(f"{VIEW}_words_v{VERSION}", "words", postgresql_using="gin"),
    Index(f"{VIEW}_codes_v{VERSION}", "codes", postgresql_using="gin"),
    Index(f"{VIEW}_stream_v{VERSION}", "stream", "subject"),
    postgresql_with=_VACUUM,
)  # fmt: skip

_CODES: Final = frozenset({"serial", "order_reference", "number", "foreign_id", "value", "reference", "text"})
"""Personal fields that are looked for as a whole."""


class Words(NamedTuple):
    """What one person's part of an event says."""

    position: int
    subject: UUID
    stream: UUID
    text: str
    codes: str
    """Separated by blanks."""


class Search(Projection):
    """Where which words and codes were said."""

    name: ClassVar[str] = VIEW
    version: ClassVar[int] = VERSION
    tables = (TEXTS,)
    concerns = frozenset(name for name, kind in EVENTS.items() if not plan_of(kind).idle and name[:6] != "staff.")
    opens: ClassVar[bool] = True

    def begin(self, _connection: Link, _streams: Sequence[UUID]) -> Work:
        return _Added(self.on(TEXTS))

    def erase(self, connection: Link, subject: UUID, streams: Sequence[UUID]) -> None:
        statement = text.SQL("DELETE FROM {} WHERE subject = %s AND stream = ANY(%s)").format(
            copies.place(self.on(TEXTS))
        )
        connection.execute(statement, (subject, list(streams)))


class _Added(Work):
    def __init__(self, table: Table) -> None:
        self._table = table
        self._rows: list[Words] = []

    def step(self, recorded: Recorded) -> None:
        self._rows.extend(words_of(recorded))

    def write(self, connection: Link, _: Book) -> None:
        if self._rows:
            statement = text.SQL(
                "INSERT INTO {} (position, subject, stream, words, codes) "
                "SELECT position, subject, stream, to_tsvector(%s, said), string_to_array(codes, ' ') "
                "FROM unnest(%s::bigint[], %s::uuid[], %s::uuid[], %s::text[], %s::text[]) "
                "AS new (position, subject, stream, said, codes)"
            ).format(copies.place(self._table))
            positions, subjects, streams, texts, codes = map(list, zip(*self._rows, strict=True))
            given = positions, sql.uuids(subjects), sql.uuids(streams), texts, codes
            connection.execute(statement, (LANGUAGE, *given))


def words_of(recorded: Recorded) -> Iterator[Words]:
    """Yield the words of each person in an event, as far as they were opened."""
    parts: Parts = []
    take_out(plan_of(type(recorded.event)), recorded.event, "/", None, parts)
    for subject, texts in parts:
        said = {pointer: value for pointer, value in texts.items() if isinstance(value, str)}
        if subject is not None and said:
            codes = dict.fromkeys(code(value) for pointer, value in said.items() if _is_code(pointer))
            shown = plain("\n".join(said.values()))
            yield Words(recorded.position, subject, recorded.stream, shown, " ".join(filter(None, codes)))


def _is_code(pointer: str) -> bool:
    return pointer.rpartition("/")[2] in _CODES
