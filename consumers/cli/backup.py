"""``plaint store backup``, ``restore`` and ``restored``: what is kept elsewhere, and how it comes back."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from consumers.cli import output
from consumers.cli.questions import shown
from consumers.cli.session import in_words, read_settings, session
from consumers.wiring import build, clock
from engine.store.database.backup import restore as back
from engine.store.database.backup import take
from engine.store.database.backup.tools import BackupFailed, Tools

Json = Annotated[bool, Parameter(negative="", help="Print JSON.")]
Keys = Annotated[Path, Parameter(help="Directory of the keys, to be kept apart: who has both can read all.")]


def backup(
    directory: Annotated[Path, Parameter(help="Directory of the log and of large contents.")],
    /,
    *,
    keys: Keys,
    json: Json = False,
) -> int:
    """Take a backup while everything runs: the log and large contents, and the keys apart from them.

    Both directories are made, or must be empty. Not in them: views, which are built again; the master key file and
    the ledger of erasures, of which you keep copies apart from both. PLAINT_DATABASE names the owner of the tables,
    or a role that reads all of them.
    """
    chosen = read_settings()
    with in_words(), _refusing(), build.address(chosen) as conninfo:
        tools = Tools.found(conninfo, chosen.pg_bin)
        program = metadata.version("plaint")
        taken = take.take(tools, chosen.contents, directory, keys, now=clock.now(), program=program, tell=output.say)
    _show(
        {"incarnation": taken.incarnation, "position": taken.position, "recorded_at": taken.recorded_at}
        | {"leaves": taken.leaves, "contents": taken.contents},
        json=json,
    )
    output.say("not in it: the master key file and the ledger of erasures; keep copies of them, apart from both")
    return output.OK


def restore(
    directory: Annotated[Path, Parameter(help="Directory of the log and of large contents.")],
    /,
    *,
    keys: Keys,
    lost_nothing: Annotated[
        bool, Parameter(negative="", help="Nothing was written after the backup: the log goes on as the same one.")
    ] = False,
    json: Json = False,
) -> int:
    """Put a backup into a new database, compare it, and have every erasure hold there again.

    The database may have no tables of Plaint, and nothing else runs meanwhile. The master key file and the ledger of
    erasures are those that the settings name: put the latest copies there first. Then give roles their rights again
    (plaint store grant), and build the views (plaint project).
    """
    chosen = read_settings()
    with in_words(), _refusing(), build.address(chosen) as conninfo:
        tools = Tools.found(conninfo, chosen.pg_bin)
        end = back.restore(tools, chosen.contents, directory, keys, lost_nothing=lost_nothing, tell=output.say)
        with session(chosen) as here:
            head = here.store.read.head()
    _show(
        {"incarnation": head.incarnation, "position": head.position, "restored_to": end.position}
        | {"recorded_at": end.recorded_at},
        json=json,
    )
    return output.OK


def restored(*, json: Json = False) -> int:
    """Tell the log that it lost its latest events by a restore: it begins a new incarnation.

    For whoever restored the whole server (base backup and WAL) to an earlier instant, before any door opens:
    positions are given again, and nobody takes one from before for one from after. plaint store restore does it itself.
    """
    with in_words(), _refusing(), build.connected(read_settings()) as connection:
        incarnation = back.begin_incarnation(connection)
    _show({"incarnation": incarnation}, json=json)
    return output.OK


@contextmanager
def _refusing() -> Iterator[None]:
    try:
        yield
    except BackupFailed as failed:
        raise output.Stop(output.REFUSED, str(failed)) from None


def _show(found: dict[str, Any], *, json: bool) -> None:
    if json:
        output.emit_json(found)
    else:
        instants = {name: shown(value) if name.endswith("_at") else value for name, value in found.items()}
        output.table(("what", "is"), list(instants.items()))
