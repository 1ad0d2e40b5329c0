"""``plaint project status|rebuild|compare|switch|drop|resume``: how the views stand, and building one anew."""

import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any, Final

from cyclopts import Parameter

from consumers.cli import output
from consumers.cli.session import session
from consumers.wiring import views
from consumers.wiring.build import Installation
from projections.runtime import compare as comparing
from projections.runtime import copies, progress, stuck, versions
from projections.runtime import rebuild as rebuilding
from projections.runtime.compare import Apart, Comparison, NoSecondCopy
from projections.runtime.progress import Status
from projections.runtime.projection import Projection
from projections.views import all_views

Json = Annotated[bool, Parameter(negative="", help="Print JSON.")]
Named = Annotated[str, Parameter(help="Which view; 'plaint project status' lists them.")]

_PATIENCE: Final = 30.0
"""Seconds that an owner elsewhere has to do what was asked."""


def status(*, json: Json = False) -> int:
    """Show how every view stands: position, lag, cases left out, and a rebuild beside it.

    Changes nothing. Exits with 1 where a view leaves cases out; each is listed with the reason.
    """
    with session() as here:
        head = here.store.read.head()
        with here.pool.connection() as connection:
            found = progress.status(connection, all_views(), head)
            parked = stuck.parked(connection, [view.of(copy) for view in all_views() for copy in (1, 2)])
    told = {
        "head": head.position,
        "incarnation": str(head.incarnation),
        "views": [_stands(one) for one in found],
        "left_out": [{**asdict(one), "stream": str(one.stream)} for one in parked],
    }
    if json:
        output.emit_json(told)
    else:
        _print(told)
    return output.SOME_REJECTED if parked else output.OK


def rebuild(
    view: Named,
    /,
    *,
    switch: Annotated[
        bool, Parameter(negative="", help="Have the rebuilt rows read at the end, if no row differs.")
    ] = False,
    json: Json = False,
) -> int:
    """Build a view anew beside the one that is read, and compare both; go on with it where it was stopped.

    Nobody who asks notices. A runner that works elsewhere does the work, otherwise this process does.
    Exits with 1 where rows differ: 'plaint project switch' has the new ones read all the same.
    """
    chosen = _chosen(view)
    with session() as here:
        _prepare(here, chosen)
        _held(lambda: rebuilding.begin(here.pool, chosen, pause=time.sleep))
        _catch_up(here, chosen)
        found = _compared(here, chosen)
        switched = rebuilding.switch(here.pool, chosen) if switch and not found.differs else None
    _tell(found, json=json, switched=switched)
    return output.SOME_REJECTED if found.differs else output.OK


def compare(view: Named, /, *, json: Json = False) -> int:
    """Compare the copy of a view that is read with the rebuilt one, row by row, at one position.

    Changes nothing. Exits with 1 where rows differ; some of them are shown, the rebuilt value behind the arrow.
    """
    chosen = _chosen(view)
    with session() as here:
        _prepare(here, chosen)
        found = _compared(here, chosen)
    _tell(found, json=json)
    return output.SOME_REJECTED if found.differs else output.OK


def switch(view: Named, /, *, json: Json = False) -> int:
    """Have questions read the other copy of a view from now on; the same command goes back."""
    chosen = _chosen(view)
    with session() as here:
        _prepare(here, chosen)
        try:
            copy = rebuilding.switch(here.pool, chosen)
        except (NoSecondCopy, Apart) as error:
            output.stop(output.REFUSED, str(error))
    if json:
        output.emit_json({"view": view, "copy": copy})
    else:
        output.say(f"{view}: copy {copy} is read from now on; 'plaint project switch {view}' goes back")
    return output.OK


def drop(view: Named, /, *, json: Json = False) -> int:
    """Give up the copy of a view that is not read; there is no going back to it then."""
    chosen = _chosen(view)
    with session() as here:
        _prepare(here, chosen)
        dropped = _held(lambda: rebuilding.drop(here.pool, chosen, pause=time.sleep))
    if json:
        output.emit_json({"view": view, "dropped": dropped})
    else:
        output.say(f"{view}: {'the second copy is gone' if dropped else 'there is no second copy'}")
    return output.OK


def resume(view: Named, /, *, json: Json = False) -> int:
    """Try again the cases that an error keeps out of a view, once its mistake is mended.

    Exits with 1 where some are still left out.
    """
    chosen = _chosen(view)
    with session() as here:
        _prepare(here, chosen)
        with here.pool.connection() as connection:
            asked = stuck.ask_again(connection, view)
        if views.runner(here).resume(view) is None:
            _wait_for_the_owner(here, view)
        left = _left_out(here, chosen)
    if json:
        output.emit_json({"view": view, "tried": asked, "left_out": left})
    else:
        output.say(f"{view}: {asked} cases were tried again, {left} are left out")
    return output.SOME_REJECTED if left else output.OK


# --- what they share ------------------------------------------------------------------------


def _chosen(name: str) -> Projection:
    found = {view.name: view for view in all_views()}
    if name not in found:
        output.stop(output.NOT_FOUND, f"no view '{name}'; there are {', '.join(sorted(found))}")
    return found[name]


def _prepare(here: Installation, view: Projection) -> None:
    with here.pool.connection() as connection:
        versions.ensure(connection, [view])


def _held(work: Any) -> bool:
    try:
        return bool(work())
    except rebuilding.Held as held:
        output.stop(output.TEMPORARY, str(held))


def _catch_up(here: Installation, view: Projection) -> None:
    head = here.store.read.head().position
    with output.progress(f"rebuilding {view.name}", head) as bar:
        views.runner(here).catch_up(told=bar.at)


def _compared(here: Installation, view: Projection) -> Comparison:
    """Compare, after the copies have met: between two of its batches an owner may have them apart."""
    for left in reversed(range(20)):
        try:
            return comparing.compare(here.pool, view)
        except NoSecondCopy as error:
            output.stop(output.REFUSED, str(error))
        except Apart as error:
            if not left:
                output.stop(output.TEMPORARY, str(error))
            time.sleep(0.1)
    raise AssertionError("the last round ends the command")


def _wait_for_the_owner(here: Installation, view: str) -> None:
    waited = 0.0
    while waited < _PATIENCE:
        with here.pool.connection() as connection:
            if not any(name == view for name, _, _ in stuck.asked_again(connection)):
                return
        time.sleep(0.1)
        waited += 0.1
    output.stop(output.TEMPORARY, f"the runner that owns the views has not tried {view} again yet; it will")


def _left_out(here: Installation, view: Projection) -> int:
    with here.pool.connection() as connection:
        return len(stuck.parked(connection, [view.of(copy) for copy in (1, 2)]))


def _stands(one: Status) -> dict[str, Any]:
    reached = one.reached
    return {
        "view": reached.view,
        "version": reached.version,
        "copy": reached.copy,
        "read": reached.live,
        "position": reached.position,
        "recorded_at": None if reached.recorded_at is None else reached.recorded_at.isoformat(),
        "lag_events": one.lag_events,
        "lag_seconds": one.lag_seconds,
        "left_out": reached.left_out,
    }


def _print(told: Mapping[str, Any]) -> None:
    columns = ("view", "version", "copy", "read", "position", "lag", "seconds", "left out")
    rows = [
        (
            one["view"],
            one["version"],
            one["copy"],
            "yes" if one["read"] else "no",
            one["position"],
            one["lag_events"],
            f"{one['lag_seconds']:.1f}",
            one["left_out"],
        )
        for one in told["views"]
    ]
    output.table(columns, rows)
    if told["left_out"]:
        fields = ("view", "copy", "stream", "position", "events", "reason")
        output.table(fields, [[one[field] for field in fields] for one in told["left_out"]])


def _tell(found: Comparison, *, json: bool, switched: copies.Copy | None = None) -> None:
    if json:
        output.emit_json({**asdict(found), "differs": found.differs, "switched_to": switched})
        return
    columns = ("table", "rows", "rebuilt", "only now", "only rebuilt", "changed")
    rows = [(one.table, one.now, one.rebuilt, one.only_now, one.only_rebuilt, one.changed) for one in found.tables]
    output.table(columns, rows)
    for table in found.tables:
        for one in table.examples:
            output.say(f"{table.table} {_words(one.key)}: {_changes(one)}")
    if found.left_out:
        output.say(f"{found.left_out} cases are left out of a copy; see 'plaint project status'")
    verdict = "differs" if found.differs else "no row differs"
    output.say(f"{found.view} v{found.version} at position {found.position}: {verdict}")
    if switched is not None:
        output.say(f"copy {switched} is read from now on; 'plaint project switch {found.view}' goes back")


def _words(values: Mapping[str, str | None]) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items())


def _changes(one: comparing.Example) -> str:
    if one.now is None:
        return "only rebuilt"
    if one.rebuilt is None:
        return "not rebuilt"
    return ", ".join(f"{name} {one.now[name]} -> {one.rebuilt[name]}" for name in one.now)
