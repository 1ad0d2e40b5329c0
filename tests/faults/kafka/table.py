"""``python -m faults.kafka.table [--seed N] [--only N ...]``: every fault against every invariant, as a table."""

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import groupby

from faults.kafka.faults import FAULTS, NOT_PRODUCED, Fault
from faults.kafka.site import servers, site
from support.accounts import INVARIANTS
from support.postgres import ensure_template

Row = tuple[Fault, int, dict[str, str]]
_WIDTH = 82


def main(arguments: Sequence[str]) -> int:
    """Run the faults and print the table; 1 if an invariant did not hold."""
    parser = argparse.ArgumentParser(prog="faults", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="of everything that is drawn; told in every row")
    parser.add_argument("--only", type=int, nargs="*", default=[], metavar="N", help="numbers of the matrix")
    parser.add_argument("--short", action="store_true", help="those that the main suite runs")
    given = parser.parse_args(arguments)
    chosen = [
        fault for fault in FAULTS if (not given.only or fault.number in given.only) and (fault.short or not given.short)
    ]
    _tell(f"{'fault':>5}  {'what':{_WIDTH}} {'seed':>4}  {'  '.join(INVARIANTS)}  seconds")
    wrong: list[str] = []
    for (fault, seed, verdicts), seconds in _timed(rows(chosen, given.seed)):
        marks = "  ".join("ok" if not verdicts[name] else "NO" for name in INVARIANTS)
        _tell(f"{fault.number:>5}  {fault.name:{_WIDTH}} {seed:>4}  {marks}  {seconds:7.1f}")
        for name, text in verdicts.items():
            if text:
                wrong.append(f"{fault.number} {fault.name}: {name}: {text}")
                _tell(f"{'':>5}  {name}: {text}")
    if not given.only:
        for number, why in NOT_PRODUCED.items():
            _tell(f"{number:>5}  not produced: {why}")
    return 1 if wrong else 0


def rows(chosen: Sequence[Fault], seed: int) -> Iterator[Row]:
    """Run faults one after the other, those of one kind of cluster on the same servers."""
    for nodes, group in groupby(sorted(chosen, key=lambda fault: (fault.nodes, fault.number)), lambda one: one.nodes):
        with servers(nodes) as (broker, wires, server):
            ensure_template(server.maintenance)
            for fault in group:
                with site(broker, wires, server, seed) as here:
                    fault.run(here)
                    yield fault, seed, here.verdicts()


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
