"""A view of the contract as CSV or Parquet, row by row: memory does not grow with the view.

A view whose rows are only ever added is exported by positions of the log, without its freshness columns:
the same positions give the same octets, whenever and how often that is done (but for rows of cases that
the role of the caller may no longer see). Other views are exported as they stand, freshness included.
"""

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, BinaryIO, Final, TextIO
from uuid import UUID

import orjson
from psycopg import sql

from projections.analytics.contract import SCHEMA, Published
from projections.sql import Link

if TYPE_CHECKING:
    import pyarrow as pa

FRESHNESS: Final = ("as_of_position", "as_of_time", "lag_seconds")
ROWS: Final = 10_000
"""Rows of one row group, and what is fetched at once; part of what makes a file equal to itself."""


class NoPositions(Exception):
    """The view's rows change; it cannot be cut by positions."""

    def __init__(self, view: str) -> None:
        super().__init__(f"the rows of {view} change, so it has no positions to cut by: leave out --since and --until")


class NoParquet(Exception):
    """The library that writes Parquet is not installed."""

    def __init__(self) -> None:
        super().__init__("Parquet needs a library that is not installed: pip install 'plaint[parquet]'; or take csv")


@dataclass(frozen=True, slots=True)
class Span:
    """Positions of the log, both included; None as the first: the view as it stands."""

    since: int
    until: int


@dataclass(frozen=True, slots=True)
class Cut:
    """What is exported: a view, its columns in order, and which part of it."""

    view: str
    columns: tuple[str, ...]
    span: Span | None


def cut(view: Published, span: Span | None, position: int) -> Cut:
    """Return what to export of ``view`` while it stands at ``position``.

    Raises:
        NoPositions: ``span`` is given for a view whose rows change.
    """
    if not view.grows:
        if span is not None:
            raise NoPositions(view.name)
        return Cut(view.name, view.names, None)
    columns = tuple(name for name in view.names if name not in FRESHNESS)
    return Cut(view.name, columns, span or Span(1, position))


def write_csv(connection: Link, wanted: Cut, out: TextIO) -> int:
    """Write CSV (RFC 4180, UTF-8, instants in UTC, null as nothing); return how many rows."""
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(wanted.columns)
    count = 0
    for rows, _ in _batches(connection, wanted):
        writer.writerows([_text(value) for value in row] for row in rows)
        count += len(rows)
    return count


def write_parquet(connection: Link, wanted: Cut, out: BinaryIO, about: Mapping[str, str]) -> int:
    """Write Parquet with ``about`` in the file's metadata; return how many rows.

    Raises:
        NoParquet: pyarrow is not there.
    """
    try:
        import pyarrow as pa  # noqa: PLC0415 -- an optional extra
        from pyarrow import parquet  # noqa: PLC0415 -- as above
    except ImportError:
        raise NoParquet from None
    writer, count = None, 0
    try:
        for rows, types in _batches(connection, wanted):
            schema = _schema(wanted.columns, types, about)
            if writer is None:
                writer = parquet.ParquetWriter(out, schema, compression="zstd")
            columns = [[_plain(row[place]) for row in rows] for place in range(len(wanted.columns))]
            arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema), row_group_size=ROWS)
            count += len(rows)
    finally:
        if writer is not None:
            writer.close()
    return count


def _batches(connection: Link, wanted: Cut) -> Iterator[tuple[list[tuple[Any, ...]], Sequence[str]]]:
    """Yield rows in a fixed order, at most ``ROWS`` at once and at least one batch, each with the columns' types."""
    columns = sql.SQL(", ").join(map(sql.Identifier, wanted.columns))
    query = sql.SQL("SELECT {} FROM {}").format(columns, sql.Identifier(SCHEMA, wanted.view))
    if wanted.span is None:
        query += sql.SQL(" ORDER BY {}").format(columns)
    else:
        query += sql.SQL(" WHERE position BETWEEN {} AND {} ORDER BY position").format(
            wanted.span.since, wanted.span.until
        )
    with connection.cursor(name="export") as cursor:
        cursor.execute(query)
        types = [column.type_display for column in cursor.description or ()]
        rows = cursor.fetchmany(ROWS)
        yield rows, types
        while rows := cursor.fetchmany(ROWS):
            yield rows, types


def instant(at: datetime) -> str:
    """Return an instant as ISO 8601 in UTC, to the microsecond."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _text(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case datetime():
            return instant(value)
        case date():
            return value.isoformat()
        case float():
            return repr(value)
        case _:
            return str(_plain(value))


def _plain(value: Any) -> Any:
    match value:
        case UUID():
            return str(value)
        case dict() | list():
            return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
        case _:
            return value


def _schema(columns: Sequence[str], types: Sequence[str], about: Mapping[str, str]) -> "pa.Schema":
    import pyarrow as pa  # noqa: PLC0415 -- an optional extra

    known: dict[str, Callable[[], Any]] = {
        "bool": pa.bool_, "int4": pa.int32, "int8": pa.int64, "float8": pa.float64, "date": pa.date32,
        "timestamptz": lambda: pa.timestamp("us", tz="UTC"), "numeric": lambda: pa.decimal128(38, 10),
    }  # fmt: skip
    fields = [(name, known.get(kind, pa.string)()) for name, kind in zip(columns, types, strict=True)]
    return pa.schema(fields, metadata=dict(about))
