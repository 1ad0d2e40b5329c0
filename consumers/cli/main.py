"""The table of all commands. Nothing of a command is imported before it is used, so ``--help`` is quick."""

import difflib
import gc
import importlib
import os
import signal
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

from cyclopts import App, CycloptsError, Parameter, UnknownCommandError

from consumers.cli.output import EXIT_CODES, INTERRUPTED, OK, STDIN, USAGE, Stop, say

Commands = dict[str, tuple[str, str]]
"""Name -> where it lives, and what the list of commands says of it: the first sentence of its docstring."""

_COMMANDS: Commands = {
    "run": (
        "consumers.cli.processes:run",
        "Run the HTTP door, all views, the clocks, the rules and the upkeep in one process until Ctrl-C.",
    ),
    "serve": (
        "consumers.cli.processes:serve",
        "Run the HTTP door and nothing else until Ctrl-C; any number of replicas.",
    ),
    "project": (
        "consumers.cli.processes:project",
        "Keep all views up to date; any number of replicas, one of which works.",
    ),
    "timers": (
        "consumers.cli.processes:timers",
        "Act by itself until Ctrl-C: what clocks miss, what rules ask for, upkeep; of several replicas one works.",
    ),
    "ingest": (
        "consumers.cli.feeding:ingest",
        "Take channel messages: JSON Lines (bare or CloudEvents), .eml files, directories of both.",
    ),
    "import": ("consumers.cli.feeding:import_history", "Import histories with their own times and origin 'import'."),
    "sample": (
        "consumers.cli.feeding:sample",
        "Play realistic complaints over eight weeks on all channels: what people say and what the desk does.",
    ),
    "consume": (
        "consumers.cli.consumers:consume",
        "Take messages and commands from Kafka until Ctrl-C; any number of replicas share the partitions.",
    ),
    "publish": (
        "consumers.cli.publishing:publish",
        "Publish events, notices and dead letters to Kafka until Ctrl-C; of several replicas one works.",
    ),
    "mail": (
        "consumers.cli.mailing:mail",
        "Send the mail that cases have queued to PLAINT_SMTP_SERVER until Ctrl-C; of several replicas one works.",
    ),
    "funnel": (
        "consumers.cli.funnels:funnel",
        "Show how far complaints come: entered = passed + exited + there now, for every stage.",
    ),
    "satisfaction": (
        "consumers.cli.figures:satisfaction",
        "Show marks by parameter, and how many of those asked gave any.",
    ),
    "causes": (
        "consumers.cli.figures:causes",
        "Count complaints by cause or by another word, the most frequent first, with shares added up.",
    ),
    "remedies": (
        "consumers.cli.figures:remedies",
        "Add up remedies and what they cost, per currency: given, taken back, and the rest.",
    ),
    "workload": (
        "consumers.cli.figures:workload",
        "Show what teams or persons have open, what of it is overdue, how soon they answer, what was reopened.",
    ),
    "rates": (
        "consumers.cli.figures:rates",
        "Set complaints against praise, customers and orders, and name channels that are unusually quiet.",
    ),
    "export": (
        "consumers.cli.export:export",
        "Write a view of the contract as CSV or Parquet, or the histories of complaints as XES or OCEL.",
    ),
    "report": (
        "consumers.cli.report:report",
        "Write the digest for the weekly meeting: figures, plots, what changed, and room for conclusions.",
    ),
    "bench": (
        "consumers.cli.bench:bench",
        "Measure on a database of its own, made for it and dropped after it; nothing else is touched.",
    ),
    "health": (
        "consumers.cli.health:health",
        "Ask the probe of the process that has these settings on this machine; 75 if it does not answer, or with no.",
    ),
    "version": (
        "consumers.cli.config:version",
        "Print the versions of Plaint, of Python and of the libraries that it runs on.",
    ),
}
_GROUPS: dict[str, tuple[str, Commands]] = {
    "case": (
        "One complaint or all of them.",
        {
            "list": (
                "consumers.cli.cases:list_cases",
                "List cases with what is due next, the latest or the most urgent first; search in what was said.",
            ),
            "show": ("consumers.cli.cases:show", "Show a case: what is known of it, and what was said."),
            "history": ("consumers.cli.audit:history", "Show the events of a case in order, in words."),
            "replay": (
                "consumers.cli.replay:replay",
                "Show a case step by step, with what was said and what each event changed; on a terminal by keys.",
            ),
            "diff": (
                "consumers.cli.replay:diff",
                "Show what changed in a case between two points of its history, and which events changed it; no texts.",
            ),
            "remedies": (
                "consumers.cli.remedies:remedies",
                "Show what the table of remedies proposes for a case, by which rule, within which limits; or take one.",
            ),
            "similar": (
                "consumers.cli.problems:similar",
                "List complaints that say much the same as this one, and the problems they belong to.",
            ),
            "files": (
                "consumers.cli.files:list_files",
                "List the files of a case: attachments, those added by hand, and messages kept whole.",
            ),
            "file": ("consumers.cli.files:fetch", "Fetch a file of a case as it came; noted as a reading."),
            "attach": (
                "consumers.cli.files:attach",
                "Add a file to a case: sealed under the complainant's key, and erased with him.",
            ),
            "do": (
                "consumers.cli.cases:do",
                "Give a command for a case: assign, reply, resolve, close and all others of the catalogue.",
            ),
        },
    ),
    "problem": (
        "Systemic causes behind several complaints.",
        {
            "list": (
                "consumers.cli.problems:list_problems",
                "List systemic causes, suspected by rule or named by a person, those with most complaints first.",
            ),
            "show": ("consumers.cli.problems:show", "Show a problem with its complaints and actions."),
            "clusters": (
                "consumers.cli.problems:clusters",
                "Group the complaints of the latest days by what they say, the largest group first.",
            ),
            "open": (
                "consumers.cli.problems:open_problem",
                "Open a problem, or confirm a suspected one, by naming its cause; says its id.",
            ),
            "do": (
                "consumers.cli.problems:do",
                "Give a command for a problem: link complaints, assign and complete actions, record the lesson, close.",
            ),
            "effect": (
                "consumers.cli.problems:effect",
                "Count the complaints of a problem a day, before its first completed action and after it.",
            ),
            "lessons": (
                "consumers.cli.problems:lessons",
                "Show the board of lessons: what happened, what was changed, what it brought. Nobody is named.",
            ),
        },
    ),
    "survey": (
        "Campaigns that ask customers how satisfied they are, on a schedule, complaint or not.",
        {
            "list": (
                "consumers.cli.surveys:list_campaigns",
                "List campaigns in force: whom they may ask, when they ask next.",
            ),
            "invite": (
                "consumers.cli.surveys:invite",
                "Put people on the list of a campaign: it asks them at once, or in its next wave.",
            ),
            "status": (
                "consumers.cli.surveys:status",
                "Show how many of those asked answered, and their marks.",
            ),
            "answers": (
                "consumers.cli.surveys:answers",
                "List answers to campaigns, the latest first; no names, no words.",
            ),
            "answer": (
                "consumers.cli.surveys:answer",
                "Enter what somebody answered on the telephone; whoever handled his complaint is refused.",
            ),
            "decline": (
                "consumers.cli.surveys:decline",
                "Record that somebody wants to be asked no more, by no campaign.",
            ),
            "allow": (
                "consumers.cli.surveys:allow",
                "Record that somebody who had declined lets himself be asked again.",
            ),
        },
    ),
    "audit": (
        "Who did what, when and why.",
        {
            "trail": (
                "consumers.cli.audit:trail",
                "Show who did what to a case, when, why, under which rule and from which source, with what was said.",
            ),
        },
    ),
    "project": (
        "Keep all views up to date; any number of replicas, one of which works.",
        {
            "status": (
                "consumers.cli.projections:status",
                "Show how every view stands: position, lag, cases left out, and a rebuild beside it.",
            ),
            "rebuild": (
                "consumers.cli.projections:rebuild",
                "Build a view anew beside the one that is read, and compare both; go on with it where it was stopped.",
            ),
            "compare": (
                "consumers.cli.projections:compare",
                "Compare the copy of a view that is read with the rebuilt one, row by row, at one position.",
            ),
            "switch": (
                "consumers.cli.projections:switch",
                "Have questions read the other copy of a view from now on; the same command goes back.",
            ),
            "drop": (
                "consumers.cli.projections:drop",
                "Give up the copy of a view that is not read; there is no going back to it then.",
            ),
            "resume": (
                "consumers.cli.projections:resume",
                "Try again the cases that an error keeps out of a view, once its mistake is mended.",
            ),
        },
    ),
    "sla": (
        "Promises of time.",
        {
            "list": (
                "consumers.cli.views:sla_list",
                "List clocks, what is due next first: when they started, when they are due, how they stand.",
            ),
            "judge": (
                "consumers.cli.sla:judge_file",
                "Judge the clocks of one plain document, YAML or JSON; needs no database and no settings.",
            ),
            "explain": (
                "consumers.cli.sla_cases:explain",
                "Tell how each deadline of a case came about: which rule, which time counted and which did not.",
            ),
            "rejudge": (
                "consumers.cli.sla_cases:rejudge",
                "Judge cases under another policy beside how they are judged under their own; changes nothing.",
            ),
            "what-if": (
                "consumers.cli.sla_cases:what_if",
                "Replay recorded cases under a draft policy: who would get it, what would be kept; changes nothing.",
            ),
        },
    ),
    "reply": (
        "Answers to complainants: how good they are.",
        {
            "check": (
                "consumers.cli.replies:check_reply",
                "Judge a reply before it goes out: what to mend, where, and its score.",
            ),
            "sample": (
                "consumers.cli.replies:sample",
                "List the replies of a week that a colleague of their author should score with review-reply.",
            ),
            "quality": (
                "consumers.cli.replies:quality",
                "Show how good replies were by the check and by colleagues, by team or person and period.",
            ),
        },
    ),
    "knowledge": (
        "Articles that help to answer, by type of complaint.",
        {
            "list": (
                "consumers.cli.knowledge:list_articles",
                "List the articles of the knowledge base with how often replies were written by them.",
            ),
            "suggest": (
                "consumers.cli.knowledge:suggest",
                "Show the articles that fit what the complainant of a case wrote, the best first.",
            ),
        },
    ),
    "rules": (
        "What is decided by rule.",
        {
            "explain": (
                "consumers.cli.rules:explain",
                "Tell which rule decided what in a case, what it looked at, and what else would have held.",
            ),
            "test": (
                "consumers.cli.rules:run_cases",
                "Run the given/then cases that stand in rule sets; needs no database.",
            ),
            "what-if": (
                "consumers.cli.rules:what_if",
                "Replay recorded cases under a draft rule set: who would get what; changes nothing.",
            ),
            "person": (
                "consumers.cli.rules:person",
                "Print how rules and events call a local person: the opaque id that a staff list names.",
            ),
        },
    ),
    "keys": (
        "Master keys, which wrap the keys of all personal data.",
        {
            "status": (
                "consumers.cli.keys:status",
                "Show the master keys: which one wraps, what the others still wrap, which lines may go.",
            ),
            "rotate": (
                "consumers.cli.keys:rotate",
                "Wrap everything by a new master key, without touching an event.",
            ),
        },
    ),
    "store": (
        "The database: its shape, its size, who may do what in it.",
        {
            "status": (
                "consumers.cli.store:status",
                "Show which steps the database has taken, what is pending, who runs, how large it is.",
            ),
            "migrate": (
                "consumers.cli.store:migrate",
                "Take the steps that this program needs; with --contract those, too, that only end older programs.",
            ),
            "grant": (
                "consumers.cli.store:grant",
                "Give a login role the rights of a door, of the views, of an analyst or of migrations.",
            ),
            "backup": (
                "consumers.cli.backup:backup",
                "Take a backup while everything runs: the log and large contents, and the keys apart from them.",
            ),
            "restore": (
                "consumers.cli.backup:restore",
                "Put a backup into a new database, compare it, and have every erasure hold there again.",
            ),
            "restored": (
                "consumers.cli.backup:restored",
                "Tell the log that it lost its latest events by a restore: it begins a new incarnation.",
            ),
        },
    ),
    "parked": (
        "Messages that wait for the one they answer.",
        {
            "list": (
                "consumers.cli.parked:list_parked",
                "List parked messages, the oldest first. What they say stays sealed.",
            ),
        },
    ),
    "dead-letters": (
        "Records of topics that could not be taken.",
        {
            "list": (
                "consumers.cli.dead_letters:list_letters",
                "List dead letters, the oldest first. What they say stays sealed.",
            ),
            "show": (
                "consumers.cli.dead_letters:show",
                "Show a dead letter opened: its record, and why it failed. The access log keeps who did.",
            ),
            "replay": (
                "consumers.cli.dead_letters:replay",
                "Try dead letters again: what succeeds is one no more, what fails is kept with one more attempt.",
            ),
            "discard": (
                "consumers.cli.dead_letters:discard",
                "Give dead letters up for good. The access log keeps who did, which, and why they had failed.",
            ),
        },
    ),
    "topics": (
        "The topics in Kafka.",
        {
            "create": (
                "consumers.cli.topics:create",
                "Make the topics that are not there; one that is there is never changed.",
            ),
            "check": (
                "consumers.cli.topics:check",
                "Show which topics are there and where they differ from what Plaint needs; changes nothing.",
            ),
        },
    ),
    "consumers": (
        "What is read from Kafka.",
        {
            "status": (
                "consumers.cli.consumers:status",
                "Show every partition: who reads it, how far, how much is left, and why one stands still.",
            ),
            "adopt": (
                "consumers.cli.consumers:adopt",
                "Read a topic on that stands still since it was made anew, or since a part of it is gone.",
            ),
        },
    ),
    "subject": (
        "Persons of whom something is kept.",
        {
            "find": (
                "consumers.cli.subject:find",
                "Find the person whom a contact reaches; texts name persons by this id.",
            ),
            "show": (
                "consumers.cli.subject:show",
                "Show where a person's texts are, which holds keep them, and which texts of others may name him.",
            ),
            "erase": (
                "consumers.cli.subject:erase",
                "Erase a person for good: destroy the keys of all his texts, files and contacts.",
            ),
        },
    ),
    "config": (
        "What is in force.",
        {
            "check": (
                "consumers.cli.config:check",
                "Print what is in force, secrets masked; fails on anything unknown or wrong.",
            ),
            "presets": (
                "consumers.cli.presets:list_presets",
                "Show every policy, calendar, rule set, template, survey and all else, and which of them are in force.",
            ),
            "show": (
                "consumers.cli.presets:show",
                "Show a policy with its clocks and letters, a calendar with its holidays, all else as its file says.",
            ),
        },
    ),
    "schemas": (
        "The words as JSON Schema.",
        {
            "export": (
                "consumers.cli.config:export_schemas",
                "Write every word as JSON Schema: what is stored, sent, published or configured.",
            ),
        },
    ),
}


def _version() -> str:
    from importlib.metadata import version

    return version("plaint")


def _default_shown(value: object) -> str | None:
    """A flag's default says nothing, and neither does the absence of a value."""
    return None if value is None or isinstance(value, bool) else str(value)


def build(arguments: Sequence[str] = ()) -> App:
    """Return the command line with every command still unloaded, to be run with ``arguments``."""
    app = App(
        name="plaint",
        help="Event-sourced complaint processing: messages come in, cases with deadlines come out.",
        help_epilogue=EXIT_CODES,
        version=_version,
        default_parameter=Parameter(show_default=_default_shown),
        result_action="return_value",
        suppress_keyboard_interrupt=False,
    )
    _register(app, {name: found for name, found in _COMMANDS.items() if name not in _GROUPS}, arguments)
    for name, (text, commands) in _GROUPS.items():
        group = App(name=name, help=text, help_epilogue="")
        _register(group, commands, arguments)
        if name in _COMMANDS and name in arguments[:1] and "".join(arguments[1:2])[:1] in ("", "-"):
            group.default(_loaded(_COMMANDS[name][0]))
        app.command(group)
    return app


def _loaded(where: str) -> Callable[..., int]:
    """Return a command that is also the name of a group, which is about to be run by itself."""
    module, _, name = where.partition(":")
    found: Callable[..., int] = getattr(importlib.import_module(module), name)
    return found


def _register(app: App, commands: Commands, arguments: Sequence[str]) -> None:
    """Name the commands. One that is asked for by name speaks for itself, in the whole of its docstring."""
    for name, (where, text) in commands.items():
        app.command(where, name=name, help=None if name in arguments else text, help_epilogue="")


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code.

    What a person can mend (a wrong setting, a case that is not there) is one line on stderr;
    anything else is a fault of ours and keeps its traceback.
    """
    given = [STDIN if one == "-" else one for one in arguments]
    try:
        code = build(given)(given, print_error=False, exit_on_error=False)
    except Stop as stopped:
        say(f"plaint: {stopped}")
        return stopped.code
    except UnknownCommandError as error:
        say(f"plaint: {_unknown(error)}")
        return USAGE
    except CycloptsError as error:
        say(f"plaint: {error}")
        return USAGE
    except KeyboardInterrupt:
        say("plaint: interrupted")
        return INTERRUPTED
    return code if isinstance(code, int) else OK


def _unknown(error: UnknownCommandError) -> str:
    """Name what there is, without loading it as the library would."""
    given = (error.unused_tokens or [""])[0]
    chain = " ".join(error.command_chain or ())
    names = list(_GROUPS[chain][1] if chain in _GROUPS else {**_COMMANDS, **_GROUPS})
    longer = [name for name in names if given.startswith(name)]
    close = longer or difflib.get_close_matches(given, names, n=1)
    hint = f"did you mean '{close[0]}'?" if close else f"there are {', '.join(names)}"
    return f"no command '{f'{chain} {given}'.strip()}'; {hint}"


def _terminated(number: int, _frame: object) -> NoReturn:
    """End on SIGTERM as on Ctrl-C, so that what was opened is closed and no database is left behind."""
    raise SystemExit(128 + number)


_YOUNG = 50_000
"""New objects before the collector looks for cycles. A batch of events is some 20,000 that make none; at Python's
usual 700 a fourth of the time of a commit or a read goes into looking."""


def main() -> None:
    """Run one command and leave with its exit code."""
    gc.set_threshold(_YOUNG, 20, 100)
    signal.signal(signal.SIGTERM, _terminated)
    try:
        code = run(sys.argv[1:])
        sys.stdout.flush()
    except BrokenPipeError:
        # Who read our output has what he wanted; the interpreter must not complain of it at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = OK
    sys.exit(code)
