"""``plaint dead-letters``: list, show, replay and discard what could not be taken."""

import re
from pathlib import Path
from uuid import UUID

import orjson
import pytest

from consumers.wiring import build
from consumers.wiring.settings import Settings
from engine.incoming import Circumstances, Sender, Spoiled
from engine.store.access_log import AccessLog
from engine.store.batch import Batch, SetAside
from engine.store.database.pool import open_pool
from schemas.envelope import KafkaSource
from schemas.published.dead_letter import DeadLetter, LeftOut, headers_of
from support.commandline import CommandLine
from support.letters import AT, letter

FORM = {"channel": "web_form", "form": "site", "id": "1", "text": "The kettle leaks!"}
GOOD = letter(1, key=None, value=orjson.dumps(FORM), error_class="internal", code="key_error", path="")
BAD = letter(2, value=b"{\x1b[31m\xff", headers=headers_of([(b"ce_id", b"\xfe1")]))
LARGE = letter(3, value=None, left_out=LeftOut(size=9, sha256="0" * 64), error_class="size", code="too_large", path="")


@pytest.fixture
def line(database: str, tmp_path: Path) -> CommandLine:
    """An installation with three dead letters: one that is good now, one that never will be, one that is not here."""
    place = {"database": database, "data_dir": tmp_path}
    bury(Settings.model_validate(place), GOOD, BAD, LARGE)
    return CommandLine({"PLAINT_DATABASE": database, "PLAINT_DATA_DIR": str(tmp_path), "PLAINT_LOG_FORMAT": "json"})


def bury(settings: Settings, *letters: DeadLetter) -> None:
    with build.opened(settings) as here:
        sender = Sender("kafka/complaints.inbound", "service:kafka", "workload")
        for what in letters:
            source = KafkaSource(cluster="c1", topic=what.topic, partition=0, offset=what.offset)
            around = Circumstances(sender, source, AT)
            item = Spoiled(what.id, what.fingerprint, what.reason, what.to_octets(), around)
            here.service.submit([item], AT)


def listed(line: CommandLine, *options: str) -> list[UUID]:
    return [UUID(one["id"]) for one in line.ok("dead-letters", "list", "--json", *options).json()["dead_letters"]]


def noted(database: str) -> list[tuple[str | None, UUID | None]]:
    with open_pool(database, max_size=1, name="test") as pool:
        return [(one.access.reason, one.access.request) for one in AccessLog(pool).after(0, 100)]


def test_they_are_listed_by_reason_and_time_without_being_opened(line: CommandLine, database: str) -> None:
    first = line.ok("dead-letters", "list", "--json").json()["dead_letters"][1]
    assert list(first) == ["id", "class", "code", "path", "source", "since", "until"]
    assert [first[name] for name in ("id", "class", "code", "path", "source")] == [
        str(BAD.id), "syntax", "not_json", "(column 2)", "kafka:complaints.inbound/0/2",
    ]  # fmt: skip
    assert listed(line) == [GOOD.id, BAD.id, LARGE.id]
    assert listed(line, "--reason", "syntax") == listed(line, "--reason", "syntax/not_json") == [BAD.id]
    assert listed(line, "--reason", "syntax/not") == []
    assert listed(line, "--since", "2030-01-01") == []
    assert listed(line, "--since", "2020-01-01") == listed(line)
    assert "not_json" in line.ok("dead-letters", "list").out
    assert noted(database) == []


def test_a_class_that_there_is_not_is_told(line: CommandLine) -> None:
    outcome = line("dead-letters", "list", "--reason", "syntactic")
    assert (outcome.code, outcome.out) == (2, "")
    assert "no class 'syntactic'; there are encoding, syntax" in outcome.err


def test_one_is_shown_harmlessly_and_the_access_log_keeps_who_did(line: CommandLine, database: str) -> None:
    shown = line.ok("dead-letters", "show", str(BAD.id))
    assert "\x1b" not in shown.out
    assert "(column 2)" in shown.out
    assert re.search(r"^until +\d{4}-\d\d-\d\d \d\d:\d\dZ *$", shown.out, re.MULTILINE)
    record = line.ok("dead-letters", "show", str(BAD.id), "--json").json()["record"]
    assert DeadLetter.model_validate(record) == BAD
    assert noted(database) == [("dead_letters.show", BAD.id)] * 2


def test_one_that_is_not_there_is_told_and_so_is_the_reading(line: CommandLine, database: str) -> None:
    assert line("dead-letters", "show", str(UUID(int=7))).code == 3
    assert noted(database) == [("dead_letters.show", UUID(int=7))]


def test_one_that_does_not_open_is_shown_with_what_is_known_of_it(line: CommandLine, database: str) -> None:
    with open_pool(database, max_size=1, name="test") as pool, pool.connection() as connection:
        query = "UPDATE plaint.set_aside SET box = set_byte(box, 20, get_byte(box, 20) # 1) WHERE id = ANY(%s)"
        connection.execute(query, ([BAD.id],))
    told = line("dead-letters", "show", str(BAD.id), "--json")
    row = told.json()
    known = line.ok("dead-letters", "list", "--json").json()["dead_letters"][1]
    assert told.code == 1
    assert row == {**known, "record": None, "unreadable": "SealBroken"}
    table = line("dead-letters", "show", str(BAD.id))
    assert table.code == 1
    assert "kafka:complaints.inbound/0/2" in table.out
    assert table.err.splitlines()[-1] == f"{BAD.id} cannot be opened: what is kept of it was changed, or damaged"
    raw = line("dead-letters", "show", str(BAD.id), "--raw")
    assert (raw.code, raw.out) == (1, "")
    assert noted(database) == [("dead_letters.show", BAD.id)] * 3


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ("UPDATE plaint_keys.service_keys SET master_id = 'another' WHERE purpose = 'set_aside'", "UnknownMasterKey"),
        ("DELETE FROM plaint_keys.service_keys WHERE purpose = 'set_aside'", "NotSetAside"),
    ],
)
def test_one_whose_key_is_not_here_is_shown_with_what_is_known_of_it(
    line: CommandLine, database: str, change: str, kind: str
) -> None:
    with open_pool(database, max_size=1, name="test") as pool, pool.connection() as connection:
        connection.execute(change)
    told = line("dead-letters", "show", str(GOOD.id), "--json")
    assert (told.code, told.json()["unreadable"], told.json()["class"]) == (1, kind, "internal")


def test_raw_is_the_value_octet_for_octet(line: CommandLine) -> None:
    shown = line.ok("dead-letters", "show", str(GOOD.id), "--raw")
    assert shown.out.encode() == GOOD.value


def test_replaying_all_tells_what_became_of_each(line: CommandLine) -> None:
    outcome = line("dead-letters", "replay", "--all", "--json")
    results = {UUID(one["id"]): (one["status"], one["reason"]) for one in outcome.json()["replayed"]}
    assert outcome.code == 1
    assert results[GOOD.id][0] == "done"
    assert (results[BAD.id][0], results[LARGE.id][0]) == ("failed", "not_kept")
    assert sorted(listed(line)) == sorted([BAD.id, LARGE.id])
    assert line.ok("case", "show", results[GOOD.id][1], "--json").json()["case"] == results[GOOD.id][1]


def test_one_that_cannot_be_read_keeps_no_other_from_being_replayed(
    line: CommandLine, database: str, tmp_path: Path
) -> None:
    with open_pool(database, max_size=1, name="test") as pool, pool.connection() as connection:
        query = "UPDATE plaint.set_aside SET box = set_byte(box, 20, get_byte(box, 20) # 1) WHERE id = ANY(%s)"
        connection.execute(query, ([LARGE.id],))
    foreign = SetAside("dead_letter", UUID(int=8), b"f" * 32, "schema other", "kafka:a/0/0", b'{"secret": 1}')
    with build.opened(Settings.model_validate({"database": database, "data_dir": tmp_path})) as here:
        here.store.commit(Batch(set_aside=(foreign,)))

    outcome = line("dead-letters", "replay", "--all", "--json")

    results = {UUID(one["id"]): (one["status"], one["reason"]) for one in outcome.json()["replayed"]}
    assert outcome.code == 1
    assert {results[foreign.id], results[LARGE.id]} == {("unreadable", "ValidationError"), ("unreadable", "SealBroken")}
    assert (results[GOOD.id][0], results[BAD.id][0]) == ("done", "failed")
    told = line("dead-letters", "replay", str(LARGE.id))
    assert (told.code, told.out) == (1, "")
    assert f"{LARGE.id} unreadable: SealBroken" in told.err
    assert "0 of 1 are dead letters no more" in told.err


def test_replaying_one_that_succeeds_ends_with_zero_and_again_it_is_gone(line: CommandLine) -> None:
    first = line("dead-letters", "replay", str(GOOD.id))
    assert (first.code, first.out) == (0, "")
    assert f"{GOOD.id} done" in first.err
    again = line("dead-letters", "replay", str(GOOD.id))
    assert again.code == 1
    assert f"{GOOD.id} gone" in again.err


def test_of_a_command_that_its_case_has_answered_it_is_told_what_helps(
    line: CommandLine, database: str, tmp_path: Path
) -> None:
    asked = {"id": "c1", "stream": str(UUID(int=9)), "name": "complaint.start_investigation"}
    what = letter(4, topic="complaints.commands", key=None, value=orjson.dumps(asked))
    bury(Settings.model_validate({"database": database, "data_dir": tmp_path}), what)
    told = [line("dead-letters", "replay", str(what.id)).err for _ in range(2)]
    assert [f"{what.id} failed: semantic unknown_complaint" in one for one in told] == [True, True]
    assert ["send the command again under a new id" in one for one in told] == [False, True]


@pytest.mark.parametrize("options", [(), ("--all", "--reason", "syntax"), (str(BAD.id), "--all")])
def test_what_is_meant_must_be_said_one_way(line: CommandLine, options: tuple[str, ...]) -> None:
    assert line("dead-letters", "replay", *options).code == 2


def test_nothing_is_discarded_without_being_asked_for(line: CommandLine, database: str) -> None:
    assert line("dead-letters", "discard", str(BAD.id)).code == 2
    assert line("dead-letters", "discard", str(BAD.id), str(UUID(int=7)), "--yes").code == 3
    assert len(listed(line)) == 3
    assert noted(database) == []


def test_what_is_discarded_is_gone_and_the_access_log_keeps_why_it_had_failed(line: CommandLine, database: str) -> None:
    assert line.ok("dead-letters", "discard", "--reason", "size/too_large", "--yes", "--json").json() == {
        "discarded": 1
    }
    assert listed(line) == [GOOD.id, BAD.id]
    assert noted(database) == [("dead_letters.discard:size/too_large", LARGE.id)]
