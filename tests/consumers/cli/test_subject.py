"""``plaint subject``: find a person, show what is kept of him, erase him, be told what is left."""

import json
from pathlib import Path
from uuid import UUID

import pytest

from support.commandline import CommandLine

TEXT = "My kettle is broken, I want a refund."


def message(number: str, name: str) -> dict[str, object]:
    contacts = [{"kind": "email", "value": f"{name}@example.com"}]
    author = {"name": f"{name} Example", "contacts": contacts}
    return {"channel": "web_form", "system": "site", "id": number, "author": author, "text": TEXT}


def taken(plaint: CommandLine, place: Path, number: str, name: str) -> tuple[str, str]:
    """Have a message arrive; its case and its author."""
    file = place / f"{number}.jsonl"
    file.write_text(json.dumps(message(number, name)), encoding="utf-8")
    before = {case["id"] for case in plaint.ok("case", "list", "--json").json()["cases"]}
    plaint.ok("ingest", str(file))
    (case,) = {case["id"] for case in plaint.ok("case", "list", "--json").json()["cases"]} - before
    return case, plaint.ok("subject", "find", "--contact", f"email:{name}@example.com").out.strip()


def test_a_person_is_found_shown_and_erased(plaint: CommandLine, tmp_path: Path) -> None:
    case, ann = taken(plaint, tmp_path, "m1", "ann")
    assert plaint.ok("subject", "find", "--contact", "email: ANN@example.com ", "--json").json() == {"subject": ann}
    shown = plaint.ok("subject", "show", ann, "--json").json()
    assert shown == {"subject": ann, "streams": [case], "held": [], "gone": [], "erasures": [], "others": []}

    erased = plaint.ok("subject", "erase", ann, "--reason", "request", "--request-id", "r-1", "--yes", "--json").json()

    assert (erased["streams"], erased["left_out"], erased["already"]) == ([case], [], False)
    assert str(UUID(erased["request_id"])) == erased["request_id"]
    unreached = [(one["what"], one["until"]) for one in erased["unreached"]]
    assert unreached == [("backups", None), ("published", None), ("exports", None)]
    assert "PLAINT_BACKUP_RETENTION_DAYS" in erased["unreached"][0]["note"]
    assert "(erased)" in plaint.ok("case", "show", case).out
    assert TEXT not in plaint.ok("case", "show", case).out
    after = plaint.ok("subject", "show", ann, "--json").json()
    assert (after["streams"], after["gone"]) == ([], [case])
    assert [one["request_id"] for one in after["erasures"]] == [erased["request_id"]]
    assert plaint("subject", "find", "--contact", "email:ann@example.com").code == 3
    assert plaint("subject", "show", "--contact", "email:ann@example.com").code == 3

    again = plaint.ok("subject", "erase", ann, "--reason", "request", "--request-id", "r-1", "--yes")
    assert "erased in 1 cases (this request had its effect before)" in again.err


def test_the_end_of_the_backups_is_told_where_it_is_known(plaint: CommandLine, tmp_path: Path) -> None:
    _, bob = taken(plaint, tmp_path, "m2", "bob")
    done = plaint("subject", "erase", bob, "--reason", "request", "--yes", "--json", PLAINT_BACKUP_RETENTION_DAYS="30")
    assert done.json()["unreached"][0]["until"] is not None
    assert "unknown" not in done.json()["unreached"][0]["note"]


def test_a_legal_hold_keeps_its_case_and_names_the_holder(plaint: CommandLine, tmp_path: Path) -> None:
    kept, eve = taken(plaint, tmp_path, "m3", "eve")
    hold = json.dumps({"holder": "court-7", "reason": "litigation"})
    plaint.ok("case", "do", kept, "place-legal-hold", "--fields", hold)

    outcome = plaint("subject", "erase", eve, "--reason", "request", "--yes")
    assert outcome.code == 4
    assert f"left out: case {kept} is under legal hold of court-7; it goes when the hold is released" in outcome.err

    free, later = taken(plaint, tmp_path, "m4", "eve")
    assert later != eve
    plaint.ok("case", "do", free, "place-legal-hold", "--fields", hold)
    other, _ = taken(plaint, tmp_path, "m5", "eve")
    partly = plaint("subject", "erase", later, "--reason", "request", "--yes", "--json")
    assert partly.code == 1
    assert partly.json()["streams"] == [other]
    assert partly.json()["left_out"] == [{"stream": free, "holders": ["court-7"]}]


def test_nothing_is_erased_by_mistake(plaint: CommandLine, tmp_path: Path) -> None:
    _, ida = taken(plaint, tmp_path, "m6", "ida")
    asked = plaint("subject", "erase", ida, "--reason", "request")
    assert (asked.code, asked.err) == (2, "plaint: this cannot be undone; say --yes where nobody can be asked\n")
    assert plaint.ok("subject", "show", ida, "--json").json()["gone"] == []


NOBODY = "00000000-0000-0000-0000-000000000000"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("show", NOBODY), 3, f"nothing is kept of a person {NOBODY}"),
        (("show",), 2, "give the id of a person or --contact, one of them"),
        (("show", NOBODY, "--contact", "email:x@y.z"), 2, "give the id of a person or --contact, one of them"),
        (("find", "--contact", "email:nobody@example.com"), 3, "nobody is known by this contact"),
        (("find", "--contact", "ann@example.com"), 2, "--contact takes KIND:VALUE such as email:ann@example.com"),
        (("erase", NOBODY, "--reason", "request", "--yes"), 3, "refused, unknown_subject: nothing is kept of such a"),
    ],
)
def test_what_cannot_be_is_said(plaint: CommandLine, words: tuple[str, ...], code: int, said: str) -> None:
    outcome = plaint("subject", *words)
    assert (outcome.code, outcome.out) == (code, "")
    assert outcome.err.splitlines()[-1].startswith(f"plaint: {said}")


def test_who_looked_is_noted(plaint: CommandLine, tmp_path: Path) -> None:
    from engine.store.access_log import AccessLog
    from engine.store.database.pool import open_pool

    _, ugo = taken(plaint, tmp_path, "m7", "ugo")
    plaint.ok("subject", "show", ugo)
    with open_pool(plaint.settings["PLAINT_DATABASE"], max_size=2, name="looking") as pool:
        noted = [(one.access.what, one.access.reason) for one in AccessLog(pool).after(0, 1000)]
    assert noted[-2:] == [("search", "subject.find"), ("history", "subject.show")]


def test_nothing_opens_over_a_damaged_ledger(plaint: CommandLine, tmp_path: Path) -> None:
    ledger = tmp_path / "ledger"
    ledger.write_bytes(b"nonsense\n")
    outcome = plaint("case", "list", PLAINT_ERASURE_LEDGER=str(ledger))
    assert outcome.code == 78
    assert "plaint: the ledger of erasures" in outcome.err
    assert outcome.err.endswith("is damaged in line 1: put an undamaged copy of the file in its place\n")


def test_another_ledger_gets_every_erasure_at_the_next_opening(plaint: CommandLine, tmp_path: Path) -> None:
    _, zoe = taken(plaint, tmp_path, "m8", "zoe")
    plaint.ok("subject", "erase", zoe, "--reason", "request", "--yes")
    ledger = tmp_path / "ledger"
    assert plaint("case", "list", PLAINT_ERASURE_LEDGER=str(ledger)).code == 0
    subjects = [json.loads(line)["data"]["subject"] for line in ledger.read_text().splitlines() if '"intent"' in line]
    assert zoe in subjects
    assert ledger.stat().st_mode & 0o777 == 0o600
