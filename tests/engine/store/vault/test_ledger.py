"""The ledger: two lines an erasure, whole or not at all, whatever a crash tears."""

import threading
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from engine.store.batch import NewEvent
from engine.store.vault.ledger import Discarded, Entry, FileLedger, LedgerDamaged, LedgerUnavailable
from schemas.streams.subject import SubjectErased
from support.examples import NOON, envelope


def entry(number: int = 1) -> Entry:
    event = SubjectErased(
        subject=UUID(int=number),
        streams=(UUID(int=100), UUID(int=101)),
        left_out=(UUID(int=102),),
        request_id=UUID(int=7),
        reason="request",
    )
    return Entry(NewEvent(envelope(number), event), number, UUID(int=9), NOON, whole=True)


@pytest.fixture
def ledger(tmp_path: Path) -> FileLedger:
    return FileLedger(tmp_path / "ledger")


def test_a_ledger_that_is_not_there_is_empty(ledger: FileLedger, tmp_path: Path) -> None:
    assert (ledger.entries(), ledger.octets()) == ([], 0)
    assert list(tmp_path.iterdir()) == []


def test_an_entry_reads_as_it_was_written_and_is_done_when_that_stands_too(ledger: FileLedger) -> None:
    ledger.intend(entry(1))
    ledger.intend(entry(2))
    ledger.complete(entry(1).event_id)
    assert ledger.entries() == [replace(entry(1), done=True), entry(2)]


def test_what_is_intended_again_stands_once_where_it_was_intended_last(ledger: FileLedger) -> None:
    for number in (1, 2, 1):
        ledger.intend(entry(number))
    assert ledger.entries() == [entry(2), entry(1)]


def test_the_file_is_its_owners_alone(ledger: FileLedger, tmp_path: Path) -> None:
    ledger.intend(entry())
    assert (tmp_path / "ledger").stat().st_mode & 0o777 == 0o600


def test_a_line_torn_at_any_octet_does_not_count_and_is_mended(tmp_path: Path) -> None:
    whole = FileLedger(tmp_path / "whole")
    whole.intend(entry(1))
    first = (tmp_path / "whole").read_bytes()
    whole.intend(entry(2))
    second = (tmp_path / "whole").read_bytes()[len(first) :]
    for cut in range(len(second)):
        file = tmp_path / f"torn-{cut}"
        file.write_bytes(first + second[:cut])
        torn = FileLedger(file)
        assert torn.entries() == [entry(1)]
        torn.complete(entry(1).event_id)
        assert torn.entries() == [replace(entry(1), done=True)]


def test_an_entry_names_the_messages_set_aside_that_went_with_it(ledger: FileLedger, tmp_path: Path) -> None:
    gone = (Discarded(UUID(int=1), UUID(int=2)), Discarded(UUID(int=3)))
    ledger.intend(replace(entry(1), discarded=gone))
    assert ledger.entries() == [replace(entry(1), discarded=gone)]
    ledger.intend(entry(2))
    file = tmp_path / "ledger"
    file.write_bytes(file.read_bytes().replace(b',"discarded":[]', b""))
    assert ledger.entries() == [replace(entry(1), discarded=gone), entry(2)]


def test_an_intent_that_was_withdrawn_is_no_entry_until_it_is_written_again(ledger: FileLedger) -> None:
    ledger.intend(entry(1))
    ledger.intend(entry(2))
    ledger.withdraw(entry(1).event_id)
    assert ledger.entries() == [entry(2)]
    ledger.intend(entry(1))
    assert ledger.entries() == [entry(2), entry(1)]


def test_a_torn_first_line_is_taken_away(ledger: FileLedger, tmp_path: Path) -> None:
    (tmp_path / "ledger").write_bytes(b'{"line":"int')
    assert ledger.entries() == []
    ledger.intend(entry())
    assert ledger.entries() == [entry()]


@pytest.mark.parametrize("broken", [b"nonsense\n", b"{}\n", b'{"line":"done","event_id":"x"}\n', b"\n", b"[]\n"])
def test_a_broken_line_is_damage_that_names_its_place(ledger: FileLedger, tmp_path: Path, broken: bytes) -> None:
    ledger.intend(entry(1))
    with (tmp_path / "ledger").open("ab") as file:
        file.write(broken)
    ledger.intend(entry(2))
    with pytest.raises(LedgerDamaged, match="damaged in line 2: put an undamaged copy"):
        ledger.entries()


def test_writers_at_once_lose_no_line(tmp_path: Path) -> None:
    def write(start: int) -> None:
        ledger = FileLedger(tmp_path / "ledger")
        for number in range(start, start + 20):
            ledger.intend(entry(number))
            ledger.complete(entry(number).event_id)

    threads = [threading.Thread(target=write, args=(100 * n,)) for n in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = FileLedger(tmp_path / "ledger").entries()
    assert sorted(each.position for each in found) == [100 * n + k for n in range(1, 5) for k in range(20)]
    assert all(each.done for each in found)


def test_a_ledger_that_cannot_be_written_says_which_and_why(tmp_path: Path) -> None:
    ledger = FileLedger(tmp_path / "nowhere" / "ledger")
    with pytest.raises(LedgerUnavailable, match=r"No such file or directory.*PLAINT_ERASURE_LEDGER"):
        ledger.intend(entry())
