"""One run of the benchmarks, group by group, each on a database of its own."""

import logging
import os
import platform
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import metadata
from typing import Final

import psycopg
import structlog

from consumers.bench import http, ingest, projections, sla, store
from consumers.bench import stand as stands
from consumers.bench.shape import Machine, Report, Result
from consumers.bench.stand import Stand
from consumers.wiring.settings import Settings

GROUPS: Final[Mapping[str, Callable[[Stand], Sequence[Result]]]] = {
    "store": store.measure,
    "ingest": ingest.measure,
    "projections": projections.measure,
    "sla": sla.measure,
    "http": http.measure,
}
_LIBRARIES: Final = ("plaint", "eventsourcing", "psycopg")


def missing(names: Sequence[str]) -> str | None:
    """Return which figures of these groups are left out here, why, and the way to have them; None: nothing is."""
    if "sla" not in names or sla.has_peer():
        return None
    return f"business_time_vs_businesstimedelta is left out: {sla.PEER} is not installed; pip install {sla.PEER}"


def run(names: Sequence[str], settings: Settings, *, seed: int, quick: bool, tell: Callable[[str], None]) -> Report:
    """Return the figures of these groups; ``quick`` measures little, to see that everything runs.

    Raises:
        DatabaseError: there is no database to measure on; says why and how to mend it.
    """
    _quiet()
    results: list[Result] = []
    data_size: dict[str, int] = {}
    with stands.server(settings) as address:
        for name in names:
            told = _named(name, tell)
            with stands.opened(address, seed, quick=quick, tell=told, kafka=settings.kafka_servers) as stand:
                results.extend(GROUPS[name](stand))
                data_size.update(stand.data_size)
        versions = {**_versions(), "postgresql": _server_version(address)}
    return Report(results=tuple(results), machine=_machine(), versions=versions, data_size=data_size, seed=seed)


def _quiet() -> None:
    """Have what runs here log only what somebody must look at, and never among the figures."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def _named(name: str, tell: Callable[[str], None]) -> Callable[[str], None]:
    return lambda what: tell(f"{name}: {what}")


def _machine() -> Machine:
    return Machine(
        cpus=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        memory_bytes=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else 0,
        platform=platform.platform(),
    )


def _versions() -> dict[str, str]:
    return {"python": platform.python_version(), **{name: metadata.version(name) for name in _LIBRARIES}}


def _server_version(address: str) -> str:
    with psycopg.connect(address) as connection:
        return connection.info.parameter_status("server_version") or "unknown"
