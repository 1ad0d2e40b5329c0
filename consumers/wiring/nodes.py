"""What processes on several machines must share: one database, one master key, one content store, one ledger."""

import os
import re
from pathlib import Path
from typing import Final

from consumers.wiring.settings import Settings, SettingsRefused

_MOUNTS: Final = Path("/proc/self/mountinfo")
_LOCAL: Final = frozenset(
    {"bcachefs", "btrfs", "exfat", "ext2", "ext3", "ext4", "f2fs", "jfs", "overlay", "ramfs", "reiserfs", "tmpfs"}
    | {"vfat", "xfs", "zfs"}
)
"""File systems that no second machine sees. Others (NFS, CephFS, Lustre, an object store's mount) may be shared."""
_ESCAPED: Final = re.compile(r"\\([0-7]{3})")


def refuse_what_is_not_shared(settings: Settings, mounts: str | None = None) -> None:
    """Refuse an installation on several nodes whose nodes would each have contents, erasures or keys of their own.

    ``mounts`` is the text of ``/proc/self/mountinfo``; None reads that of this process, and where the
    system has none, what kind of file system it is stays unknown and is let pass.

    Raises:
        SettingsRefused: names every such setting, and what to name instead.
    """
    if settings.nodes == "one":
        return
    named = {
        "PLAINT_CONTENT_DIR": settings.content_dir,
        "PLAINT_ERASURE_LEDGER": settings.erasure_ledger,
    }
    wrong = [f"{name} is not set" for name, path in named.items() if path is None]
    wrong += [f"{name} is not set" for name in _unset(settings)]
    table = _mounts() if mounts is None else mounts
    for name, path in named.items():
        kind = None if path is None else _kind_of(path, table)
        if kind in _LOCAL:
            wrong.append(f"{name} lies on this machine alone ({kind})")
    if wrong:
        fix = "name what all nodes share: a server's database, one key, a folder on a shared file system"
        raise SettingsRefused(f"PLAINT_NODES is several, but {', '.join(sorted(wrong))}; {fix}")


def _unset(settings: Settings) -> list[str]:
    needed = {"PLAINT_DATABASE": settings.database, "PLAINT_MASTER_KEY_FILE": settings.master_key_file}
    return [name for name, value in needed.items() if value is None]


def _mounts() -> str:
    try:
        return _MOUNTS.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return ""


def _kind_of(path: Path, mounts: str) -> str | None:
    """Return the kind of file system that ``path`` lies on, whether it is there yet or not; None if unknown."""
    real = os.path.realpath(path)
    best, kind = -1, None
    for line in mounts.splitlines():
        place, found = _mount(line)
        if place is not None and _below(real, place) and len(place) >= best:
            best, kind = len(place), found
    return kind


def _mount(line: str) -> tuple[str | None, str]:
    """Return where a line of the table mounts something, and of what kind: proc(5) gives the columns."""
    first, separator, last = line.partition(" - ")
    columns = first.split(" ")
    if not separator or len(columns) < 5:
        return None, ""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 8)), columns[4]), last.split(" ")[0]


def _below(path: str, place: str) -> bool:
    return path == place or path.startswith(place.rstrip("/") + "/")
