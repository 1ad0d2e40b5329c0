"""Logs and traces: structlog events with stable names, JSON unless a person watches; spans by OTLP where told to.

Neither ever holds a payload or personal data.
"""

import logging
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import structlog

from consumers import tracing
from consumers.wiring.settings import Settings, colors_wanted

REPEATED_SECONDS: Final = 60.0
_LINES: Final = 500
"""Of libraries, how many different ones are remembered."""


def start(log_format: str) -> None:
    """Have the process log to stderr as ``json`` or ``console``; ``auto`` asks whether stderr is a terminal."""
    console = log_format == "console" or (log_format == "auto" and sys.stderr.isatty())
    colors = sys.stderr.isatty() and colors_wanted()
    renderer: structlog.typing.Processor = structlog.processors.JSONRenderer()
    if console:
        renderer = structlog.dev.ConsoleRenderer(colors=colors)
    stamped: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        _traced,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*stamped, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    _libraries(stamped, renderer)


def _libraries(stamped: list[structlog.typing.Processor], renderer: structlog.typing.Processor) -> None:
    """Have what libraries warn of look like our own log."""
    handler = logging.StreamHandler(sys.stderr)
    last: list[structlog.typing.Processor] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        _raised,
        renderer,
    ]
    named: list[structlog.typing.Processor] = [structlog.stdlib.add_logger_name, *stamped]
    handler.addFilter(Repetitions())
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=named, processors=last))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])


class Repetitions:
    """Lets a library say the same thing once a minute: of a broker that is away it speaks ten times a second."""

    def __init__(self) -> None:
        self._said: dict[tuple[object, ...], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether this is new. Texts that a line names, as a topic, make it another one; all else does not."""
        given = record.args if isinstance(record.args, tuple) else ()
        line = (record.name, record.levelno, record.msg, *(each for each in given if isinstance(each, str)))
        if record.created - self._said.get(line, -REPEATED_SECONDS) < REPEATED_SECONDS:
            return False
        if len(self._said) >= _LINES:
            self._said.clear()
        self._said[line] = record.created
        return True


def _raised(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Tell what a library saw raised, and where; not what it says, which may quote what somebody sent."""
    found = event.pop("exc_info", None)
    error = found[1] if isinstance(found, tuple) else found
    if isinstance(error, BaseException):
        raised = list(_chain(error))
        places = (line for one in reversed(raised) for line in traceback.format_tb(one.__traceback__))
        event["exception"] = "\n".join((" of ".join(type(one).__name__ for one in raised), "".join(places)))
    return event


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and what it came of, the last first."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _traced(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Name trace and span of the work at hand, unless the line names a trace itself."""
    for name, value in tracing.ids().items():
        event.setdefault(name, value)
    return event


@contextmanager
def traced(settings: Settings, door: str) -> Iterator[None]:
    """Have spans of this process go to the collector that the settings name; none are recorded where they name none.

    ``door`` tells apart what runs in a process: http, consume, publish, ... A collector that does not answer
    costs spans and nothing else.
    """
    if settings.otlp_endpoint is None:
        yield
        return
    from consumers.wiring import spans  # noqa: PLC0415 # what it loads takes a third of a second

    with spans.exported(settings.otlp_endpoint, _headers(settings), settings.trace_share, door):
        yield


def _headers(settings: Settings) -> dict[str, str]:
    given = settings.otlp_headers.get_secret_value() if settings.otlp_headers else ""
    pairs = [each.partition("=") for each in given.split(",") if each.strip()]
    return {name.strip(): value.strip() for name, _, value in pairs}
