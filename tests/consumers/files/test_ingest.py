"""Messages from files: what is right is taken, what is wrong is named and kept, and nothing happens twice."""

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from consumers import intake
from support.commandline import CommandLine, Outcome

CANARY = "Secret-4711"
NOTHING = {
    "read": 0, "opened": 0, "joined": 0, "feedback": 0, "already": 0, "parked": 0, "refused": 0, "rejected": 0,
    "problems": [], "rejected_files": [],
}  # fmt: skip


def chat(id: str, text: str = "The kettle is broken, I want a refund", **more: Any) -> bytes:
    """Return a message as one line."""
    return json.dumps({"channel": "chat", "system": "s", "id": id, "text": text, **more}).encode() + b"\n"


def mail(id: str, text: str = "It is broken and nobody answers!", **headers: str) -> bytes:
    more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"From: a@example.com\r\nMessage-ID: <{id}@example.com>\r\n{more}\r\n{text}\r\n".encode()


def counts(outcome: Outcome) -> dict[str, int]:
    """Return what is not 0 of what was counted."""
    return {name: number for name, number in outcome.json().items() if isinstance(number, int) and number}


def head(plaint: CommandLine) -> int:
    position: int = plaint.ok("project", "--once", "--json").json()["position"]
    return position


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_bad_line_is_named_and_kept_byte_for_byte_and_the_rest_proceeds(plaint: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "in.jsonl"
    bad = [b'{"channel": "chat", "text": "' + CANARY.encode() + b'"}\r\n', b'{"channel": \xff\x00}\n', b"[1, 2]  \n"]
    event = {"specversion": "1.0", "id": "1", "source": "s", "type": "t", "data": json.loads(chat("bad-2"))}
    file.write_bytes(b"".join([chat("bad-1"), bad[0], b"\n", bad[1], json.dumps(event).encode() + b"\n", bad[2]]))

    outcome = plaint("ingest", str(file))

    assert outcome.code == 1
    assert outcome.err.splitlines() == [
        f"{file} line 2: chat: has neither an id nor a time; send id, or the time it was sent",
        f"{file} line 4: (octet 13): not UTF-8; send JSON in UTF-8",
        f"{file} line 6: (message): not an object; send one JSON object",
        f"rejected lines are in {file}.rejected",
    ]
    assert CANARY not in outcome.out + outcome.err
    rejected, report = Path(f"{file}.rejected"), Path(f"{file}.rejected.report")
    assert rejected.read_bytes() == b"".join(bad)
    assert (mode(rejected), mode(report)) == (0o600, 0o600)
    assert [json.loads(line) for line in report.read_bytes().splitlines()] == [
        {"line": 2, "field": "chat", "reason": "has neither an id nor a time; send id, or the time it was sent"},
        {"line": 4, "field": "(octet 13)", "reason": "not UTF-8; send JSON in UTF-8"},
        {"line": 6, "field": "(message)", "reason": "not an object; send one JSON object"},
    ]


def test_the_answer_in_json_has_one_shape(plaint: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "in.jsonl"
    file.write_bytes(chat("shape-1") + b"{}\n" + chat("shape-2", "Thank you, all is well!"))

    outcome = plaint("ingest", "--json", str(file))

    assert outcome.json() == {
        **NOTHING,
        "read": 3,
        "opened": 1,
        "feedback": 1,
        "rejected": 1,
        "problems": [{"file": str(file), "line": 2, "field": "channel", "reason": "is missing; send it"}],
        "rejected_files": [f"{file}.rejected"],
    }


def test_the_same_file_again_adds_nothing_and_rejects_the_same(plaint: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "in.jsonl"
    file.write_bytes(chat("twice-1") + b"{\n" + chat("twice-2"))
    assert counts(plaint("ingest", "--json", str(file))) == {"read": 3, "opened": 2, "rejected": 1}
    before, position = Path(f"{file}.rejected").read_bytes(), head(plaint)

    assert counts(plaint("ingest", "--json", str(file))) == {"read": 3, "already": 2, "rejected": 1}

    assert head(plaint) == position
    assert Path(f"{file}.rejected").read_bytes() == before == b"{\n"


def test_a_directory_gives_its_mails_and_lines_in_the_order_of_their_names(plaint: CommandLine, tmp_path: Path) -> None:
    below = tmp_path / "2026" / "march"
    below.mkdir(parents=True)
    (below / "a.eml").write_bytes(mail("dir-2", In_Reply_To="<dir-1@example.com>"))
    (tmp_path / "1.eml").write_bytes(mail("dir-1"))
    (tmp_path / "b.JSONL").write_bytes(chat("dir-3"))
    (tmp_path / "c.eml").write_bytes(b"")
    (tmp_path / "d.txt").write_bytes(b"not ours")
    (tmp_path / "e.jsonl.rejected").write_bytes(b"of an earlier run\n")

    outcome = plaint("ingest", "--json", str(tmp_path))

    assert outcome.code == 1
    assert counts(outcome) == {"read": 4, "opened": 2, "joined": 1, "rejected": 1}
    assert outcome.json()["rejected_files"] == [str(tmp_path / "c.eml.rejected")]
    assert (tmp_path / "c.eml.rejected").read_bytes() == b""


def test_a_mail_that_is_none_is_kept_byte_for_byte(
    plaint: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "MAX_OCTETS", 300)
    monkeypatch.setattr("consumers.files.ingest._CHUNK", 64)
    octets = mail("big", "x" * 500 + "\n" + "y" * 500).removesuffix(b"\r\n")
    (tmp_path / "big.eml").write_bytes(octets)

    outcome = plaint("ingest", str(tmp_path / "big.eml"))

    assert outcome.code == 1
    assert (tmp_path / "big.eml.rejected").read_bytes() == octets


def test_a_line_beyond_the_limit_is_one_rejection_and_kept_whole(
    plaint: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "MAX_OCTETS", 300)
    monkeypatch.setattr("consumers.files.ingest._CHUNK", 64)
    file = tmp_path / "in.jsonl"
    huge, last = chat("huge-1", "x" * 5_000), chat("huge-2", "y" * 5_000).removesuffix(b"\n")
    file.write_bytes(chat("fits-1") + huge + chat("fits-2") + last)

    outcome = plaint("ingest", "--json", str(file))

    assert counts(outcome) == {"read": 4, "opened": 2, "rejected": 2}
    assert [problem["line"] for problem in outcome.json()["problems"]] == [2, 4]
    assert Path(f"{file}.rejected").read_bytes() == huge + last


def test_standard_input_is_a_file_of_lines(plaint: CommandLine, tmp_path: Path) -> None:
    aside = tmp_path / "aside"
    outcome = plaint("ingest", "-", "--json", "--rejected", str(aside), stdin=chat("stdin-1") + b"nonsense")

    assert outcome.code == 1
    assert counts(outcome) == {"read": 2, "opened": 1, "rejected": 1}
    assert outcome.json()["problems"][0]["file"] == "-"
    assert aside.read_bytes() == b"nonsense\n"
    assert counts(plaint("ingest", "-", "--json", stdin=chat("stdin-1"))) == {"read": 1, "already": 1}


def test_a_file_whose_name_is_no_text_is_read_all_the_same(plaint: CommandLine, tmp_path: Path) -> None:
    file = Path(os.fsdecode(bytes(tmp_path) + b"/\xff.jsonl"))
    file.write_bytes(chat("name-1") + b"{\n")
    outcome = plaint("ingest", "--json", str(file))
    assert counts(outcome) == {"read": 2, "opened": 1, "rejected": 1}
    assert outcome.json()["problems"][0]["file"] == f"{tmp_path}/?.jsonl"


def test_an_empty_file_is_nothing_to_do(plaint: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").write_bytes(b"")
    (tmp_path / "blank.jsonl").write_bytes(b"\n  \r\n\n")
    outcome = plaint.ok("ingest", "--json", str(tmp_path / "empty.jsonl"), str(tmp_path / "blank.jsonl"))
    assert outcome.json() == NOTHING
    assert sorted(path.name for path in tmp_path.iterdir()) == ["blank.jsonl", "empty.jsonl"]


def test_a_path_that_cannot_be_read_ends_the_command(plaint: CommandLine, tmp_path: Path) -> None:
    outcome = plaint("ingest", str(tmp_path / "absent.jsonl"))
    assert (outcome.code, outcome.out) == (3, "")
    assert outcome.err == f"plaint: {tmp_path}/absent.jsonl: No such file or directory; name a file that can be read\n"


def test_a_rejected_file_is_never_written_through_a_link(plaint: CommandLine, tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_bytes(b"precious")
    (tmp_path / "in.jsonl").write_bytes(b"{\n")
    (tmp_path / "in.jsonl.rejected").symlink_to(target)

    outcome = plaint("ingest", str(tmp_path / "in.jsonl"))

    assert outcome.code == 3
    assert "in.jsonl.rejected" in outcome.err
    assert target.read_bytes() == b"precious"


def test_many_bad_lines_are_told_in_part_and_counted_whole(plaint: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "in.jsonl"
    file.write_bytes(b"{\n" * 1_200)

    outcome = plaint("ingest", str(file))
    assert len(outcome.err.splitlines()) == 52
    assert outcome.err.splitlines()[50] == "... and 1150 more"
    assert len(plaint("ingest", "--json", str(file)).json()["problems"]) == 1_000
    assert len(Path(f"{file}.rejected.report").read_bytes().splitlines()) == 1_200


def test_senders_times_stand_only_where_they_are_trusted(plaint: CommandLine, tmp_path: Path) -> None:
    then = "2026-03-01T09:30:00Z"
    for name, *flag in (("claimed",), ("trusted", "--trust-times")):
        file = tmp_path / f"{name}.jsonl"
        file.write_bytes(chat(f"when-{name}", sent_at=then))
        plaint.ok("ingest", str(file), *flag)
    opened = [case["opened_at"] for case in plaint.ok("case", "list", "--json", "--limit", "500").json()["cases"]]
    assert opened.count(then) == 1


def test_an_answer_before_its_question_waits_and_is_shown_waiting(plaint: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "late.eml"
    file.write_bytes(mail("park-2", In_Reply_To="<park-1@example.com>"))
    assert counts(plaint.ok("ingest", "--json", str(file))) == {"read": 1, "parked": 1}
    (parked,) = plaint.ok("parked", "list", "--json").json()["parked"]
    assert parked["reason"] == "opener_unknown"

    opener = tmp_path / "opener.eml"
    opener.write_bytes(mail("park-1"))
    assert counts(plaint.ok("ingest", "--json", str(opener))) == {"read": 1, "opened": 1}
    assert plaint.ok("parked", "list", "--json").json() == {"parked": []}
