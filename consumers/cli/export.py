"""``plaint export``: views of the contract as tables, histories for process mining."""

import io
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO, Final, Literal, TextIO

from cyclopts import Parameter

from consumers.cli import output
from consumers.cli.questions import snapshot
from consumers.cli.session import session
from projections.analytics import contract, wide
from projections.analytics.contract import Published
from projections.answers import Snapshot
from projections.exports import ocel, tables, xes
from projections.exports.tables import Span
from projections.views import all_views

Format = Literal["csv", "parquet", "xes", "ocel"]
_OF_HISTORIES: Final = ("xes", "ocel")


def export(
    *,
    format: Annotated[Format, Parameter(help="Tables: csv, parquet. Histories: xes (IEEE 1849), ocel (2.0, JSON).")],
    view: Annotated[str | None, Parameter(help="Which view of schema analytics; for tables only.")] = None,
    since: Annotated[int | None, Parameter(help="First position of the log, 1 if left out.")] = None,
    until: Annotated[int | None, Parameter(help="Last position of the log, the last one there is if left out.")] = None,
    out: Annotated[
        str | None, Parameter(name=["--output", "-o"], help="File to write, whole or not at all; else stdout.")
    ] = None,
) -> int:
    """Write a view of the contract as CSV or Parquet, or the histories of complaints as XES or OCEL.

    The same positions of a view whose rows are only ever added give the same octets each time. No text of a
    person leaves this way.
    """
    if format in _OF_HISTORIES and view is not None:
        output.stop(output.USAGE, f"{format} tells histories, not a view: leave out --view")
    if format == "parquet" and out is None:
        output.stop(output.USAGE, "parquet is no text: name a file with --output")
    with session() as here, snapshot(here, [(one.name, one.version) for one in all_views()]) as seen:
        chosen = None if format in _OF_HISTORIES else _chosen(seen, view)
        span = _span(seen, since, until)
        count = _write(seen, format, chosen, span, out)
    output.say(f"{count} {'events' if format in _OF_HISTORIES else 'rows'}, positions {_said(seen, span)}")
    return output.OK


def _chosen(seen: Snapshot, view: str | None) -> Published:
    """Return a view of the contract, or one of the fields that this installation has declared."""
    views = all_views()
    known = {one.name: one for one in (*contract.published(views), *wide.declared(seen.connection, views))}
    if view is None or view not in known:
        code = output.USAGE if view is None else output.NOT_FOUND
        output.stop(code, f"--view takes one of: {', '.join(sorted(known))}")
    return known[view]


def _span(seen: Snapshot, since: int | None, until: int | None) -> Span | None:
    if until is not None and until > seen.position:
        output.stop(output.TEMPORARY, f"--until {until}: the log ends at {seen.position}")
    if since is not None and not 1 <= since <= (until or seen.position) + 1:
        output.stop(output.USAGE, f"--since {since}: takes a position from 1 to that of --until")
    if since is None and until is None:
        return None
    return Span(since or 1, seen.position if until is None else until)


def _said(seen: Snapshot, span: Span | None) -> str:
    whole = span or Span(1, seen.position)
    return f"{whole.since} to {whole.until} of log {seen.incarnation}"


def _write(seen: Snapshot, format: Format, chosen: Published | None, span: Span | None, out: str | None) -> int:
    try:
        with _place(out) as place:
            if chosen is not None:
                wanted = tables.cut(chosen, span, seen.position)
                if format == "parquet":
                    about = {"plaint.view": chosen.name, "plaint.incarnation": str(seen.incarnation)}
                    return tables.write_parquet(seen.connection, wanted, place, about)
                return _as_text(place, lambda text: tables.write_csv(seen.connection, wanted, text))
            whole = span or Span(1, seen.position)
            if format == "ocel":
                return ocel.write(seen.connection, whole, place)
            return _as_text(place, lambda text: xes.write(seen.connection, whole, text))
    except tables.NoPositions as error:
        output.stop(output.USAGE, str(error))
    except tables.NoParquet as error:
        output.stop(output.CONFIGURATION, str(error))


def _as_text(place: BinaryIO, write: Callable[[TextIO], int]) -> int:
    text = io.TextIOWrapper(place, encoding="utf-8", newline="")
    try:
        return write(text)
    finally:
        text.flush()
        text.detach()


@contextmanager
def _place(out: str | None) -> Iterator[BinaryIO]:
    """Lend stdout, or a file that bears its name once it is whole."""
    if out is None:
        yield sys.stdout.buffer
        return
    unfinished = Path(f"{out}.part")
    try:
        with unfinished.open("wb") as file:
            yield file
        unfinished.replace(out)
    except OSError as error:
        output.stop(output.USAGE, f"--output {out}: {error.strerror}")
    finally:
        unfinished.unlink(missing_ok=True)
