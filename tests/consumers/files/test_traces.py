import gzip
import tracemalloc
from pathlib import Path

import pytest

from consumers.files import traces
from consumers.files.record import Record, Unreadable, opened
from consumers.files.rejected import Rejection

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<log xmlns="http://www.xes-standard.org/">\n'
TRACE = """<trace>
<string key="concept:name" value="Case &lt;1&gt;"/>
<event><string key="concept:name" value="Wait"/><date key="time:timestamp" value="2012-10-09T14:50:17+00:00">
<string key="inner" value="not read"/></date></event>
<event><int key="cost" value="3"/></event>
</trace>"""


def read(tmp_path: Path, text: str | bytes) -> list[Record]:
    path = tmp_path / "log.xes"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with opened(path) as source:
        return list(traces.records(source))


def test_a_trace_is_a_record_of_its_events_with_lines_and_octets(tmp_path: Path) -> None:
    (record,) = read(tmp_path, HEAD + TRACE + "</log>")
    assert [(row.line, dict(row.values)) for row in record.rows] == [
        (5, {"case:concept:name": "Case <1>", "concept:name": "Wait", "time:timestamp": "2012-10-09T14:50:17+00:00"}),
        (7, {"case:concept:name": "Case <1>", "cost": "3"}),
    ]
    assert (record.line, record.raw, record.rows[1]["absent"]) == (3, TRACE.encode(), "")


def test_octets_of_a_trace_are_its_own_wherever_the_reader_cut_the_file(tmp_path: Path) -> None:
    many = [TRACE.replace("Case", f"Case {number} {'ü' * (number % 50)}") for number in range(2_000)]
    records = read(tmp_path, HEAD + "\n".join(many) + "</log>")
    assert [record.raw.decode() for record in records] == many


def test_a_packed_log_reads_like_a_plain_one(tmp_path: Path) -> None:
    text = HEAD + TRACE + "</log>"
    assert read(tmp_path, gzip.compress(text.encode())) == read(tmp_path, text)


def test_a_log_without_a_namespace_and_with_a_prefix_reads_too(tmp_path: Path) -> None:
    prefixed = '<x:log xmlns:x="http://www.xes-standard.org/"><x:trace><x:event><x:id key="a" value="b"/></x:event>'
    assert read(tmp_path, prefixed + "</x:trace></x:log>")[0].rows[0]["a"] == "b"
    assert read(tmp_path, "<log>" + TRACE + "</log>")[0].rows[0]["concept:name"] == "Wait"


def test_a_trace_without_events_is_flawed(tmp_path: Path) -> None:
    records = read(tmp_path, HEAD + "<trace/>" + TRACE + "</log>")
    assert [record.flaw for record in records] == [Rejection(3, None, "a trace without events"), None]
    assert records[0].raw == b"<trace/>"


BOMB = '<!DOCTYPE log [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
OUTSIDE = '<!DOCTYPE log [<!ENTITY a SYSTEM "file:///etc/hostname">]>'
DTD = '<!DOCTYPE log SYSTEM "http://127.0.0.1:9/log.dtd">'


@pytest.mark.parametrize("doctype", [BOMB, OUTSIDE, DTD], ids=["entity_bomb", "outside_entity", "outside_dtd"])
def test_a_document_type_is_refused_before_anything_of_it_is_read(tmp_path: Path, doctype: str) -> None:
    with pytest.raises(Unreadable, match=r"log\.xes: line 2: declares a document type or an entity"):
        read(tmp_path, '<?xml version="1.0"?>\n' + doctype + "<log>" + TRACE.replace("Wait", "&b;") + "</log>")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("Number,Text\n1,a\n", "line 1: not well-formed XML, or cut short: syntax error"),
        ("", "line 1: not well-formed XML, or cut short: no element found"),
        ("<html/>", "line 1: begins with <html>, a XES file with <log>"),
        (HEAD + TRACE, "line 8: not well-formed XML, or cut short: no element found"),
        (HEAD.encode() + b'<trace><event><id key="\xe9" value=""/>', "line 3: not well-formed XML, or cut short: not"),
        ((HEAD + TRACE).encode("utf-16"), "line 1: UTF-16; save the log as UTF-8"),
    ],
    ids=["a_table", "empty", "another_document", "cut_short", "not_utf_8", "utf_16"],
)
def test_what_is_no_log_is_told_with_its_line(tmp_path: Path, text: str | bytes, what: str) -> None:
    with pytest.raises(Unreadable) as told:
        read(tmp_path, text)
    assert str(told.value).startswith(f"log.xes: {what}")


def test_a_packed_log_cut_short_gives_its_whole_traces_and_then_tells(tmp_path: Path) -> None:
    path = tmp_path / "log.xes.gz"
    many = "".join(TRACE.replace("Case", f"Case {number**9:x}") for number in range(5_000))
    packed = gzip.compress((HEAD + many + "</log>").encode())
    path.write_bytes(packed[: len(packed) // 2])
    with opened(path) as source:
        records = traces.records(source)
        assert len(next(records).rows) == 2
        with pytest.raises(Unreadable, match="cut short or damaged"):
            list(records)


def test_a_long_log_is_read_in_the_memory_of_a_few_traces(tmp_path: Path) -> None:
    path = tmp_path / "log.xes"
    path.write_text(HEAD + TRACE * 30_000 + "</log>")
    assert path.stat().st_size > 8_000_000
    tracemalloc.start()
    with opened(path) as source:
        count = sum(1 for _ in traces.records(source))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (count, peak < 2_000_000) == (30_000, True)


def test_a_trace_beyond_the_limit_is_not_gathered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traces, "MAX_TRACE", 100_000)
    with pytest.raises(Unreadable, match="line 3: a trace longer than 100000 octets"):
        read(tmp_path, HEAD + "<trace>" + "<event/>" * 50_000 + "</trace></log>")
