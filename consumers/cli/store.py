"""``plaint store``: the database's shape, its size, and who may do what in it."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Annotated, Any

from cyclopts import Parameter
from cyclopts.validators import Number
from psycopg import Connection
from psycopg.rows import TupleRow

from consumers.cli import output
from consumers.cli.questions import shown
from consumers.cli.session import in_words, read_settings
from consumers.wiring import build
from engine.store.database import migrate as migrations
from engine.store.database import roles, running, survey
from engine.store.database.migrate import MigrationStatus, What
from engine.store.database.opening import take_steps
from engine.store.database.roles import Kind
from engine.store.database.steps import Applied, newest, pending, steps_of, without_last_contracts

Json = Annotated[bool, Parameter(negative="", help="Print JSON.")]

_MEANINGS: Mapping[str, str] = {
    "current": "every step was taken",
    "pending": "steps are missing that this program needs: plaint store migrate",
    "contract_pending": "this program has what it needs, what is left ends older ones: plaint store migrate --contract",
    "newer": "a newer program has taken further steps; this one runs beside it",
    "too_old": "the database lacks what this program needs: run a newer Plaint",
    "changed": "a file is another one than was applied: put the old one back",
    "gone": "the file of a step that was taken is gone: put it back",
    "late": "a step comes too late, a later one was taken: give it a new number",
}


def status(*, json: Json = False) -> int:
    """Show which steps the database has taken, what is pending, who runs, how large it is.

    Changes nothing. Exits with 0 where nothing is to be done, with 1 where a step is pending (of
    either kind), or a start would refuse: files contradict the database, or this program is too old for it.
    """
    with in_words(), build.connected(read_settings()) as connection:
        found = _status(connection)
    if json:
        output.emit_json(found)
    else:
        _show(found)
    return output.OK if found["state"] in ("current", "newer") else output.SOME_REJECTED


def migrate(
    *,
    contract: Annotated[
        bool, Parameter(negative="", help="Take those at the end, too, after which older programs cannot run.")
    ] = False,
    patience: Annotated[
        float, Parameter(help="Seconds that each step may wait for locks of others.", validator=Number(gt=0))
    ] = 600,
    json: Json = False,
) -> int:
    """Take the steps that this program needs; with --contract those, too, that only end older programs.

    A step that adds (expand) lets older programs go on. A step that takes away (contract) ends them: it
    is refused while one runs, with exit code 75. This program needs it only where a later step builds on
    it; then it is taken without --contract, too. No step keeps writers waiting for longer than a
    moment while it waits for its own locks. Recorded roles get their rights on new tables.
    """
    with in_words(), build.connected(read_settings()) as connection:
        running.must_not_be_too_old(connection, newest(steps_of()))
        contracts: migrations.Contracts = "take" if contract else "leave"
        teller = _Teller()
        taken = take_steps(connection, contracts=contracts, patience_seconds=patience, report=teller)
        left = [step.name for step in pending(steps_of(), migrations.applied(connection))]
    if json:
        output.emit_json({"taken": [_taken(step) for step in taken], "left": left})
        return output.OK
    output.say(f"{len(taken)} steps taken" if taken else "nothing to take")
    if left:
        output.say(f"left for --contract, once no older program runs: {', '.join(left)}")
    return output.OK


def grant(
    role: Annotated[str, Parameter(help="A login role that exists.")],
    /,
    *,
    kind: Annotated[Kind, Parameter(name="--as", help="What the role is for.")],
    print_: Annotated[
        bool, Parameter(name="--print", negative="", help="Print the SQL for whoever runs the database; run nothing.")
    ] = False,
    json: Json = False,
) -> int:
    """Give a login role the rights of a door, of the views, of an analyst or of migrations.

    Given again, the rights are the same, and those that somebody added to it are gone. PLAINT_DATABASE
    names the owner of the tables or a superuser. `plaint run` needs a role that is door and projection.
    """
    with in_words(), build.connected(read_settings()) as connection:
        if print_:
            statements = [each.as_string(connection) for each in roles.planned(connection, role, kind)]
        else:
            statements = roles.grant(connection, role, kind)
    if json:
        output.emit_json({"role": role, "as": kind, "run": not print_, "statements": statements})
    elif print_:
        sys.stdout.writelines(f"{line};\n" for line in ("BEGIN", *statements, "COMMIT"))
    else:
        output.say(f"{role} has the rights of {kind} ({len(statements)} statements)")
    return output.OK


_WARNING = "this role could change the log; give programs one of their own: plaint store grant ROLE --as door"


class _Teller:
    """Says how a migration goes on, each thing once."""

    def __init__(self) -> None:
        self._said: set[tuple[str, What]] = set()

    def __call__(self, name: str, what: What) -> None:
        if (name, what) not in self._said:
            self._said.add((name, what))
            output.say(f"{name}: {'waits for locks of others' if what == 'waits' else what}")


def _taken(step: Applied) -> dict[str, Any]:
    return {"version": step.version, "name": step.name, "kind": step.kind, "applied_at": step.applied_at}


def _status(connection: Connection[TupleRow]) -> dict[str, Any]:
    steps = migrations.status(connection)
    rights = roles.own_rights(connection)
    end = survey.log_end(connection)
    return {
        "state": _state(steps),
        "program": newest(steps_of()),
        "database": max((step.version for step in steps if step.applied_at is not None), default=0),
        "steps": [asdict(step) for step in steps],
        "running": [{"version": built, "programs": n} for built, n in running.programs(connection).items()],
        "log": asdict(end) if end else None,
        "tables": [asdict(each) for each in survey.tables(connection)],
        "role": asdict(rights),
        "roles": [asdict(each) for each in roles.granted(connection)],
    }


def _state(steps: Sequence[MigrationStatus]) -> str:
    """What a start would say, in the order in which it looks."""
    states = {step.state for step in steps}
    if any(step.state == "unknown" and step.kind == "contract" for step in steps):
        return "too_old"
    for step in steps:
        if step.state in ("changed", "gone"):
            return step.state
    if "late" in states:
        return "late"
    if "pending" in states:
        missing = {step.version for step in steps if step.state == "pending"}
        needed = without_last_contracts([step for step in steps_of() if step.version in missing])
        return "pending" if needed else "contract_pending"
    return "newer" if "unknown" in states else "current"


def _show(found: Mapping[str, Any]) -> None:
    end, role = found["log"], found["role"]
    kind = " (superuser)" if role["superuser"] else ""
    rows = [
        ("state", f"{found['state']}: {_MEANINGS[found['state']]}"),
        ("version", f"database {found['database']}, program {found['program']}"),
        ("log", f"position {end['position']}, {shown(end['recorded_at']) or 'empty'}" if end else "not there yet"),
        ("incarnation", end["incarnation"] if end else ""),
        ("running", ", ".join(f"{one['programs']} of version {one['version']}" for one in found["running"]) or "none"),
        ("role", f"{role['role']}{kind}"),
        *([("warning", _WARNING)] if role["may_change_log"] else []),
        *((f"role for {each['kind']}", each["role"]) for each in found["roles"]),
    ]
    output.table(("what", "how"), rows)
    output.table(("step", "state", "since"), [(s["name"], s["state"], shown(s["applied_at"])) for s in found["steps"]])
    sizes = [(t["name"], t["rows"], f"{t['octets'] / 1_000_000:.1f}") for t in found["tables"]]
    output.table(("table", "rows (about)", "MB"), sizes)
