"""Histories as XES, IEEE Std 1849-2023: one trace per complaint, one event per event."""

from collections.abc import Iterator
from itertools import groupby
from typing import Final, TextIO
from xml.sax.saxutils import quoteattr

from projections.exports.histories import Step, steps
from projections.exports.tables import Span, instant
from projections.sql import Link

_EXTENSIONS: Final = (
    ("Concept", "concept", "http://www.xes-standard.org/concept.xesext"),
    ("Time", "time", "http://www.xes-standard.org/time.xesext"),
    ("Organizational", "org", "http://www.xes-standard.org/org.xesext"),
    ("Lifecycle", "lifecycle", "http://www.xes-standard.org/lifecycle.xesext"),
    ("Identity", "identity", "http://www.xes-standard.org/identity.xesext"),
)
_UNSET: Final = "UNKNOWN"
# The schema of the standard wants its version as a decimal number, and its elements in no namespace.
_HEAD: Final = '<?xml version="1.0" encoding="UTF-8"?>\n<log xes.version="1849.2023" xes.features="">\n'
_CONTROLS: Final = {number: None for number in range(32) if number not in (9, 10, 13)}


def write(connection: Link, span: Span, out: TextIO) -> int:
    """Write the log; return how many events."""
    out.write(_HEAD)
    out.writelines(_declared())
    count = 0
    for _, trace in groupby(steps(connection, span), key=lambda step: step.case_id):
        for number, step in enumerate(trace):
            if not number:
                out.write("  <trace>\n")
                out.writelines(_line(4, *one) for one in _of_trace(step))
            out.write("    <event>\n")
            out.writelines(_line(6, *one) for one in _of_event(step))
            out.write("    </event>\n")
            count += 1
        out.write("  </trace>\n")
    out.write("</log>\n")
    return count


Attribute = tuple[str, str, str]
"""Type, key and value."""


def _declared() -> Iterator[str]:
    for name, prefix, uri in _EXTENSIONS:
        yield f'  <extension name="{name}" prefix="{prefix}" uri="{uri}"/>\n'
    yield '  <global scope="trace">\n'
    yield _line(4, "string", "concept:name", _UNSET)
    yield '  </global>\n  <global scope="event">\n'
    yield _line(4, "string", "concept:name", _UNSET)
    yield _line(4, "date", "time:timestamp", "1970-01-01T00:00:00.000000Z")
    yield _line(4, "string", "org:resource", _UNSET)
    yield _line(4, "string", "lifecycle:transition", "complete")
    yield '  </global>\n  <classifier name="Activity" keys="concept:name"/>\n'


def _of_trace(step: Step) -> Iterator[Attribute]:
    yield "string", "concept:name", str(step.case_id)
    if step.number is not None:
        yield "string", "number", step.number


def _of_event(step: Step) -> Iterator[Attribute]:
    yield "string", "concept:name", step.activity
    yield "date", "time:timestamp", instant(step.occurred_at)
    yield "string", "org:resource", step.actor
    yield "string", "lifecycle:transition", "complete"
    yield "id", "identity:id", str(step.event_id)
    yield "date", "recorded", instant(step.recorded_at)
    yield "int", "position", str(step.position)
    yield "string", "origin", step.origin
    for name, value in step.plain_facts().items():
        yield _typed(f"fact_{name}", value)


def _typed(name: str, value: str | float) -> Attribute:
    if isinstance(value, bool):
        return "boolean", name, "true" if value else "false"
    if isinstance(value, int):
        return "int", name, str(value)
    return ("float", name, repr(value)) if isinstance(value, float) else ("string", name, value)


def _line(indent: int, kind: str, key: str, value: str) -> str:
    """An element of one attribute, without control characters, which XML 1.0 cannot say."""
    return f"{' ' * indent}<{kind} key={quoteattr(key)} value={quoteattr(value.translate(_CONTROLS))}/>\n"
