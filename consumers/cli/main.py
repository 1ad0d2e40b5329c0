"""The table of all commands. Nothing of a command is imported before it is used, so ``--help`` is quick."""

import sys
from collections.abc import Sequence

from cyclopts import App

from consumers.cli.output import EXIT_CODES, INTERRUPTED, OK, Stop, say

_COMMANDS: dict[str, str] = {
    "run": "consumers.cli.processes:run",
    "project": "consumers.cli.processes:project",
    "ingest": "consumers.cli.feeding:ingest",
    "import": "consumers.cli.feeding:import_history",
    "sample": "consumers.cli.feeding:sample",
    "funnel": "consumers.cli.views:funnel",
    "bench": "consumers.cli.bench:bench",
    "version": "consumers.cli.config:version",
}
_GROUPS: dict[str, tuple[str, dict[str, str]]] = {
    "case": (
        "One complaint or all of them.",
        {
            "list": "consumers.cli.cases:list_cases",
            "show": "consumers.cli.cases:show",
            "history": "consumers.cli.cases:history",
            "do": "consumers.cli.cases:do",
        },
    ),
    "audit": ("Who did what, when and why.", {"trail": "consumers.cli.cases:trail"}),
    "sla": ("Promises of time.", {"list": "consumers.cli.views:sla_list"}),
    "parked": ("Messages that wait for the one they answer.", {"list": "consumers.cli.parked:list_parked"}),
    "config": ("What is in force.", {"check": "consumers.cli.config:check"}),
    "schemas": ("The words as JSON Schema.", {"export": "consumers.cli.config:export_schemas"}),
}


def _version() -> str:
    from importlib.metadata import version  # noqa: PLC0415 -- only where the version is asked for

    return version("plaint")


def build() -> App:
    """Return the command line with every command still unloaded."""
    app = App(
        name="plaint",
        help="Event-sourced complaint processing: messages come in, cases with deadlines come out.",
        help_epilogue=EXIT_CODES,
        version=_version,
        result_action="return_value",
    )
    for name, where in _COMMANDS.items():
        app.command(where, name=name)
    for name, (text, commands) in _GROUPS.items():
        group = App(name=name, help=text)
        for command, where in commands.items():
            group.command(where, name=command)
        app.command(group)
    return app


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code.

    What a person can mend (a wrong setting, a case that is not there) is one line on stderr;
    anything else is a fault of ours and keeps its traceback.
    """
    try:
        code = build()(list(arguments))
    except Stop as stopped:
        say(f"plaint: {stopped}")
        return stopped.code
    except KeyboardInterrupt:
        say("plaint: interrupted")
        return INTERRUPTED
    return code if isinstance(code, int) else OK


def main() -> None:
    """Run one command and leave with its exit code."""
    sys.exit(run(sys.argv[1:]))
