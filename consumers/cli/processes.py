"""``plaint run``, ``serve``, ``project`` and ``timers``: processes that stay."""

import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Literal

from cyclopts import Parameter

from consumers.cli import output
from consumers.cli.session import lasting, read_settings, session
from consumers.reactions import following, loop
from consumers.wiring import processes, reactions, views
from consumers.wiring import timers as timing
from consumers.wiring.build import Installation
from consumers.wiring.listening import CannotListen
from consumers.wiring.platform import platform
from consumers.wiring.settings import Settings


def run(
    *,
    sample: Annotated[
        bool, Parameter(negative="", help="Play sample cases first, unless the log holds cases.")
    ] = False,
    cases: Annotated[int, Parameter(help="How many sample cases.")] = 120,
    seed: Annotated[int, Parameter(help="Which sample.")] = 1,
    language: Annotated[Literal["ru", "en", "mix"], Parameter(help="Of the sample: ru, en or mix.")] = "mix",
) -> int:
    """Run the HTTP door, all views, the clocks, the rules and the upkeep in one process until Ctrl-C.

    Where ``PLAINT_KAFKA_SERVERS`` is set it does what ``plaint consume`` and ``plaint publish`` do, too, and
    where ``PLAINT_SMTP_SERVER`` is, what ``plaint mail`` does.
    """
    chosen = read_settings()
    with _door(chosen) as door, lasting(chosen, "run") as here:
        if here.made_key:
            output.say(f"A new master key is in {chosen.master_key}. Whoever loses that file loses all personal data")
            output.say("for good, and whoever has it can read it: keep a copy, apart from the database.")
        if sample and not _holds_cases(here):
            from consumers.cli.feeding import play

            play(here, cases, seed, language)
            views.runner(here).catch_up()  # so that the first page shows them
        processes.serve(
            here,
            door,
            platform(here),
            more={"projections": processes.project, **reactions.WORKS, **_beside(chosen)},
            on_ready=_answering,
        )
    output.say("stopped")
    return output.OK


def serve() -> int:
    """Run the HTTP door and nothing else until Ctrl-C; any number of replicas.

    What it shows is kept up to date by ``plaint project``, what is due is done by ``plaint timers``.
    """
    chosen = read_settings()
    with _door(chosen) as door, lasting(chosen, "http") as here:
        processes.serve(here, door, platform(here), on_ready=_answering)
    output.say("stopped")
    return output.OK


def _answering(address: str) -> None:
    output.say(f"Plaint answers at {address} (Ctrl-C stops it)")


def _beside(chosen: Settings) -> dict[str, processes.Work]:
    """Return what runs beside where a cluster or a mail server is named."""
    works: dict[str, processes.Work] = {}
    if chosen.kafka_servers is not None:
        from consumers.wiring import consumption, publishing

        works |= {"publisher": publishing.publish, "consumption": consumption.read}
    if chosen.smtp_server is not None:
        from consumers.wiring import mailing

        mailing.from_of(chosen)
        works["mail"] = mailing.send
    return works


@contextmanager
def _door(chosen: Settings) -> Iterator[socket.socket]:
    try:
        with processes.address(chosen) as door:
            yield door
    except CannotListen as error:
        output.stop(output.CONFIGURATION, str(error))


def _holds_cases(here: Installation) -> bool:
    """Whether the log holds more than what is in force; the shipped configuration is a few dozen events."""
    return any(not one.name.startswith("configuration.") for one in here.store.read.log(0, _BEGINNING))


_BEGINNING = 1_000


def project(
    *,
    once: Annotated[bool, Parameter(negative="", help="Catch up with the log and exit.")] = False,
    json: Annotated[bool, Parameter(negative="", help="Print JSON.")] = False,
) -> int:
    """Keep all views up to date; any number of replicas, one of which works."""
    if once:
        return _caught_up(json=json)
    with lasting(read_settings(), "project") as here:
        processes.follow(here, _told_to_stop())
    return output.OK


def _caught_up(*, json: bool) -> int:
    with session() as here:
        done = views.runner(here).catch_up()
        position = here.store.read.head().position
    if json:
        output.emit_json({"events": done, "position": position})
    else:
        output.say(f"{done} events; the views stand at position {position}")
    return output.OK


def _told_to_stop() -> threading.Event:
    """Return an event that a signal sets."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


def timers(
    *,
    once: Annotated[bool, Parameter(negative="", help="Act on what is due now and exit.")] = False,
    json: Annotated[bool, Parameter(negative="", help="Print JSON.")] = False,
) -> int:
    """Act by itself until Ctrl-C: what clocks miss, what rules ask for, upkeep; of several replicas one works.

    Clocks act up to the instant through which everything has been read: a partition with a backlog, or
    views that lag, hold them back for PLAINT_TIMERS_PATIENCE_MINUTES at most. Reactions follow the log, each
    from a position of its own, and propose what the rules in force say. With --once nothing is done where
    another process works, and views are taken as they stand.
    """
    if once:
        with session() as here:
            return _shown(reactions.follower(here).once(), timing.timers(here).once(), json=json)
    with lasting(read_settings(), "timers") as here:
        reactions.run(here, _told_to_stop())
    return output.OK


def _shown(reacted: following.Passed | None, passed: loop.Passed | None, *, json: bool) -> int:
    if passed is None or reacted is None:
        output.stop(output.TEMPORARY, "another process keeps the time; stop it first, or leave it to that one")
    recorded = {asks: passed.recorded[asks] for asks in ("miss", "warning", "escalation", "term", "redated")}
    through = passed.horizon.through.isoformat().replace("+00:00", "Z")
    held = [one.name for one in passed.horizon.held_by]
    if json:
        acted = {"reactions": dict(reacted.acted), "put_off": reacted.put_off}
        output.emit_json({"through": through, **recorded, "held_by": held, **acted})
    else:
        names = sorted(reacted.acted)
        rows = [(through, *recorded.values(), *(reacted.acted[name] for name in names))]
        output.table(("through", *recorded, *names), rows)
        if held:
            output.say(f"held back by {', '.join(held)}: what happened there since is not known yet")
        for name, reason in reacted.put_off.items():
            output.say(f"{name} was put off: {reason}")
    return output.OK
