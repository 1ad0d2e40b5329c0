"""What should PostgreSQL be set to, on this machine, for a log that only grows?

PostgreSQL's own settings suit a machine of twenty years ago. These follow from the memory that the
server may use and from the disk that is free. Nothing here weakens what a commit promises:
``fsync``, ``full_page_writes`` and ``synchronous_commit`` stay on, as they are by default.
What somebody has set by ``ALTER SYSTEM`` is left to him.
"""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

_MB = 1024 * 1024
_GB = 1024 * _MB
_UNLIMITED = 1 << 60  # cgroups say "no limit" by a very large number, too
_CGROUPS = Path("/sys/fs/cgroup")
_OWN_CGROUPS = Path("/proc/self/cgroup")
_NAME = re.compile(r"^\s*([A-Za-z_.]+)\s*=", re.MULTILINE)


def tuned(memory: int, disk: int, *, lz4: bool) -> dict[str, str]:
    """The settings for a server that may use ``memory`` octets and has ``disk`` octets free for its files.

    ``lz4``: this server was built with it. An eighth of the memory becomes shared buffers, within
    32 MB and 2 GB, since the program itself and the system's cache live on the same machine. An
    eighth of the free disk may become write-ahead log, within 256 MB and 4 GB: the rarer a
    checkpoint, the fewer whole pages are written to it again.
    """
    write_ahead = _within(disk // 8, 256 * _MB, 4 * _GB)
    return {
        "shared_buffers": _megabytes(_within(memory // 8, 32 * _MB, 2 * _GB)),
        "effective_cache_size": _megabytes(max(64 * _MB, memory // 2)),
        "maintenance_work_mem": _megabytes(_within(memory // 32, 16 * _MB, 512 * _MB)),
        "max_wal_size": _megabytes(write_ahead),
        "min_wal_size": _megabytes(write_ahead // 8),
        "wal_buffers": "16MB" if memory >= _GB else "4MB",
        "wal_compression": "lz4" if lz4 else "pglz",
        "checkpoint_timeout": "15min",
        "checkpoint_completion_target": "0.9",
        # Compiling costs more than these short statements take.
        "jit": "off",
        # Tables that are only appended to: their pages are frozen and marked all-visible bit by bit, not all at once.
        "autovacuum_naptime": "30s",
        "autovacuum_vacuum_insert_scale_factor": "0.05",
        "autovacuum_analyze_scale_factor": "0.05",
    }


def unless_chosen(settings: Mapping[str, str], cluster: Path) -> dict[str, str]:
    """``settings`` without those that ``ALTER SYSTEM`` has set in this cluster.

    What is given at the start wins over every file, so it must not be given there.
    """
    try:
        chosen = {name.lower() for name in _NAME.findall((cluster / "postgresql.auto.conf").read_text("utf-8"))}
    except FileNotFoundError:
        chosen = set()
    return {name: value for name, value in settings.items() if name not in chosen}


def memory_of_machine(own: Path = _OWN_CGROUPS, root: Path = _CGROUPS) -> int:
    """The octets of memory that a process of ours may use: the machine's, or less by a cgroup's limit."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min([machine, *_limits(own, root)])


def _limits(own: Path, root: Path) -> Iterator[int]:
    """Every limit above this process: a cgroup is bounded by all those that it lies in."""
    try:
        lines = own.read_text("utf-8").splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers not in ("", "memory"):
            continue
        base, file = (root, "memory.max") if controllers == "" else (root / "memory", "memory.limit_in_bytes")
        place = base / path.lstrip("/")
        for directory in (place, *place.parents):
            if directory.is_relative_to(base):
                yield _limit(directory / file)


def _limit(file: Path) -> int:
    try:
        return int(file.read_bytes())
    except (OSError, ValueError):  # not there, or the word "max"
        return _UNLIMITED


def _within(value: int, least: int, most: int) -> int:
    return max(least, min(value, most))


def _megabytes(octets: int) -> str:
    return f"{octets // _MB}MB"
