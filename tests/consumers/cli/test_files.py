"""Files of a case on the command line: listed, fetched as they came, and one more added."""

from pathlib import Path

import pytest

from support.commandline import CommandLine

MAIL = (
    b"From: ann@example.com\r\nMessage-ID: <cli-files@example.com>\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n'
    b"The kettle is broken, I want a refund!\r\n--b\r\nContent-Type: text/csv\r\n"
    b'Content-Disposition: attachment; filename="bill.csv"\r\n\r\nkettle,40.00\r\n--b--\r\n'
)


@pytest.fixture(scope="module")
def case(plaint: CommandLine, tmp_path_factory: pytest.TempPathFactory) -> str:
    file: Path = tmp_path_factory.mktemp("files") / "m.eml"
    file.write_bytes(MAIL)
    plaint.ok("ingest", str(file))
    found: str = plaint.ok("case", "list", "--json").json()["cases"][0]["number"]
    return found


def test_files_are_listed_and_fetched_as_they_came(plaint: CommandLine, case: str, tmp_path: Path) -> None:
    whole, bill = plaint.ok("case", "files", case, "--json").json()["files"]
    assert (whole["kind"], bill["kind"], bill["file_name"]) == ("message", "attachment", "bill.csv")
    assert "bill.csv" in plaint.ok("case", "files", case).out
    assert plaint.ok("case", "file", case, bill["id"]).out == "kettle,40.00"
    plaint.ok("case", "file", case, whole["id"], "--into", str(tmp_path / "whole.eml"))
    assert (tmp_path / "whole.eml").read_bytes() == MAIL
    said = plaint.ok("case", "file", case, bill["id"], "--into", str(tmp_path))
    assert (said.out, (tmp_path / "bill.csv").read_bytes()) == ("", b"kettle,40.00")
    again = plaint("case", "file", case, bill["id"], "--into", str(tmp_path))
    assert (again.code, "is left alone" in again.err) == (4, True)
    assert plaint("case", "file", case, bill["id"], "--into", str(tmp_path / "no" / "where")).code == 2


def test_a_file_is_added_once_under_its_id(plaint: CommandLine, case: str, tmp_path: Path) -> None:
    file = tmp_path / "чек.pdf"
    file.write_bytes(b"%PDF-1.7 \x00\xff")
    first, again = (
        plaint.ok("case", "attach", case, str(file), "--by", "anna", "--id", "a1", "--json").json() for _ in "12"
    )
    assert (first["events"], first["already"], again["version"], again["already"]) == (1, False, first["version"], True)
    (added,) = [one for one in plaint.ok("case", "files", case, "--json").json()["files"] if one["size"] == 11]
    assert (added["file_name"], added["media_type"]) == ("чек.pdf", "application/pdf")


def test_what_is_not_there_or_no_file_is_told(plaint: CommandLine, case: str, tmp_path: Path) -> None:
    empty = tmp_path / "empty.txt"
    empty.touch()
    nothing = "00000000-0000-0000-0000-000000000000"
    for arguments, code, told in (
        (("file", case, nothing), 3, "holds no file of this id"),
        (("file", nothing, nothing), 3, "no case"),
        (("files", nothing), 3, "no case"),
        (("attach", case, str(empty)), 2, "is empty"),
        (("attach", case, str(tmp_path / "none")), 2, "cannot be read"),
        (("attach", case, str(tmp_path)), 2, "cannot be read"),
        (("attach", nothing, __file__), 3, "unknown_complaint"),
    ):
        ended = plaint("case", *arguments)
        assert (ended.code, told in ended.err) == (code, True), ended
