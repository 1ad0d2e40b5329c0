"""XES (IEEE 1849): a process log as records, trace by trace, in the memory of one trace.

The parser refuses a document type before anything of it is read, so that no entity is ever
declared, expanded or fetched.
"""

from collections import deque
from collections.abc import Iterator
from typing import Final, NoReturn
from xml.parsers import expat

from consumers.files.record import Record, Row, Source, Unreadable
from consumers.files.rejected import Rejection

MAX_TRACE: Final = 32 * 1024 * 1024
"""Octets of one trace, or of what stands between two."""
CASE: Final = "case:"
"""Stands before the key of a trace's own attribute."""
_CHUNK: Final = 64 * 1024
_ATTRIBUTES: Final = frozenset({"string", "date", "int", "float", "boolean", "id"})
_UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")


def records(source: Source) -> Iterator[Record]:
    """Yield every trace as a record with one row per event, trace attributes repeated in each.

    Of nested attributes the outermost is read. An attribute without a value reads as empty.

    Raises:
        Unreadable: not well-formed, not XES, cut short, or it declares a document type.
    """
    reader = _Reader(source.name)
    while chunk := source.read(_CHUNK):
        reader.feed(chunk)
        yield from reader.done()
    reader.finish()
    yield from reader.done()


class _Reader:
    """Keeps the octets of the trace that it is in, its rows, and the traces that are complete."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._ready: deque[Record] = deque()
        self._buffer = bytearray()
        self._offset = 0
        """Of the buffer's first octet in the unpacked file."""
        self._depth = 0
        self._in_trace = False
        self._begin = self._line = self._row_line = 0
        self._trace: dict[str, str] = {}
        self._event: dict[str, str] | None = None
        self._rows: list[tuple[int, dict[str, str]]] = []
        self._parser = self._make_parser()

    def _make_parser(self) -> expat.XMLParserType:
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.StartDoctypeDeclHandler = self._refuse_doctype
        parser.EntityDeclHandler = self._refuse_doctype
        return parser

    def feed(self, chunk: bytes) -> None:
        if self._offset == 0 and not self._buffer and chunk.startswith(_UTF_16):
            raise Unreadable(self._name, 1, "UTF-16; save the log as UTF-8")
        self._buffer += chunk
        self._parse(chunk, final=False)
        if len(self._buffer) > MAX_TRACE:
            raise Unreadable(self._name, self._line or 1, f"a trace longer than {MAX_TRACE} octets; split the log")

    def finish(self) -> None:
        self._parse(b"", final=True)

    def done(self) -> Iterator[Record]:
        while self._ready:
            yield self._ready.popleft()

    def _parse(self, chunk: bytes, *, final: bool) -> None:
        try:
            self._parser.Parse(chunk, final)
        except expat.ExpatError as error:
            what = f"not well-formed XML, or cut short: {expat.ErrorString(error.code)}"
            raise Unreadable(self._name, error.lineno, what) from error

    def _refuse_doctype(self, *_: object) -> NoReturn:
        what = "declares a document type or an entity; XES needs none, remove it"
        raise Unreadable(self._name, self._parser.CurrentLineNumber, what)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        word = name.rsplit(" ", 1)[-1]
        if self._depth == 1 and word != "log":
            raise Unreadable(self._name, self._parser.CurrentLineNumber, f"begins with <{word}>, a XES file with <log>")
        if self._depth == 2 and word == "trace":
            self._in_trace, self._trace, self._rows = True, {}, []
            self._begin, self._line = self._parser.CurrentByteIndex, self._parser.CurrentLineNumber
        elif self._in_trace and self._depth == 3 and word == "event":
            self._event, self._row_line = {}, self._parser.CurrentLineNumber
        elif self._in_trace and word in _ATTRIBUTES:
            self._attribute(attributes)

    def _attribute(self, attributes: dict[str, str]) -> None:
        key, value = attributes.get("key", ""), attributes.get("value", "")
        if self._event is not None and self._depth == 4:
            self._event[key] = value
        elif self._event is None and self._depth == 3:
            self._trace[CASE + key] = value

    def _end(self, name: str) -> None:
        word = name.rsplit(" ", 1)[-1]
        if self._in_trace and self._depth == 3 and word == "event" and self._event is not None:
            self._rows.append((self._row_line, self._event))
            self._event = None
        elif self._in_trace and self._depth == 2:
            self._ready.append(self._record())
            self._in_trace = False
        self._depth -= 1

    def _record(self) -> Record:
        tag = self._parser.CurrentByteIndex - self._offset
        # At `</trace>` the parser stands before the tag, at `<trace/>` behind it.
        end = self._buffer.index(b">", tag) + 1 if self._buffer.startswith(b"</", tag) else tag
        raw = bytes(self._buffer[self._begin - self._offset : end])
        del self._buffer[:end]
        self._offset += end
        rows = tuple(Row(line, {**self._trace, **event}) for line, event in self._rows)
        if not rows:
            return Record(self._line, (), raw, Rejection(self._line, None, "a trace without events"))
        return Record(self._line, rows, raw)
