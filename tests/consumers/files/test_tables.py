import csv
import gzip
import io
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.files import tables
from consumers.files.record import Record, Source, Unreadable, opened
from consumers.files.rejected import Rejection
from schemas.configuration.mapping import Csv

TABLE = Csv(kind="csv", id="Number", key="shop", columns=("Number", "Text"))


def read(tmp_path: Path, octets: bytes, table: Csv = TABLE) -> list[Record]:
    path = tmp_path / "table.csv"
    path.write_bytes(octets)
    with opened(path) as source:
        return list(tables.records(source, table))


def values(records: list[Record]) -> list[dict[str, str]]:
    return [dict(row.values) for record in records for row in record.rows]


def test_quoted_breaks_delimiters_and_quotes_belong_to_one_record_with_its_octets(tmp_path: Path) -> None:
    octets = b'Number,Text\n1,"a, ""b""\nc"\n2,d\n'
    records = read(tmp_path, octets)
    assert values(records) == [{"Number": "1", "Text": 'a, "b"\nc'}, {"Number": "2", "Text": "d"}]
    assert [(record.line, record.raw) for record in records] == [(2, b'1,"a, ""b""\nc"\n'), (4, b"2,d\n")]


def test_a_byte_order_mark_windows_line_ends_and_empty_lines_do_no_harm(tmp_path: Path) -> None:
    records = read(tmp_path, b"\xef\xbb\xbfNumber,Text\r\n\r\n1,\xc3\xbc\r\n\r\n")
    assert values(records) == [{"Number": "1", "Text": "ü"}]
    assert [record.line for record in records] == [3]


def test_a_packed_table_reads_like_a_plain_one(tmp_path: Path) -> None:
    assert values(read(tmp_path, gzip.compress(b"Number,Text\n1,a\n"))) == [{"Number": "1", "Text": "a"}]


def test_another_delimiter_is_honoured(tmp_path: Path) -> None:
    table = TABLE.model_copy(update={"delimiter": ";"})
    assert values(read(tmp_path, b"Number;Text\n1;a,b\n", table)) == [{"Number": "1", "Text": "a,b"}]


def test_a_ragged_row_is_flawed_and_the_rest_proceeds(tmp_path: Path) -> None:
    records = read(tmp_path, b"Number,Text\n1\n2,b,c\n3,d\n")
    assert [record.flaw for record in records] == [
        Rejection(2, None, "1 cells, the header has 2; complete the row"),
        Rejection(3, None, "3 cells, the header has 2; put text that holds ',' in quotes"),
        None,
    ]
    assert [record.raw for record in records] == [b"1\n", b"2,b,c\n", b"3,d\n"]


def test_octets_that_are_not_utf_8_and_nul_flaw_their_row_alone(tmp_path: Path) -> None:
    records = read(tmp_path, b"Number,Text\n1,caf\xe9\n2,a\x00b\n3,d\n")
    assert [record.flaw for record in records] == [
        Rejection(2, "Text", "holds octets that are not UTF-8; save the table as UTF-8"),
        Rejection(3, "Text", "holds a NUL octet; remove it"),
        None,
    ]
    assert records[0].raw == b"1,caf\xe9\n"


def test_a_quote_that_never_ends_flaws_what_it_swallowed(tmp_path: Path) -> None:
    records = read(tmp_path, b'Number,Text\n1,a\n2,"b\n3,c\n')
    assert [record.flaw is None for record in records] == [True, False]
    assert records[1].raw == b'2,"b\n3,c\n'
    assert records[1].flaw == Rejection(3, None, "not a row of a CSV file: unexpected end of data")


def test_text_behind_a_closing_quote_flaws_its_row_alone(tmp_path: Path) -> None:
    records = read(tmp_path, b'Number,Text\n1,"a"b\n2,c\n')
    assert [record.flaw is None for record in records] == [False, True]
    assert records[0].raw == b'1,"a"b\n'


@pytest.mark.parametrize(
    ("octets", "what"),
    [
        (b"", "line 1: no header; the first line must name the columns"),
        (b"Number,Words\n", "line 1: the header lacks the columns ['Text']; the mapping reads them"),
        (b"Number,Text,Text\n", "line 1: the header names the columns ['Text'] twice"),
        ("Number,Text\n".encode("utf-16"), "line 1: UTF-16; save the table as UTF-8"),
    ],
    ids=["empty", "column_missing", "column_twice", "utf_16"],
)
def test_a_header_that_does_not_fit_the_mapping_is_told(tmp_path: Path, octets: bytes, what: str) -> None:
    with pytest.raises(Unreadable) as told:
        read(tmp_path, octets)
    assert str(told.value) == f"table.csv: {what}"


def test_a_line_without_end_is_not_read_into_memory(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="line 2: longer than 4194304 octets"):
        read(tmp_path, b"Number,Text\n" + b"x" * (tables.MAX_LINE + 1))


def test_a_packed_table_cut_short_gives_what_it_holds_and_then_tells(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    rows = b"".join(b"%d,%032x\n" % (number, number**9) for number in range(20_000))
    packed = gzip.compress(b"Number,Text\n" + rows)
    path.write_bytes(packed[: len(packed) // 2])
    with opened(path) as source:
        records = tables.records(source, TABLE)
        assert next(records).rows[0]["Number"] == "0"
        with pytest.raises(Unreadable, match=r"table\.csv: the gzip data is cut short or damaged"):
            list(records)


CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@given(rows=st.lists(st.tuples(CELLS, CELLS)), end=st.sampled_from(["\n", "\r\n"]))
def test_what_a_writer_wrote_is_read_back_and_the_octets_add_up_to_the_file(
    rows: list[tuple[str, str]], end: Literal["\n", "\r\n"]
) -> None:
    written = io.StringIO(newline="")
    writer = csv.writer(written, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerows([("Number", "Text"), *rows])
    octets = written.getvalue().encode()
    records = list(tables.records(Source(io.BytesIO(octets), "table.csv"), TABLE))
    assert [(row["Number"], row["Text"]) for record in records for row in record.rows] == rows
    assert octets.endswith(b"".join(record.raw for record in records))
    assert len(octets) == len(f'"Number","Text"{end}') + sum(len(record.raw) for record in records)


@given(octets=st.binary(max_size=300))
def test_no_octets_break_the_reader_and_none_are_lost(octets: bytes) -> None:
    records = list(tables.records(Source(io.BytesIO(b"Number,Text\n" + octets), "table.csv"), TABLE))
    kept = b"".join(record.raw for record in records)
    assert [part for part in octets.split(b"\n") if part.strip(b"\r")] == [
        part for part in kept.split(b"\n") if part.strip(b"\r")
    ]
