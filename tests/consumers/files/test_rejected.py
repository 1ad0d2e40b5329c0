import stat
from pathlib import Path

import orjson
import pytest

from consumers.files.rejected import RejectedLines, Rejection


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_rejected_octets_are_kept_as_they_came_and_reported_beside(tmp_path: Path) -> None:
    path = tmp_path / "table.csv.rejected"
    with RejectedLines(path) as aside:
        aside.add(b'a,"b\r\n\xff\x00c"\r\n', Rejection(7, "Text", "holds octets that are not UTF-8"))
        aside.add(b"the last line has no end", Rejection(9, None, "1 cells, the header has 3"))
    assert path.read_bytes() == b'a,"b\r\n\xff\x00c"\r\nthe last line has no end\n'
    report = [orjson.loads(line) for line in aside.report.read_bytes().splitlines()]
    assert report == [
        {"line": 7, "field": "Text", "reason": "holds octets that are not UTF-8"},
        {"line": 9, "field": None, "reason": "1 cells, the header has 3"},
    ]
    assert aside.count == 2


def test_only_the_owner_reads_them_even_where_the_file_was_open_to_all(tmp_path: Path) -> None:
    path = tmp_path / "table.csv.rejected"
    path.write_bytes(b"of an earlier run\n")
    path.chmod(0o666)
    with RejectedLines(path) as aside:
        aside.add(b"now\n", Rejection(1, None, "r"))
    assert (mode(path), mode(aside.report), path.read_bytes()) == (0o600, 0o600, b"now\n")


def test_nothing_rejected_touches_nothing(tmp_path: Path) -> None:
    with RejectedLines(tmp_path / "table.csv.rejected") as aside:
        aside.flush()
    assert list(tmp_path.iterdir()) == []


def test_what_is_flushed_is_safe_before_the_file_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "table.csv.rejected"
    with RejectedLines(path) as aside:
        aside.add(b"x\n")
        aside.flush()
        assert path.read_bytes() == b"x\n"


def test_keeping_goes_on_where_an_earlier_run_ended(tmp_path: Path) -> None:
    path = tmp_path / "table.csv.rejected"
    for keep in (False, True):
        with RejectedLines(path, keep=keep) as aside:
            aside.add(b"x\n")
    assert path.read_bytes() == b"x\nx\n"


def test_a_symbolic_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_bytes(b"precious\n")
    path = tmp_path / "table.csv.rejected"
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="rejected"), RejectedLines(path) as aside:
        aside.add(b"x\n")
    assert (tmp_path / "elsewhere").read_bytes() == b"precious\n"
