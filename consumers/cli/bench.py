"""``plaint bench``: figures beside PostgreSQL's own limit and the stock library, measured in one run."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from consumers.cli import output
from consumers.cli.session import read_settings

if TYPE_CHECKING:
    from consumers.bench.shape import Report, Result


def bench(
    name: Annotated[str | None, Parameter(help="Which: store, ingest, projections, sla or http; absent: all.")] = None,
    /,
    *,
    json: Annotated[bool, Parameter(negative="", help="Print JSON.")] = False,
    quick: Annotated[bool, Parameter(negative="", help="Measure little: does it run, not how fast is it.")] = False,
    check: Annotated[bool, Parameter(negative="", help="Exit with 1 where a required figure was missed.")] = False,
    seed: Annotated[int, Parameter(help="Which complaints are made up to measure with.")] = 1,
) -> int:
    """Measure on a database of its own, made for it and dropped after it; nothing else is touched.

    Every figure stands beside its baseline of the same run, and beside the floor it has to reach.
    """
    from consumers.bench import run
    from engine.store.database.errors import DatabaseError, DatabaseUnavailable

    if name is not None and name not in run.GROUPS:
        output.stop(output.USAGE, f"no benchmark '{name}': name one of {', '.join(run.GROUPS)}, or none for all")
    names = [name] if name else list(run.GROUPS)
    left_out = run.missing(names)
    if left_out is not None:
        output.say(left_out)
    try:
        with _status() as tell:
            report = run.run(names, read_settings(), seed=seed, quick=quick, tell=tell)
    except DatabaseUnavailable as error:
        output.stop(output.TEMPORARY, str(error))
    except DatabaseError as error:
        output.stop(output.CONFIGURATION, str(error))
    if json:
        output.emit_model(report)
    else:
        _show(report)
    return output.SOME_REJECTED if check and not report.ok else output.OK


@contextmanager
def _status() -> Iterator[Callable[[str], None]]:
    """Lend what shows on a terminal what is measured now; elsewhere nobody is told."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console

    with Console(stderr=True).status("bench") as status:
        yield status.update


def _show(report: "Report") -> None:
    columns = ("name", "value", "unit", "baseline", "ratio", "required", "ok")
    output.table(columns, [_row(result) for result in report.results])
    machine = report.machine
    beside = {
        "machine": f"{machine.cpus} processors, {machine.memory_bytes / 2**30:.1f} GiB, {machine.platform}",
        "versions": ", ".join(f"{name} {version}" for name, version in report.versions.items()),
        "data": ", ".join(f"{name} {count}" for name, count in report.data_size.items()),
        "seed": report.seed,
    }
    output.table(("", ""), list(beside.items()))


def _row(result: "Result") -> tuple[object, ...]:
    ok = None if result.ok is None else ("yes" if result.ok else "NO")
    return (
        result.name,
        _short(result.value),
        result.unit,
        _short(result.baseline),
        _short(result.ratio),
        result.required,
        ok,
    )


def _short(number: float | None) -> str | None:
    return None if number is None else f"{number:,.3g}" if number < 1000 else f"{number:,.0f}"
