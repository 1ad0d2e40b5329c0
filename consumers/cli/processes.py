"""``plaint run`` and ``plaint project``: processes that stay."""

import signal
import threading
from typing import Annotated, Literal

from cyclopts import Parameter

from consumers.cli import output
from consumers.cli.session import read_settings, session
from consumers.wiring import processes, telemetry, views


def run(
    *,
    sample: Annotated[
        bool, Parameter(negative="", help="Play sample cases first, unless the log holds cases.")
    ] = False,
    cases: Annotated[int, Parameter(help="How many sample cases.")] = 120,
    seed: Annotated[int, Parameter(help="Which sample.")] = 1,
    language: Annotated[Literal["ru", "en", "mix"], Parameter(help="Of the sample: ru, en or mix.")] = "mix",
) -> int:
    """Run the HTTP door, all views and the upkeep in one process until Ctrl-C."""
    chosen = read_settings()
    telemetry.start(chosen.log_format)
    with session(chosen) as here:
        if sample and here.store.read.head().position < _ONLY_CONFIGURATION:
            from consumers.cli.feeding import play

            play(here, cases, seed, language)
        processes.serve(here, on_ready=lambda address: output.say(f"Plaint answers at {address} (Ctrl-C stops it)"))
    output.say("stopped")
    return output.OK


_ONLY_CONFIGURATION = 100
"""Below this position a log holds no more than the activations of the shipped configuration."""


def project(
    *,
    once: Annotated[bool, Parameter(negative="", help="Catch up with the log and exit.")] = False,
    json: Annotated[bool, Parameter(negative="", help="Print JSON.")] = False,
) -> int:
    """Keep all views up to date; any number of replicas, one of which works."""
    chosen = read_settings()
    telemetry.start(chosen.log_format)
    with session(chosen) as here:
        if once:
            done = views.runner(here).catch_up()
            position = here.store.read.head().position
            if json:
                output.emit_json({"events": done, "position": position})
            else:
                output.say(f"{done} events; the views stand at position {position}")
            return output.OK
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        processes.project(here, stop)
    return output.OK
