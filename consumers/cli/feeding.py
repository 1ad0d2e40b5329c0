"""``plaint ingest``, ``import`` and ``sample``: everything that brings complaints in from files."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from consumers.cli import output
from consumers.cli.session import sender, session
from consumers.files.ingest import Ingest, Report
from consumers.wiring import clock
from engine.incoming import Circumstances
from schemas.envelope import RequestSource

Json = Annotated[bool, Parameter(negative="", help="Print JSON.")]


def ingest(
    paths: Annotated[list[str], Parameter(help="Files, directories, or - for standard input.")],
    /,
    *,
    trust_times: Annotated[
        bool, Parameter(negative="", help="Take the senders' times as when it happened (they start the clocks).")
    ] = False,
    rejected: Annotated[Path, Parameter(help="Where rejected lines of standard input go.")] = Path("stdin.rejected"),
    json: Json = False,
) -> int:
    """Take channel messages: JSON Lines (bare or CloudEvents), .eml files, directories of both.

    An invalid line is reported and goes byte for byte to FILE.rejected; the rest proceeds.
    The same message again changes nothing.
    """
    with session() as here:
        around = Circumstances(
            sender(here), RequestSource(request=clock.new_id()), clock.now(), trusts_claim=trust_times
        )
        with output.progress("messages", None) as bar:
            run = Ingest(here.service.submit, around, clock.now, report=lambda report: bar.at(report.read))
            for path in paths:
                _take(run, path, rejected)
    return _tell(run.report, json=json)


def _take(run: Ingest, path: str, rejected: Path) -> None:
    try:
        if path == "-":
            run.stream(sys.stdin.buffer, f"stdin/{clock.new_id()}", rejected)
        else:
            run.path(Path(path))
    except OSError as error:
        output.stop(output.NOT_FOUND, f"{path}: {error.strerror or error}; name a file that can be read")


def _tell(report: Report, *, json: bool) -> int:
    for problem in report.problems[:50]:
        output.say(problem)
    if len(report.problems) > 50:
        output.say(f"... and {len(report.problems) - 50} more")
    for file in report.rejected_files:
        output.say(f"rejected lines are in {file}")
    shown = asdict(report)
    if json:
        output.emit_json(shown)
    else:
        counts = {name: value for name, value in shown.items() if isinstance(value, int)}
        output.table(tuple(counts), [tuple(counts.values())])
    return output.SOME_REJECTED if report.rejected or report.refused else output.OK
