"""One run of the benchmarks, group by group, each on a database of its own."""

import os
import platform
from collections.abc import Callable, Mapping, Sequence
from importlib import metadata
from typing import Final

import psycopg

from consumers.bench import ingest, projections, store
from consumers.bench import stand as stands
from consumers.bench.shape import Machine, Report, Result
from consumers.bench.stand import Stand
from consumers.wiring.settings import Settings

GROUPS: Final[Mapping[str, Callable[[Stand], Sequence[Result]]]] = {
    "store": store.measure,
    "ingest": ingest.measure,
    "projections": projections.measure,
}
_LIBRARIES: Final = ("plaint", "eventsourcing", "psycopg")


def run(names: Sequence[str], settings: Settings, *, seed: int, quick: bool, tell: Callable[[str], None]) -> Report:
    """Return the figures of these groups; ``quick`` measures little, to see that everything runs.

    Raises:
        DatabaseError: there is no database to measure on; says why and how to mend it.
    """
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
