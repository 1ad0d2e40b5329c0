"""Where the embedded database keeps its files, and how they are made.

    DATA_DIR/postgresql/      the home: everything below is the launcher's
        cluster/              PostgreSQL's own files, of the user who runs it, 0700
        socket/               the Unix socket, 0700
        passfile              the generated password, in libpq's format, 0600
        start.lock            held while one process starts or stops the server
        users.lock            shared by every process that uses the server, for as long as it does
        server.log            what the server says; statements and values are kept out
        socket_directory      names the short directory in /tmp, where the path is too long

Nobody but the owner reads any of it. When root handed the server over to another user, that
user's group may pass through the home, not list it.
"""

import os
import secrets
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from engine.store.database.errors import DatabaseUnavailable, DataDirectoryRefused
from engine.store.database.server.account import Account
from engine.store.database.server.programs import Programs

PORT = "5432"
SUPERUSER = "postgres"
# sockaddr_un holds 108 bytes with the final zero on Linux, 104 on macOS.
_LONGEST_SOCKET_PATH = 103
_SHORT_PARENT = Path("/tmp")  # noqa: S108 the directory made in it is private and checked
_FIRST_BUILTIN_LOCALE = 17
_HBA = "local all all scram-sha-256  # no other line: no TCP, no trust, no peer\n"


@dataclass(frozen=True)
class Home:
    """The launcher's directory inside the data directory."""

    path: Path

    @property
    def cluster(self) -> Path:
        return self.path / "cluster"

    @property
    def passfile(self) -> Path:
        return self.path / "passfile"

    @property
    def start_lock(self) -> Path:
        return self.path / "start.lock"

    @property
    def users_lock(self) -> Path:
        return self.path / "users.lock"

    @property
    def log(self) -> Path:
        return self.path / "server.log"

    @property
    def programs(self) -> Path:
        return self.path / "programs"

    @property
    def socket_record(self) -> Path:
        return self.path / "socket_directory"


def open_home(data_dir: Path) -> Home:
    """Make the data directory and the home in it, private to this user, or find them.

    Raises:
        DataDirectoryRefused: this user may not write there.
    """
    home = Home(data_dir.resolve() / "postgresql")
    try:
        for directory in (home.path.parent, home.path):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        home.start_lock.touch(0o600)
        home.users_lock.touch(0o600)
    except OSError as error:
        raise DataDirectoryRefused(
            f"the data directory {home.path.parent} cannot be used ({error.strerror}): give it to "
            "this user, or choose another PLAINT_DATA_DIR"
        ) from error
    return home


def ensure_cluster(home: Home, programs: Programs, account: Account) -> None:
    """Make the database files unless they are there; a run cut short leaves nothing half-made.

    Raises:
        DataDirectoryRefused: they are of another major version, or their password is gone.
        DatabaseUnavailable: `initdb` failed.
    """
    if not home.cluster.exists():
        _initialise(home, programs, account)
        return
    if not home.passfile.is_file():
        raise DataDirectoryRefused(
            f"{home.passfile} is missing, so nobody can log in to {home.cluster}: put it back "
            "from where the data directory was copied"
        )
    found = (home.cluster / "PG_VERSION").read_text("ascii").strip()
    if found != str(programs.major):
        raise DataDirectoryRefused(_other_version(home, found, programs))


def _other_version(home: Home, found: str, programs: Programs) -> str:
    return (
        f"{home.cluster} was made by PostgreSQL {found}, but {programs.bin} is PostgreSQL "
        f"{programs.version}. To stay: let PLAINT_PG_BIN name the programs of PostgreSQL {found}. "
        f"To move: start once with those, save everything with pg_dumpall, move {home.path} "
        f"away, start with PostgreSQL {programs.major}, and restore the dump with psql"
    )


def _initialise(home: Home, programs: Programs, account: Account) -> None:
    unfinished = home.path / "cluster.unfinished"
    for_initdb = home.path / "password.initdb"
    shutil.rmtree(unfinished, ignore_errors=True)
    home.passfile.unlink(missing_ok=True)
    for_initdb.unlink(missing_ok=True)
    unfinished.mkdir(mode=0o700)
    account.own(unfinished, 0o700)
    password = secrets.token_urlsafe(32)
    try:
        _write_private(for_initdb, password)
        account.own(for_initdb, 0o600)
        _run_initdb(unfinished, for_initdb, programs, account)
    finally:
        for_initdb.unlink(missing_ok=True)
    (unfinished / "pg_hba.conf").write_text(_HBA, "utf-8")
    _write_private(home.passfile, f"*:*:*:{SUPERUSER}:{password}\n")
    unfinished.rename(home.cluster)
    _sync_directory(home.path)


def _run_initdb(target: Path, password: Path, programs: Programs, account: Account) -> None:
    answer = account.run(
        [
            str(programs.initdb),
            f"--pgdata={target}",
            f"--username={SUPERUSER}",
            f"--pwfile={password}",
            "--auth=scram-sha-256",
            "--data-checksums",
            "--encoding=UTF8",
            *_locale(programs.major),
        ]
    )
    if answer.returncode:
        raise DatabaseUnavailable(
            f"initdb of PostgreSQL {programs.version} failed in {target}: {answer.stderr.strip()[-500:]}"
        )


def _locale(major: int) -> tuple[str, ...]:
    """Unicode rules that are the same on every system where PostgreSQL brings them itself."""
    if major >= _FIRST_BUILTIN_LOCALE:
        return ("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C")
    return ("--locale-provider=libc", "--locale=C.UTF-8", "--lc-messages=C")


def ensure_socket_directory(home: Home, account: Account) -> Path:
    """Return a private directory whose path is short enough for a Unix socket.

    That is `socket` in the home, else a directory in /tmp whose name the home remembers: there is
    no other way to a socket when the data directory's own path is too long.
    """
    inside = home.path / "socket"
    if _fits(inside):
        inside.mkdir(mode=0o700, exist_ok=True)
        account.own(inside, 0o700)
        return inside
    remembered = _remembered(home, account)
    if remembered is not None:
        return remembered
    short = Path(tempfile.mkdtemp(prefix="plaint-", dir=_SHORT_PARENT))
    account.own(short, 0o700)
    home.socket_record.unlink(missing_ok=True)
    _write_private(home.socket_record, str(short))
    return short


def forget_socket_directory(home: Home) -> None:
    """Remove the short directory of a server that has stopped, if there was one."""
    if home.socket_record.exists():
        shutil.rmtree(home.socket_record.read_text("utf-8"), ignore_errors=True)
        home.socket_record.unlink()


def _fits(directory: Path) -> bool:
    """A comma would separate two hosts in a connection string."""
    name = os.fsencode(directory / f".s.PGSQL.{PORT}")
    return len(name) <= _LONGEST_SOCKET_PATH and b"," not in name


def _remembered(home: Home, account: Account) -> Path | None:
    """The directory of an earlier start, unless somebody else has made one of that name."""
    try:
        short = Path(home.socket_record.read_text("utf-8"))
        found = short.lstat()
    except FileNotFoundError:
        return None
    ours = short.is_dir() and not short.is_symlink() and found.st_uid == account.uid
    return short if ours and not found.st_mode & 0o077 else None


def _write_private(path: Path, text: str) -> None:
    """Write a new file that only its owner reads, and see it on the disk."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
