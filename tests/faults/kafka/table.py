"""``python -m faults.kafka.table [--seed N] [--only N ...]``: every fault against every invariant, as a table."""

import argparse
import logging
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import groupby

import structlog

from faults.kafka.faults import FAULTS, NOT_PRODUCED, Fault
from faults.kafka.site import Site, servers, site
from faults.kafka.verdict import verdicts
from support.accounts import INVARIANTS
from support.postgres import ensure_template

Row = tuple[Fault, str, dict[str, str] | str]
"""A fault, its seed and what that made of the messages, and what is wrong by invariant or why it is not produced."""
_WIDTH = 92


def main(arguments: Sequence[str]) -> int:
    """Run the faults and print the table; 1 if an invariant did not hold."""
    parser = argparse.ArgumentParser(prog="faults", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="of everything that is drawn; told in every row")
    parser.add_argument("--only", type=int, nargs="*", default=[], metavar="N", help="numbers of the matrix")
    parser.add_argument("--short", action="store_true", help="those that the main suite runs")
    given = parser.parse_args(arguments)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    logging.disable(logging.CRITICAL)
    chosen = [
        fault for fault in FAULTS if (not given.only or fault.number in given.only) and (fault.short or not given.short)
    ]
    began = time.monotonic()
    _tell(f"{'fault':>5}  {'what':{_WIDTH}} {'seed messages':>13}  {'  '.join(INVARIANTS)}  seconds")
    wrong = [
        fault for (fault, drawn, found), took in _timed(rows(chosen, given.seed)) if _row(fault, drawn, found, took)
    ]
    for number, why in NOT_PRODUCED.items():
        if not given.only or number in given.only:
            _tell(f"{number:>5}  not produced: {why}")
    _tell(f"{len(chosen)} faults, {len(wrong)} with an invariant that did not hold, {time.monotonic() - began:.0f} s")
    return 1 if wrong else 0


def rows(chosen: Sequence[Fault], seed: int) -> Iterator[Row]:
    """Run faults one after the other, those of one kind of cluster on the same servers."""
    for nodes, group in groupby(sorted(chosen, key=lambda fault: (fault.nodes, fault.number)), lambda one: one.nodes):
        with servers(nodes) as (broker, wires, server):
            ensure_template(server.maintenance)
            for fault in group:
                if why := fault.hindered():
                    yield fault, str(seed), why
                    continue
                with site(broker, wires, server, seed, fault.topic) as here:
                    found = _found(fault, here)
                    yield fault, f"{seed:>4} {here.digest}", found


def _found(fault: Fault, here: Site) -> dict[str, str]:
    try:
        fault.run(here)
        return verdicts(here)
    except Exception as error:  # noqa: BLE001 # a fault that cannot be carried out must not hide the others
        return {**dict.fromkeys(INVARIANTS, ""), "G6": f"not carried out: {type(error).__name__}: {str(error)[:300]}"}


def _row(fault: Fault, drawn: str, found: dict[str, str] | str, seconds: float) -> bool:
    """Print a row; whether something did not hold."""
    start = f"{fault.number:>5}  {fault.name:{_WIDTH}} {drawn:>13}"
    if isinstance(found, str):
        _tell(f"{start}  not produced: {found}")
        return False
    marks = "  ".join("NO" if found[name] else "ok" for name in INVARIANTS)
    _tell(f"{start}  {marks}  {seconds:7.1f}")
    for name, text in found.items():
        if text:
            _tell(f"{'':>5}  {name}: {text}")
    return any(found.values())


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _timed(found: Iterator[Row]) -> Iterator[tuple[Row, float]]:
    began = time.monotonic()
    for row in found:
        yield row, time.monotonic() - began
        began = time.monotonic()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
