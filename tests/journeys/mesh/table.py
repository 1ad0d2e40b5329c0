"""``python -m journeys.mesh.table``: the day in the mesh, part by part, as a table."""

import argparse
import logging
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import structlog

from journeys.mesh.day import DAY, Part
from journeys.mesh.envoy import NoEnvoy, program
from journeys.mesh.site import Site, site
from support.broker import NoBroker, start_brokers
from support.servers import crashable_server

_WIDTH = 76


def main(arguments: Sequence[str]) -> int:
    """Play the day and print its table; 1 if a part did not hold."""
    parser = argparse.ArgumentParser(prog="mesh", description=__doc__)
    parser.add_argument("--short", action="store_true", help="without restarts and outages")
    parser.add_argument("--keep-going", action="store_true", help="go on after a part that did not hold")
    given = parser.parse_args(arguments)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    logging.disable(logging.CRITICAL)
    parts = [part for part in DAY if not (given.short and part.long)]
    began, wrong = time.monotonic(), 0
    try:
        with everything() as here:
            ready = f"ready: Envoy, Kafka, PostgreSQL, mail, {len(here.processes)} processes of Plaint"
            _tell(f"    {ready:{_WIDTH}}{time.monotonic() - began:8.1f} s")
            for number, part in enumerate(parts, 1):
                held = _played(number, part, here)
                wrong += not held
                if not held and not given.keep_going:
                    break
    except (NoEnvoy, NoBroker) as error:
        _tell(str(error))
        return 1
    _tell(f"{len(parts)} parts, {wrong} did not hold, {time.monotonic() - began:.0f} s")
    return 1 if wrong else 0


@contextmanager
def everything() -> Iterator[Site]:
    """Lend the installation on a Kafka and a PostgreSQL of its own."""
    program()
    with start_brokers() as broker, crashable_server() as server, site(server, broker) as here:
        yield here


def _played(number: int, part: Part, here: Site) -> bool:
    """Do one part and print its line; whether it held."""
    began = time.monotonic()
    try:
        told, mark = part.do(here), "ok"
    except Exception as error:  # noqa: BLE001 # a part that cannot be carried out is one that did not hold
        told, mark = f"{type(error).__name__}: {str(error)[:1_500]}", "NO"
    _tell(f"{number:>2}  {part.name:{_WIDTH}}{time.monotonic() - began:8.1f} s  {mark}  {told}")
    return mark == "ok"


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
