"""As whom do the programs of the database run?

PostgreSQL refuses to run as root, so root hands its processes and files over to a user without
rights. Everybody else runs them as himself.
"""

import errno
import os
import pwd
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from engine.store.database.errors import DatabaseUnavailable, DataDirectoryRefused

_CANDIDATES = ("postgres", "nobody")
_ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


@dataclass(frozen=True)
class Account:
    """The system user of the database's processes; `dropped` when root gave up its rights."""

    name: str
    uid: int
    gid: int
    dropped: bool

    def run(self, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        """Run `command` as this user to its end, from `/`, with a clean environment.

        Raises:
            PermissionError: the user cannot reach or execute the program.
            DatabaseUnavailable: this process may not change to the user.
        """
        with self.spawn(command, out=subprocess.PIPE, err=subprocess.PIPE) as process:
            out, err = process.communicate()
        return subprocess.CompletedProcess(command, process.returncode, _text(out), _text(err))

    def spawn(
        self,
        command: Sequence[str],
        *,
        out: int | IO[bytes],
        err: int | IO[bytes],
        environment: Mapping[str, str] | None = None,
    ) -> subprocess.Popen[bytes]:
        """Start `command` as this user in a session of its own, so that Ctrl-C passes it by."""
        try:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                cwd="/",
                env={**_ENVIRONMENT, **(environment or {})},
                umask=0o077,
                start_new_session=True,
                user=self.uid if self.dropped else None,
                group=self.gid if self.dropped else None,
                extra_groups=[] if self.dropped else None,
            )
        except PermissionError as refused:
            if refused.errno != errno.EPERM:
                raise
            raise DatabaseUnavailable(
                f"this process is root but may not change to the user {self.name!r} "
                "(no capability SETUID, SETGID): start it as an ordinary user"
            ) from refused

    def own(self, path: Path, mode: int) -> None:
        """Give `path` to this user with `mode`."""
        if self.dropped:
            os.chown(path, self.uid, self.gid)
        path.chmod(mode)

    def reaches(self, directory: Path) -> bool:
        """May this user go into `directory`?"""
        return self.run(["/bin/sh", "-c", 'cd "$1"', "sh", str(directory)]).returncode == 0

    def admit(self, directory: Path) -> None:
        """Let this user pass through `directory`, which is the program's own, without reading it.

        A group is given a way through only where no group had any right before, so nobody loses
        one.

        Raises:
            DataDirectoryRefused: the way is barred above, or by rights that others rely on.
        """
        if self.reaches(directory):
            return
        found = directory.stat()
        if found.st_uid == os.geteuid() and not found.st_mode & 0o070:
            os.chown(directory, -1, self.gid)
            directory.chmod(found.st_mode & 0o7777 | 0o010)
        if not self.reaches(directory):
            raise DataDirectoryRefused(
                f"the database runs as the user {self.name!r}, because PostgreSQL refuses root, "
                f"and {self._barrier(directory)} bars his way to {directory}: choose another "
                f"PLAINT_DATA_DIR (such as /var/lib/plaint), or let him pass with chmod o+x"
            )

    def _barrier(self, directory: Path) -> Path:
        chain = [*reversed(directory.parents), directory]
        return next((step for step in chain if not self.reaches(step)), directory)


def server_account(cluster: Path) -> Account:
    """Return the user who runs the server whose files are, or will be, in `cluster`.

    Raises:
        DataDirectoryRefused: the files belong to somebody this process cannot act for.
        DatabaseUnavailable: this process is root and the system has no user to change to.
    """
    owner = cluster.stat().st_uid if cluster.exists() else None
    if os.geteuid() != 0:
        return _own_account(cluster, owner)
    if owner == 0:
        raise DataDirectoryRefused(
            f"{cluster} belongs to root, as whom PostgreSQL never runs: give it back to the user who made it (chown -R)"
        )
    entry = _known(owner) if owner is not None else _first_known()
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid, dropped=True)


def _own_account(cluster: Path, owner: int | None) -> Account:
    if owner not in (None, os.geteuid()):
        raise DataDirectoryRefused(
            f"{cluster} belongs to another user (id {owner}): run as that user or as root, "
            "or choose another PLAINT_DATA_DIR"
        )
    return Account(_name(os.geteuid()), os.geteuid(), os.getegid(), dropped=False)


def _known(uid: int) -> pwd.struct_passwd:
    try:
        return pwd.getpwuid(uid)
    except KeyError:
        raise DataDirectoryRefused(
            f"the data directory belongs to the user id {uid}, whom this system does not know: "
            "create that user, or give the files to another one (chown -R)"
        ) from None


def _first_known() -> pwd.struct_passwd:
    for name in _CANDIDATES:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise DatabaseUnavailable(
        "PostgreSQL refuses to run as root and this system has neither a user 'postgres' nor "
        "'nobody' to run it as: create one (useradd --system postgres), or start as another user"
    )


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _text(raw: bytes | None) -> str:
    return (raw or b"").decode("utf-8", "replace")
