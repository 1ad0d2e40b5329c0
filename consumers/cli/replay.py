"""``plaint case replay`` and ``plaint case diff``: a case step by step, and what lies between two points of it."""

import sys
from collections.abc import Callable, Iterator
from typing import Annotated

from cyclopts import Parameter

from consumers.cli import output
from consumers.cli.questions import Case, Json, Language, case_id, note, place, shown, spoken
from consumers.cli.session import session
from projections.replay import steps as stepping
from projections.replay.as_of import BadWhen, NoSuchCase
from projections.replay.steps import Difference, Replay, Standing, Step

_FORTH, _BACK, _FIRST, _LAST, _END = (
    frozenset("nj \r\n"),
    frozenset("pkb"),
    frozenset("g"),
    frozenset("G"),
    frozenset("q"),
)
_KEYS = "n next, p previous, g first, G last, q end"


def diff(
    case: Case,
    span: Annotated[
        str,
        Parameter(help="A..B: positions (120..140), versions (v3..v7), instants or dates; A.. is until now."),
    ],
    /,
    *,
    language: Language = None,
    json: Json = False,
) -> int:
    """Show what changed in a case between two points of its history, and which events changed it; no texts."""
    try:
        before, after = stepping.span(span, "A..B")
    except BadWhen as error:
        output.stop(output.USAGE, str(error))
    with session() as here:
        stream = case_id(here, case)
        note(here, stream, "history", texts=False)
        try:
            found = stepping.difference(here.store.read, stream, before, after, spoken(here, language))
        except NoSuchCase as error:
            output.stop(output.NOT_FOUND, str(error))
    if json:
        output.emit_model(found)
    else:
        _print_difference(found)
    return output.OK


def replay(
    case: Case,
    /,
    *,
    all: Annotated[bool, Parameter(negative="", help="List every step, without asking for keys.")] = False,
    language: Language = None,
    json: Json = False,
) -> int:
    """Show a case step by step, with what was said and what each event changed; on a terminal by keys."""
    with session() as here:
        stream = case_id(here, case)
        note(here, stream, "history")
        try:
            found = stepping.replay(here.store.read, stream, spoken(here, language), texts=True)
        except NoSuchCase as error:
            output.stop(output.NOT_FOUND, str(error))
    if json:
        output.emit_model(found)
    elif all or not (sys.stdin.isatty() and sys.stdout.isatty()):
        for step in found.steps:
            sys.stdout.write(_whole(step, len(found.steps)) + "\n")
    else:
        walk(found, _key, sys.stdout.write)
    return output.OK


def walk(found: Replay, key: Callable[[], str], write: Callable[[str], object]) -> None:
    """Show one step at a time; ``key`` gives the next key that was pressed, an empty text at the end of input."""
    last, at = len(found.steps) - 1, 0
    while True:
        write(f"\x1b[2J\x1b[H{_whole(found.steps[at], last + 1)}\n[{_KEYS}]\n")
        pressed = key()
        if not pressed or pressed in _END:
            return
        if pressed in _FORTH:
            at = min(last, at + 1)
        elif pressed in _BACK:
            at = max(0, at - 1)
        elif pressed in _FIRST:
            at = 0
        elif pressed in _LAST:
            at = last


def _key() -> str:
    """Return the next key, read without waiting for a line."""
    import termios
    import tty

    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)
    try:
        tty.setcbreak(terminal)
        return sys.stdin.read(1)
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)


def _whole(step: Step, steps: int) -> str:
    return output.harmless("\n".join(_lines(step, steps))) + "\n"


def _lines(step: Step, steps: int) -> Iterator[str]:
    yield f"{step.version}/{steps}  {step.words}"
    yield f"  {shown(step.occurred_at)}  {step.actor}  ({step.name}, position {step.position})"
    for text in step.texts or ():
        yield f"  {place(text.field)}: {str(text.withheld or text.value).replace(chr(10), chr(10) + '    ')}"
    for line in step.changed:
        yield f"  * {line}"


def _print_difference(found: Difference) -> None:
    output.say(f"from {_point(found.before)} to {_point(found.after)}")
    rows = [(one.version, shown(one.occurred_at), one.actor, one.words) for one in found.steps]
    output.table(("#", "occurred", "who", "what"), rows)
    sys.stdout.write("".join(f"* {output.harmless(line)}\n" for line in found.changed))


def _point(one: Standing) -> str:
    if one.version is None:
        return "before its first event"
    return f"version {one.version} (position {one.position}, recorded {shown(one.as_of)})"
