"""``plaint keys``: which master keys the database needs, and a new one in place of the old."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from cyclopts import Parameter

from consumers.cli import output
from consumers.cli.session import session
from consumers.wiring.build import Installation
from engine.store.vault import master, rotation
from engine.store.vault.rotation import Rotated, Usage

Json = Annotated[bool, Parameter(negative="", help="Print JSON.")]


def status(*, json: Json = False) -> int:
    """Show the master keys: which one wraps, what the others still wrap, which lines may go.

    Data keys are wrapped by a wrapping key of the month in which they were made, and those by a master key.
    """
    with session() as here:
        used, ids = rotation.usage(here.pool), master.load_key_file(here.settings.master_key).ids
    masters = _masters(used, ids)
    wrapping = [
        {"id": use.wrapping_id, "month": f"{use.month:%Y-%m}", "wrapped_by": use.master_id, "data_keys": use.data_keys}
        for use in used.wrapping
    ]
    if json:
        output.emit_json({"file": str(here.settings.master_key), "master_keys": masters, "wrapping_keys": wrapping})
        return output.OK
    output.table(("master key", "use", "service keys", "data keys"), [tuple(one.values()) for one in masters])
    output.table(("wrapping key", "month", "wrapped by", "data keys"), [tuple(one.values()) for one in wrapping])
    return output.OK


def _masters(used: Usage, ids: tuple[str, ...]) -> list[dict[str, object]]:
    """The keys of the file in its order, then those that rows name and the file does not hold."""
    rows = {use.master_id: use for use in used.masters}
    found: list[dict[str, object]] = []
    for number, master_id in enumerate(dict.fromkeys([*ids, *rows])):
        use = rows.get(master_id)
        if master_id not in ids:
            what = "missing"
        elif number == 0:
            what = "wraps"
        else:
            what = "unwraps" if use else "not needed"
        counts = (use.service_keys, use.data_keys) if use else (0, 0)
        found.append({"id": master_id, "use": what, "service_keys": counts[0], "data_keys": counts[1]})
    return found


def rotate(
    *,
    remove_old: Annotated[
        bool,
        Parameter(negative="", help="Make no new key; take the lines that no row names any more out of the file."),
    ] = False,
    json: Json = False,
) -> int:
    """Wrap everything by a new master key, without touching an event.

    The new key becomes the first line of the file. May be interrupted and repeated: a rotation under
    way is finished before another begins. Running processes go on and take up the new file themselves.
    A backup of the database needs the file as it was then, so keep a copy of it with the backup.
    """
    with session() as here, _file_errors(here):
        path = here.settings.master_key
        done = rotation.rotate(here.pool, path, add=not remove_old)
        removed = rotation.remove_old(here.pool, path) if remove_old else ()
        ids = master.load_key_file(path).ids
        removable = rotation.removable(rotation.usage(here.pool), ids[1:])
    if json:
        output.emit_json(
            {
                "file": str(path),
                "current": done.current,
                "made": done.made,
                "service_keys": done.service_keys,
                "data_keys": done.data_keys,
                "left": done.left,
                "removable": removable,
                "removed": removed,
            }
        )
    else:
        _tell(done, removable, removed)
    return output.SOME_REJECTED if done.left else output.OK


def _tell(done: Rotated, removable: tuple[str, ...], removed: tuple[str, ...]) -> None:
    made = "is new and wraps now" if done.made else "wraps, as before"
    output.say(f"master key {done.current} {made}; {done.service_keys + done.data_keys} keys were wrapped anew")
    if done.left:
        output.say(f"{done.left} keys changed meanwhile and are left; run it again")
    for one in removed:
        output.say(f"master key {one} is no longer in the file; backups from before need the file as it was")
    if removable:
        output.say(
            f"no row names {', '.join(removable)} any more: plaint keys rotate --remove-old takes it out; "
            "keep a copy of the file with the backups from before"
        )


@contextmanager
def _file_errors(here: Installation) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = f"{here.settings.master_key} cannot be written: {error.strerror or error}"
        fix = "put a new first line into it where it comes from, then run this again"
        output.stop(output.CONFIGURATION, f"{reason}; {fix}")
