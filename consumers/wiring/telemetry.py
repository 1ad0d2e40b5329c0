"""Logs: structlog events with stable names, JSON unless a person watches; never a payload or personal data."""

import logging
import sys

import structlog

from consumers.wiring.settings import colors_wanted


def start(log_format: str) -> None:
    """Have the process log to stderr as ``json`` or ``console``; ``auto`` asks whether stderr is a terminal."""
    console = log_format == "console" or (log_format == "auto" and sys.stderr.isatty())
    colors = sys.stderr.isatty() and colors_wanted()
    renderer: structlog.typing.Processor = structlog.processors.JSONRenderer()
    if console:
        renderer = structlog.dev.ConsoleRenderer(colors=colors)
    stamped: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
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
        structlog.processors.format_exc_info,
        renderer,
    ]
    named: list[structlog.typing.Processor] = [structlog.stdlib.add_logger_name, *stamped]
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=named, processors=last))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
